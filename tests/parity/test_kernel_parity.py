"""The kernel and the event engine, two independent simulations, agree fill by fill."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_panels import LIVES, LIVES_OF_A_MARKET, SETTINGS, random_market, varied_settings

from backtrader_system.engine.backtest import run_backtest
from backtrader_system.engine.kernel.run import run_kernel
from backtrader_system.engine.kernel.verifying import first_difference

SEEDS = st.integers(0, 1_000_000)


def assert_parity(bars, scored, known, chosen, strategy_name=None):
    """Compare every fill, order end, action, and cash and equity of every session."""
    ledgers = run_backtest(bars, scored, chosen, known=known, strategy_name=strategy_name)
    kernel = run_kernel(bars, scored, chosen, known=known, strategy_name=strategy_name)
    assert first_difference(ledgers, kernel) == ""
    return ledgers, kernel


def random_parity(seed, lives, chosen):
    bars, scored, known = random_market(seed, lives)
    if not bars.has_bar.any():
        return
    ledgers, kernel = assert_parity(bars, scored, known, chosen)
    np.testing.assert_allclose(kernel.equity["equity"], ledgers.equity["equity"], rtol=1e-12)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=SEEDS, lives=LIVES_OF_A_MARKET, chosen=SETTINGS)
def test_kernel_trades_as_the_event_engine(seed, lives, chosen):
    random_parity(seed, lives, chosen)


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=SEEDS, lives=LIVES_OF_A_MARKET, chosen=SETTINGS)
def test_kernel_trades_as_the_event_engine_in_many_markets(seed, lives, chosen):
    random_parity(seed, lives, chosen)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, lives=LIVES_OF_A_MARKET, chosen=SETTINGS)
def test_kernel_buys_and_holds_as_the_event_engine(seed, lives, chosen):
    bars, _, known = random_market(seed, lives)
    if bars.has_bar.any():
        assert_parity(bars, None, known, chosen, "buy_and_hold")


def test_random_markets_hold_what_the_parity_is_about():
    """The examples are worth nothing unless they meet the rare cases."""
    fills, ends, kinds, ambiguous = set(), set(), set(), 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bars, scored, known = random_market(seed, [str(life) for life in rng.choice(LIVES, 5)])
        _, kernel = assert_parity(bars, scored, known, varied_settings(rng))
        fills |= set(zip(kernel.fills["order_type"], kernel.fills["reason"], strict=True))
        ends |= set(kernel.orders["status"])
        kinds |= set(kernel.actions["kind"])
        ambiguous += int(kernel.fills["ambiguous"].sum())
    assert {reason for _, reason in fills} >= {
        "buy_signal", "stop", "trailing_stop", "target", "time_limit", "sell_signal", "profit_take", "signal_decay",
        "left_universe", "delisted"}
    assert ends == {"filled", "cancelled", "rejected", "pending_at_end"}
    assert kinds == {"split", "cash_in_lieu", "dividend"}
    assert ambiguous > 0
