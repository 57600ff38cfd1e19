"""What an order is charged: the rule, without Backtrader, so that the sweep kernel can compile it."""

from __future__ import annotations

BPS = 1e-4


def order_commission(shares: float, value: float, bps: float, per_share: float, minimum: float) -> float:
    """Return the dollars charged for `shares` worth `value` dollars in one order; 0 for no shares.

    Examples
    --------
    >>> order_commission(100, 5_000.0, bps=5, per_share=0.005, minimum=1.0)
    3.0
    >>> order_commission(1, 50.0, bps=5, per_share=0.005, minimum=1.0)
    1.0
    """
    if shares == 0:
        return 0.0
    return max(minimum, value * bps * BPS + shares * per_share)
