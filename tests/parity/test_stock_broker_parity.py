"""Under our Cerebro and feeds, Backtrader's own broker, strategies and analyzers see exactly what they always saw."""

from __future__ import annotations

import backtrader as bt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market import ALIGNED, UNEQUAL, Setup, assert_equal_runs, market, run_ours, wishes

ANALYZERS = {
    "trades": (bt.analyzers.TradeAnalyzer, {}), "drawdown": (bt.analyzers.DrawDown, {}),
    "returns": (bt.analyzers.TimeReturn, {}), "sqn": (bt.analyzers.SQN, {}),
    "transactions": (bt.analyzers.Transactions, {}), "values": (bt.analyzers.PositionsValue, {"cash": True}),
}
SLIP = {"slip_perc": 0.002, "slip_open": True, "slip_out": True}
BROKERS = {
    "plenty": {"cash": 1e7}, "short": {"cash": 5_000.0}, "slippage": {"cash": 1e6, **SLIP},
    "slippage cut at the bar": {"cash": 1e6, "slip_fixed": 0.5, "slip_open": True, "slip_out": False},
    "no slippage beyond the bar": {"cash": 1e6, "slip_perc": 0.02, "slip_open": True, "slip_match": False},
    "unchecked": {"cash": 2_000.0, "checksubmit": False}, "cheat on close": {"cash": 1e6, "coc": True},
    "no cash from shorts": {"cash": 1e5, "shortcash": False}, "fund": {"cash": 1e5, "fundmode": True},
}
MODES = {
    "vector": {}, "no runonce": {"runonce": False}, "no preload": {"preload": False, "runonce": False},
    "old sync": {"oldsync": True},
    "old sync, next": {"oldsync": True, "runonce": False}, "quick": {"quicknotify": True},
    "history": {"tradehistory": True}, "cheat on open": {"cheat_on_open": True},
    "little memory": {"exactbars": 1},
}
# In these two Backtrader itself fails where a feed ends early or has holes.
UNEQUAL_MODES = [mode for mode in MODES if mode not in ("little memory", "old sync")]
SEEDS = st.integers(0, 10_000)


def commission() -> bt.CommInfoBase:
    return bt.CommissionInfo(commission=0.001)


def setup_of(seed, lives, script, broker="plenty", mode="vector", **options) -> Setup:
    return Setup(
        frames=market(seed, 24, lives), script=script, broker=lambda: bt.brokers.BackBroker(**BROKERS[broker]),
        commission=commission, modes=MODES[mode], analyzers=_analyzers(mode), **options)


def _analyzers(mode):
    """Return all; with little memory TradeAnalyzer miscounts the NumPy numbers that Backtrader's own feed leaves."""
    return {name: found for name, found in ANALYZERS.items() if name != "trades" or mode != "little memory"}


CASE = {"seed": SEEDS, "lives": UNEQUAL, "script": wishes(), "broker": st.sampled_from(list(BROKERS)),
        "mode": st.sampled_from(UNEQUAL_MODES)}


@settings(max_examples=30, deadline=None)
@given(**CASE)
def test_every_notification_value_and_analyzer_is_equal(seed, lives, script, broker, mode):
    assert_equal_runs(setup_of(seed, lives, script, broker, mode))


@settings(max_examples=30, deadline=None)
@given(**CASE | {"lives": ALIGNED, "mode": st.sampled_from(list(MODES))})
def test_feeds_of_the_same_sessions_are_equal_too(seed, lives, script, broker, mode):
    assert_equal_runs(setup_of(seed, lives, script, broker, mode))


@pytest.mark.nightly
@settings(max_examples=1_000, deadline=None)
@given(**CASE)
def test_every_notification_value_and_analyzer_is_equal_on_many_markets(seed, lives, script, broker, mode):
    assert_equal_runs(setup_of(seed, lives, script, broker, mode))


@pytest.mark.parametrize(("lives", "mode", "is_fast"), [
    (["whole", "whole"], "vector", True), (["late", "ended", "holes"], "vector", True),
    (["whole", "whole"], "cheat on open", True), (["whole", "whole"], "no preload", False),
    (["whole", "whole"], "old sync", False),
])
def test_these_comparisons_cover_the_fast_path_and_the_general_one(lives, mode, is_fast):
    assert (run_ours(setup_of(1, lives, (), mode=mode)).env.session is not None) == is_fast
