"""A random market of stocks and puts with gaps, missing bids and a stock that vanishes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain

SESSIONS = pd.bdate_range("2022-01-03", periods=150).as_unit("ns")
STOCKS = tuple(f"S{number}" for number in range(6))
LAST_OF_S0 = 95


def random_stocks(seed: int) -> BarPanel:
    """Return bars of six stocks; S0 has none after session 95, S1 pays dividends."""
    rng, shape = np.random.default_rng(seed), (len(SESSIONS), len(STOCKS))
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, shape) + rng.normal(0, 0.008, (shape[0], 1)), axis=0))
    opening = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.004, shape))
    high, low, volume = np.maximum(opening, close) * 1.001, np.minimum(opening, close) * 0.999, np.full(shape, 1e6)
    for values in (close, opening, high, low, volume):
        values[LAST_OF_S0 + 1:, 0] = np.nan
    dividend = np.zeros(shape)
    dividend[::40, 1] = 1.0
    return BarPanel(SESSIONS, STOCKS, opening, high, low, close, volume, np.ones(shape), dividend, volume > 0)


def random_chain(seed: int, bars: BarPanel) -> OptionChain:
    """Return monthly puts at three strikes of each stock, quoted with a random premium over intrinsic value."""
    rng, contracts, quotes = np.random.default_rng(seed + 1), [], []
    for expiry in pd.date_range(SESSIONS[25], SESSIONS[-1], freq="WOM-3FRI"):
        end = SESSIONS.searchsorted(expiry, side="right")
        for column, stock in enumerate(STOCKS):
            for strike in np.round(bars.close[end - 25, column] * np.array([0.94, 0.98, 1.02]), 1):
                days = np.arange(end - 25, end)
                days = days[np.isfinite(bars.close[days, column]) & (rng.random(25) > 0.1)]
                if not np.isfinite(strike) or not len(days):
                    continue
                value = np.maximum(strike - bars.close[days, column], 0) + rng.exponential(1.0, len(days)) * (
                    rng.random(len(days)) > 0.1)
                bid, ask = np.round(np.maximum(value - 0.1, 0), 2), np.round(value + 0.1, 2)
                quotes.append(pd.DataFrame({"quote_date": SESSIONS[days], "number": len(contracts), "bid": bid,
                                            "ask": ask, "last": np.nan, "iv": 0.3, "underlying_price": np.nan}))
                contracts.append((f"{stock} {expiry:%Y-%m-%d} P {strike:06.1f}", stock, strike, expiry, 100.0,
                                  SESSIONS[days[0]], SESSIONS[days[-1]], False))
    names = ["contract", "underlying", "strike", "expiry", "multiplier", "first_seen", "last_seen", "is_adjusted"]
    table = pd.concat(quotes).sort_values(["quote_date", "number"], ignore_index=True)
    return OptionChain(pd.DataFrame(contracts, columns=names), table)
