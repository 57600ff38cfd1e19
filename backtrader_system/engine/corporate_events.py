"""Splits, dividends and delistings: what changes an account without an order of the strategy."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from backtrader_system.engine.fill import Fill
from backtrader_system.engine.splits import scale_order, scaled_shares


class CorporateEvents:
    """The part of `ContractBroker` that acts before the open; it uses the broker's account and orders."""

    def _apply_corporate_actions(self, data: Any) -> None:
        if not hasattr(data.lines, "split_ratio"):
            return
        ratio, dividend = data.lines.split_ratio[0], data.lines.dividend[0]
        position = self.positions[data]
        if ratio != 1.0:
            self._split(data, position, ratio)
        if dividend and position.size:
            dollars = position.size * dividend
            self.cash += dollars
            self._log_action(data, "dividend", 1.0, position.size, dollars)

    def _split(self, data: Any, position: Any, ratio: float) -> None:
        """Change shares, average price, resting orders and Backtrader's open trade by a split known before the open."""
        if position.size:
            before, exact = position.size, position.size * ratio
            whole = scaled_shares(before, ratio)
            position.size, position.price = whole, position.price / ratio
            self._log_action(data, "split", ratio, whole - before, 0.0)
            self._scale_trades(data, whole, ratio)
            if abs(exact - whole) > 1e-9:       # a short pays for its fraction
                dollars = (exact - whole) * data.close[-1] / ratio
                self.cash += dollars
                self._log_action(data, "cash_in_lieu", ratio, exact - whole, dollars)
        for order in self.orders_of(data):
            if order.alive():           # the end of one order of a group ends the others
                self._scale_order(order, ratio)
        self.pending.changed(data)
        self._note_position(data)

    def _scale_order(self, order: Any, ratio: float) -> None:
        scale_order(order, ratio)
        if order.info.get("protection"):
            order.info["protection"] = order.info["protection"].scaled(ratio)
        is_exit_of_nothing = order.info.get("is_protective") and not self.getposition(order.data).size
        if not order.executed.remsize or is_exit_of_nothing:
            self._finish(order, order.cancel, f"split {ratio:g} leaves no whole share")
        elif order not in self.submitted:
            adjustments = order.info.setdefault("adjustments", [])
            adjustments.append((self.session, order.executed.remsize, order.created.price, f"split {ratio:g}"))

    def _scale_trades(self, data: Any, whole: float, ratio: float) -> None:
        for strategy in self.cerebro.runningstrats:
            for trades in strategy._trades[data].values():
                if trades and trades[-1].isopen:
                    trades[-1].size, trades[-1].price = whole, trades[-1].price / ratio
                    if not whole:
                        trades[-1].isopen, trades[-1].isclosed, trades[-1].status = False, True, bt.Trade.Closed

    def _close_delisted(self, data: Any) -> None:
        for order in self.orders_of(data):
            if order.alive():           # the end of one order of a group ends the others
                self._finish(order, order.cancel, "symbol delisted")
        position = self.getposition(data)
        if not position.size:
            return
        owner = self.cerebro.runningstrats[0]
        submit = self.sell if position.size > 0 else self.buy
        order = submit(owner=owner, data=data, size=abs(position.size), _checksubmit=False, reason="delisted",
                       is_forced=True)
        haircut = self.p.delisting_haircut_fraction * (1 if position.size > 0 else -1)
        order.info["fills"] = [Fill(self.session, data.close[0], 0.0, False)]
        self.pending.remove(order)
        self._execute(order, ago=0, price=data.close[0] * (1 - haircut), dtcoc=self.session)
        self._log_fill(order)
        self._protective.pop(data, None)

    def _log_action(self, data: Any, kind: str, ratio: float, shares: float, dollars: float) -> None:
        self.corporate_actions.append((self.session, data._name, kind, ratio, shares, dollars))
