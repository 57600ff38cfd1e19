"""A Backtrader broker whose bookkeeping costs what is held, not what exists."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from backtrader_system.engine.bar_columns import moment_of
from backtrader_system.engine.commission import StockCommission


class AccountBroker(bt.brokers.BackBroker):
    """Backtrader's broker with a list of the positions that are open.

    Backtrader asks every symbol that was ever looked at for interest, for the cash of futures and for its value, in
    every session; here only open positions are asked. A fill of a long stock position with plain costs (no interest,
    leverage or margin) is booked directly, with the same arithmetic in the same order; any other takes Backtrader's
    way.

    Equity is summed over open positions in the order of the feeds.
    """

    # Costs whose methods are known; a user's subclass may do anything.
    known_costs: tuple[type, ...] = (StockCommission, bt.CommissionInfo, bt.CommInfoBase)

    def init(self) -> None:
        super().init()
        self._rank: dict[Any, int] = {}
        self._held: dict[Any, Any] = {}
        self._values: dict[Any, float] = {}
        self._values_are_current = False
        self._books_directly = False

    def start(self) -> None:
        super().start()
        self._rank = {data: rank for rank, data in enumerate(self.cerebro.datas)}
        self._books_directly = self._is_plain()

    def _is_plain(self) -> bool:
        """Return whether costs and options are those that the direct way knows."""
        has_options = self.p.coo or self.p.coc or self._userhist or self._fundhist or not self.p.shortcash
        return not has_options and all(
            type(comminfo) in self.known_costs and _is_plain_stock(comminfo) for comminfo in self.comminfo.values())

    def held(self) -> dict[Any, Any]:
        """Return the open positions by feed, in the order of the feeds; not to be changed."""
        return self._held

    def held_values(self) -> dict[Any, float]:
        """Return the dollars in each open position at the last close, signed, in the order of the feeds."""
        if not self._values_are_current:
            self._values = {data: position.size * data.close[0] for data, position in self._held.items()}
            self._values_are_current = True
        return self._values

    def _note_position(self, data: Any) -> None:
        """Keep the list of open positions after `data` was traded."""
        self._values_are_current = False
        position = self.positions[data]
        if not position.size:
            self._held.pop(data, None)
        elif data not in self._held:
            self._held[data] = position
            self._held = dict(sorted(self._held.items(), key=lambda item: self._rank.get(item[0], len(self._rank))))

    # -- once a session -----------------------------------------------------------------------------------------

    def _charge_interest(self) -> None:
        if self._books_directly:
            return
        for data, position in self._held.items():
            moment = data.datetime.datetime()
            credit = self.getcommissioninfo(data).get_credit_interest(data, position, moment)
            self.d_credit[data] += credit
            self.cash -= credit
            position.datetime = moment

    def _adjust_futures_cash(self) -> None:
        if self._books_directly:
            return
        for data, position in self._held.items():
            self.cash += self.getcommissioninfo(data).cashadjust(position.size, position.adjbase, data.close[0])
            position.adjbase = data.close[0]

    def _get_value(self, datas: Any = None, lever: bool = False) -> float:
        self._values_are_current = False
        if datas or lever or not self._books_directly:
            return super()._get_value(datas, lever)
        while self._cash_addition:
            dollars = self._cash_addition.popleft()
            self._fundshares += dollars / self._fundval
            self.cash += dollars
        market_value = value = unrealized = 0.0
        values = {}
        for data, position in self._held.items():
            close, size = data.close[0], position.size
            worth, gain = size * close, size * (close - position.price)
            values[data] = worth
            market_value += worth
            unrealized += gain
            # Backtrader adds a long position as its cost and its gain; equal to the last bit only if added so too.
            value = value + (worth - gain) + gain if worth > 0 else value + worth
        self._values, self._values_are_current = values, True
        self._value = self.cash + value
        self._fundval = self._value / self._fundshares
        self._valuemkt, self._valuelever, self._valuemktlever = value, self.cash + market_value, market_value
        self._leverage = market_value / (value or 1.0)
        self._unrealized = unrealized
        return self._value

    # -- booking a fill -----------------------------------------------------------------------------------------

    def _execute(self, order: Any, ago: int | None = None, price: float | None = None, cash: float | None = None,
                 position: Any = None, dtcoc: float | None = None) -> float | None:
        is_trial = ago is None
        if is_trial:
            size, at = order.executed.remsize, order.created.price
        else:
            size, at = self._size_to_fill(order, price, ago), price
            position = self.positions[order.data]
        if self._is_simple(order, size, position):
            if is_trial:
                return self._cash_after(order, size, at, cash, position)
            self._book_fill(order, size, at, position, dtcoc or order.data.datetime[0])
            return None
        result = super()._execute(order, ago, price, cash, position, dtcoc)
        if not is_trial:
            self._note_position(order.data)
        return result

    def _is_simple(self, order: Any, size: float, position: Any) -> bool:
        """Return whether a fill only enlarges or reduces a long position, at costs that are known."""
        return self._books_directly and order.data._compensate is None and (
            0 < -size <= position.size if size < 0 else size > 0 and position.size >= 0)

    def _commission(self, order: Any, size: float, price: float) -> float:
        return self.getcommissioninfo(order.data).getcommission(size, price)

    def _size_to_fill(self, order: Any, price: float, ago: int) -> float:
        if self.p.filler is None:
            return order.executed.remsize
        shares = self.p.filler(order, price, ago)
        return shares if order.isbuy() else -shares

    def _cash_after(self, order: Any, size: float, price: float, cash: float, position: Any) -> float:
        """Return the cash that a fill would leave; `position`, a copy, becomes what it would be."""
        position.update(size, price)
        return cash - size * price - self._commission(order, size, price)

    def _book_fill(self, order: Any, size: float, price: float, position: Any, number: float) -> None:
        comminfo, commission = self.getcommissioninfo(order.data), self._commission(order, size, price)
        if size > 0:
            value, gain = size * price, 0.0
            cash = self.cash - value
        else:
            value, gain = -size * position.price, -size * (price - position.price)
            cash = self.cash + (value + gain)
        cash -= commission
        if size > 0 and cash < 0.0:
            self._reject_for_cash(order, price)
            return
        self.cash = cash
        if size > 0:
            position.adjbase = price
        position.update(size, price, moment_of(order.data))
        parts = (0.0, 0.0, 0.0, size, value, commission) if size > 0 else (size, value, commission, 0.0, 0.0, 0.0)
        order.execute(number, size, price, *parts, comminfo.margin, gain, position.size, position.price)
        order.addcomminfo(comminfo)
        self._note_position(order.data)
        self.notify(order)
        self._ococheck(order)

    def _reject_for_cash(self, order: Any, price: float | None = None) -> None:
        order.margin()
        self.notify(order)
        self._ococheck(order)
        self._bracketize(order, cancel=True)


def _is_plain_stock(comminfo: Any) -> bool:
    terms = comminfo.p
    return (
        comminfo.stocklike and terms.mult == terms.leverage == 1.0 and not terms.interest and not terms.automargin)
