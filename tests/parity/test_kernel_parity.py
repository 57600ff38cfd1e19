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
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.settings.settings import Settings

SEEDS = st.integers(0, 1_000_000)


def assert_parity(bars, scored, known, chosen, strategy_name=None):
    """Compare every fill, order end, action, and cash and equity of every session."""
    ledgers = run_backtest(bars, scored, chosen, known=known, strategy_name=strategy_name)
    kernel = run_kernel(bars, scored, chosen, known=known, strategy_name=strategy_name)
    assert first_difference(ledgers, kernel) == ""
    assert reconcile(
        bars, ledgers.orders, ledgers.trades, ledgers.equity, ledgers.actions,
        initial_capital=chosen.backtest.initial_capital, allow_short=chosen.backtest.allow_short,
        delisting_haircut_fraction=chosen.backtest.delisting_haircut_fraction) == []
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


FRACTIONS = st.builds(
    lambda name, lot, part, capital: Settings(
        backtest={"initial_capital": capital, "max_participation_fraction": part},
        sizer={"type": "fixed_fraction", "fraction": 0.3, "lot_size": lot},
        strategy={"name": name, "signal_threshold": 0, "min_order_fraction": 0, "max_symbol_exposure": 1, "exits": {
            "stop_loss_fraction": 0.05, "take_profit_fraction": 0.1, "max_holding_calendar_days": 9,
            "profit_take_gain_fraction": 0.02}}),
    st.sampled_from(["conviction", "ml_trading"]), st.sampled_from([0.1, 0.03, 1e-6, 1e-8]),
    st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from([900.0, 50_000.0, 1_000_000.0]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=SEEDS, lives=st.lists(st.sampled_from(("coin", "token", "whole", "penny", "thin", "ended")), min_size=1,
                                  max_size=4), chosen=FRACTIONS)
def test_fractions_fill_over_many_bars_and_close_to_exactly_nothing(seed, lives, chosen):
    bars, scored, known = random_market(seed, lives)
    ledgers, _ = assert_parity(bars, scored, known, chosen)
    lot = chosen.sizer.lot_size
    fills = ledgers.orders[ledgers.orders["status"].isin(["filled", "partly_filled"])]["size"].abs()
    n_lots = fills / lot
    assert (n_lots > 0.5).all(), "no dust is traded"
    np.testing.assert_allclose(n_lots, n_lots.round(), rtol=1e-9, atol=1e-3)
    is_flat = ledgers.equity["positions"] == 0
    assert (ledgers.equity["positions_value"][is_flat] == 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, lives=LIVES_OF_A_MARKET, chosen=SETTINGS)
def test_kernel_buys_and_holds_as_the_event_engine(seed, lives, chosen):
    bars, _, known = random_market(seed, lives)
    if bars.has_bar.any():
        assert_parity(bars, None, known, chosen, "buy_and_hold")


def test_order_after_a_rejected_one_is_judged_by_the_cash_there_is():
    chosen = Settings(
        backtest={"commission_bps": 30}, sizer={"type": "fixed_fraction", "fraction": 0.4, "cash_reserve_fraction": 0},
        strategy={"min_order_fraction": 0, "max_symbol_exposure": 1, "max_position_size": 1, "max_net_exposure": 2,
                  "target_invested_ceiling": 2, "signal_threshold": 0, "exits": {"max_holding_sessions": 2}})
    n_after_rejected = 0
    for seed in range(6):
        _, kernel = assert_parity(*random_market(seed, ["whole", "whole", "whole", "penny", "penny", "penny"]), chosen)
        is_buy = kernel.orders["size"] > 0
        by_session = kernel.orders[is_buy].groupby("session")["status"]
        n_after_rejected += sum(
            "rejected" in ends.tolist()[:-1] and ends.tolist()[-1] == "filled" for _, ends in by_session)
    assert n_after_rejected > 0


def test_random_markets_hold_what_the_parity_is_about():
    """The examples are worth nothing unless they meet the rare cases."""
    fills, ends, kinds, ambiguous = set(), set(), set(), 0
    for seed in range(150):
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
