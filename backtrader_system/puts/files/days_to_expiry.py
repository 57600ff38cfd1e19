"""What the owner's DaysToExpiry counts, and which day a snapshot without a date is from.

The unit changed between files: calendar days until October 2025, sessions of Nasdaq Stockholm from November 2025 on.
Nothing here trusts the number: days to expiry are always counted anew from dates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.puts.files.option_code import CALENDAR

# In the order in which a unit is preferred when several count the same. `floor_calendar`: a day less, as the site
# shows it during the day; `five_sevenths`: five of seven calendar days, rounded down.
UNITS = ("sessions", "calendar", "weekdays", "floor_calendar", "five_sevenths")
# A file of one expiry fits several days and units; only these two were ever written to data.csv.
WRITTEN_UNITS = ("sessions", "calendar")
FITTING_SHARE = 0.95
LONGEST_DAYS = 1_500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The day of a snapshot: unit is one of `UNITS` or "unknown", share the part of rows that the unit explains."""

    day: pd.Timestamp
    unit: str
    share: float


def count_days(unit: str, day: pd.Timestamp, expiry: np.ndarray) -> np.ndarray:
    """Return days from `day` to each expiry in a unit, shape (n,) whole numbers.

    Examples
    --------
    >>> expiry = np.array(["2025-12-19", "2026-01-16", "2026-02-20"], dtype="datetime64[D]")
    >>> count_days("sessions", pd.Timestamp("2025-11-28"), expiry).tolist()
    [15, 29, 54]
    """
    start, expiry = day.to_datetime64().astype("datetime64[D]"), expiry.astype("datetime64[D]")
    calendar = (expiry - start).astype(int)
    if unit == "sessions":
        sessions = _sessions(min(day, pd.Timestamp(expiry.min())), max(day, pd.Timestamp(expiry.max())))
        return np.searchsorted(sessions, expiry, side="right") - int(np.searchsorted(sessions, start, side="right"))
    counts = {"calendar": calendar, "floor_calendar": calendar - 1, "five_sevenths": np.floor(calendar * 5 / 7)}
    return counts[unit].astype(int) if unit in counts else np.busday_count(start, expiry)


def unit_of(days_to_expiry: np.ndarray, expiry: np.ndarray, day: pd.Timestamp) -> Snapshot:
    """Return the unit in which a snapshot of a known day counts; unit "unknown" if none fits 95 % of the rows.

    Where several fit (a short time to one expiry), the first of `UNITS`.
    """
    is_known = np.isfinite(days_to_expiry) & ~np.isnat(expiry)
    if not is_known.any():
        return Snapshot(day, "unknown", 0.0)
    shares = {unit: _share(unit, day, days_to_expiry[is_known], expiry[is_known]) for unit in UNITS}
    best = max(UNITS, key=lambda unit: (shares[unit], -UNITS.index(unit)))
    return Snapshot(day, best if shares[best] >= FITTING_SHARE else "unknown", shares[best])


def keep_unit(snapshot: Snapshot, before: str, days_to_expiry: np.ndarray, expiry: np.ndarray) -> Snapshot:
    """Return the snapshot in the unit of the day before if that one explains its rows as well as its own.

    With only this Friday's options on a Monday, four days are left in both units: nothing has changed then.
    """
    is_known = np.isfinite(days_to_expiry) & ~np.isnat(expiry)
    if snapshot.unit == "unknown" or before not in UNITS or not is_known.any():
        return snapshot
    share = _share(before, snapshot.day, days_to_expiry[is_known], expiry[is_known])
    return Snapshot(snapshot.day, before, share) if share >= snapshot.share else snapshot


def infer_snapshot(days_to_expiry: np.ndarray, expiry: np.ndarray, source: str, *,
                   known_days: frozenset[pd.Timestamp] = frozenset()) -> Snapshot:
    """Return the day on which all rows have the days to expiry that they state.

    known_days : days on which the snapshot's stock prices were closes; they decide where several days fit.
    Raises: DataError if no session fits, or several do: name the day then.
    """
    is_known = np.isfinite(days_to_expiry) & ~np.isnat(expiry)
    stated, expiry = days_to_expiry[is_known], expiry[is_known]
    fitting = [snapshot for unit in WRITTEN_UNITS for snapshot in _fitting(unit, stated, expiry)]
    days = {snapshot.day for snapshot in fitting}
    if len(days) > 1 and len(days & known_days) == 1:
        days &= known_days
    if len(days) == 1:
        return next(snapshot for snapshot in fitting if snapshot.day in days)
    shown = ", ".join(f"{item.day:%Y-%m-%d} ({item.unit})" for item in fitting[:5])
    reason = f"several fit: {shown}" if fitting else "no session fits its DaysToExpiry and ExpiryDate"
    raise DataError(f"{source}: the day of the snapshot cannot be told ({reason}); give it with --date YYYY-MM-DD")


def _fitting(unit: str, stated: np.ndarray, expiry: np.ndarray) -> list[Snapshot]:
    if not len(stated):
        return []
    # The most frequent pair must fit in every candidate; it leaves a handful of days to try.
    pairs = pd.Series(list(zip(stated.astype(int), expiry.astype("datetime64[D]"), strict=True))).value_counts()
    days, last = pairs.index[0]
    sessions = _sessions(pd.Timestamp(last) - pd.Timedelta(days=LONGEST_DAYS), pd.Timestamp(last))
    if unit == "sessions":
        position = int(np.searchsorted(sessions, last, side="right")) - 1 - int(days)
        candidates = sessions[max(position, 0):position + 1]
    else:
        candidates = sessions[sessions == last - np.timedelta64(int(days), "D")]
    found = [Snapshot(pd.Timestamp(day), unit, _share(unit, pd.Timestamp(day), stated, expiry)) for day in candidates]
    return [snapshot for snapshot in found if snapshot.share >= FITTING_SHARE]


def _share(unit: str, day: pd.Timestamp, stated: np.ndarray, expiry: np.ndarray) -> float:
    return float((count_days(unit, day, expiry) == stated).mean())


def _sessions(first: pd.Timestamp, last: pd.Timestamp) -> np.ndarray:
    return sessions_between(CALENDAR, first.date(), last.date()).to_numpy().astype("datetime64[D]")
