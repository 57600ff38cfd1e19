"""The rows a model of winning signals learns from, and the time rule of all splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.metrics.conviction.clusters import instants


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Signals with what was known of each when it was decided, and how it ended.

    features : DataFrame, shape (n_rows, n_features), numbers; NaN for unknown.
    label : float64, 1 winner, 0 not, NaN where the outcome is not known (yet).
    ticker : text. decided_at : datetime64[ns], UTC, the close at which the signal is decided.
    label_end : datetime64[ns], UTC; the last calendar day whose prices the label uses.

    Examples
    --------
    >>> rows = TrainingRows(pd.DataFrame({"reactions": [4.0, 9.0]}), np.array([0.0, np.nan]), np.array(["TAO", "SOL"]),
    ...                     np.array(["2024-01-02", "2024-02-01"], "M8[ns]"),
    ...                     np.array(["2024-02-01", "2024-03-02"], "M8[ns]"))
    >>> len(rows), len(rows.resolved())
    (2, 1)
    """

    features: pd.DataFrame
    label: np.ndarray
    ticker: np.ndarray
    decided_at: np.ndarray
    label_end: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: np.ndarray) -> TrainingRows:
        """Return the rows of the given numbers, or of a mask, in that order."""
        return TrainingRows(self.features.iloc[np.arange(len(self))[rows]], self.label[rows], self.ticker[rows],
                            self.decided_at[rows], self.label_end[rows])

    def resolved(self) -> TrainingRows:
        """Return the rows whose label is known, in order of decision; equal instants keep their order."""
        order = np.argsort(self.decided_at, kind="stable")
        return self.take(order[np.isfinite(self.label[order])])


def checked_rows(rows: TrainingRows) -> TrainingRows:
    """Return the rows with columns of the types that `TrainingRows` names.

    Raises
    ------
    DataError
        Lists all faults: lengths that differ, labels other than 0, 1 and NaN, missing instants of resolved rows, labels
        that end before their decision, features that are not numbers or are infinite, a feature given twice.
    """
    lengths = {name: len(getattr(rows, name)) for name in ("features", "label", "ticker", "decided_at", "label_end")}
    if len(set(lengths.values())) > 1:
        raise DataError(f"training rows: the columns must have one length, found {lengths}")
    faults = _column_faults(rows)
    if faults:
        raise DataError("training rows cannot be used:", faults=faults)
    label = np.asarray(rows.label, dtype=float)
    is_resolved = np.isfinite(label)
    label_end = np.asarray(pd.DatetimeIndex(rows.label_end).tz_localize(None), dtype="M8[ns]")
    checked = TrainingRows(pd.DataFrame(rows.features).astype(float), label, np.asarray(rows.ticker, dtype=object),
                           instants(rows.decided_at), label_end)
    ends_early = is_resolved & ~(days(label_end) >= days(checked.decided_at))
    if ends_early.any():
        first = int(np.flatnonzero(ends_early)[0])
        raise DataError(f"training rows: {int(ends_early.sum())} labels end before the day of their decision or at no "
                        f"known day, first row {first} ({checked.ticker[first]}, decided {checked.decided_at[first]}, "
                        f"label_end {label_end[first]}); a resolved label needs the last day it looked at")
    return checked


def days(at: np.ndarray) -> np.ndarray:
    """Return the UTC calendar day of instants, datetime64[D]."""
    return at.astype("M8[D]")


def ended_before(label_end: np.ndarray, decided_at: np.datetime64, embargo_days: int) -> np.ndarray:
    """Return which labels may train a model that first decides at `decided_at`, bool, shape (n_rows,).

    A label of day d is known after d's close. So its last day must lie before the day of the first decision minus the
    embargo: with `embargo_days` 1 a decision on 3 May uses labels that ended on 1 May or earlier.

    Examples
    --------
    >>> ends = np.array(["2024-05-01", "2024-05-02"], "M8[ns]")
    >>> ended_before(ends, np.datetime64("2024-05-03T20:00"), 1).tolist()
    [True, False]
    """
    return days(label_end) < days(np.asarray(decided_at)) - np.timedelta64(embargo_days, "D")


def rows_hash(rows: TrainingRows) -> str:
    """Return the SHA-256 of everything the rows hold: two models of one hash learnt from the same data."""
    digest = hashlib.sha256("\x1f".join(map(str, rows.features.columns)).encode())
    digest.update("\x1f".join(map(str, rows.ticker)).encode())
    for values in (rows.features.to_numpy(dtype="<f8"), rows.label.astype("<f8"), rows.decided_at.astype("<M8[ns]"),
                   rows.label_end.astype("<M8[ns]")):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _column_faults(rows: TrainingRows) -> list[str]:
    features = pd.DataFrame(rows.features)
    faults = [f"feature '{name}' is given more than once" for name in features.columns[features.columns.duplicated()]]
    for name, kind in features.dtypes.items():
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            faults.append(f"feature '{name}' has type {kind}; it must hold numbers")
    if not faults:
        values = features.to_numpy(dtype=float)
        infinite = features.columns[np.isinf(values).any(axis=0)]
        faults += [f"feature '{name}' holds an infinite value; use NaN for unknown" for name in infinite]
    label = np.asarray(rows.label, dtype=float)
    odd = np.unique(label[np.isfinite(label) & (label != 0) & (label != 1) | np.isinf(label)])
    if odd.size:
        faults.append(f"the label holds {odd[:3].tolist()}; it must be 0, 1 or NaN")
    if pd.isna(np.asarray(rows.decided_at)).any():
        faults.append("decided_at has gaps; every row needs the instant of its decision")
    return faults
