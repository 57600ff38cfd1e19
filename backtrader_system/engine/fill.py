"""The fills of an order: Backtrader's execution bits and what our broker notes beside them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Fill(NamedTuple):
    """What Backtrader's execution bits do not tell about one fill; the i-th of an order belongs to its i-th bit."""

    session: float
    market_price: float        # before slippage
    slippage: float            # dollars
    is_ambiguous: bool         # the bar touched stop and target


def fills_since(order: Any, n_seen: int) -> list[tuple[Any, Fill | None]]:
    """Return the execution bits of a notified order from number `n_seen` on, each with its Fill.

    The Fill is None under a broker that notes none. A notified order is a clone that shares its bits with the live
    order; only those up to its own `p2` had happened when it was notified.
    """
    details = order.info.get("fills", [])
    bits = list(order.executed.exbits)[:order.executed.p2]
    return [(bit, details[n] if n < len(details) else None) for n, bit in enumerate(bits) if n >= n_seen]
