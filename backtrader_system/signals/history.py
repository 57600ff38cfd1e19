"""A symbol's bars one after the other, as indicators see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.market_data.panel import BarPanel


@dataclass(frozen=True, slots=True)
class History:
    """Bars without the sessions in which a symbol was halted.

    open, high, low, close : float64, shape (n_rows, n_symbols); total-return prices: dividends and splits up to the
        row are in, later ones are not. NaN above a symbol's first bar and below its last one, never between.
    volume : shares, in the share count of the panel's first session.
    share_count : shares of this row's session per share of the panel's first session, from splits up to the row.
    growth : what divides a total-return price of this row to give dollars per share of this row's session.
    row : for every cell of the panel, the row of its bar; None if that is the panel's own row.
    has_bar : bool, shape of the panel.
    """

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    share_count: np.ndarray
    growth: np.ndarray
    row: np.ndarray | None
    has_bar: np.ndarray

    def to_panel(self, values: np.ndarray) -> np.ndarray:
        """Return values of rows as values of sessions: shape of the panel, NaN where the symbol has no bar."""
        if self.row is not None:
            values = np.take_along_axis(values, self.row, axis=0)
        return np.where(self.has_bar, values, np.nan)


def own_bars(bars: BarPanel) -> History:
    """Return the history of every symbol.

    Timing: row for row, nothing after a bar's own session enters it. A halt shortens nothing: a window of twenty
    bars is twenty sessions in which the symbol traded.
    """
    has_bar = bars.has_bar
    growth = bars.growth_factor()
    share_count = np.cumprod(bars.split_ratio, axis=0)
    volume = bars.volume / share_count
    prices = (bars.open * growth, bars.high * growth, bars.low * growth, bars.close * growth)
    if not _has_gaps(has_bar):
        return History(*prices, volume, share_count, growth, None, has_bar)
    # A stable sort moves the bars of a column to its top and keeps their order.
    order = np.argsort(~has_bar, axis=0, kind="stable")
    rows = np.cumsum(has_bar, axis=0) - 1
    is_filled = np.take_along_axis(has_bar, order, axis=0)
    packed = [
        np.where(is_filled, np.take_along_axis(values, order, axis=0), np.nan)
        for values in (*prices, volume, share_count, growth)
    ]
    return History(*packed, np.maximum(rows, 0), has_bar)


def _has_gaps(has_bar: np.ndarray) -> bool:
    """Return whether any symbol misses a session between its first and its last bar."""
    starts = has_bar[1:] & ~has_bar[:-1]
    return bool((starts.sum(axis=0) + has_bar[0] > 1).any()) if len(has_bar) else False
