"""Every trade, flat to flat in one symbol."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine.fill import fills_since
from backtrader_system.ledgers.round_trips import ActionRecord, FillRecord, Mark, round_trips


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
        for bit, fill in fills_since(order, n_seen):
            self._fills.append(FillRecord(
                session=bt.num2date(bit.dt).date(), symbol=order.data._name, size=bit.size, price=bit.price,
                commission=bit.closedcomm + bit.openedcomm, slippage=fill.slippage if fill else 0.0,
                bar=len(order.data), reason=order.info.get("reason", ""), score=order.info.get("score", np.nan),
                probability=order.info.get("probability", np.nan),
                ml_enhanced=bool(order.info.get("ml_enhanced", False)),
                ambiguous=bool(fill and fill.is_ambiguous),
            ))
        self._n_seen[order.ref] = max(n_seen, order.executed.p2)

    def table(self) -> pd.DataFrame:
        """Return the blotter, sorted by entry session and symbol."""
        feeds = {data._name: data for data in self.datas}
        actions = [
            ActionRecord(bt.num2date(session).date(), symbol, kind, shares, dollars, _bar_at(feeds[symbol], session))
            for session, symbol, kind, _, shares, dollars in getattr(self.strategy.broker, "corporate_actions", [])
        ]
        marks = {data._name: Mark(data.close[0], len(data)) for data in self.datas if len(data)}
        return round_trips(self._fills, actions, marks)

    def get_analysis(self) -> dict[str, Any]:
        """Return the blotter as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")


def _bar_at(data: Any, session: float) -> int:
    """Return the number of the bar of `session`, 1 for the first."""
    return len(data) - sum(data.datetime[-ago] > session for ago in range(len(data)))
