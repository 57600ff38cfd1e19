"""What selling and buying back puts costs: fees of the broker and the spread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.puts.terms import terms_of
from backtrader_system.engine.slippage import Slippage
from backtrader_system.settings.puts import OutcomeSettings


class ContractFees(StockCommission):
    """Fees per order and per contract, beside those of `StockCommission` (its `per_share` is per contract here).

    In our broker an order that fills in parts pays `per_order` once.

    Examples
    --------
    >>> ContractFees(per_order=1.0, per_share=0.65).getcommission(size=-4, price=120.0)
    3.6
    """

    params = (("per_order", 0.0),)

    def commission_after(self, shares: float, value: float, size: float, price: float) -> float:
        fee = super().commission_after(shares, value, size, price)
        return fee if shares or not size else fee + self.p.per_order


@dataclass(frozen=True, slots=True)
class PutSlippage:
    """Slippage of fills of puts and of shares.

    spread_part : share of the half spread by which a put fills worse than its mid; 1 sells at the bid and buys at the
        ask. Without a quoted spread a put fills at its price if the part is 0, else not at all. shares : of all others.
    """

    spread_part: float = 1.0
    shares: Slippage = field(default_factory=Slippage)

    def dollars_per_share(self, price: float, size: float, data: Any) -> float:
        """Return the dollars by which one contract or share fills worse than `price`; never negative."""
        if terms_of(data) is None:
            return self.shares.dollars_per_share(price, size, data)
        return self.spread_part * max(data.half_spread[0], 0.0) if self.spread_part else 0.0


def spread_part(costs: OutcomeSettings) -> float:
    """Return the share of the half spread that a fill gives up.

    Examples
    --------
    >>> spread_part(OutcomeSettings(fill="bid")), spread_part(OutcomeSettings(fill="part", spread_part=0.25))
    (1.0, 0.25)
    """
    return {"bid": 1.0, "mid": 0.0, "part": costs.spread_part}[costs.fill]
