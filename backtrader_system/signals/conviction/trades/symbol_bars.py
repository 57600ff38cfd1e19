"""The bars of all symbols, one symbol after the other: the next bar of a symbol is the next in the array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.market_data.panel import BarPanel

NO_ROW = -1


@dataclass(frozen=True, slots=True)
class SymbolBars:
    """Bars without the sessions in which a symbol has none; a bar's place is its index in these arrays.

    open, high, low, close : float64, shape (n_bars,); dollars of the session.
    share_count : shares of the bar's session per share of the panel's first session, from splits up to it.
    growth : `BarPanel.growth_factor`: what turns a price into a total-return price.
    dividends : dollars paid so far per share of the panel's first session, this bar's payment included.
    day : int64, days since 1970-01-01. row : the panel's row of the bar.
    start : int64, shape (n_symbols + 1,); bars of column c are start[c]:start[c + 1].
    n_before : int64, shape (n_sessions + 1, n_symbols); bars of the symbol in the rows before.

    Examples
    --------
    >>> import pandas as pd
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02"])
    >>> table = pd.DataFrame({"session": days, "symbol": ["A", "A", "B"], "open": 1.0, "high": 2.0, "low": 1.0,
    ...                       "close": [1.5, 2.0, 1.0], "volume": 1.0})
    >>> listed = symbol_bars(panel_from_table(table))
    >>> listed.close.tolist(), listed.row.tolist(), listed.start.tolist()
    ([1.5, 2.0, 1.0], [0, 2, 1], [0, 2, 3])
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    share_count: np.ndarray
    growth: np.ndarray
    dividends: np.ndarray
    day: np.ndarray
    row: np.ndarray
    start: np.ndarray
    n_before: np.ndarray

    def first_from_row(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the place of each column's first bar in `row` or later; NO_ROW where there is none.

        row : int, 0 to n_sessions. column : int; a negative one has no bars.
        """
        place = self.start[column] + self.n_before[row, column]
        return np.where((column >= 0) & (place < self.start[column + 1]), place, NO_ROW)

    def first_from_day(self, day: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the place of each column's first bar on `day` or later; the column's end where there is none."""
        span = int(self.day.max()) + 2 if len(self.day) else 2
        owner = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        return np.searchsorted(owner * span + self.day, column * span + np.minimum(day, span - 1), side="left")


def symbol_bars(bars: BarPanel) -> SymbolBars:
    """Return the bars of a panel, symbol by symbol.

    Timing: every value is of its bar's own session or an earlier one.
    """
    has_bar = bars.has_bar
    column, row = np.nonzero(has_bar.T)
    share_count = np.cumprod(bars.split_ratio, axis=0)
    dividends = np.cumsum(bars.dividend * share_count, axis=0)
    arrays = (bars.open, bars.high, bars.low, bars.close, share_count, bars.growth_factor(), dividends)
    days = bars.sessions.to_numpy(dtype="datetime64[D]").astype(np.int64)
    zeros = np.zeros((1, bars.shape[1]), dtype=np.int64)
    return SymbolBars(
        *(values[row, column] for values in arrays), day=days[row], row=row,
        start=np.concatenate([[0], np.cumsum(has_bar.sum(axis=0))]),
        n_before=np.concatenate([zeros, np.cumsum(has_bar, axis=0)]))
