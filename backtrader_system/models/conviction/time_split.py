"""Time-ordered folds that share no label with their test rows: purge, embargo, groups by ticker.

A fold's test rows are a stretch of time; its training rows are all earlier rows whose label had ended before that
stretch began (expanding window). The purge does not ask for the ticker: a label of any ticker that reaches into the
test stretch is left out, since the tickers share a market. Therefore a ticker is never on both sides with overlapping
labels, which is what "grouped by ticker" means for rows in order of time. The same ticker may be on both sides with
labels that do not overlap: that is what happens live.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.models.conviction.training_rows import ended_before


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers of one fold, each in order of time.

    Examples
    --------
    >>> Fold(train=np.array([0, 1]), test=np.array([3])).test.tolist()
    [3]
    """

    train: np.ndarray
    test: np.ndarray


def purged_folds(decided_at: np.ndarray, label_end: np.ndarray, n_folds: int, embargo_days: int) -> list[Fold]:
    """Return up to `n_folds` folds of rows that are sorted by decision.

    decided_at, label_end : datetime64[ns], shape (n_rows,).
    The rows are cut into n_folds + 1 stretches of about equal size, never inside one instant; the first only trains.
    A fold whose purge leaves no training row is not returned.
    """
    folds = []
    for start, end in _stretches(decided_at, n_folds + 1)[1:]:
        train = np.flatnonzero(ended_before(label_end[:start], decided_at[start], embargo_days))
        if train.size:
            folds.append(Fold(train, np.arange(start, end)))
    return folds


def latest_slice(decided_at: np.ndarray, label_end: np.ndarray, fraction: float, embargo_days: int) -> Fold:
    """Return the latest `fraction` of the rows as test, and the earlier rows whose labels ended before as train."""
    instants, first = np.unique(decided_at, return_index=True)
    wanted = len(decided_at) - max(1, round(fraction * len(decided_at)))
    start = int(first[np.searchsorted(first, wanted, side="right") - 1])
    train = np.flatnonzero(ended_before(label_end[:start], instants[np.searchsorted(first, start)], embargo_days))
    return Fold(train, np.arange(start, len(decided_at)))


def _stretches(decided_at: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Return (first row, end) of at most `count` stretches, cut only where the instant changes."""
    _, first = np.unique(decided_at, return_index=True)
    wanted = np.arange(count) * len(decided_at) / count
    starts = np.unique(first[np.minimum(np.searchsorted(first, wanted), len(first) - 1)])
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(decided_at)], strict=True))
