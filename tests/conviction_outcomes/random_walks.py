"""Bars that know nothing, for signals to stand on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel


def random_walks(n_symbols: int = 12, n_days: int = 500, *, weekends: bool = True, seed: int = 3) -> BarPanel:
    """Return bars with a daily volatility of 5 %; one symbol is listed late and one ends early."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2022-01-01", periods=n_days) if weekends else pd.bdate_range("2022-01-03", periods=n_days)
    shape = (n_days, n_symbols)
    close = 20 * np.exp(np.cumsum(rng.normal(0, 0.05, shape), axis=0))
    opened = close * np.exp(rng.normal(0, 0.02, shape))
    bars = [opened, np.maximum(opened, close) * 1.02, np.minimum(opened, close) * 0.98, close,
            rng.uniform(1e5, 1e7, shape)]
    for values in bars:
        values[:200, 0] = np.nan
        values[400:, 1] = np.nan
    symbols = tuple(f"COIN{number:02d}" for number in range(n_symbols))
    return BarPanel(pd.DatetimeIndex(days).as_unit("ns"), symbols, *bars, np.ones(shape), np.zeros(shape),
                    np.ones(shape, dtype=bool))


def closes_of(bars: BarPanel) -> pd.DatetimeIndex:
    """Return midnight UTC after every session."""
    return (bars.sessions + pd.Timedelta(days=1)).tz_localize("UTC")


def with_other_future(bars: BarPanel, row: int) -> BarPanel:
    """Return the same bars up to `row` and others from it on."""
    other = random_walks(len(bars.symbols), len(bars.sessions), seed=99)
    is_past = (np.arange(len(bars.sessions)) < row)[:, None]
    names = ("open", "high", "low", "close", "volume")
    return replace(bars, **{name: np.where(is_past, getattr(bars, name), getattr(other, name)) for name in names})
