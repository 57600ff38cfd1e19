"""How orders come into a broker, wait in it and leave it."""

from __future__ import annotations

import math
from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.account import AccountBroker
from backtrader_system.engine.lean_orders import LEAN_TYPES, LeanBuyOrder, LeanSellOrder, lean_order
from backtrader_system.engine.order_book import OrderBook
from backtrader_system.engine.order_history import OrderHistory

Order = bt.Order


class OrderEntry(AccountBroker):
    """The part of `ContractBroker` that takes, judges, cancels and remembers orders.

    Unlike Backtrader's broker it checks an order when it is sent, says in `order.info["end_reason"]` why one ended
    unfilled, and keeps rows of what became of it instead of the order.
    """

    def init(self) -> None:
        super().init()
        self.pending = OrderBook()
        self.session = 0.0                      # Backtrader's number of the session now being simulated
        self.version = 0                        # changes with every order, fill and session
        self._awake: dict[Any, None] = {}       # feeds whose orders this session's bar may reach
        self._born: list[Any] = []              # orders that came alive since the open
        self._history = OrderHistory()
        self._news: dict[int, Any] = {}         # orders that changed since the last session was logged

    def buy(self, *terms: Any, **options: Any) -> Any:
        """Send a buy order; arguments as of Backtrader's broker, further ones go to the order's `info`."""
        return self._place(LeanBuyOrder, *terms, **options)

    def sell(self, *terms: Any, **options: Any) -> Any:
        """Send a sell order; arguments as of Backtrader's broker, further ones go to the order's `info`."""
        return self._place(LeanSellOrder, *terms, **options)

    def _place(
        self, kind: type, owner: Any, data: Any, size: float, price: float | None = None, plimit: float | None = None,
        exectype: int | None = None, valid: Any = None, tradeid: int = 0, oco: Any = None,
        trailamount: float | None = None, trailpercent: float | None = None, parent: Any = None, transmit: bool = True,
        histnotify: bool = False, _checksubmit: bool = True, **info: Any,
    ) -> Any:
        is_simple = exectype in LEAN_TYPES and transmit and plimit is valid is parent is None and not histnotify
        if is_simple:
            order = lean_order(kind, owner, data, size, price, exectype, tradeid, trailamount, trailpercent)
        else:
            order = kind.stock(
                owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype, valid=valid,
                tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent, parent=parent,
                transmit=transmit, histnotify=histnotify)
        order.info.update(info)
        if oco is not None:
            if oco.ref not in self._ocos:
                self._ocoize(oco, None)
            self._ocoize(order, oco)
        return self.submit(order, check=_checksubmit)

    def get_orders_open(self, safe: bool = False) -> list[Any]:
        """Return orders that are not finished, also those submitted in this very session."""
        orders = [*self.submitted, *self.pending]
        return [order.clone() for order in orders] if safe else orders

    def orders_to_count(self) -> list[Any]:
        """Return the orders of `get_orders_open` that will trade: all but resting exits, which may never fill."""
        return [*self.submitted, *self.pending.entering()]

    def orders_of(self, data: Any) -> list[Any]:
        """Return the orders of one symbol that are not finished, also those submitted in this very session."""
        return [*(order for order in self.submitted if order.data is data), *self.pending.of(data)]

    def submit(self, order: Any, check: bool = True) -> Any:
        order.info["submitted_dt"] = self.session or order.created.dt
        fault = _order_fault(order)
        if fault:
            self._finish(order, order.reject, fault)
            return order
        if order.parent is not None or not order.transmit:
            return super().submit(order, check=check)
        self._pchildren[order.ref].append(order)
        return self.transmit(order, check=check)

    def cancel(self, order: Any, bracket: bool = False) -> bool:
        waiting = self._waiting(order)
        if waiting is None:
            return False
        reason = waiting.info.setdefault("end_reason", "bracket closed" if bracket else "cancelled by the strategy")
        self._finish(waiting, waiting.cancel, reason)
        if not bracket:
            self._bracketize(waiting, cancel=True)
        return True

    def transmit(self, order: Any, check: bool = True) -> Any:
        if not check:
            self.submit_accept(order)
            return order
        order.submit()
        self.submitted.append(order)        # and not to Backtrader's list of all orders, which would keep each alive
        self.notify(order)
        return order

    def orderstatus(self, order: Any) -> int:
        """Return the present status of an order of which `order` may be an older copy."""
        waiting = self._waiting(order)
        return order.status if waiting is None else waiting.status

    def _waiting(self, order: Any) -> Any | None:
        return self.pending.get(order) or next((sent for sent in self.submitted if sent.ref == order.ref), None)

    def check_submitted(self) -> None:
        """Accept this session's orders, sells first, or reject what the cash at the decision's close cannot pay.

        Unlike Backtrader's: a rejected order takes no cash from those after it, and a resting order neither takes nor
        brings cash, for it may never fill.
        """
        if not self.submitted:
            return
        cash, positions = self.cash, {}
        self.submitted = type(self.submitted)(sorted(self.submitted, key=sells_first))
        while self.submitted:
            order = self.submitted.popleft()
            if self._take_children(order) is None:
                continue
            position = positions.get(order.data, self.positions[order.data]).clone()
            left = self._execute(order, cash=cash, position=position)
            if left < 0 and self._must_be_paid(order):
                self._reject_for_cash(order)
                continue
            if order.exectype == Order.Market:
                cash, positions[order.data] = left, position
            self.submit_accept(order)

    def _must_be_paid(self, order: Any) -> bool:
        """For subclasses: return whether an order needs the cash that it takes."""
        return True

    def submit_accept(self, order: Any) -> None:
        super().submit_accept(order)
        self._awake[order.data] = None          # it may be reached in this very bar
        self._born.append(order)

    def notify(self, order: Any) -> None:
        self.notifs.append(order.clone())
        self._news[order.ref] = order
        self.version += 1

    def order_log(self) -> pd.DataFrame:
        """Return every event of every order so far; see `OrderHistory.table`."""
        self._note_news()
        return self._history.table(self.get_orders_open(), self.session)

    def _note_news(self) -> None:
        for order in self._news.values():
            self._history.note(order, self.session)
        self._news.clear()

    def _ococheck(self, order: Any) -> None:
        if order.ref not in self._ocos:
            return
        group = self._ocol.pop(self._ocos.get(self._ocos.get(order.ref)), ())
        for other in [other for other in self.pending if other.ref in group and other.ref != order.ref]:
            self.pending.remove(other)
            # Without the order's reference: it differs between equal runs of one process.
            other.info["end_reason"] = f"another order of its group {'filled' if order.executed.size else 'ended'}"
            other.cancel()
            self.notify(other)

    def _finish(self, order: Any, end: Any, reason: str) -> None:
        """Take `order` out of the queue it is in, if no loop holds it, end it and say why."""
        if order in self.pending:
            self.pending.remove(order)
        elif order in self.submitted:
            self.submitted.remove(order)
        order.info["end_reason"] = reason
        if order.parent is None and len(self._pchildren[order.ref]) < 2:
            del self._pchildren[order.ref]      # Backtrader would keep the order in it for ever
        end()
        self.notify(order)
        self._ococheck(order)


def _order_fault(order: Any) -> str | None:
    size, price = order.created.size, order.created.price
    if not size or not math.isfinite(size):
        return f"size was {size}; must be a finite number other than 0"
    if len(order.data) == 0:
        return "the symbol has no bar yet"
    if not order.isbuy() and order.info.get("protection"):
        return "protection works for long entries only"
    if order.exectype == Order.StopTrail and math.isfinite(price):
        return None                     # it may begin below 0 and rise above it
    if order.exectype not in (Order.Market, Order.Close) and not (math.isfinite(price) and price > 0):
        return f"price was {price}; must be a finite number above 0"
    return None


def sells_first(order: Any) -> tuple[bool, int]:
    """Return the key that sorts orders of one moment: sells before buys, then by age."""
    return order.isbuy(), order.ref
