"""At which price an order fills in its symbol's bar, if it does; before slippage."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from backtrader_system.engine.matching import Trigger, fill_after_open, fill_at_open, target_is_certain

Order = bt.Order

TRIGGERS = {
    Order.Market: Trigger.MARKET,
    Order.Limit: Trigger.LIMIT,
    Order.Stop: Trigger.STOP,
    Order.StopTrail: Trigger.STOP,
    Order.StopLimit: Trigger.STOP,
    Order.StopTrailLimit: Trigger.STOP,
}
WITH_LIMIT = (Order.StopLimit, Order.StopTrailLimit)


def price_at_open(order: Any) -> float | None:
    """Return the price of a fill at the open of the present bar, or None.

    Marks a stop that the open triggers: what a bar's volume leaves of it is a market or a limit order from then on.
    """
    open_price = order.data.open[0]
    if not order.triggered:
        price = fill_at_open(TRIGGERS[order.exectype], order.isbuy(), open_price, order.created.price)
        if price is None or TRIGGERS[order.exectype] is not Trigger.STOP:
            return price
        order.triggered = True
    after = Trigger.LIMIT if order.exectype in WITH_LIMIT else Trigger.MARKET
    return fill_at_open(after, order.isbuy(), open_price, order.created.pricelimit)


def price_after_open(order: Any, session: float) -> float | None:
    """Return the price of a fill in the rest of the present bar, or None. Marks a stop that the bar triggers.

    An order born in this bar of another order's fill says so in its `info`: `born_at` maps the session to the price
    from which it lives; `born_of` is the trigger of that order if it filled inside the bar, None if at the open.
    """
    if order.triggered and order.exectype not in WITH_LIMIT:
        return None                     # a market order by now; it fills at an open
    data, born_at = order.data, order.info.get("born_at", {})
    start = born_at.get(session, data.open[0])
    trigger, level = (
        (Trigger.LIMIT, order.created.pricelimit) if order.triggered
        else (TRIGGERS[order.exectype], order.created.price))
    price = fill_after_open(trigger, order.isbuy(), start, data.high[0], data.low[0], level)
    if price is None:
        return None
    if TRIGGERS[order.exectype] is Trigger.STOP and not order.triggered:
        order.triggered = True
        return _price_of_triggered_limit(order, price) if order.exectype in WITH_LIMIT else price
    born_of = order.info.get("born_of") if session in born_at else None
    if born_of is not None and trigger is Trigger.LIMIT and not order.isbuy():
        return price if target_is_certain(born_of, data.high[0], data.close[0], level) else None
    return price


def _price_of_triggered_limit(order: Any, trigger_price: float) -> float | None:
    """Return the fill of a stop-limit whose stop was touched in this bar: only what is certain to have traded."""
    limit, close = order.created.pricelimit, order.data.close[0]
    if order.isbuy():
        return trigger_price if trigger_price <= limit else (limit if close <= limit else None)
    return trigger_price if trigger_price >= limit else (limit if close >= limit else None)
