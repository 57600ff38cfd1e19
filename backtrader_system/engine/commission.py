"""What a broker charges for a fill."""

from __future__ import annotations

import backtrader as bt

from backtrader_system.engine.fees import order_commission


class StockCommission(bt.CommInfoBase):
    """Commission in basis points of the traded value plus dollars per share, with a minimum per order.

    Charged on the slipped value. In our broker an order that fills in parts pays its minimum once; in a plain
    `bt.Cerebro` each part counts as an order, because Backtrader does not tell a commission which order it serves.

    Examples
    --------
    >>> StockCommission(bps=5).getcommission(size=-200, price=50.0)
    5.0
    """

    params = (
        ("stocklike", True),
        ("commtype", bt.CommInfoBase.COMM_FIXED),
        ("bps", 0.0),
        ("per_share", 0.0),
        ("minimum", 0.0),
    )

    def __init__(self) -> None:
        super().__init__()
        self._filled: tuple[float, float] | None = None      # shares and dollars of the order now being filled

    def start_fill(self, shares: float, value: float) -> None:
        """Say how many shares, worth how much, the order of the next fill has filled before.

        Until `end_fill` every commission adds to them, so that a fill that turns a position round, for which
        Backtrader asks twice, pays the minimum once.
        """
        self._filled = (shares, value)

    def end_fill(self) -> None:
        """Go back to one commission, one order."""
        self._filled = None

    def commission_after(self, shares: float, value: float, size: float, price: float) -> float:
        """Return the commission of a fill of an order that has filled `shares` worth `value` dollars before."""
        rates = (self.p.bps, self.p.per_share, self.p.minimum)
        filled = abs(size)
        if not shares:
            return order_commission(filled, filled * price, *rates)
        return order_commission(shares + filled, value + filled * price, *rates) - order_commission(
            shares, value, *rates)

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
        before = self._filled or (0.0, 0.0)
        if self._filled is not None:
            self._filled = (before[0] + abs(size), before[1] + abs(size) * price)
        return self.commission_after(*before, size, price)
