"""Backtrader's orders, made and copied without its detours.

Backtrader reads fifteen parameters through a metaclass for every order, works out the end of its session, and copies
the order by `copy.copy` for every notification. A lean order has the same attributes and methods; it holds its terms
itself and is copied by its dictionary.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backtrader.order import BuyOrder, Order, OrderData, SellOrder
from backtrader.utils import AutoOrderedDict

LEAN_TYPES = (None, Order.Market, Order.Limit, Order.Stop, Order.StopTrail)
_new = object.__new__


class _LeanCopy:
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


class LeanBuyOrder(_LeanCopy, BuyOrder):
    """A buy order that costs little."""


class LeanSellOrder(_LeanCopy, SellOrder):
    """A sell order that costs little."""


_STOCK = {LeanBuyOrder: BuyOrder, LeanSellOrder: SellOrder}


def new_order(kind: type, owner: Any, data: Any, size: float, **terms: Any) -> Any:
    """Return an order as `BuyOrder` or `SellOrder` would make it; lean where its terms are simple.

    kind : LeanBuyOrder or LeanSellOrder. size : positive. terms : Backtrader's, such as price, exectype, valid.
    """
    simple = ("price", "exectype", "tradeid", "trailamount", "trailpercent")
    # Not `any(value ...)`: a time limit of zero, which means the day, is a term.
    others = any(value is not None and value is not False
                 for name, value in terms.items() if name not in (*simple, "transmit"))
    if others or not terms.get("transmit", True) or terms.get("exectype") not in LEAN_TYPES:
        return _STOCK[kind](owner=owner, data=data, size=size, **terms)
    return _lean(kind, owner, data, size, **{name: terms[name] for name in simple if name in terms})


def _lean(
    kind: type, owner: Any, data: Any, size: float, price: float | None = None, exectype: int | None = None,
    tradeid: int = 0, trailamount: float | None = None, trailpercent: float | None = None,
) -> Any:
    order = _new(kind)
    terms = {
        "owner": owner, "data": data, "size": size, "price": price, "pricelimit": None, "exectype": exectype,
        "valid": None, "tradeid": tradeid, "oco": None, "trailamount": trailamount, "trailpercent": trailpercent,
        "parent": None, "transmit": True, "simulated": False, "histnotify": False,
    }
    params = kind.params()
    params.__dict__.update(terms)
    signed = size if kind is LeanBuyOrder else -size
    close = data.close[0]
    order.__dict__.update(
        terms, params=params, p=params, ref=next(Order.refbasis), broker=None, info=AutoOrderedDict(), comminfo=None,
        triggered=False, _active=True, status=Order.Created, _plimit=None, exectype=exectype or Order.Market,
        size=signed, position=0, _limitoffset=0.0, executed=OrderData(remsize=signed),
        created=OrderData(dt=data.datetime[0], size=signed, price=price or close, pclose=close,
                          trailamount=trailamount, trailpercent=trailpercent),
    )
    if exectype == Order.StopTrail:
        start = order.created.price
        order.created.price = float("inf") if order.isbuy() else float("-inf")
        order.trailadjust(start)
    return order
