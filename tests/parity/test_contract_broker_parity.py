"""Where the time contract does not differ from Backtrader's broker, orders, trades and equity are the same.

The wishes below leave out what docs/timeline.md says is different: each of that is shown in test_differences.py.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import replace
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from market import (
    ALIGNED,
    KINDS,
    UNEQUAL,
    Diary,
    Setup,
    Wish,
    assert_same_diary,
    grant,
    market,
    our_feed,
    run_ours,
    run_stock,
    run_with,
    wishes,
)

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.slippage import Slippage

Order = bt.Order
TRAILING = (Order.StopTrail, Order.StopTrailLimit)
N_SESSIONS = 40
SEEDS = st.integers(0, 10_000)
VERBS = ("buy", "sell", "close", "cancel", "bracket", "oco")
MODES = {"vector": {}, "no runonce": {"runonce": False}, "no preload": {"preload": False, "runonce": False}}


class Comparable(Diary):
    """Sends only what both brokers must treat alike."""

    def __init__(self) -> None:
        super().__init__()
        self.sent_at: dict[int, float] = {}

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
        return len(pd.bdate_range(index[0], index[-1])) > len(index)

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


def setup_of(seed, lives, script, mode="vector", **options) -> Setup:
    return Setup(
        frames=market(seed, N_SESSIONS, lives), script=script, strategy=Sender, modes=MODES[mode],
        commission=lambda: bt.CommissionInfo(commission=0.001), **options)


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


PLENTY = {"seed": SEEDS, "lives": UNEQUAL, "script": wishes(KINDS, VERBS, N_SESSIONS),
          "mode": st.sampled_from(list(MODES))}


@settings(max_examples=30, deadline=None)
@given(**PLENTY)
def test_orders_trades_and_equity_are_those_of_stock(seed, lives, script, mode):
    assert_same_account(setup_of(seed, lives, script, mode), contract(1e7), stock(1e7))


@pytest.mark.nightly
@settings(max_examples=1_000, deadline=None)
@given(**PLENTY)
def test_orders_trades_and_equity_are_those_of_stock_on_many_markets(seed, lives, script, mode):
    assert_same_account(setup_of(seed, lives, script, mode), contract(1e7), stock(1e7))


# With too little cash only single market orders are judged alike: stock counts resting and rejected ones as filled.
POOR = wishes([Order.Market], ("buy", "sell", "close"), N_SESSIONS, largest=60).map(
    lambda script: list({wish.session: wish for wish in script}.values()))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, lives=ALIGNED, script=POOR)
def test_orders_are_refused_for_lack_of_cash_as_in_stock(seed, lives, script):
    assert_same_account(setup_of(seed, lives, script), contract(5_000.0), stock(5_000.0))


SLIPPING = wishes([Order.Market, Order.Stop, Order.StopTrail], ("buy", "sell", "close", "cancel"), N_SESSIONS)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, lives=UNEQUAL, script=SLIPPING)
def test_slippage_is_that_of_stock_with_slip_out(seed, lives, script):
    assert_same_account(
        setup_of(seed, lives, script), contract(1e7, bps=20),
        stock(1e7, slip_perc=0.002, slip_open=True, slip_out=True))


# -- our broker under both Cerebros ---------------------------------------------------------------------------------


def send_protected(strategy: Diary, wish: Wish) -> list[Any]:
    """Send anything, also exits that travel with an entry, which only our broker knows."""
    data = strategy.datas[wish.symbol % len(strategy.datas)]
    if wish.verb != "protect":
        return grant(strategy, wish)
    if not len(data):
        return []
    protection = Protection(stop_fraction=wish.gap, target_fraction=wish.gap * 2, trail_distance=2.0)
    level = round(data.close[0] * (1 + wish.offset), 2)
    return [strategy.buy(data, size=wish.size, exectype=wish.kind, price=level, plimit=level, protection=protection,
                         trailamount=2.0)]


BROKERS = {
    "plain": {"cash": 1e6}, "short of cash": {"cash": 5_000.0}, "shorts": {"cash": 1e6, "allow_short": True},
    "parts": {"cash": 1e6, "max_participation_fraction": 0.1, "delisting_haircut_fraction": 0.1},
    "slippage": {"cash": 1e6, "slippage": Slippage(slippage_bps=10, impact_coefficient=0.5)},
}
ANYTHING = {"seed": SEEDS, "lives": UNEQUAL, "broker": st.sampled_from(list(BROKERS)),
            "script": wishes(KINDS, (*VERBS, "target", "protect", "protect"))}


def assert_same_under_both(seed, lives, script, broker):
    setup = Setup(
        frames=market(seed, 24, lives), script=script, parameters={"send": send_protected},
        broker=lambda: ContractBroker(**BROKERS[broker]), commission=lambda: bt.CommissionInfo(commission=0.001))
    assert_same_diary(run_ours(setup), run_with(setup, bt.Cerebro, our_feed))


BUY_THEN_DELISTED = [Wish(0, 0, "protect", Order.Market, 10, 0.0, 0.04, None)]


@settings(max_examples=30, deadline=None)
@given(**ANYTHING)
@example(seed=1, lives=["ended", "whole"], script=BUY_THEN_DELISTED, broker="plain")
def test_our_broker_does_the_same_under_both_cerebros(seed, lives, script, broker):
    assert_same_under_both(seed, lives, script, broker)


@pytest.mark.nightly
@settings(max_examples=1_000, deadline=None)
@given(**ANYTHING)
def test_our_broker_does_the_same_under_both_cerebros_on_many_markets(seed, lives, script, broker):
    assert_same_under_both(seed, lives, script, broker)
