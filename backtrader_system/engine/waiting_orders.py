"""Orders that are not finished."""

from __future__ import annotations

from typing import Any


def waiting_orders(broker: Any) -> list[Any]:
    """Return every order that still waits, each once, also those sent in this very session.

    Backtrader's own broker keeps the latter apart and does not count them as open.
    """
    if getattr(broker, "counts_submitted_as_open", False):
        return broker.get_orders_open()
    return list({order.ref: order for order in (*getattr(broker, "submitted", ()), *broker.get_orders_open())}.values())
