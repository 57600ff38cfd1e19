"""Rows split in time by expiry date, so that nothing is chosen on what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class TimeSplit:
    """Positions of the rows that choose the weights, confirm them and report on them.

    n_purged : rows left out because their outcome was not yet known when the first option of the next part was judged.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    n_purged: int


def split_by_expiry(rows: pd.DataFrame, train_fraction: float, validation_fraction: float) -> TimeSplit:
    """Return the split of the expiry dates: the earliest choose, the next confirm, the latest report.

    rows : columns expiry and quote_date. Each part has whole expiry dates. A row of an earlier part that expires on
        or after the first quote_date of a later part is left out: it shares market days with it.

    Examples
    --------
    >>> expiry = pd.to_datetime(["2024-01-19", "2024-02-16", "2024-03-15", "2024-04-19"])
    >>> rows = pd.DataFrame({"expiry": expiry, "quote_date": expiry - pd.Timedelta(days=20)})
    >>> split = split_by_expiry(rows, 0.5, 0.25)
    >>> split.train.tolist(), split.validation.tolist(), split.test.tolist(), split.n_purged
    ([0, 1], [2], [3], 0)
    """
    expiry = rows["expiry"].to_numpy()
    dates = np.unique(expiry)
    first = round(len(dates) * train_fraction)
    second = min(round(len(dates) * (train_fraction + validation_fraction)), len(dates))
    place = np.searchsorted(dates, expiry)
    train, validation, test = (np.flatnonzero(part) for part in (
        place < first, (place >= first) & (place < second), place >= second))
    kept_validation = _ended_before(rows, validation, test)
    kept_train = _ended_before(rows, _ended_before(rows, train, validation), test)
    n_purged = len(train) - len(kept_train) + len(validation) - len(kept_validation)
    return TimeSplit(kept_train, kept_validation, test, n_purged)


def growing_folds(rows: pd.DataFrame, folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return `folds` pairs of train and test rows: each test part is one block of expiry dates, train all before it."""
    expiry = rows["expiry"].to_numpy()
    blocks = np.array_split(np.unique(expiry), folds + 1)
    pairs = []
    for number in range(1, folds + 1):
        test = np.flatnonzero(np.isin(expiry, blocks[number]))
        train = np.flatnonzero(expiry < blocks[number][0]) if len(blocks[number]) else np.empty(0, dtype=int)
        pairs.append((_ended_before(rows, train, test), test))
    return pairs


def _ended_before(rows: pd.DataFrame, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    if len(later) == 0:
        return earlier
    first_quote = rows["quote_date"].to_numpy()[later].min()
    return earlier[rows["expiry"].to_numpy()[earlier] < first_quote]
