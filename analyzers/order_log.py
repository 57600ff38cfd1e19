"""Every order and what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine.fill import fills_since
from backtrader_system.engine.waiting_orders import waiting_orders

_TYPES = {
    bt.Order.Market: "market", bt.Order.Close: "close", bt.Order.Limit: "limit", bt.Order.Stop: "stop",
    bt.Order.StopLimit: "stop_limit", bt.Order.StopTrail: "stop_trail", bt.Order.StopTrailLimit: "stop_trail_limit",
    bt.Order.Historical: "historical",
}
_ENDED = {
    bt.Order.Canceled: "cancelled", bt.Order.Expired: "expired", bt.Order.Margin: "rejected",
    bt.Order.Rejected: "rejected",
}
_REASONS = {bt.Order.Margin: "not enough cash", bt.Order.Expired: "expired"}
COLUMNS = (
    "order_id", "event", "session", "symbol", "side", "size", "order_type", "price", "commission", "slippage", "status",
    "reason",
)


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
        self._orders: dict[int, Any] = {}
        self._rows: dict[int, list[dict[str, Any]]] = {}

    def notify_order(self, order: Any) -> None:
        rows = self._first_seen(order)
        n_fills = sum(row["status"] in ("filled", "partly_filled") for row in rows)
        for number, (bit, fill) in enumerate(fills_since(order, n_fills), start=n_fills + 1):
            slippage = np.nan if fill is None else fill.slippage
            is_last = number == order.executed.p2 and not order.executed.remsize
            rows.append(self._row(
                order, _day(bit.dt), size=bit.size, price=bit.price, commission=bit.closedcomm + bit.openedcomm,
                slippage=slippage, status="filled" if is_last else "partly_filled", reason=order.info.get("reason", ""),
            ))
        if order.status in _ENDED and rows[-1]["status"] not in _ENDED.values():
            reason = order.info.get("end_reason") or _REASONS.get(order.status, "")
            rows.append(self._row(order, _day(self.strategy.datetime[0]), size=order.executed.remsize,
                                  status=_ENDED[order.status], reason=reason))

    def stop(self) -> None:
        broker = self.strategy.broker
        # Backtrader delivers notifications before the next session, so what ended in the last one was never told.
        for order in getattr(broker, "notifs", ()):
            if order.owner is self.strategy:
                self.notify_order(order)
        for order in waiting_orders(broker):
            rows = self._first_seen(order)
            if rows[-1]["status"] not in (*_ENDED.values(), "filled", "pending_at_end"):
                rows.append(self._row(order, _day(self.strategy.datetime[0]), size=order.executed.remsize,
                                      status="pending_at_end", reason="the data end"))

    def table(self) -> pd.DataFrame:
        """Return the log, sorted by order_id and event."""
        rows = []
        for order_id, reference in enumerate(sorted(self._rows), start=1):
            # A split comes before the open, so before any fill of its session.
            events = self._adjustments(self._orders[reference]) + self._rows[reference]
            for event, row in enumerate(sorted(events, key=lambda row: row["session"]), start=1):
                rows.append({"order_id": order_id, "event": event, **row})
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        numbers = ("size", "price", "commission", "slippage")
        texts = ("symbol", "side", "order_type", "status", "reason")
        table = table.astype(dict.fromkeys(("order_id", "event"), "int64") | dict.fromkeys(numbers, float)
                             | dict.fromkeys(texts, "str"))
        table["session"] = pd.to_datetime(table["session"]).astype("datetime64[ns]")
        return table

    def get_analysis(self) -> dict[str, Any]:
        """Return the log as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")

    def _first_seen(self, order: Any) -> list[dict[str, Any]]:
        if order.ref not in self._rows:
            session = _day(order.info.get("submitted_dt") or order.created.dt)
            self._orders[order.ref] = order
            self._rows[order.ref] = [self._row(order, session, size=order.created.size, status="submitted",
                                               reason=order.info.get("reason", ""))]
        return self._rows[order.ref]

    def _adjustments(self, order: Any) -> list[dict[str, Any]]:
        return [
            self._row(order, _day(session), size=size, price=price, status="adjusted", reason=reason)
            for session, size, price, reason in order.info.get("adjustments", [])
        ]

    def _row(self, order: Any, session: date, *, size: float, status: str, reason: str, price: float | None = None,
             commission: float = 0.0, slippage: float = 0.0) -> dict[str, Any]:
        if price is None:
            price = np.nan if order.exectype in (bt.Order.Market, bt.Order.Close) else order.created.price
        return {
            "session": session, "symbol": order.data._name, "side": "buy" if order.isbuy() else "sell", "size": size,
            "order_type": _TYPES[order.exectype], "price": price, "commission": commission, "slippage": slippage,
            "status": status, "reason": reason,
        }


def _day(number: float) -> date:
    return bt.num2date(number).date()
