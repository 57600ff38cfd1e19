"""Which signals are bought: the best share of them, those from a score on, or the best few.

Choosing the best tenth of a whole sample needs scores that nobody had yet; it is here because the idea is often told
that way, and it is look-ahead. The causal form compares a score only with those decided on earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd

NO_SCORE = "no score"
BELOW = "score below the threshold"
NANOSECONDS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which signals are chosen; all arrays have shape (n,), in the order of the signals given.

    threshold : the score that decided: a higher one is chosen, an equal one by the tie rule of the selection; NaN where
        there was none. reason : why a signal is not chosen, "" for those that are.

    Examples
    --------
    >>> chosen = select_threshold(np.array([9.0, 6.0, np.nan]), 7)
    >>> chosen.is_selected.tolist(), chosen.reason.tolist()
    ([True, False, False], ['', 'score below the threshold', 'no score'])
    """

    is_selected: np.ndarray
    threshold: np.ndarray
    reason: np.ndarray


def select_top(
    score: np.ndarray, decided_at: pd.DatetimeIndex, signal_time: pd.DatetimeIndex, ticker: np.ndarray, *,
    fraction: float, causal: bool, trailing_days: int = 90, min_earlier: int = 20,
) -> Selection:
    """Return the signals in the best `fraction` by score; NaN scores are never chosen and never counted.

    score : float, shape (n,). decided_at : the close each signal is decided on; signal_time, ticker : break ties.
    fraction : in (0, 1].

    causal : chosen if (earlier scores above it + half of the equal ones) / earlier scores < fraction. Earlier ones
        were decided on at an earlier close, at most trailing_days before; signals of one close are not compared with
        each other. With fewer than min_earlier nothing is chosen.
    otherwise : the best max(1, ceil(fraction * N)) of the N scores of the whole sample, which is look-ahead; ties go
        to the earlier signal, then by ticker.

    Timing: the causal form uses scores of earlier closes only.
    """
    score = np.asarray(score, dtype=float)
    if not causal:
        n_scored = int(np.isfinite(score).sum())
        return select_best(score, signal_time, ticker, max(1, _ceil(fraction * n_scored)))
    return _select_causal(score, _nanoseconds(decided_at), fraction, trailing_days, min_earlier)


def select_threshold(score: np.ndarray, minimum: float) -> Selection:
    """Return the signals with a score of at least `minimum`; an equal score is chosen, NaN never."""
    score = np.asarray(score, dtype=float)
    is_selected = score >= minimum
    return Selection(is_selected, np.full(len(score), float(minimum)), _reasons(score, is_selected))


def select_best(score: np.ndarray, signal_time: pd.DatetimeIndex, ticker: np.ndarray, count: int) -> Selection:
    """Return the `count` signals with the highest scores, fewer if fewer have one; ties by signal_time, then ticker.

    It looks at all scores at once: for comparing two orders of the same signals, not for trading.
    """
    score = np.asarray(score, dtype=float)
    order = np.lexsort((np.asarray(ticker).astype(str), _nanoseconds(signal_time), -score))      # NaN comes last
    chosen = order[:min(count, int(np.isfinite(score).sum()))]
    is_selected = np.zeros(len(score), dtype=bool)
    is_selected[chosen] = True
    lowest = score[chosen].min() if len(chosen) else np.nan
    return Selection(is_selected, np.full(len(score), lowest), _reasons(score, is_selected))


def _select_causal(
    score: np.ndarray, decided_at: np.ndarray, fraction: float, trailing_days: int, min_earlier: int
) -> Selection:
    is_selected, threshold = np.zeros(len(score), dtype=bool), np.full(len(score), np.nan)
    reason = np.full(len(score), NO_SCORE, dtype=object)
    scored = np.flatnonzero(np.isfinite(score))
    scored = scored[np.argsort(decided_at[scored], kind="stable")]
    if not len(scored):
        return Selection(is_selected, threshold, reason.astype(str))
    at, ordered = decided_at[scored], score[scored]
    closes, first = np.unique(at, return_index=True)
    oldest = np.searchsorted(at, closes - trailing_days * NANOSECONDS_PER_DAY, side="left")
    for begin, end, start in zip(first, np.append(first[1:], len(at)), oldest, strict=True):
        today, earlier = scored[begin:end], np.sort(ordered[start:begin])
        if len(earlier) < max(min_earlier, 1):
            reason[today] = f"only {len(earlier)} earlier scores within {trailing_days} days, {min_earlier} needed"
            continue
        is_selected[today] = _rank_from_top(earlier, score[today]) < fraction * len(earlier) - 1e-9
        threshold[today] = earlier[-min(_ceil(fraction * len(earlier)), len(earlier))]
        reason[today] = np.where(is_selected[today], "", BELOW)
    return Selection(is_selected, threshold, reason.astype(str))


def _rank_from_top(ascending: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how many of `ascending` lie above each value, equal ones counted half."""
    left, right = (np.searchsorted(ascending, values, side=side) for side in ("left", "right"))
    return len(ascending) - right + (right - left) / 2


def _reasons(score: np.ndarray, is_selected: np.ndarray) -> np.ndarray:
    return np.where(is_selected, "", np.where(np.isnan(score), NO_SCORE, BELOW))


def _ceil(value: float) -> int:
    """Return the ceiling of a product of a fraction and a count: 0.1 * 30 is 3, not 4 for the sake of its last bit."""
    return ceil(value - 1e-9)


def _nanoseconds(instants: pd.DatetimeIndex) -> np.ndarray:
    return pd.DatetimeIndex(instants).as_unit("ns").asi8
