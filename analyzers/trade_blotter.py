"""Every trade, flat to flat in one symbol."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.fill import fill_record, fills_since
from backtrader_system.engine.trade_table import trade_table
from backtrader_system.ledgers.round_trips import FillRecord


class TradeBlotter(bt.Analyzer):
    """A table with one row per trade, open trades included; see `backtrader_system.ledgers.round_trips`.

    Score, probability and ml_enhanced are those of the entry order's `info`, empty where it has none. Slippage is
    0 under a plain Backtrader broker, which does not say what it charged.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(TradeBlotter, _name="trades")
    """

    def start(self) -> None:
        self._fills: list[FillRecord] = []
        self._n_seen: dict[int, int] = {}

    def notify_order(self, order: Any) -> None:
        n_seen = self._n_seen.get(order.ref, 0)
        self._fills += [fill_record(order, bit, fill, len(order.data)) for bit, fill in fills_since(order, n_seen)]
        self._n_seen[order.ref] = max(n_seen, order.executed.p2)

    def table(self) -> pd.DataFrame:
        """Return the blotter, sorted by entry session and symbol."""
        return trade_table(self._fills, getattr(self.strategy.broker, "corporate_actions", ()), self.datas)

    def get_analysis(self) -> dict[str, Any]:
        """Return the blotter as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")
