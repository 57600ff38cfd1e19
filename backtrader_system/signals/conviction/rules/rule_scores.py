"""What the rules of the chat rooms score a signal: the baseline of every model.

Every score reads words as `message_terms` finds whole words. Which rule a signal gets follows from its source:

- Dumb Money, original: C = fire, rocket, thumbs-up, flexed arm, gem and raised hands. Fewer than 15: ignored. Else 6,
  7 from 20, 8 from 25, 9 from 30; +1 for a word of quality, -1 for hype; 1 to 10.
- Dumb Money, newer: ten times the weighted reactions over 20, at most 10; fewer than 5 reactions: ignored.
- Everybody else, the rule of Yieldschool's text: 3; +1 each for a fire, a rocket, bullish, buying, accumulating; +2 for
  high conviction, very bullish, loading up or going all in; at most 10; +2 if Dan endorses, without a cap.

The original summed Yieldschool's scores over all mentions of a ticker, so that old tickers grew; here a signal has its
own score and the number of mentions only decides its status.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.features import message_terms as terms
from backtrader_system.signals.conviction.features.feature_inputs import endorsed, float_column
from backtrader_system.signals.conviction.features.reaction_counts import reaction_counts
from backtrader_system.signals.conviction.features.source_family import SourceFamily, source_family
from backtrader_system.signals.conviction.features.text_features import FIRE, ROCKET, MessageFacts
from backtrader_system.signals.conviction.rules.validator_overlay import (
    MAX_OVERLAY_POINTS,
    is_rejected,
    overlaid_score,
)

YIELDSCHOOL, DUMB_MONEY, DUMB_MONEY_NEWER, RECORDED, NO_RULE = (
    "Yieldschool text", "Dumb Money reactions", "Dumb Money weighted reactions", "score of the file", "none")
COUNTED_KINDS = ("fire", "rocket", "thumbsup", "flexed_arm", "gem", "raised_hands")
MIN_COUNTED, FIRST_SCORE, COUNTED_PER_POINT, MAX_REACTION_SCORE = 15, 6.0, 5, 9.0
NEWER_WEIGHTS: Mapping[str, float] = {
    "rocket": 3.0, "fire": 2.5, "gem": 2.0, "hundred": 1.5, "chart_up": 1.5, "eyes": 1.0, "money_face": 1.0,
    "bolt": 1.0, "thumbsup": 0.1, "flexed_arm": 0.1, "raised_hands": 0.1, "other": 0.1}
NEWER_FULL_WEIGHT, NEWER_MIN_REACTIONS = 20.0, 5
MAX_TEXT_SCORE, ENDORSEMENT_POINTS = 10.0, 2.0
# Text in full, Dan's word and the overlay's points: no rule scores higher, nor does a file, whose scores end at 12.
HIGHEST_RULE_SCORE = MAX_TEXT_SCORE + ENDORSEMENT_POINTS + MAX_OVERLAY_POINTS
MAX_AGE = pd.Timedelta(hours=48)
MANY_ROCKETS, MANY_MENTIONS, GREEN_COUNTED = 3, 3, 20
GREEN, STATUSES, STATUS_EDGES = "GREEN", ("RED", "YELLOW", "YELLOW+", "GREEN"), (5.0, 7.0, 8.0)
IGNORED = "ignored"


def rule_scores(
    known: pd.DataFrame, *, dumbmoney_score: str = "original", validator_overlay: bool = True,
    market: pd.DataFrame | None = None, decided_at: pd.DatetimeIndex | None = None,
) -> pd.DataFrame:
    """Return what the rules say of each signal.

    known : what was known of each signal at its decision, as `history.as_of` returns it.
    dumbmoney_score : "original" or "newer". validator_overlay : add what facts on liquidity, volume, search interest
        and the thesis say, see `validator_overlay`.
    market : as `market_inputs` returns it; without it the overlay knows neither volume nor the day's change.
    decided_at : aware instants; with them a Dumb Money signal of 48 hours or more is ignored, as its scraper did.
    Returns: rule_score (float64, 0 to HIGHEST_RULE_SCORE; NaN where the rules ignore the signal or know nothing of
        it: that Dan did not endorse it is not enough), rule_status (GREEN, YELLOW+, YELLOW, RED, or ignored),
        rule_name; index of `known`.
        A signal whose rule lacks what it reads (text, or reactions) takes the score of its file, where there is
        one, as it stands.

    Timing: uses nothing but its arguments.
    """
    if dumbmoney_score not in ("original", "newer"):
        raise ValueError(f"dumbmoney_score must be 'original' or 'newer', was {dumbmoney_score!r}")
    facts = MessageFacts(known["message"], is_whole_word=True)
    endorsement = endorsed(known, facts)
    counts = reaction_counts(known["reactions"])
    counted = _counted(counts, float_column(known, "total_reactions"))
    is_reactions_rule = known["source"].map(source_family).to_numpy() == SourceFamily.DUMB_MONEY
    is_original = dumbmoney_score == "original"
    by_reactions = _dumb_money_score(counted, facts) if is_original else _weighted_score(counts)
    by_reactions = np.where(_is_old(known["signal_time"], decided_at), np.nan, by_reactions)
    score = np.where(is_reactions_rule, by_reactions, _text_score(facts, endorsement))
    is_many = np.where(is_reactions_rule, is_original & (counted >= GREEN_COUNTED),
                       (endorsement == 1.0) | (float_column(known, "mention_count") >= MANY_MENTIONS))
    if validator_overlay:
        score = overlaid_score(score, known, facts, market)
        is_many &= ~is_rejected(score, known["asset_type"])
    recorded = float_column(known, "recorded_score")
    is_recorded = np.where(is_reactions_rule, np.isnan(counted), ~facts.is_given) & np.isfinite(recorded)
    score, is_lifted = np.where(is_recorded, recorded, score), is_many & ~is_recorded
    names = np.select([is_recorded, np.isnan(score), is_reactions_rule],
                      [RECORDED, NO_RULE, DUMB_MONEY if is_original else DUMB_MONEY_NEWER], YIELDSCHOOL)
    return pd.DataFrame({"rule_score": score, "rule_status": rule_status(score, is_lifted), "rule_name": names},
                        index=known.index).astype({"rule_status": "str", "rule_name": "str"})


def rule_status(score: np.ndarray, is_lifted: np.ndarray) -> np.ndarray:
    """Return the traffic light of a score: GREEN from 8 or if lifted, YELLOW+ from 7, YELLOW from 5, RED; or ignored.

    Examples
    --------
    >>> is_lifted = np.array([False, False, False, False, True, True])
    >>> rule_status(np.array([8.0, 7.0, 5.0, 4.9, 3.0, np.nan]), is_lifted).tolist()
    ['GREEN', 'YELLOW+', 'YELLOW', 'RED', 'GREEN', 'ignored']
    """
    place = np.searchsorted(STATUS_EDGES, score, side="right").clip(0, len(STATUSES) - 1)
    status = np.where(is_lifted, GREEN, np.array(STATUSES, dtype=object)[place])
    return np.where(np.isnan(score), IGNORED, status)


def _counted(counts: pd.DataFrame, total: np.ndarray) -> np.ndarray:
    """Return C; where only the total of all reactions is known, the total stands for it."""
    kinds = counts[list(COUNTED_KINDS)].to_numpy().sum(axis=1)
    return np.where(np.isnan(kinds), total, kinds)


def _is_old(signal_time: pd.Series, decided_at: pd.DatetimeIndex | None) -> np.ndarray:
    if decided_at is None:
        return np.zeros(len(signal_time), dtype=bool)
    return np.asarray(pd.DatetimeIndex(decided_at) - pd.DatetimeIndex(signal_time) >= MAX_AGE)


def _text_score(facts: MessageFacts, endorsement: np.ndarray) -> np.ndarray:
    emoji = (facts.occurrences(FIRE) > 0).astype(float) + (facts.occurrences(ROCKET) > 0)
    words = facts.count(("bullish", "buying", "accumulating"))
    score = np.minimum(3.0 + emoji + words + 2.0 * facts.has_any(terms.STRONG_CONVICTION), MAX_TEXT_SCORE)
    is_endorsed = endorsement == 1.0
    # A recorded 0 tells that Dan said nothing, not what the message says.
    return np.where(facts.is_given | is_endorsed, score + ENDORSEMENT_POINTS * is_endorsed, np.nan)


def _dumb_money_score(counted: np.ndarray, facts: MessageFacts) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        points = np.minimum(FIRST_SCORE + np.floor((counted - MIN_COUNTED) / COUNTED_PER_POINT), MAX_REACTION_SCORE)
    is_hype = (facts.count(("moon", "lambo")) > 0) | (facts.occurrences(ROCKET * MANY_ROCKETS) > 0)
    score = np.clip(points + facts.has_any(terms.QUALITY) - is_hype, 1.0, 10.0)
    return np.where(counted >= MIN_COUNTED, score, np.nan)


def _weighted_score(counts: pd.DataFrame) -> np.ndarray:
    weighted = sum(counts[kind].to_numpy() * weight for kind, weight in NEWER_WEIGHTS.items())
    score = np.minimum(10.0, 10.0 * weighted / NEWER_FULL_WEIGHT)
    return np.where(counts["total"].to_numpy() >= NEWER_MIN_REACTIONS, score, np.nan)

