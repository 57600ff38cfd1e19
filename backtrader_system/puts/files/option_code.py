"""Codes of Nasdaq Stockholm options: ticker, year digit, month letter, strike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import sessions_between

CALENDAR = "XSTO"
_CODE = re.compile(r"^(?P<ticker>.+?)(?P<year>\d)(?P<month>[A-X])(?:(?P<day>\d{1,2})Y)?"
                   r"(?P<strike>\d+(?:\.\d+)?)(?P<adjusted>X)?$")


@dataclass(frozen=True, slots=True)
class OptionCode:
    """What the code of an option says.

    year_digit : last digit of the year. day : of a weekly option, else None. right : "P" or "C".
    is_adjusted : suffix X, the contract was changed by a corporate action.

    Examples
    --------
    >>> code = parse_option_code("ABB6T28Y900")
    >>> code.ticker, code.right, code.strike, str(code.expiry(pd.Timestamp("2026-08-20")).date())
    ('ABB', 'P', 900.0, '2026-08-28')
    """

    ticker: str
    year_digit: int
    month: int
    day: int | None
    right: str
    strike: float
    is_adjusted: bool

    def expiry(self, seen: pd.Timestamp) -> pd.Timestamp:
        """Return the expiry of an option that was quoted on `seen`: the first that fits and is not past.

        A code without a day means the third Friday of its month, or the session before if Stockholm is closed then.
        Raises: DataError if a weekly option's day does not exist in its month.
        """
        for year in range(seen.year, seen.year + 11):
            if year % 10 == self.year_digit and (expiry := self._in_year(year)) >= seen.normalize():
                return expiry
        raise DataError(f"option of {self.ticker}: no year from {seen.year} on ends in {self.year_digit}")

    def _in_year(self, year: int) -> pd.Timestamp:
        if self.day is not None:
            try:
                return pd.Timestamp(date(year, self.month, self.day))
            except ValueError as error:
                day = f"{year}-{self.month:02d}-{self.day:02d}"
                raise DataError(f"option of {self.ticker}: its expiry {day} is no date") from error
        return _session_on_or_before(third_friday(year, self.month))


def parse_option_code(code: str) -> OptionCode:
    """Return what a code says: puts have the months M (January) to X (December), calls A to L.

    Raises: DataError if the text is no such code.

    Examples
    --------
    >>> parse_option_code("AAK6U177.34X").is_adjusted, parse_option_code("8TRA6U370").ticker
    (True, '8TRA')
    """
    found = _CODE.match(code)
    if not found:
        raise DataError(f"'{code}' is no option code; expected TICKER, year digit, month letter, strike (AAK5X250)")
    number = ord(found["month"]) - ord("A")
    return OptionCode(
        found["ticker"], int(found["year"]), number % 12 + 1, int(found["day"]) if found["day"] else None,
        "P" if number >= 12 else "C", float(found["strike"]), found["adjusted"] is not None)


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _session_on_or_before(day: date) -> pd.Timestamp:
    sessions = sessions_between(CALENDAR, day - timedelta(days=10), day)
    return sessions[-1]
