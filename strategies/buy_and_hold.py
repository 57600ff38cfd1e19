"""The baseline: buy every symbol once, in equal parts, and hold."""

from __future__ import annotations

from backtrader_system.engine.lots import shares_in_lots
from backtrader_system.engine.scored_strategy import ScoredStrategy


class BuyAndHold(ScoredStrategy):
    """Buy all symbols that have a bar in the first session, in equal parts, at the next open, and never trade again.

    Symbols listed later are not bought, a delisted one becomes cash. It pays the costs of the run it is compared with.

    Examples
    --------
    >>> import backtrader as bt
    >>> cerebro = bt.Cerebro()
    >>> _ = cerebro.addstrategy(BuyAndHold, cash_reserve_fraction=0.05)
    """

    params = (("cash_reserve_fraction", 0.05), ("lot_size", 1.0))

    def __init__(self) -> None:
        super().__init__()
        self.has_bought = False

    def decide(self) -> None:
        if self.has_bought:
            return
        self.has_bought = True
        listed = [data for data in self.datas if self.has_bar(data) and data.is_member[0] > 0]
        dollars = self.broker.getvalue() * (1 - self.p.cash_reserve_fraction) / max(len(listed), 1)
        for data in listed:
            size = shares_in_lots(dollars, data.close[0], self.p.lot_size)
            if size:
                self.buy(data=data, size=size, reason="baseline")
