"""Orders that are not finished."""

from __future__ import annotations

from typing import Any

import backtrader as bt


def waiting_orders(broker: Any) -> list[Any]:
    """Return every order that still waits, each once, also those sent in this very session.

    Backtrader's own broker keeps the latter apart and does not count them as open.
    """
    return list({order.ref: order for order in (*getattr(broker, "submitted", ()), *broker.get_orders_open())}.values())


def orders_to_count(broker: Any) -> list[Any]:
    """Return the waiting orders that will trade: all but resting exits, which may never fill."""
    # `ContractBroker` keeps a list of them, which is short where there are many exits.
    own = getattr(broker, "orders_to_count", None)
    orders = own() if own else waiting_orders(broker)
    return [order for order in orders if order.isbuy() or order.exectype == bt.Order.Market]
