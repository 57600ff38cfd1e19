"""Points that facts about the market and the thesis add to a rule's score, or take from it.

Crypto: liquidity below 100,000 dollars -2, above 1 million +1; daily volume below 50,000 dollars -1; more than doubled
in a day -3; listed on no exchange -1; a honeypot scores 0.
Stocks: search interest rising +1, past its peak -2; thesis of 7 or more +1, of 3 or less -2.

A fact that is not known moves nothing. An asset that is neither gets no points.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.features import message_terms as terms
from backtrader_system.signals.conviction.features.feature_inputs import float_column
from backtrader_system.signals.conviction.features.text_features import MessageFacts, hype_words

LOW_LIQUIDITY_DOLLARS, HIGH_LIQUIDITY_DOLLARS, LOW_VOLUME_DOLLARS = 100_000.0, 1_000_000.0, 50_000.0
DOUBLED, HONEYPOT_FROM = 1.0, 0.5
# "Past its peak" is not defined by the original: below half of its peak, and falling.
PAST_PEAK_SHARE = 0.5
THESIS_BASE, MAX_FUNDAMENTALS, MAX_HYPE_PENALTY, HYPE_PENALTY = 5.0, 3.0, 4.0, 2.0
LONG_THESIS_CHARACTERS, SHORT_THESIS_CHARACTERS = 200, 50
GOOD_THESIS, BAD_THESIS = 7.0, 3.0
MAX_OVERLAY_POINTS = 2.0        # a stock: search interest rising and a good thesis; crypto gets 1 at most
WAIT_FROM = {"crypto": 5.0, "stock": 6.0}


def overlaid_score(
    score: np.ndarray, known: pd.DataFrame, facts: MessageFacts, market: pd.DataFrame | None
) -> np.ndarray:
    """Return the score with the points of the overlay, at least 0; NaN stays NaN.

    known : as `history.as_of` returns it. market : as `market_inputs` returns it, or None: volume and the day's
        change move nothing.
    """
    kind = known["asset_type"].to_numpy(dtype=object)
    points = np.select([kind == "crypto", kind == "stock"],
                       [_crypto_points(known, market), _stock_points(known, facts)], 0.0)
    is_honeypot = (kind == "crypto") & (float_column(known, "honeypot_score") >= HONEYPOT_FROM)
    moved = np.where(is_honeypot, 0.0, np.maximum(score + points, 0.0))
    return np.where(np.isnan(score), np.nan, moved)


def is_rejected(score: np.ndarray, asset_type: pd.Series) -> np.ndarray:
    """Return where the overlay rejects: crypto below 5, stocks below 6."""
    return score < asset_type.map(WAIT_FROM).to_numpy(dtype=float)


def thesis_score(facts: MessageFacts) -> np.ndarray:
    """Return the score of a thesis: 5, up to 3 for words of quality, up to -4 for hype at 2 a word, 1 for length.

    Above 200 characters add 1, below 50 take 1. NaN without a message.

    Examples
    --------
    >>> thesis_score(MessageFacts(["moat and earnings", "to the moon", ""], is_whole_word=True)).tolist()
    [6.0, 2.0, nan]
    """
    fundamentals = np.minimum(facts.count(terms.QUALITY), MAX_FUNDAMENTALS)
    hype = np.minimum(HYPE_PENALTY * hype_words(facts), MAX_HYPE_PENALTY)
    length = (facts.n_characters > LONG_THESIS_CHARACTERS).astype(float) - (
        facts.n_characters < SHORT_THESIS_CHARACTERS)
    return np.where(facts.is_given, THESIS_BASE + fundamentals - hype + length, np.nan)


def _crypto_points(known: pd.DataFrame, market: pd.DataFrame | None) -> np.ndarray:
    liquidity = float_column(known, "liquidity")
    points = 1.0 * (liquidity > HIGH_LIQUIDITY_DOLLARS) - 2.0 * (liquidity < LOW_LIQUIDITY_DOLLARS)
    points = points - 1.0 * (float_column(known, "dex_count") == 0)
    if market is None:
        return points
    return (points - 1.0 * (float_column(market, "volume_now") < LOW_VOLUME_DOLLARS)
            - 3.0 * (float_column(market, "change_1d") > DOUBLED))


def _stock_points(known: pd.DataFrame, facts: MessageFacts) -> np.ndarray:
    now, week, month, peak = (float_column(known, f"trends_{when}") for when in ("now", "7d_ago", "30d_ago", "peak"))
    is_rising = (now > week) & (now > month)
    is_past_peak = (now < week) & (now < PAST_PEAK_SHARE * peak)
    thesis = thesis_score(facts)
    return 1.0 * is_rising - 2.0 * is_past_peak + 1.0 * (thesis >= GOOD_THESIS) - 2.0 * (thesis <= BAD_THESIS)
