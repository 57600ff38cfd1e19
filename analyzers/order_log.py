"""Every order and what became of it."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.order_history import OrderHistory
from backtrader_system.engine.waiting_orders import waiting_orders


class OrderLog(bt.Analyzer):
    """A table with one row per event of every order.

    `table()`: order_id (1, 2, ... by age), event (1, 2, ... per order), session, symbol, side, size (signed shares: of
    the order when submitted, of the fill when filled), order_type, price (execution price of a fill, else the order's
    level; empty for a market order), commission and slippage (dollars), status (submitted, adjusted, partly_filled,
    filled, cancelled, rejected, expired, pending_at_end), reason (why it was sent, why it ended).

    Slippage is empty under a plain Backtrader broker, which does not say what it charged.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(OrderLog, _name="orders")
    """

    def start(self) -> None:
        self._history = OrderHistory()
        self._waiting: list[Any] = []

    def notify_order(self, order: Any) -> None:
        self._history.note(order, self.strategy.datetime[0])

    def stop(self) -> None:
        broker = self.strategy.broker
        # Backtrader delivers notifications before the next session, so what ended in the last one was never told.
        for order in getattr(broker, "notifs", ()):
            if order.owner is self.strategy:
                self.notify_order(order)
        self._waiting = waiting_orders(broker)

    def table(self) -> pd.DataFrame:
        """Return the log, sorted by order_id and event."""
        return self._history.table(self._waiting, self.strategy.datetime[0])

    def get_analysis(self) -> dict[str, Any]:
        """Return the log as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")
