"""One symbol's bars as columns that a feed takes over without a loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import PRICES

# Lines beside open, high, low, close, volume, and what they hold where a frame does not give them.
SIGNAL_LINES = {
    "score": np.nan,            # strength of the signal, 0 to 1
    "base_score": np.nan,       # the same before a model changed it
    "direction": 0.0,           # +1 buy, -1 sell, 0 neither
    "probability": np.nan,
    "ml_enhanced": 0.0,         # 1 where a model changed the score
    "is_member": 1.0,           # 1 while the symbol belongs to the universe
    "atr": np.nan,              # dollars per share
    "daily_volatility": np.nan, # standard deviation of daily returns, 20 bars
    "average_volume": np.nan,   # shares, mean of 20 bars
    "size_factor": 1.0,         # multiple of the usual size that the signal asks for; above 0
    "split_ratio": 1.0,         # in force from before this session's open
    "dividend": 0.0,            # dollars per share, to holders through the previous close
}
_ABSENT = {"openinterest": 0.0, "volume": np.nan}
_EPOCH = bt.date2num(pd.Timestamp(1970, 1, 1))
BAR_LINES = (*PRICES, "volume")


@dataclass(frozen=True, slots=True)
class BarColumns:
    """The bars of one symbol.

    numbers : float64, shape (n_bars,), Backtrader's number of each session's midnight, rising. Feeds with the same
        sessions had better share one array: it is then compared by identity.
    values : line name -> float64, shape (n_bars,); any of open, high, low, close, volume and `SIGNAL_LINES`. May be
        views into a panel; nothing is copied.
    neutral : what a line holds that is not given.
    """

    numbers: np.ndarray
    values: Mapping[str, np.ndarray]
    neutral: Mapping[str, float] = field(default_factory=lambda: SIGNAL_LINES)

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, name: str) -> np.ndarray:
        """Return the values of a line; its neutral value, once for all bars, where there are none."""
        if name in self.values:
            return self.values[name]
        neutral = _ABSENT[name] if name in _ABSENT else self.neutral[name]
        return np.broadcast_to(neutral, len(self))

    def differs(self, name: str) -> bool:
        """Return whether a line ever leaves its neutral value."""
        return name in self.values and bool((self.values[name] != self.neutral[name]).any())

    def view(self, name: str) -> memoryview:
        """Return the values of a line, or of `datetime`, as a read-only buffer."""
        return memoryview(self.numbers if name == "datetime" else self.column(name)).toreadonly()


def columns_of(frame: pd.DataFrame, feed: str, neutral: Mapping[str, float] = SIGNAL_LINES) -> BarColumns:
    """Return the columns of a frame indexed by session; capital letters in their names do not matter.

    neutral : the lines that the feed has beside its bars, and what they hold where the frame does not give them.

    Raises: DataError, naming the `feed`, for missing prices or an index that is no rising list of dates.
    """
    by_name = {str(name).lower(): name for name in frame.columns}
    missing = [name for name in PRICES if name not in by_name]
    if missing:
        raise DataError(f"feed '{feed}': no column {', '.join(missing)}; found {', '.join(map(str, frame.columns))}")
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is not None or (index != index.normalize()).any():
        raise DataError(
            f"feed '{feed}': the index must hold dates without time or time zone, one per daily bar; found "
            f"{index[:1].tolist() or index.dtype}. Set it by `frame.index = pd.to_datetime(...).tz_localize(None)"
            ".normalize()`, or use a feed of Backtrader's for bars within the day.")
    names = [name for name in (*BAR_LINES, *neutral) if name in by_name]
    columns = BarColumns(
        session_numbers(index), {name: frame[by_name[name]].to_numpy(dtype=float) for name in names}, neutral)
    falls = np.flatnonzero(np.diff(columns.numbers) <= 0)
    if falls.size:
        raise DataError(
            f"feed '{feed}': sessions must rise; {index[falls[0] + 1]:%Y-%m-%d} does not come after the one before it "
            f"({falls.size} such rows). Sort the frame and drop repeated sessions.")
    return columns


def session_numbers(sessions: pd.DatetimeIndex) -> np.ndarray:
    """Return Backtrader's float number of each session's midnight."""
    return _EPOCH + sessions.to_numpy("datetime64[D]").astype(float)


def dates_of(numbers: np.ndarray) -> np.ndarray:
    """Return the dates of session numbers as datetime64[ns] midnights; the inverse of `session_numbers`."""
    days = np.floor(numbers - _EPOCH).astype("int64")
    return days.astype("datetime64[D]").astype("datetime64[ns]")


@lru_cache(maxsize=100_000)
def date_of(number: float) -> date:
    """Return the date of one session number."""
    return bt.num2date(number).date()


def moment_of(data: Any) -> datetime:
    """Return the date and time of a feed's present bar, as `data.datetime.datetime()` does."""
    return data.datetime.datetime() if data._tz else _moment(data.datetime[0])


@lru_cache(maxsize=100_000)
def _moment(number: float) -> datetime:
    return bt.num2date(number)
