"""Stops, targets and trailing stops that live as long as a position."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from backtrader_system.engine.lean_orders import LeanSellOrder, lean_order
from backtrader_system.engine.order_prices import TRIGGERS
from backtrader_system.engine.protection import Protection

Order = bt.Order


class ProtectiveExits:
    """The part of `ContractBroker` that sends the exits of an entry's `Protection` and takes them back."""

    def _protect(self, entry: Any, market_price: float) -> None:
        """Replace the protective orders of a position by ones for its present size and average price."""
        data, protection = entry.data, entry.info["protection"]
        position = self.getposition(data)
        old = [order for order in self._protective.pop(data, []) if order.alive()]
        for order in old:
            self._finish(order, order.cancel, "replaced after the position grew")
        start = data.open[0] if self._is_open_phase else market_price
        stop, target = protection.levels(position.price)
        live = {
            "is_protective": True, "reduce_only": True, "born_at": {self.session: start},
            "born_of": None if self._is_open_phase else TRIGGERS[entry.exectype],
        }
        orders = self._protective.setdefault(data, [])
        if stop is not None:
            orders.append(self._rest(entry, "stop", live, Order.Stop, stop))
        if protection.has_trail:
            highest = max(position.price, _highest_anchor(old, protection))
            orders.append(self._rest(entry, "trailing_stop", live, Order.StopTrail, highest,
                                     protection.trail_distance, protection.trail_fraction))
        if target is not None:
            orders.append(self._rest(entry, "target", live, Order.Limit, target))

    def _rest(
        self, entry: Any, reason: str, live: dict[str, Any], exectype: int, price: float,
        trailamount: float | None = None, trailpercent: float | None = None,
    ) -> Any:
        """Send an exit of a whole position that rests in the market."""
        data = entry.data
        order = lean_order(LeanSellOrder, entry.owner, data, self.positions[data].size, price, exectype, entry.tradeid,
                           trailamount, trailpercent)
        order.info.update(live, reason=reason)
        return self.submit(order, check=False)

    def _drop_orders_of_closed_position(self, exit_order: Any) -> None:
        """Cancel what belongs to a position that a sale has closed: its other exits, what is left of its entry."""
        shares = self.getposition(exit_order.data).size
        if shares > 0:
            return
        for order in [*self.orders_of(exit_order.data), exit_order]:
            if not order.alive():
                continue
            is_left_of_entry = order.isbuy() and order.executed.size
            is_left_of_exit = order.ref == exit_order.ref and shares == 0
            if order.info.get("is_protective") or is_left_of_entry or is_left_of_exit:
                self._finish(order, order.cancel, "position closed")
        self._protective.pop(exit_order.data, None)


def _highest_anchor(old: list[Any], protection: Protection) -> float:
    """Return the price from which a replaced trailing stop must trail, so that it never moves down."""
    levels = [order.created.price for order in old if order.exectype == Order.StopTrail]
    return protection.trail_anchor(max(levels)) if levels else 0.0
