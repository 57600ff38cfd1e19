"""Counts of reactions by kind, read from the recorded JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError

EMOJI: Mapping[str, str] = {
    "\N{FIRE}": "fire", "\N{ROCKET}": "rocket", "\N{THUMBS UP SIGN}": "thumbsup", "\N{FLEXED BICEPS}": "flexed_arm",
    "\N{GEM STONE}": "gem", "\N{PERSON RAISING BOTH HANDS IN CELEBRATION}": "raised_hands",
    "\N{HUNDRED POINTS SYMBOL}": "hundred", "\N{CHART WITH UPWARDS TREND}": "chart_up", "\N{EYES}": "eyes",
    "\N{MONEY-MOUTH FACE}": "money_face", "\N{HIGH VOLTAGE SIGN}": "bolt",
}
# Words under which chat programs export the same emoji, without blanks, colons and underscores.
WORDS: Mapping[str, str] = {
    "fire": "fire", "rocket": "rocket", "thumbsup": "thumbsup", "+1": "thumbsup", "thumbs up": "thumbsup",
    "muscle": "flexed_arm", "flexedarm": "flexed_arm", "gem": "gem", "raisedhands": "raised_hands", "100": "hundred",
    "hundred": "hundred", "chartwithupwardstrend": "chart_up", "chartup": "chart_up", "eyes": "eyes",
    "moneymouth": "money_face", "moneyface": "money_face", "zap": "bolt", "bolt": "bolt",
}
KINDS: tuple[str, ...] = tuple(EMOJI.values())
_COMPAT = {**EMOJI, **{kind: kind for kind in KINDS}}
# Skin tones and the sign that asks for a coloured picture; they do not change what a reaction means.
_MODIFIERS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_WORD_SIGNS = re.compile(r"[:_\s-]+")
COLUMNS = (*KINDS, "other", "total")


def reaction_counts(reactions: Iterable[str], *, is_exact: bool = False) -> pd.DataFrame:
    """Return how many reactions of each kind were recorded.

    reactions : JSON objects of emoji or word -> count; "" where nothing was recorded.
    is_exact : an emoji counts only without a skin tone, a word only as it stands: what the original did.
    Returns: columns fire, rocket, thumbsup, flexed_arm, gem, raised_hands, hundred, chart_up, eyes, money_face, bolt,
        other and total, float64, one row per text; all NaN for "", 0 for a kind that an object does not name.
    Raises: DataError naming every distinct text that is no such object or holds a negative count.

    Examples
    --------
    >>> reaction_counts(['{"\N{FIRE}": 3, "rocket": 1, "bear": 2}', ""])[["fire", "rocket", "other", "total"]].values
    array([[ 3.,  1.,  2.,  6.],
           [nan, nan, nan, nan]])
    """
    code, distinct = pd.factorize(pd.Series(reactions, dtype=object).fillna(""), use_na_sentinel=False)
    rows, faults = np.full((len(distinct), len(COLUMNS)), np.nan), []
    for row, text in enumerate(distinct):
        if not text:
            continue
        try:
            rows[row] = _counts(json.loads(text), is_exact=is_exact)
        except (ValueError, TypeError, AttributeError):
            faults.append(f"{text[:80]!r}")
    if faults:
        raise DataError(f"{len(faults)} recorded reactions cannot be read; each must be a JSON object of emoji or word "
                        'and a count of 0 or more, as {"fire": 12}', faults=faults[:20])
    return pd.DataFrame(rows[code], columns=list(COLUMNS))


def _counts(recorded: Mapping[str, float], *, is_exact: bool) -> list[float]:
    counts = dict.fromkeys(COLUMNS, 0.0)
    for key, given in recorded.items():
        count = float(given)
        if not (math.isfinite(count) and count >= 0):
            raise ValueError(key)
        kind = _COMPAT.get(key) if is_exact else _kind(key)
        counts[kind or "other"] += count
        counts["total"] += count
    return list(counts.values())


def _kind(key: str) -> str | None:
    plain = _MODIFIERS.sub("", key).strip()
    return EMOJI.get(plain) or WORDS.get(_WORD_SIGNS.sub("", plain.lower()))
