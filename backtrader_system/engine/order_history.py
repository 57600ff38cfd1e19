"""What became of every order, as a table made after the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine.bar_columns import dates_of
from backtrader_system.engine.fill import fills_of

_TYPES = {
    bt.Order.Market: "market", bt.Order.Close: "close", bt.Order.Limit: "limit", bt.Order.Stop: "stop",
    bt.Order.StopLimit: "stop_limit", bt.Order.StopTrail: "stop_trail", bt.Order.StopTrailLimit: "stop_trail_limit",
    bt.Order.Historical: "historical",
}
_UNPRICED = (bt.Order.Market, bt.Order.Close)
_ENDED = {
    bt.Order.Canceled: "cancelled", bt.Order.Expired: "expired", bt.Order.Margin: "rejected",
    bt.Order.Rejected: "rejected",
}
_REASONS = {bt.Order.Margin: "not enough cash", bt.Order.Expired: "expired"}
COLUMNS = (
    "order_id", "event", "session", "symbol", "side", "size", "order_type", "price", "commission", "slippage", "status",
    "reason",
)
_KINDS = {"order_id": "int64", "event": "int64"} | dict.fromkeys(
    ("size", "price", "commission", "slippage"), float) | dict.fromkeys(
    ("symbol", "side", "order_type", "status", "reason"), "str")


class OrderHistory:
    """Orders, each with what it was when first told of and the session in which it ended.

    Only these two are noted while a run goes on, since levels and sizes change later; the rest stands in the orders.
    """

    def __init__(self) -> None:
        self._orders: dict[int, Any] = {}
        self._first: dict[int, tuple[float, float]] = {}
        self._ended: dict[int, float] = {}

    def note(self, order: Any, session: float) -> None:
        """Note an order that was sent, filled or ended by the close of `session`, a session number."""
        self._orders[order.ref] = order
        if order.ref not in self._first:
            self._first[order.ref] = (order.created.size, order.created.price)
        if order.status in _ENDED and order.ref not in self._ended:
            self._ended[order.ref] = session

    def table(self, waiting: Iterable[Any], last_session: float) -> pd.DataFrame:
        """Return one row per event of every order, sorted by order_id and event.

        waiting : orders that have not ended at the end of the run; they get an event `pending_at_end`.
        Columns as in `analyzers/order_log.py`.
        """
        pending = {}
        for order in waiting:
            self.note(order, last_session)
            if order.status not in _ENDED:
                pending[order.ref] = (last_session, order.executed.remsize)
        rows: list[tuple] = []
        for order_id, ref in enumerate(sorted(self._orders), start=1):
            rows += self._rows(order_id, self._orders[ref], pending.get(ref))
        columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(COLUMNS, ())
        columns["session"] = dates_of(np.array(columns["session"], dtype=float))
        return pd.DataFrame(columns).astype(_KINDS)

    def _rows(self, order_id: int, order: Any, pending: tuple[float, float] | None) -> list[tuple]:
        """Return the rows of one order: session, size, price, commission, slippage, status and reason of each event."""
        info, has_level = order.info, order.exectype not in _UNPRICED
        size, price = self._first[order.ref]
        level = order.created.price if has_level else np.nan
        sent_at = info.get("submitted_dt") or order.created.dt
        events = [(sent_at, size, price if has_level else np.nan, 0.0, 0.0, "submitted", info.get("reason", ""))]
        events += _fill_events(order)
        if order.ref in self._ended:
            reason = info.get("end_reason") or _REASONS.get(order.status, "")
            left = order.executed.remsize
            events.append((self._ended[order.ref], left, level, 0.0, 0.0, _ENDED[order.status], reason))
        elif pending:
            events.append((*pending, level, 0.0, 0.0, "pending_at_end", "the data end"))
        if "adjustments" in info:       # a split comes before the open, so before any fill of its session
            adjusted = [(*what, 0.0, 0.0, "adjusted", reason) for *what, reason in info["adjustments"]]
            events = sorted([*adjusted, *events], key=lambda event: event[0])
        symbol, side, kind = order.data._name, "buy" if order.isbuy() else "sell", _TYPES[order.exectype]
        return [
            (order_id, event, number, symbol, side, size, kind, price, commission, slippage, status, reason)
            for event, (number, size, price, commission, slippage, status, reason) in enumerate(events, start=1)
        ]


def _fill_events(order: Any) -> list[tuple]:
    fills = fills_of(order)
    is_complete = order.status == bt.Order.Completed
    reason = order.info.get("reason", "")
    return [
        (bit.dt, bit.size, bit.price, bit.closedcomm + bit.openedcomm, np.nan if fill is None else fill.slippage,
         "filled" if is_complete and number == len(fills) else "partly_filled", reason)
        for number, (bit, fill) in enumerate(fills, start=1)
    ]
