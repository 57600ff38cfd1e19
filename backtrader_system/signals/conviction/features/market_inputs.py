"""Prices and volumes around the decision on a signal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.symbol_bars import NO_ROW, SymbolBars, symbol_bars

VOLUME_BARS = 30
MIN_VOLUME_BARS = 10      # a mean of fewer bars says nothing about a usual level
COLUMNS = ("price_at_mention", "current_price", "change_1d", "volume_now", "volume_30d_average")


def market_inputs(
    bars: BarPanel, decision_row: np.ndarray, column: np.ndarray, signal_time: pd.Series,
    price_at_signal: pd.Series, closes: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Return prices and volumes of each signal as known at its decision.

    decision_row, column : int, shape (n,); the session at whose close it is decided on and its symbol's column in
        `bars`; negative for none, whose values are NaN.
    signal_time : aware, shape (n,). price_at_signal : dollars per share on that day, NaN where not recorded.
    closes : closing instant of every session of `bars`, UTC, rising.
    Returns: price_at_mention: `price_at_signal`, else the symbol's last close strictly before `signal_time`; as a
        total-return price of the decision session, so that a split or dividend in between is no change of price;
        current_price: close of the decision session; change_1d: its return since the symbol's bar before, splits and
        dividends included; volume_now: close times volume of the decision session, dollars; volume_30d_average: its
        mean over the symbol's 30 bars before, NaN with fewer than 10 such bars.

    Timing: uses bars up to and including the decision session; later ones change no byte.
    """
    row, column = np.asarray(decision_row, dtype=np.int64), np.asarray(column, dtype=np.int64)
    is_decided = (row >= 0) & (column >= 0)
    row, column = np.where(is_decided, row, 0), np.where(is_decided, column, 0)
    if not bars.has_bar.any():
        return pd.DataFrame(np.nan, index=range(len(row)), columns=list(COLUMNS))
    listed = symbol_bars(bars)
    bar = _last_bar(listed, row, column)
    is_decided &= (bar >= 0) & (listed.row[np.maximum(bar, 0)] == row)
    place = np.where(is_decided, bar, 0)
    owner = np.repeat(np.arange(bars.shape[1]), np.diff(listed.start))
    dollars = listed.close * bars.volume[listed.row, owner]
    # An unknown time sorts before all closes, so no close counts as earlier.
    session = np.searchsorted(_nanoseconds(closes), _nanoseconds(pd.DatetimeIndex(signal_time)), side="left")
    with np.errstate(invalid="ignore", divide="ignore"):
        values = {
            "price_at_mention": _price_at_mention(listed, place, row, column, session, price_at_signal),
            "current_price": listed.close[place],
            "change_1d": _change(listed, place, column),
            "volume_now": dollars[place],
            "volume_30d_average": _mean_before(dollars, place, listed.start[column]),
        }
    return pd.DataFrame({name: np.where(is_decided, column_values, np.nan) for name, column_values in values.items()})


def _nanoseconds(instants: pd.DatetimeIndex) -> np.ndarray:
    return instants.tz_convert("UTC").as_unit("ns").asi8


def _last_bar(listed: SymbolBars, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the place of each column's last bar in `row` or earlier; NO_ROW where there is none."""
    n_bars = listed.n_before[row + 1, column]
    return np.where(n_bars > 0, listed.start[column] + n_bars - 1, NO_ROW)


def _price_at_mention(
    listed: SymbolBars, place: np.ndarray, row: np.ndarray, column: np.ndarray, session: np.ndarray,
    price_at_signal: pd.Series,
) -> np.ndarray:
    """Return the price at mention, brought to the decision session by the growth factor.

    session : the first session whose close is not before the signal; a recorded price counts in its shares.
    """
    before = _last_bar(listed, np.clip(session - 1, 0, row), column)
    closed = np.where((session > 0) & (before >= 0), listed.close[before] * listed.growth[before], np.nan)
    recorded = np.asarray(price_at_signal, dtype=float)
    quoted = _last_bar(listed, np.minimum(session, row), column)
    recorded = recorded * np.where(quoted >= 0, listed.growth[np.maximum(quoted, 0)], listed.growth[place])
    return np.where(np.isfinite(recorded) & (recorded > 0), recorded, closed) / listed.growth[place]


def _change(listed: SymbolBars, place: np.ndarray, column: np.ndarray) -> np.ndarray:
    before = np.maximum(place - 1, 0)
    change = (listed.close[place] * listed.growth[place]) / (listed.close[before] * listed.growth[before]) - 1.0
    return np.where(place > listed.start[column], change, np.nan)


def _mean_before(values: np.ndarray, place: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the mean over the 30 places before; every window is summed by itself, so no other bar enters."""
    window = place[:, None] - np.arange(VOLUME_BARS, 0, -1)
    taken = np.where(window >= start[:, None], values[np.maximum(window, 0)], np.nan)
    is_known = np.isfinite(taken)
    n_known = is_known.sum(axis=1)
    mean = np.where(is_known, taken, 0.0).sum(axis=1) / n_known
    return np.where(n_known >= MIN_VOLUME_BARS, mean, np.nan)
