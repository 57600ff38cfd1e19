"""Where the time contract does not differ from Backtrader's broker, orders, trades and equity are the same."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pytest
from comparable import VERBS, Sender, assert_same_account, contract, stock
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
    run_with,
    wishes,
)

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.slippage import Slippage

Order = bt.Order
N_SESSIONS = 40
SEEDS = st.integers(0, 10_000)
MODES = {"vector": {}, "no runonce": {"runonce": False}, "no preload": {"preload": False, "runonce": False}}


def setup_of(seed, lives, script, mode="vector", **options) -> Setup:
    return Setup(
        frames=market(seed, N_SESSIONS, lives), script=script, strategy=Sender, modes=MODES[mode],
        commission=lambda: bt.CommissionInfo(commission=0.001), **options)


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
