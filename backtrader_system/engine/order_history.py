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
    """What became of every order, kept as plain rows so that finished orders need not be.

    While an order waits only what it was when first told of is noted, since levels and sizes change later; its rows
    are made when it ends.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, Any] = {}
        self._first: dict[int, tuple[float, float]] = {}
        self._rows: dict[int, list[tuple]] = {}

    def note(self, order: Any, session: float) -> None:
        """Note an order that was sent, filled or ended by the close of `session`, a session number."""
        if order.ref in self._rows:
            return
        first = self._first.setdefault(order.ref, (order.created.size, order.created.price))
        if order.alive():
            self._waiting[order.ref] = order
            return
        ends = []
        if order.status in _ENDED:
            reason = order.info.get("end_reason") or _REASONS.get(order.status, "")
            ends = [(session, order.executed.remsize, _level(order), 0.0, 0.0, _ENDED[order.status], reason)]
        self._rows[order.ref] = _order_rows(order, first, ends)
        self._waiting.pop(order.ref, None)
        del self._first[order.ref]

    def table(self, waiting: Iterable[Any], last_session: float) -> pd.DataFrame:
        """Return one row per event of every order, sorted by order_id and event.

        waiting : orders that have not ended at the end of the run; they get an event `pending_at_end`.
        Columns as in `analyzers/order_log.py`.
        """
        rows_of = dict(self._rows)
        pending = {order.ref: order for order in waiting if order.alive()}
        for ref, order in (self._waiting | pending).items():
            first = self._first.get(ref, (order.created.size, order.created.price))
            end = (last_session, order.executed.remsize, _level(order), 0.0, 0.0, "pending_at_end", "the data end")
            rows_of[ref] = _order_rows(order, first, [end] if ref in pending else [])
        rows = [(order_id, *row) for order_id, ref in enumerate(sorted(rows_of), start=1) for row in rows_of[ref]]
        columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(COLUMNS, ())
        columns["session"] = dates_of(np.array(columns["session"], dtype=float))
        return pd.DataFrame(columns).astype(_KINDS)


def _order_rows(order: Any, first: tuple[float, float], ends: list[tuple]) -> list[tuple]:
    """Return the rows of one order in `COLUMNS`, without order_id.

    first : size and level when it was sent. ends : session, size, price, commission, slippage, status and reason of
    what ended it, if that was no fill.
    """
    info = order.info
    size, level = first
    sent_at = info.get("submitted_dt") or order.created.dt
    price = level if order.exectype not in _UNPRICED else np.nan
    events = [(sent_at, size, price, 0.0, 0.0, "submitted", info.get("reason", "")), *_fill_events(order), *ends]
    if "adjustments" in info:       # a split comes before the open, so before any fill of its session
        adjusted = [(*what, 0.0, 0.0, "adjusted", reason) for *what, reason in info["adjustments"]]
        events = sorted([*adjusted, *events], key=lambda event: event[0])
    symbol, side, kind = order.data._name, "buy" if order.isbuy() else "sell", _TYPES[order.exectype]
    return [
        (event, number, symbol, side, size, kind, price, commission, slippage, status, reason)
        for event, (number, size, price, commission, slippage, status, reason) in enumerate(events, start=1)
    ]


def _level(order: Any) -> float:
    return np.nan if order.exectype in _UNPRICED else order.created.price


def _fill_events(order: Any) -> list[tuple]:
    fills = fills_of(order)
    is_complete = order.status == bt.Order.Completed
    reason = order.info.get("reason", "")
    return [
        (bit.dt, bit.size, bit.price, bit.closedcomm + bit.openedcomm, np.nan if fill is None else fill.slippage,
         "filled" if is_complete and number == len(fills) else "partly_filled", reason)
        for number, (bit, fill) in enumerate(fills, start=1)
    ]
