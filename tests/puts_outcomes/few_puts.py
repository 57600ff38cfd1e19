"""A chain of few contracts on few bars, written out by the test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.settings.puts import PutsSettings


def panel(closes: dict[str, list[float]], sessions: list[str], *, split: dict | None = None,
          dividend: dict | None = None) -> BarPanel:
    """Return a panel whose bars are their closes; `split` and `dividend` map (session, symbol) to a value."""
    symbols = tuple(sorted(closes))
    close = np.array([closes[symbol] for symbol in symbols], dtype=float).T
    days = pd.DatetimeIndex(sessions).as_unit("ns")
    ratio, paid = np.ones(close.shape), np.zeros(close.shape)
    for array, events in ((ratio, split), (paid, dividend)):
        for (session, symbol), value in (events or {}).items():
            array[days.get_loc(session), symbols.index(symbol)] = value
    return BarPanel(days, symbols, close, close, close, close, np.where(np.isfinite(close), 1.0, np.nan), ratio, paid,
                    np.ones(close.shape, dtype=bool))


def contract(strike: float, expiry: str, underlying: str = "A", *, first_seen: str = "2024-01-02",
             last_seen: str | None = None, is_adjusted: bool = False) -> dict:
    return {"contract": f"{underlying} {expiry} P {strike:g}", "underlying": underlying, "strike": strike,
            "expiry": pd.Timestamp(expiry), "multiplier": 100.0, "first_seen": pd.Timestamp(first_seen),
            "last_seen": pd.Timestamp(last_seen or expiry), "is_adjusted": is_adjusted}


def quote(number: int, date: str, bid: float, ask: float, underlying_price: float = np.nan) -> dict:
    return {"quote_date": pd.Timestamp(date), "number": number, "bid": bid, "ask": ask, "last": np.nan, "iv": np.nan,
            "underlying_price": underlying_price}


def chain(contracts: list[dict], quotes: list[dict] | None = None) -> OptionChain:
    """Return a chain; without quotes each contract is quoted once, on the day it was first seen."""
    quotes = quotes or [quote(number, str(one["first_seen"].date()), 1.0, 1.2)
                        for number, one in enumerate(contracts)]
    return OptionChain(pd.DataFrame(contracts), pd.DataFrame(quotes))


def settings(**sections: dict) -> PutsSettings:
    return PutsSettings.model_validate(sections)
