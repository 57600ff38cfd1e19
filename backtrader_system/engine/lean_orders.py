"""Backtrader's orders, made and copied without its detours.

Backtrader reads fifteen parameters through a metaclass for every order, works out the end of its session, and copies
the order by `copy.copy` for every notification. A lean order has the same attributes and methods; it holds its terms
itself and is copied by its dictionary.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Any

from backtrader.order import BuyOrder, Order, OrderData, SellOrder
from backtrader.utils import AutoOrderedDict

LEAN_TYPES = (None, Order.Market, Order.Limit, Order.Stop, Order.StopTrail)
_new = object.__new__


class _Terms:
    """The parameters of a lean order, as Backtrader's `order.params` has them."""

    __slots__ = ("_order",)

    simulated = histnotify = False      # of every lean order; asked for at every notification

    def __init__(self, order: Any) -> None:
        self._order = order

    def __getattr__(self, name: str) -> Any:
        value = self._order.__dict__[name] if name in self._order.__dict__ else getattr(BuyOrder.params, name)
        return abs(value) if name == "size" else value


class _LeanOrder:
    @property
    def dteos(self) -> float:
        """Backtrader's number of the end of the session in which the order was sent."""
        sent = self.data.num2date(self.created.dt)
        end = datetime.combine(sent.date(), self.data.p.sessionend)
        return self.data.date2num(end if end >= sent else end + timedelta(days=1))

    def clone(self) -> Any:
        """Return a copy for a notification, with what was filled since the copy before."""
        executed = self.executed
        executed.markpending()
        record = _new(OrderData)
        record.__dict__.update(executed.__dict__)
        order = _new(type(self))
        order.__dict__.update(self.__dict__)
        order.executed = record
        return order


class LeanBuyOrder(_LeanOrder, BuyOrder):
    """A buy order that costs little."""

    stock = BuyOrder


class LeanSellOrder(_LeanOrder, SellOrder):
    """A sell order that costs little."""

    stock = SellOrder


# Not in the classes, for Backtrader's metaclass derives a class's parameters from those of its base.
LeanBuyOrder.params = LeanBuyOrder.p = LeanSellOrder.params = LeanSellOrder.p = property(_Terms)


def lean_order(
    kind: type, owner: Any, data: Any, size: float, price: float | None = None, exectype: int | None = None,
    tradeid: int = 0, trailamount: float | None = None, trailpercent: float | None = None,
) -> Any:
    """Return an order as `BuyOrder` or `SellOrder` would make it of these terms.

    kind : LeanBuyOrder or LeanSellOrder. size : positive. exectype : one of `LEAN_TYPES`.
    """
    order = _new(kind)
    signed = size if kind is LeanBuyOrder else -size
    close = data.close[0]
    order.__dict__ = {
        "owner": owner, "data": data, "size": signed, "price": price, "pricelimit": None,
        "exectype": exectype or Order.Market, "valid": None, "tradeid": tradeid, "oco": None,
        "trailamount": trailamount, "trailpercent": trailpercent, "parent": None, "transmit": True,
        "simulated": False, "histnotify": False,
        "ref": next(Order.refbasis), "broker": None, "info": AutoOrderedDict(), "comminfo": None, "triggered": False,
        "_active": True, "status": Order.Created, "_plimit": None, "position": 0, "_limitoffset": 0.0,
        "executed": _order_data(None, 0, signed, 0.0, 0.0, 0.0, 0.0),
        "created": _order_data(data.datetime[0], signed, 0, price or close, close, trailamount, trailpercent),
    }
    if exectype == Order.StopTrail:
        start = order.created.price
        order.created.price = float("inf") if order.isbuy() else float("-inf")
        order.trailadjust(start)
    return order


def _order_data(
    dt: float | None, size: float, remsize: float, price: float, pclose: float, trailamount: float | None,
    trailpercent: float | None,
) -> OrderData:
    """Return the same as `OrderData` of these values; its own way sets twenty attributes one by one."""
    data = _new(OrderData)
    data.__dict__ = {
        "pclose": pclose, "exbits": deque(), "p1": 0, "p2": 0, "dt": dt, "size": size, "remsize": remsize,
        "price": price, "pricelimit": price, "trailamount": trailamount, "trailpercent": trailpercent,
        "_plimit": 0.0 if price == 0.0 else None, "value": 0.0, "comm": 0.0, "margin": None, "pnl": 0.0, "psize": 0,
        "pprice": 0,
    }
    return data
