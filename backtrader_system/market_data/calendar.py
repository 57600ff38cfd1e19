"""Trading sessions of an exchange: which dates, and when they close."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar


def sessions_between(calendar: str, start: date, end: date) -> pd.DatetimeIndex:
    """Return the sessions of a calendar from `start` to `end`, both included.

    calendar : a name of exchange_calendars (XNYS, XSTO, ...) or `24/7`.
    Returns: naive midnights, datetime64[ns], rising; empty if no session lies between.
    Raises: DataError if the calendar is unknown or does not reach that far back.

    Examples
    --------
    >>> from datetime import date
    >>> [str(day.date()) for day in sessions_between("XNYS", date(2024, 7, 3), date(2024, 7, 6))]
    ['2024-07-03', '2024-07-05']
    """
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    sessions = _calendar(calendar, first.year, last.year).sessions.as_unit("ns")
    return pd.DatetimeIndex(sessions[slice(*sessions.slice_locs(first, last))], freq=None, name="session")


def sessions_from(calendar: str, first_session: pd.Timestamp, end: date, warmup: int) -> pd.DatetimeIndex:
    """Return the sessions from `warmup` sessions before `first_session` to `end`."""
    days = 2 * warmup + 30
    while True:
        sessions = sessions_between(calendar, first_session - pd.Timedelta(days=days), end)
        position = int(sessions.searchsorted(first_session))
        if position >= warmup:
            return sessions[position - warmup:]
        days *= 2


def session_close_instant(calendar: str, sessions: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the instant at which each session closes, half days included.

    sessions : sessions of the calendar, naive midnights.
    Returns: aware UTC, datetime64[ns], same length; what a close contains is known from then on.
    Raises: DataError if a date is no session.
    """
    if len(sessions) == 0:
        return pd.DatetimeIndex([], dtype="datetime64[ns, UTC]")
    closes = _calendar(calendar, sessions.min().year, sessions.max().year).closes
    strangers = sessions[~sessions.isin(closes.index)]
    if len(strangers):
        shown = ", ".join(str(day.date()) for day in strangers[:5])
        raise DataError(f"calendar {calendar}: {len(strangers)} dates are no session: {shown}; check data.calendar")
    return pd.DatetimeIndex(closes.reindex(sessions.as_unit("ns"))).tz_convert("UTC").as_unit("ns")


def exchange_timezone(calendar: str) -> str:
    """Return the time zone of the exchange, such as `America/New_York`."""
    return str(_calendar(calendar, 2024, 2024).tz)


def missing_sessions(sessions: pd.DatetimeIndex, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return how many sessions lie strictly between pairs of dates.

    sessions : all sessions of the calendar around the dates; earlier, later : datetime64, same shape.
    """
    between = sessions.searchsorted(later, side="left") - sessions.searchsorted(earlier, side="right")
    return np.maximum(between, 0)


# Making a calendar takes 0.3 s, so one that covers the years asked for is used again.
_MADE: dict[str, tuple[int, int, ExchangeCalendar]] = {}


def _calendar(name: str, first_year: int, last_year: int) -> ExchangeCalendar:
    first_made, last_made, calendar = _MADE.get(name, (first_year, last_year - 1, None))
    if calendar is None or first_year < first_made or last_year > last_made:
        calendar = _make_calendar(name, first_year, last_year)
        _MADE[name] = first_year, last_year, calendar
    return calendar


def _make_calendar(name: str, first_year: int, last_year: int) -> ExchangeCalendar:
    import exchange_calendars
    from exchange_calendars.errors import CalendarError

    known = exchange_calendars.get_calendar_names()
    if name not in known:
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "for example XNYS, XNAS, XLON, XSTO or 24/7"
        raise DataError(f"data.calendar: unknown calendar '{name}'; {hint}")
    try:
        # Without bounds a calendar holds only the last twenty years.
        return exchange_calendars.get_calendar(name, start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    except (CalendarError, ValueError) as error:
        raise DataError(f"data.calendar: calendar {name} cannot be made for {first_year} to {last_year}: "
                        f"{error}") from error
