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
        end = None
        if order.status in _ENDED:
            reason = order.info.get("end_reason") or _REASONS.get(order.status, "")
            end = (session, _ENDED[order.status], reason)
        self._rows[order.ref] = _order_rows(order, first, end)
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
            end = (last_session, "pending_at_end", "the data end")
            rows_of[ref] = _order_rows(order, first, end if ref in pending else None)
        rows = [
            (order_id, event, *row) for order_id, ref in enumerate(sorted(rows_of), start=1)
            for event, row in enumerate(rows_of[ref], start=1)
        ]
        columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(COLUMNS, ())
        columns["session"] = dates_of(np.array(columns["session"], dtype=float))
        return pd.DataFrame(columns).astype(_KINDS)


def _order_rows(order: Any, first: tuple[float, float], end: tuple[float, str, str] | None) -> list[tuple]:
    """Return the rows of one order in `COLUMNS`, without order_id and event.

    first : size and level when it was sent. end : session, status and reason of what ended it, if that was no fill.
    """
    info, has_level = order.info, order.exectype not in _UNPRICED
    size, level = first
    what = (order.data._name, "buy" if order.isbuy() else "sell")
    kind, reason = info.get("order_type", _TYPES[order.exectype]), info.get("reason", "")
    sent_at = info.get("submitted_dt") or order.created.dt
    rows = [(sent_at, *what, size, kind, level if has_level else np.nan, 0.0, 0.0, "submitted", reason)]
    fills, is_complete = fills_of(order), order.status == bt.Order.Completed
    for number, (bit, fill) in enumerate(fills, start=1):
        status = "filled" if is_complete and number == len(fills) else "partly_filled"
        slippage = np.nan if fill is None else fill.slippage
        commission = bit.closedcomm + bit.openedcomm
        rows.append((bit.dt, *what, bit.size, kind, bit.price, commission, slippage, status, reason))
    if end:
        session, status, why = end
        level = order.created.price if has_level else np.nan
        rows.append((session, *what, order.executed.remsize, kind, level, 0.0, 0.0, status, why))
    if "adjustments" in info:       # a split comes before the open, so before any fill of its session
        adjusted = [(session, *what, left, kind, level, 0.0, 0.0, "adjusted", why)
                    for session, left, level, why in info["adjustments"]]
        rows = sorted([*adjusted, *rows], key=lambda row: row[0])
    return rows
