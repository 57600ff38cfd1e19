"""Where inside a daily bar an order fills: the time contract as pure functions.

A bar is known only as open, high, low, close. Two moments are told apart: the open, and the rest of the bar.
Prices returned are before slippage. See docs/timeline.md. The functions run as they are and compiled (`kernel/`).
"""

from __future__ import annotations

from enum import IntEnum


class Trigger(IntEnum):
    """What makes an order fill."""

    MARKET = 0
    LIMIT = 1
    STOP = 2


def fill_at_open(trigger: Trigger, is_buy: bool, open_price: float, level: float) -> float | None:
    """Return the price of a fill at the open, or None if the open does not reach `level`.

    A gap through a stop or a limit fills at the open, for worse or for better.

    Examples
    --------
    >>> fill_at_open(Trigger.STOP, False, 80.0, 98.0)
    80.0
    >>> fill_at_open(Trigger.LIMIT, False, 99.0, 110.0) is None
    True
    """
    if trigger is Trigger.MARKET:
        return open_price
    waits_for_rise = is_buy == (trigger is Trigger.STOP)
    is_reached = open_price >= level if waits_for_rise else open_price <= level
    return open_price if is_reached else None


def fill_after_open(
    trigger: Trigger, is_buy: bool, start_price: float, high: float, low: float, level: float
) -> float | None:
    """Return the price of a fill in the rest of the bar, or None if `level` is not touched.

    start_price : the price from which this order was live in this bar: the open, or the fill that created it.
        An order born beyond its level (a stop above its entry) fills at once, at `start_price`.

    Examples
    --------
    >>> fill_after_open(Trigger.STOP, False, 100.0, 104.0, 91.0, 92.0)
    92.0
    >>> fill_after_open(Trigger.STOP, False, 90.0, 95.0, 89.0, 92.0)
    90.0
    """
    if trigger is Trigger.MARKET:
        return None
    waits_for_rise = is_buy == (trigger is Trigger.STOP)
    is_touched = high >= level if waits_for_rise else low <= level
    if not is_touched:
        return None
    return max(level, start_price) if waits_for_rise else min(level, start_price)


def target_is_certain(entry: Trigger, high: float, close: float, level: float) -> bool:
    """Return whether a sell target was surely touched after an entry inside the same bar.

    A bar does not say what came first. After an entry on the way up (a stop) the high came later. After an entry on
    the way down (a limit) the high may have come earlier; only the close is surely later.
    """
    return high >= level if entry is Trigger.STOP else close >= level
