"""What a fill can know of volatility and volume, for the square-root impact."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.slippage import IMPACT_LOOK_BACK_SESSIONS, estimates_from_bars


def fill_estimates(close, volume, known_volatility, known_volume, volatility, average_volume) -> None:
    """Write both estimates of every bar from what was known one bar before; all arrays of the panel's shape."""
    closes, volumes = np.empty(len(close)), np.empty(len(close))
    for column in range(close.shape[1]):
        n_bars, last = 0, 0
        for row in range(len(close)):
            if close[row, column] != close[row, column]:
                continue
            if n_bars > 0:
                sigma, shares = known_volatility[last, column], known_volume[last, column]
                if not (sigma == sigma and shares > 0):
                    first = max(n_bars - IMPACT_LOOK_BACK_SESSIONS, 0)
                    sigma, shares = estimates_from_bars(closes[first:n_bars], volumes[first:n_bars])
                volatility[row, column], average_volume[row, column] = sigma, shares
            closes[n_bars], volumes[n_bars] = close[row, column], volume[row, column]
            n_bars, last = n_bars + 1, row


fill_estimates = compiled(fill_estimates, is_entry=True)
