"""What a split does to shares and to resting orders."""

from __future__ import annotations

import math
from typing import Any


def scaled_shares(shares: float, ratio: float) -> float:
    """Return shares after a split, whole if they were whole: what is less than one share is paid in cash.

    Examples
    --------
    >>> scaled_shares(31, 1.5), scaled_shares(-31, 1.5), scaled_shares(0.5, 3)
    (46.0, -46.0, 1.5)
    """
    exact = shares * ratio
    is_whole = abs(shares - round(shares)) < 1e-9
    return math.copysign(math.floor(abs(exact) + 1e-9), shares) if is_whole else exact


def scale_order(order: Any, ratio: float) -> None:
    """Change a waiting Backtrader order to the share units after a split: more shares, lower levels, or the reverse."""
    order.size = scaled_shares(order.size, ratio)
    order.created.size = scaled_shares(order.created.size, ratio)
    order.executed.remsize = scaled_shares(order.executed.remsize, ratio)
    order.created.price /= ratio
    if order.created.pricelimit:
        order.created.pricelimit /= ratio
    if order.created.trailamount:
        order.created.trailamount /= ratio
    if order.trailamount:
        order.trailamount /= ratio
