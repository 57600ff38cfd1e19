"""Expiry and assignment: what ends a short put without an order of the strategy."""

from __future__ import annotations

from typing import Any, NamedTuple

import backtrader as bt

from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.cursor import has_bar
from backtrader_system.engine.fill import Fill
from backtrader_system.engine.puts.terms import REASONS, PutEvent, terms_of

EXPIRY = "expiry"       # order type of these fills
ASSIGNMENT = "assignment"


class Settlement(NamedTuple):
    """One short put that ended by expiry or assignment. payoff, money per contract; price : of the shares."""

    session: float
    contract: str
    event: PutEvent
    contracts: float
    payoff: float
    price: float
    shares: float           # bought; 0 where cash was paid


class OptionExpiries:
    """The part of `PutBroker` that acts after the close; it uses the broker's account and orders."""

    def _settle_puts(self) -> None:
        """End every short put whose event is due, in the order of the feeds."""
        for data, position in list(self._held.items()):
            if terms_of(data) is None or not has_bar(data, self.session):
                continue
            event = PutEvent(int(data.event[0]))
            # Whoever sells on a day on which holders exercise is assigned on a later one.
            if event is PutEvent.NONE or (event is PutEvent.ASSIGNED_EARLY and self.sold_at.get(data) == self.session):
                continue
            self._settle(data, -position.size, event)
        for data in self.pending.feeds():
            if terms_of(data) and has_bar(data, self.session) and data.event[0] in _AT_EXPIRY:
                self._end_orders(data, "the contract expired")

    def _settle(self, data: Any, contracts: float, event: PutEvent) -> None:
        """Buy a short put back at its payoff; where shares are delivered, buy them at what that leaves of the strike.

        The two together take strike * multiplier from the cash.
        """
        terms, payoff = data.terms, data.settlement[0]
        fee = 0.0 if event is PutEvent.EXPIRES_WORTHLESS else self.p.assignment_fee
        self._end_orders(data, "the contract ended")
        self._book(data, contracts, payoff, REASONS[event], StockCommission(per_share=fee))
        price, shares = terms.strike - payoff / terms.multiplier, 0.0
        underlying = self.cerebro.datasbyname.get(terms.underlying)
        if event is not PutEvent.EXPIRES_WORTHLESS and self.p.is_physical and _can_deliver(underlying, self.session):
            shares = contracts * terms.multiplier
            self._book(underlying, shares, price, ASSIGNMENT, StockCommission())
        self.settlements.append(Settlement(self.session, terms.contract, event, contracts, payoff, price, shares))

    def _book(self, data: Any, size: float, price: float, reason: str, costs: StockCommission) -> None:
        """Buy outside the market, at a price that the contract sets."""
        order = self.buy(owner=self.cerebro.runningstrats[0], data=data, size=size, _checksubmit=False, reason=reason,
                         is_forced=True, order_type=EXPIRY)
        order.info["fills"] = [Fill(self.session, price, 0.0, False)]
        self.pending.remove(order)
        # An assignment is no choice: what cash lacks is lent, without interest.
        needed = size * price
        loan = 2 * needed + abs(self.cash) if self.cash < needed else 0.0
        self.cash += loan
        self._settlement_costs = costs
        self._execute(order, ago=0, price=price, dtcoc=self.session)
        self._settlement_costs = None
        self.cash -= loan
        self._log_fill(order)

    def _end_orders(self, data: Any, why: str) -> None:
        for order in self.orders_of(data):
            if order.alive():           # the end of one order of a group ends the others
                self._finish(order, order.cancel, why)


_AT_EXPIRY = (PutEvent.EXPIRES_WORTHLESS, PutEvent.ASSIGNED)


def _can_deliver(underlying: bt.feed.DataBase | None, session: float) -> bool:
    return underlying is not None and has_bar(underlying, session)
