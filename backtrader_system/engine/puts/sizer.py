"""How many contracts a sale has: what its collateral allows."""

from __future__ import annotations

from math import floor
from typing import Any

import backtrader as bt

from backtrader_system.engine.puts.terms import terms_of
from backtrader_system.engine.waiting_orders import orders_to_count

_ROUNDING = 1e-9        # of a contract


class CollateralSizer(bt.Sizer):
    """As many contracts as their collateral fits into `capital_per_position` and into what is free.

    Free is equity less the collateral of the puts held and of sales that still wait. Needs `PutBroker`.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> _ = cerebro.addsizer(CollateralSizer, capital_per_position=20_000.0)
    """

    params = (("capital_per_position", 10_000.0),)

    def __init__(self) -> None:
        self._version: int | None = None
        self._free = 0.0

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> int:
        if isbuy or terms_of(data) is None:
            return 0
        most = min(self.p.capital_per_position, self.free())
        return max(floor(most / data.collateral[0] + _ROUNDING), 0)

    def fits_position(self, data: Any) -> bool:
        """Return whether one contract fits into `capital_per_position`."""
        return data.collateral[0] <= self.p.capital_per_position * (1 + _ROUNDING)

    def free(self) -> float:
        """Return the money that no put held or being sold blocks."""
        if self._version != self.broker.version:        # it changes with every order, fill and session
            waiting = sum(
                -order.executed.remsize * order.data.collateral[0] for order in orders_to_count(self.broker)
                if not order.isbuy() and terms_of(order.data))
            self._free = self.broker.free_collateral() - waiting
            self._version = self.broker.version
        return self._free
