"""Compiled loops that make a market's records: one pass instead of one per field."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled_entry
from backtrader_system.engine.slippage import IMPACT_LOOK_BACK_SESSIONS, estimates_from_bars


def fill_bars(records, opens, high, low, close, volume, score, atr, direction, is_member) -> None:
    """Write all fields of all bars. atr : may be of shape (0, 0) if there is none."""
    has_atr = atr.shape[0] > 0
    for row in range(records.shape[0]):
        for column in range(records.shape[1]):
            bar = records[row, column]
            bar.open, bar.high, bar.low = opens[row, column], high[row, column], low[row, column]
            bar.close, bar.volume = close[row, column], volume[row, column]
            bar.score, bar.atr = score[row, column], atr[row, column] if has_atr else np.nan
            bar.direction, bar.is_member = direction[row, column], is_member[row, column]


def fill_estimates(bars, known_volatility, known_volume, estimates) -> None:
    """Write what is known of volatility and volume one bar before each bar, by the rule of `slippage.Slippage`."""
    closes, volumes = np.empty(len(bars)), np.empty(len(bars))
    for column in range(bars.shape[1]):
        n_bars, last = 0, 0
        for row in range(len(bars)):
            bar = bars[row, column]
            if bar.close != bar.close:
                continue
            if n_bars > 0:
                sigma, shares = known_volatility[last, column], known_volume[last, column]
                if not (sigma == sigma and shares > 0):
                    first = max(n_bars - IMPACT_LOOK_BACK_SESSIONS, 0)
                    sigma, shares = estimates_from_bars(closes[first:n_bars], volumes[first:n_bars])
                estimates[row, column].volatility, estimates[row, column].average_volume = sigma, shares
            closes[n_bars], volumes[n_bars] = bar.close, bar.volume
            n_bars, last = n_bars + 1, row


fill_bars = compiled_entry(fill_bars)
fill_estimates = compiled_entry(fill_estimates)
