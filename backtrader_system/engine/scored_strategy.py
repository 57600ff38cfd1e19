"""The base of strategies that trade scored signals: what every one of them must get right, once."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from backtrader_system.engine.waiting_orders import waiting_orders


class ScoredStrategy(bt.Strategy):
    """A Backtrader strategy over feeds with signal lines (`ScoredBars`), one decision per session.

    To write your own, copy `strategies/ml_trading.py` or subclass this and override `decide()`. It is called once
    per session after the close; read lines at index 0 and earlier, submit orders, nothing else. Orders fill at the
    next open. `next` and `prenext` are taken: a symbol that is listed late must not silence all others, as it would
    in a plain Backtrader strategy.
    """

    def __init__(self) -> None:
        self.skipped: dict[tuple[float, str], str] = {}     # (session number, symbol) -> why a signal was not used

    def decide(self) -> None:
        """Take the decisions of one session."""
        raise NotImplementedError(f"{type(self).__name__} must override decide")

    def next(self) -> None:
        self.decide()

    def prenext(self) -> None:
        self.decide()

    def has_bar(self, data: Any) -> bool:
        """Return whether `data` has a bar in this session; without one, its lines hold an older session."""
        return len(data) > 0 and data.datetime[0] == self.datetime[0]

    def skip(self, data: Any, reason: str) -> None:
        """Note why the signal of `data` in this session leads to no order; it goes to the signals ledger."""
        self.skipped[(self.datetime[0], data._name)] = reason

    def has_market_order(self, data: Any, *, is_buy: bool) -> bool:
        """Return whether a market order of this side still waits to fill."""
        return any(
            order.data is data and order.exectype == bt.Order.Market and order.isbuy() == is_buy
            for order in waiting_orders(self.broker))
