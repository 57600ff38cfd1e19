"""Accepted orders that wait, by symbol."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import backtrader as bt

from backtrader_system.engine.cursor import has_bar

Order = bt.Order

_RESTING = (Order.Limit, Order.Stop, Order.StopTrail)
_TRAILING = (Order.StopTrail, Order.StopTrailLimit)


class OrderBook:
    """The waiting orders of a broker; takes the place of the deque in which Backtrader's keeps them.

    Per symbol it knows the prices between which none of its orders does anything. A bar inside that band leaves all
    of them asleep, so a session costs a glance at each symbol instead of a trial of every order.

    Examples
    --------
    >>> book = OrderBook()
    >>> len(book), list(book)
    (0, [])
    """

    def __init__(self) -> None:
        self._orders: dict[int, Any] = {}
        self._symbols: dict[Any, _SymbolOrders] = {}
        self._trailing: dict[int, Any] = {}
        self._entering: dict[int, Any] = {}

    def append(self, order: Any) -> None:
        """Add an order."""
        self._orders[order.ref] = order
        if order.exectype in _TRAILING:
            self._trailing[order.ref] = order
        if order.isbuy() or order.exectype == Order.Market:
            self._entering[order.ref] = order
        symbol = self._symbols.get(order.data)
        if symbol is None:
            symbol = self._symbols[order.data] = _SymbolOrders()
        symbol.orders[order.ref] = order
        symbol.is_measured = False

    def remove(self, order: Any) -> None:
        """Take an order out; ValueError if it is not there, as a deque raises."""
        if self._orders.pop(order.ref, None) is None:
            raise ValueError(f"order {order.ref} does not wait")
        self._trailing.pop(order.ref, None)
        self._entering.pop(order.ref, None)
        symbol = self._symbols[order.data]
        del symbol.orders[order.ref]
        symbol.is_measured = False
        if not symbol.orders:
            del self._symbols[order.data]

    def get(self, order: Any) -> Any | None:
        """Return the waiting order of which `order` may be a copy; None if it does not wait."""
        return self._orders.get(order.ref)

    def of(self, data: Any) -> list[Any]:
        """Return the waiting orders of one symbol, oldest first."""
        symbol = self._symbols.get(data)
        return [] if symbol is None else list(symbol.orders.values())

    def trailing(self) -> list[Any]:
        """Return the trailing stops."""
        return list(self._trailing.values())

    def entering(self) -> list[Any]:
        """Return all buys and all market orders: what is no resting exit."""
        return list(self._entering.values())

    def feeds(self) -> list[Any]:
        """Return the feeds that have a waiting order."""
        return list(self._symbols)

    def changed(self, data: Any) -> None:
        """Say that a level of an order of this symbol has moved."""
        symbol = self._symbols.get(data)
        if symbol is not None:
            symbol.is_measured = False

    def awake(self, session: float) -> list[Any]:
        """Return the feeds whose bar of this session may fill, trigger or end one of their orders."""
        return [data for data, symbol in self._symbols.items() if symbol.is_reached(data, session)]

    def is_awake(self, data: Any, session: float) -> bool:
        """Return whether this session's bar of one feed may fill, trigger or end one of its orders."""
        symbol = self._symbols.get(data)
        return symbol is not None and symbol.is_reached(data, session)

    def __contains__(self, order: Any) -> bool:
        return order.ref in self._orders

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._orders.values()))

    def __len__(self) -> int:
        return len(self._orders)


class _SymbolOrders:
    """The orders of one symbol and the band of prices in which they sleep."""

    __slots__ = ("falls_to", "is_measured", "is_restless", "orders", "rises_to")

    def __init__(self) -> None:
        self.orders: dict[int, Any] = {}
        self.is_measured = False

    def is_reached(self, data: Any, session: float) -> bool:
        if not self.is_measured:
            self._measure()
        if self.is_restless:
            return True
        if data.low[0] > self.falls_to and data.high[0] < self.rises_to:
            return False
        return has_bar(data, session)

    def _measure(self) -> None:
        self.falls_to, self.rises_to, self.is_restless = -inf, inf, False
        for order in self.orders.values():
            if not _is_resting(order):
                self.is_restless = True
            elif not order.active():
                continue                # a child sleeps until its parent fills, whatever the bar
            elif order.isbuy() == (order.exectype == Order.Limit):      # a buy limit, a sell stop
                self.falls_to = max(self.falls_to, order.created.price)
            else:
                self.rises_to = min(self.rises_to, order.created.price)
        self.is_measured = True


def _is_resting(order: Any) -> bool:
    """Return whether nothing but its price level can make this order act."""
    return order.exectype in _RESTING and not order.triggered and order.valid is None
