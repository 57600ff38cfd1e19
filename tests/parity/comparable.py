"""Orders that both brokers must treat alike, and the comparison of what became of them.

What docs/engine.md says is different is left out here and shown in test_differences.py.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import replace
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
from market import Diary, Setup, Wish, grant, run_ours, run_stock

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.slippage import Slippage

Order = bt.Order
TRAILING = (Order.StopTrail, Order.StopTrailLimit)
VERBS = ("buy", "sell", "close", "cancel", "bracket", "oco")


class Comparable(Diary):
    """Sends only what both brokers must treat alike."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_at: dict[int, float] = {}
        self._sessions: pd.DatetimeIndex | None = None

    def note(self, orders: list[Any]) -> list[Any]:
        self.sent_at |= {order.ref: self.datetime[0] for order in orders}
        return orders

    def next(self) -> None:
        for data in self.datas:
            self._leave_before_the_end(data)
        super().next()

    def _leave_before_the_end(self, data: Any) -> None:
        """Be flat and without orders when the bars of a symbol end: a delisting differs."""
        frame = data.p.dataname
        if self._ends_early(data) and len(data) and self._is_here(data):
            if len(data) == len(frame) - 2:
                for order in [order for order in self.sent if order.data is data]:
                    self.cancel(order)
            elif len(data) == len(frame) - 1 and self.getposition(data).size:
                self.sent.append(self.close(data))      # not noted: no wish may cancel it

    def _ends_early(self, data: Any) -> bool:
        return data.p.dataname.index[-1] < max(d.p.dataname.index[-1] for d in self.datas)

    def _is_here(self, data: Any) -> bool:
        return data.datetime[0] == self.datetime[0]

    def may_send(self, data: Any, kind: int) -> bool:
        """A resting order must meet a new bar in the very next session, a trailing one in all: where a bar is missing,
        stock Backtrader tries it on the old one.
        """
        if not len(data) or (self._ends_early(data) and len(data) >= len(data.p.dataname) - 2):
            return False
        if kind in TRAILING and self._has_holes(data):
            return False
        return kind == Order.Market or (self._is_here(data) and self.next_bar(data) is not None)

    def _has_holes(self, data: Any) -> bool:
        index = data.p.dataname.index
        if self._sessions is None:
            self._sessions = pd.DatetimeIndex(sorted({day for d in self.datas for day in d.p.dataname.index}))
        return int(((self._sessions >= index[0]) & (self._sessions <= index[-1])).sum()) > len(index)

    def next_bar(self, data: Any) -> Any:
        later = [d.p.dataname.index for d in self.datas]
        today = np.datetime64(bt.num2date(self.datetime[0]))
        coming = [index[index > today][0] for index in later if (index > today).any()]
        frame = data.p.dataname
        return frame.loc[min(coming)] if coming and min(coming) in frame.index else None


def send_comparable(strategy: Comparable, wish: Wish) -> list[Any]:
    data = strategy.datas[wish.symbol % len(strategy.datas)]
    if wish.verb == "cancel":
        # In the session of its submission stock Backtrader cannot cancel an order.
        now = strategy.datetime[0]
        before = [order for order in strategy.sent if order.alive() and strategy.sent_at.get(order.ref, now) < now]
        if before:
            strategy.cancel(before[wish.size % len(before)])
        return []
    kind = Order.Market if wish.verb in ("close", "bracket") else wish.kind
    if not strategy.may_send(data, Order.Limit if wish.verb in ("bracket", "oco") else kind):
        return []
    orders = _apart(strategy, data, wish) if wish.verb in ("bracket", "oco") else grant(strategy, wish)
    return strategy.note(orders)


def _apart(strategy: Comparable, data: Any, wish: Wish) -> list[Any]:
    """Send orders of one group so far apart, and from the next bar, that no bar touches two and the next bar none."""
    bar = strategy.next_bar(data)
    below, above = round(bar.low * 0.94, 2), round(bar.high * 1.06, 2)
    if wish.verb == "bracket":
        return strategy.buy_bracket(
            data, size=wish.size, exectype=Order.Market, stopprice=below, limitprice=above)
    valid = None if wish.valid_days is None else datetime.timedelta(days=wish.valid_days)
    first = strategy.buy(data, size=wish.size, exectype=Order.Limit, price=below, valid=valid)
    return [first, strategy.buy(data, size=wish.size, exectype=Order.Stop, price=above, oco=first)]


class Sender(Comparable):
    params = (("send", send_comparable),)


def assert_same_account(setup: Setup, ours: Any, theirs: Any) -> None:
    """Run with both brokers and compare every order's end, the trades and the equity of every session."""
    mine, stock = run_ours(replace(setup, broker=ours)), run_stock(replace(setup, broker=theirs))
    found, expected = [[_order(order) for order in strategy.sent] for strategy in (mine, stock)]
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    np.testing.assert_allclose([row[4:] for row in found], [row[4:] for row in expected], rtol=1e-12)
    for name in sorted(set(setup.frames) - _traded_twice_in_a_bar(stock.sent)):
        _assert_same_trades(name, mine, stock)
    np.testing.assert_allclose(_equity(mine), _equity(stock), rtol=1e-12)


def _order(order: Any) -> tuple:
    done = order.executed
    return (order.data._name, order.size, order.exectype, order.getstatusname(), done.dt or 0.0, done.size, done.price,
            done.comm)


def _traded_twice_in_a_bar(orders: list[Any]) -> set[str]:
    """Return symbols with several fills in one bar: which of them came first, and so opened or closed, may differ."""
    fills = [(order.data._name, bit.dt) for order in orders for bit in order.executed.exbits]
    return {name for (name, _), count in Counter(fills).items() if count > 1}


def _assert_same_trades(name: str, mine: Any, stock: Any) -> None:
    """Compare closed trades: bars and instants of entry and exit, side, then price, commission and profit."""
    found, expected = [[
        (*event[9:15], *event[4:9]) for event in strategy.events
        if event[0] == "trade" and event[1] == name and event[2] == bt.Trade.Closed] for strategy in (mine, stock)]
    assert [row[:6] for row in found] == [row[:6] for row in expected]
    np.testing.assert_allclose([row[6:] for row in found], [row[6:] for row in expected], rtol=1e-9, atol=1e-9)


def _equity(strategy: Any) -> list[tuple]:
    return [event[3:5] for event in strategy.events if event[0] == "next"]


def contract(cash: float, bps: float = 0.0):
    return lambda: ContractBroker(cash=cash, allow_short=True, slippage=Slippage(slippage_bps=bps))


def stock(cash: float, **options):
    return lambda: bt.brokers.BackBroker(cash=cash, **options)
