"""Numbers, flags and reaction counts as signal files hold them. What cannot be read is missing, never 0."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

_MISSING = frozenset({"", "nan", "none", "null", "n/a", "na", "-", "--", "unknown"})
_FLAGS: Mapping[str, float] = {**dict.fromkeys(("yes", "y", "true", "1", "1.0"), 1.0),
                               **dict.fromkeys(("no", "n", "false", "0", "0.0"), 0.0)}


def read_numbers(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers (NaN for missing) and which texts are neither a number nor missing.

    A dollar sign in front, a percent sign behind (12 % is 12) and commas between thousands are understood.

    Examples
    --------
    >>> read_numbers(["$1,250.50", "", "0", "soon"])
    (array([1250.5,    nan,    0. ,    nan]), array([False, False, False,  True]))
    """
    return _read(texts, _number)


def read_flags(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return flags (1, 0, NaN for missing) and which texts are no flag. YES/NO, TRUE/FALSE, Y/N and 1/0 are."""
    return _read(texts, lambda text: _FLAGS.get(text.lower()))


def read_reactions(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return reaction counts as JSON text, plain totals and which texts are neither.

    A JSON object of emoji or word -> count stays one, its keys sorted; a bare number is the total of all reactions.

    Examples
    --------
    >>> counts, totals, is_bad = read_reactions(['{"rocket": 2, "fire": 3}', "58", "many"])
    >>> counts.tolist(), totals.tolist(), is_bad.tolist()
    (['{"fire": 3, "rocket": 2}', '', ''], [nan, 58.0, nan], [False, False, True])
    """
    counts = [_reaction_json(text) for text in texts]
    totals, is_no_number = read_numbers([text if count is None else "" for text, count in
                                         zip(texts, counts, strict=True)])
    return np.array([count or "" for count in counts], dtype=object), totals, is_no_number


def _read(texts: Sequence[str], convert: Callable[[str], float | None]) -> tuple[np.ndarray, np.ndarray]:
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    stated = [text.strip() for text in distinct]
    is_missing = [text.lower() in _MISSING for text in stated]
    values = [None if missing else convert(text) for text, missing in zip(stated, is_missing, strict=True)]
    is_bad = np.array([value is None for value in values], dtype=bool) & ~np.array(is_missing, dtype=bool)
    numbers = np.array([math.nan if value is None else value for value in values], dtype=float)
    return numbers[codes], is_bad[codes]


def _number(text: str) -> float | None:
    plain = text.removeprefix("$").removesuffix("%").strip()
    whole, dot, rest = plain.partition(".")
    groups = whole.lstrip("+-").split(",")
    if len(groups) > 1 and len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]):
        plain = whole.replace(",", "") + dot + rest
    if "_" in plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _reaction_json(text: str) -> str | None:
    if not text.startswith("{"):
        return None
    try:
        counts = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    if not all(_is_count(count) for count in counts.values()):
        return None
    return json.dumps(dict(sorted(counts.items())), ensure_ascii=False) if counts else ""


def _is_count(count: object) -> bool:
    return isinstance(count, int | float) and not isinstance(count, bool) and math.isfinite(count) and count >= 0
