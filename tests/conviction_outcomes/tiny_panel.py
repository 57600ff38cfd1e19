"""Panels of a few bars, written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

Bar = tuple[str, float, float, float, float]        # day of January or February 2024 ("0131"), open, high, low, close


def panel(symbols: Mapping[str, Sequence[Bar]], splits: Mapping[str, float] | None = None,
          dividends: Mapping[str, float] | None = None) -> BarPanel:
    """Return the panel of these bars; splits and dividends by day, of every symbol."""
    rows = [(f"2024-{day[:2]}-{day[2:]}", symbol, *prices, 1e6, (splits or {}).get(day, 1.0),
             (dividends or {}).get(day, 0.0)) for symbol, bars in symbols.items() for day, *prices in bars]
    table = pd.DataFrame(rows, columns=["session", "symbol", "open", "high", "low", "close", "volume", "split_ratio",
                                        "dividend"])
    return panel_from_table(table.assign(session=pd.to_datetime(table["session"])))


def outcome(bars: BarPanel, rules: BarrierRules, row: int = 0, column: int = 0, **options: object) -> pd.Series:
    """Return the outcome of one signal decided on in `row`."""
    return signal_outcomes(bars, np.array([row]), np.array([column]), rules, **options).iloc[0]


def flat(day: str, price: float = 100.0) -> Bar:
    return day, price, price, price, price
