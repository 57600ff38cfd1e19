"""A Backtrader broker for sellers of puts."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.puts.costs import ContractFees, PutSlippage
from backtrader_system.engine.puts.expiries import OptionExpiries, Settlement
from backtrader_system.engine.puts.terms import PutEvent, terms_of

# Rounding of sums of collateral, as a share of equity.
ROUNDING = 1e-9
NO_BID = "no bid at the fill"
TOO_LITTLE = "premium below the minimum at the fill"
TOO_LATE = "the contract expires in this session"


class PutBroker(OptionExpiries, ContractBroker):
    """`ContractBroker` for feeds of put contracts (`OptionQuotes`) beside those of their underlyings.

    - A market order fills at the contract's next quote, worse than the mid by part of its half spread. A sale that
      finds no bid is cancelled; a purchase without an ask waits.
    - Puts are only sold: a purchase closes a short position and never opens a long one. Shares are only bought: by
      assignment, or by an order of the strategy.
    - A sale needs collateral: equity at the close before, less what the puts held block, must cover what it blocks.
      Otherwise it is rejected. Later breaches are noted in `collateral` and change nothing: there is no margin call.
    - After the close of the session in which a put's `event` is due, the short position is bought back at its payoff
      by an order of type `expiry`, without fee if it is worthless. With `is_physical` the shares are bought in the same
      moment, so that both together cost the strike; where the underlying has no bar, cash is paid.
    - A contract whose quotes end without an event stays open at its last mark: its outcome is not known.

    Parameters
    ----------
    slippage : PutSlippage. assignment_fee : per contract assigned. is_physical : shares are delivered.
    Others as of `ContractBroker`.

    After a run `settlements` holds the puts that ended by expiry or assignment, `collateral` per session its number,
    equity, collateral blocked.

    Examples
    --------
    >>> import backtrader as bt
    >>> cerebro = bt.Cerebro()
    >>> cerebro.broker = PutBroker(cash=100_000, slippage=PutSlippage(spread_part=0.5))
    """

    params = (("slippage", PutSlippage()), ("allow_short", True), ("assignment_fee", 0.0), ("is_physical", True))
    known_costs = (*ContractBroker.known_costs, ContractFees)

    def init(self) -> None:
        super().init()
        self.settlements: list[Settlement] = []
        self.collateral: list[tuple[float, float, float]] = []
        self.sold_at: dict[Any, float] = {}         # session of the last sale of each contract
        self._settlement_costs: Any = None

    def getcommissioninfo(self, data: Any) -> Any:
        return self._settlement_costs or super().getcommissioninfo(data)

    def collateral_in_use(self) -> float:
        """Return the money that the short puts held block at their last quotes."""
        return sum(-position.size * data.collateral[0] for data, position in self._held.items() if terms_of(data))

    def free_collateral(self) -> float:
        """Return equity at the last close less collateral in use; negative where too little is left."""
        return self._value - self.collateral_in_use()

    # -- filling ------------------------------------------------------------------------------------------------

    def submit(self, order: Any, check: bool = True) -> Any:
        if not order.isbuy() and terms_of(order.data) is None:
            order.info["reduce_only"] = True        # shares are never sold short
        return super().submit(order, check=check)

    def _must_be_paid(self, order: Any) -> bool:
        # Selling assigned shares and buying puts back reduce a risk; a lack of cash must not keep them from it.
        return order.isbuy() and terms_of(order.data) is None

    def _fill(self, order: Any, market_price: float) -> None:
        if terms_of(order.data) is None:
            super()._fill(order, market_price)
            return
        if not self._has_quote_for(order):
            return
        fault = self._fault_of_purchase(order) if order.isbuy() else self._fault_of_sale(order, market_price)
        if fault:
            self._finish(order, order.cancel if fault in (NO_BID, TOO_LITTLE, TOO_LATE) else order.reject, fault)
            return
        super()._fill(order, market_price)
        if not order.isbuy() and order.executed.size:
            self.sold_at[order.data] = self.session

    def _has_quote_for(self, order: Any) -> bool:
        """Return whether the present bar is a quote, and has the ask that a purchase needs."""
        data = order.data
        needs_ask = order.isbuy() and self.p.slippage.spread_part > 0
        return data.is_quoted[0] > 0 and not (needs_ask and isnan(data.half_spread[0]))

    def _fault_of_purchase(self, order: Any) -> str | None:
        held = -self.getposition(order.data).size
        if order.executed.remsize > held:
            return f"puts are only sold here: {order.executed.remsize:g} to buy, {max(held, 0.0):g} sold"
        return None

    def _fault_of_sale(self, order: Any, market_price: float) -> str | None:
        data = order.data
        if data.event[0] in (PutEvent.EXPIRES_WORTHLESS, PutEvent.ASSIGNED) or data.days_to_expiry[0] <= 0:
            return TOO_LATE     # its closing quote knows how it ended
        premium = quoted_premium(data, self.p.slippage.spread_part, market_price)
        if not premium > 0:
            return NO_BID
        if premium < order.info.get("least_premium", 0.0):
            return TOO_LITTLE
        needed, free = -order.executed.remsize * data.collateral[0], self.free_collateral()
        if needed > free + ROUNDING * abs(self._value):
            return f"not enough collateral: {needed:,.2f} needed, {free:,.2f} free"
        return None

    # -- the session --------------------------------------------------------------------------------------------

    def _act_after_close(self) -> None:
        self._settle_puts()

    def _close_delisted(self, data: Any) -> None:
        if terms_of(data) is None:
            super()._close_delisted(data)
        else:
            self._end_orders(data, "the contract has no further quote")

    def _log_session(self) -> None:
        super()._log_session()
        self.collateral.append((self.session, self._value, self.collateral_in_use()))


def quoted_premium(data: Any, part: float, mid: float) -> float:
    """Return what the sale of one contract brings at the present quote; NaN where it cannot be sold.

    Nobody buys where the bid is 0, whatever the fill; without a spread a sale at the mid takes the price there is.
    """
    if data.bid[0] <= 0:
        return nan
    return mid - part * data.half_spread[0] if part else mid


def cost_to_buy_back(data: Any, part: float) -> float:
    """Return what one contract costs to buy back at the present quote; NaN where nothing is offered."""
    return data.close[0] + part * data.half_spread[0] if part else data.close[0]
