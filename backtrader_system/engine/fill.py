"""The fills of an order: Backtrader's execution bits and what our broker notes beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backtrader_system.engine.bar_columns import date_of
from backtrader_system.ledgers.round_trips import FillRecord


class Fill(NamedTuple):
    """What Backtrader's execution bits do not tell about one fill; the i-th of an order belongs to its i-th bit."""

    session: float
    market_price: float        # before slippage
    slippage: float            # dollars
    is_ambiguous: bool         # the bar touched stop and target


def fills_of(order: Any) -> list[tuple[Any, Fill | None]]:
    """Return the execution bits of an order, each with its Fill; None under a broker that notes none."""
    details = order.info.get("fills", [])
    return [(bit, details[n] if n < len(details) else None) for n, bit in enumerate(order.executed.exbits)]


def fills_since(order: Any, n_seen: int) -> list[tuple[Any, Fill | None]]:
    """Return the execution bits of a notified order from number `n_seen` on, each with its Fill.

    A notified order is a clone that shares its bits with the live order; only those up to its own `p2` had happened
    when it was notified.
    """
    return fills_of(order)[n_seen:order.executed.p2]


def fill_record(order: Any, bit: Any, fill: Fill | None, bar: int) -> FillRecord:
    """Return what the blotter keeps of one fill. bar : the symbol's bar number in its session, 1 for the first."""
    info = order.info
    return FillRecord(
        session=date_of(bit.dt), symbol=order.data._name, size=bit.size, price=bit.price,
        commission=bit.closedcomm + bit.openedcomm, slippage=fill.slippage if fill else 0.0, bar=bar,
        reason=info.get("reason", ""), score=info.get("score", np.nan), probability=info.get("probability", np.nan),
        ml_enhanced=bool(info.get("ml_enhanced", False)), ambiguous=bool(fill and fill.is_ambiguous),
    )
