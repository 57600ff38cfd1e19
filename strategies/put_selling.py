"""Sell the puts recommended, keep them until they expire or a rule buys them back."""

from __future__ import annotations

from backtrader_system.engine.puts.selling_strategy import PutSellingStrategy


class PutSelling(PutSellingStrategy):
    """The strategy of the system `put_recommendations`.

    Every session, after the close:

    1. shares that an assignment has delivered are sold at the next open;
    2. a put held is bought back at its next quote if it has earned `take_profit_fraction` of its premium, costs
       `stop_loss_multiple` premiums or comes within `exit_days_to_expiry` of its expiry;
    3. of the contracts for sale today the best by score, at most `top_n`, are sold at their next quote, each with as
       many contracts as its collateral allows.

    A put that no rule buys back is held until the broker settles it: see docs/engine.md.

    Examples
    --------
    >>> import backtrader as bt
    >>> from backtrader_system.engine.puts.broker import PutBroker
    >>> from backtrader_system.engine.puts.sizer import CollateralSizer
    >>> cerebro = bt.Cerebro()
    >>> cerebro.broker = PutBroker(cash=100_000)
    >>> _ = cerebro.addsizer(CollateralSizer, capital_per_position=10_000)
    >>> _ = cerebro.addstrategy(PutSelling, top_n=5, take_profit_fraction=0.5)
    """

    def decide(self) -> None:
        self.sell_assigned_shares()
        self.buy_back_by_rules()
        self.sell_puts()
