"""Small panels and chains for the factors of puts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain


def _bars(sessions, close, low=None, split_ratio=None):
    close = np.asarray(close, dtype=float)
    close = close[:, None] if close.ndim == 1 else close
    low = close if low is None else np.asarray(low, dtype=float).reshape(close.shape)
    ratio = np.ones(close.shape) if split_ratio is None else np.asarray(split_ratio, dtype=float).reshape(close.shape)
    volume = np.where(np.isnan(close), np.nan, 1.0)
    return BarPanel(pd.DatetimeIndex(sessions), tuple("ABCDEFGH"[:close.shape[1]]), close, close, low, close, volume,
                    ratio, np.zeros(close.shape), np.ones(close.shape, dtype=bool))


@pytest.fixture
def make_bars():
    """Return a builder of panels of the symbols A, B, ... from closes and, if they differ, lows."""
    return _bars


@pytest.fixture
def random_bars():
    """Return four years of three falling stocks: one complete, one listed late with holes, one delisted."""
    stream = np.random.default_rng(5)
    sessions = pd.bdate_range("2016-01-04", "2019-12-31")
    close = 100 * np.exp(np.cumsum(stream.normal(-0.0006, 0.02, (len(sessions), 3)), axis=0))
    low = close * (1 - np.abs(stream.normal(0, 0.008, close.shape)))
    absent = np.zeros(close.shape, dtype=bool)
    absent[:200, 1] = True
    absent[200:, 1] = stream.random(len(sessions) - 200) < 0.05
    absent[700:, 2] = True
    return _bars(sessions, np.where(absent, np.nan, close), np.where(absent, np.nan, low))


@pytest.fixture
def make_chain():
    """Return a builder of a chain from rows (underlying, strike, expiry, quote_date), one contract per row."""
    def build(*rows):
        table = pd.DataFrame(list(rows), columns=["underlying", "strike", "expiry", "quote_date"])
        for name in ("expiry", "quote_date"):
            table[name] = pd.to_datetime(table[name])
        contracts = pd.DataFrame({
            "contract": [f"C{number}" for number in range(len(table))], "underlying": table["underlying"],
            "strike": table["strike"].astype(float), "expiry": table["expiry"], "multiplier": 100.0,
            "first_seen": table["quote_date"], "last_seen": table["quote_date"], "is_adjusted": False})
        quotes = pd.DataFrame({"quote_date": table["quote_date"], "number": np.arange(len(table)), "bid": 1.0,
                               "ask": 1.2, "last": 1.1, "iv": 0.3, "underlying_price": 100.0})
        return OptionChain(contracts, quotes.sort_values(["quote_date", "number"], ignore_index=True))
    return build
