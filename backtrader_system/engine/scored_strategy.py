"""The base of strategies that trade scored signals: what every one of them must get right, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import backtrader as bt

from backtrader_system.engine.buy_signals import BuySignals, buy_signals_now
from backtrader_system.engine.cursor import has_bar
from backtrader_system.engine.waiting_orders import orders_to_count


class ScoredStrategy(bt.Strategy):
    """A Backtrader strategy over feeds with signal lines (`ScoredBars`), one decision per session.

    To write your own, copy `strategies/ml_trading.py` or subclass this and override `decide()`. It is called once
    per session after the close; read lines at index 0 and earlier, submit orders, nothing else. Orders fill at the
    next open. `next` and `prenext` are taken: a symbol that is listed late must not silence all others, as it would
    in a plain Backtrader strategy.

    Looping over `self.datas` works; `held` and `buy_signals` name the few that matter in a session.
    """

    def __init__(self) -> None:
        # Signals that led to no order: session number, why, feeds.
        self.skips: list[tuple[float, str, Sequence[Any]]] = []
        self._shortest = 0
        self._is_alone = False
        self.datetime = self.lines.datetime     # an attribute is found at once, a line by two failing look-ups

    def decide(self) -> None:
        """Take the decisions of one session."""
        raise NotImplementedError(f"{type(self).__name__} must override decide")

    def next(self) -> None:
        self.decide()

    def prenext(self) -> None:
        self.decide()

    def has_bar(self, data: Any) -> bool:
        """Return whether `data` has a bar in this session; without one, its lines hold an older session."""
        return has_bar(data, self.datetime[0])

    def skip(self, data: Any, reason: str) -> None:
        """Note why the signal of `data` in this session leads to no order; it goes to the signals ledger."""
        self.skip_all([data], reason)

    def skip_all(self, feeds: Sequence[Any], reason: str) -> None:
        """Note one reason for several feeds."""
        if feeds:
            self.skips.append((self.datetime[0], reason, feeds))

    def buy_signals(self, threshold: float) -> BuySignals:
        """Return the feeds with a buy signal in this session; usable ones have a score of at least `threshold`."""
        index_of = getattr(self.cerebro, "buy_signal_index", None)
        index = index_of(threshold) if index_of else None
        session = self.datetime[0]
        return index.at(session) if index else buy_signals_now(self.datas, session, threshold)

    def held(self) -> list[tuple[Any, Any]]:
        """Return every long position with its feed, in the order of the feeds."""
        held = getattr(self.broker, "held", None)
        positions = held().items() if held else [(data, self.getposition(data)) for data in self.datas]
        return [(data, position) for data, position in positions if position.size > 0]

    def feeds_being_bought(self) -> set[Any]:
        """Return the feeds with a buy at the market that still waits to fill."""
        return {order.data for order in self.market_orders() if order.isbuy()}

    def feeds_being_sold(self) -> set[Any]:
        """Return the feeds with a sale at the market that still waits to fill."""
        return {order.data for order in self.market_orders() if not order.isbuy()}

    def market_orders(self) -> list[Any]:
        """Return the market orders that still wait to fill."""
        return [order for order in orders_to_count(self.broker) if order.exectype == bt.Order.Market]

    def _addnotification(self, order: Any, quicknotify: bool = False) -> None:
        if order.executed.size or quicknotify or order.p.simulated:
            super()._addnotification(order, quicknotify)
        else:
            self._orderspending.append(order)       # nothing was filled, so no trade has changed

    def _start(self) -> None:
        super()._start()
        hooks = ("notify_cashvalue", "notify_fund")
        self._is_alone = len(self.analyzers) + len(self._slave_analyzers) == 0 and not any(
            getattr(type(self), hook) is not getattr(bt.Strategy, hook) for hook in hooks)

    def _notify(self, qorders: Sequence[Any] = (), qtrades: Sequence[Any] = ()) -> None:
        if not self._is_alone or self.cerebro.p.quicknotify:
            super()._notify(qorders, qtrades)
            return
        for order in self._orderspending:       # nobody else listens, nor asks for cash in every session
            if order.exectype != bt.Order.Historical or order.histnotify:
                self.notify_order(order)
        for trade in self._tradespending:
            self.notify_trade(trade)

    def clear(self) -> None:
        """Forget the session's notifications; Backtrader keeps a copy of every order for every one, unread."""
        self._orderspending = []
        self._tradespending = []

    def _getminperstatus(self) -> int:
        """Return Backtrader's count of the bars still missing before `next`; only its sign means anything.

        Backtrader asks every feed in every session. Bars never grow fewer, so a feed that is still short settles it,
        and once none is short none will be.
        """
        if self._minperstatus < 0:
            return self._minperstatus
        missing = self._minperiods[self._shortest] - len(self.datas[self._shortest])
        if missing <= 0:
            status = [period - len(data) for period, data in zip(self._minperiods, self.datas, strict=True)]
            missing = max(status)
            self._shortest = status.index(missing)
        self._minperstatus = missing
        return missing
