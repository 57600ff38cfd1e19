"""Small bar panels for tests of signals and models."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel

ARRAYS = [field.name for field in fields(BarPanel)[2:]]


def panel(close: np.ndarray, **arrays: np.ndarray) -> BarPanel:
    """Return bars around closes of shape (n_sessions,) or (n_sessions, n_symbols); NaN is no bar."""
    close = np.asarray(close, dtype=float)
    close = close[:, None] if close.ndim == 1 else close
    defaults = {
        "open": close, "high": close, "low": close, "volume": np.where(np.isfinite(close), 1000.0, np.nan),
        "split_ratio": np.ones(close.shape), "dividend": np.zeros(close.shape),
        "is_member": np.ones(close.shape, dtype=bool),
    }
    given = {name: np.asarray(values).reshape(close.shape) for name, values in arrays.items()}
    symbols = tuple(f"S{number:02d}" for number in range(close.shape[1]))
    sessions = pd.DatetimeIndex(pd.bdate_range("2019-01-02", periods=len(close)), freq=None).as_unit("ns")
    return BarPanel(sessions, symbols, close=close, **{**defaults, **given})


def random_panel(n_sessions: int = 160, n_symbols: int = 4, seed: int = 0, *, actions: bool = True) -> BarPanel:
    """Return random bars: the second symbol listed late, the third halted twice, the last with a split and dividend."""
    stream = np.random.default_rng(seed)
    shape = (n_sessions, n_symbols)
    close = 50 * np.exp(np.cumsum(stream.normal(0.0003, 0.02, shape), axis=0))
    opened = close * (1 + stream.normal(0, 0.005, shape))
    high, low = np.maximum(opened, close) * 1.004, np.minimum(opened, close) * 0.995
    volume = stream.integers(1_000, 9_000, shape).astype(float)
    split, dividend = np.ones(shape), np.zeros(shape)
    if actions and n_sessions > 90:
        split[90:, -1][0] = 2.0
        close[90:, -1] /= 2
        opened[90:, -1] /= 2
        high[90:, -1] /= 2
        low[90:, -1] /= 2
        volume[90:, -1] *= 2
        dividend[60, -1] = 0.5
    absent = np.zeros(shape, dtype=bool)
    if n_symbols > 2:
        absent[:30, 1] = True
        absent[70:74, 2] = absent[100, 2] = True
    prices = [np.where(absent, np.nan, values) for values in (opened, high, low, close, volume)]
    sessions = pd.DatetimeIndex(pd.bdate_range("2019-01-02", periods=n_sessions), freq=None).as_unit("ns")
    symbols = tuple(f"S{number:02d}" for number in range(n_symbols))
    return BarPanel(sessions, symbols, *prices, split, dividend, np.ones(shape, dtype=bool))


def with_garbage_after(bars: BarPanel, row: int, seed: int = 99) -> BarPanel:
    """Return the panel with every row after `row` nonsense: prices, halts, splits, dividends, members."""
    stream = np.random.default_rng(seed)
    shape = bars.close[row + 1:].shape
    replaced = {}
    absent = stream.random(shape) < 0.3
    for name in ARRAYS:
        later = {
            "split_ratio": stream.choice([0.1, 1.0, 7.0], shape), "dividend": stream.choice([0.0, 3.0], shape),
            "is_member": stream.random(shape) < 0.5,
        }.get(name)
        if later is None:
            later = np.where(absent, np.nan, np.exp(stream.normal(0, 30, shape)))
        values = getattr(bars, name).copy()
        values[row + 1:] = later
        replaced[name] = values
    return replace(bars, **replaced)


def truncated_after(bars: BarPanel, row: int) -> BarPanel:
    """Return the panel as it was on the evening of `row`."""
    return bars.take_sessions(slice(0, row + 1))
