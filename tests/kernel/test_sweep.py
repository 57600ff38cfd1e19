"""Sweeps: figures as the metrics define them, whatever the workers; what cannot be simulated is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from random_panels import LIVES, random_market, varied_settings

from backtrader_system.engine.backtest import run_backtest
from backtrader_system.engine.exit_rules import ExitRules
from backtrader_system.engine.kernel.rule_table import kernel_supports
from backtrader_system.engine.kernel.run import run_kernel, sweep
from backtrader_system.engine.panel_checks import check_panel
from backtrader_system.errors import DataError, StrategyError
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.settings.settings import Settings


def settings_of(seed, n_settings):
    rng = np.random.default_rng(seed)
    return [varied_settings(rng) for _ in range(n_settings)]


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_the_metrics(seed):
    bars, scored, known = random_market(seed, list(LIVES))
    chosen = settings_of(seed, 3)
    found = sweep(bars, scored, chosen, known=known)
    for row, one in enumerate(chosen):
        ledgers = run_backtest(bars, scored, one, known=known)
        metrics = performance_metrics(
            ledgers.equity, ledgers.trades, ledgers.orders, baseline_equity=None, evidence=one.evidence)
        expected = metrics["summary"] | metrics["risk"] | metrics["trade"]
        for name in ("total_return", "sharpe_ratio", "volatility", "max_drawdown", "total_trades", "win_rate",
                     "profit_factor", "open_trades", "commission_paid", "slippage_paid", "traded_volume"):
            value = np.nan if expected[name] is None else expected[name]
            assert found[name][row] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), name
        assert found["final_equity"][row] == pytest.approx(expected["final_value"], rel=1e-12)


def test_result_does_not_depend_on_workers_or_neighbours():
    bars, scored, known = random_market(5, list(LIVES))
    chosen = settings_of(5, 40)
    alone = sweep(bars, scored, chosen, known=known, workers=1)
    pd.testing.assert_frame_equal(alone, sweep(bars, scored, chosen, known=known, workers=3), check_exact=True)
    last = sweep(bars, scored, chosen[-1:], known=known)
    pd.testing.assert_frame_equal(alone.tail(1).reset_index(drop=True), last, check_exact=True)


def test_run_has_the_figures_of_its_sweep():
    bars, scored, known = random_market(6, list(LIVES))
    chosen = settings_of(6, 1)
    assert run_kernel(bars, scored, chosen[0], known=known).figures == sweep(
        bars, scored, chosen, known=known).iloc[0].to_dict()


def test_panel_that_cannot_be_traded_is_the_same_error_from_both_calls():
    bars, scored, _ = random_market(1, ["whole"])
    bars.high[3, 0] = np.nan
    messages = []
    for call, *more in ((check_panel,), (run_kernel, Settings()), (sweep, [Settings()])):
        with pytest.raises(DataError, match="S00") as error:
            call(bars, scored, *more)
        messages.append(str(error.value))
    assert len(set(messages)) == 1


def test_sweep_names_every_setting_it_cannot_simulate():
    bars, scored, _ = random_market(1, ["whole"])
    foreign = Settings(strategy={"name": "my_rules"})
    with pytest.raises(StrategyError, match=r"settings number 2: the strategy 'my_rules'[\s\S]*settings number 3"):
        sweep(bars, scored, [Settings(), foreign, foreign])


def test_empty_sweep_is_an_error():
    bars, scored, _ = random_market(1, ["whole"])
    with pytest.raises(StrategyError, match="at least one"):
        sweep(bars, scored, [])


def test_parameters_of_the_user_win_as_in_the_event_engine():
    bars, scored, known = random_market(8, list(LIVES))
    given = {"signal_threshold": 0.5, "stop_loss_fraction": 0.01, "exit_rules": ExitRules(max_holding_sessions=2)}
    chosen = Settings(strategy={"params": given})
    fills = run_kernel(bars, scored, chosen, known=known).fills
    log = run_backtest(bars, scored, chosen, known=known).orders
    expected = log[log["status"].isin(["filled", "partly_filled"])]
    assert len(fills) == len(expected) > 10
    assert "time_limit" in set(fills["reason"])
    np.testing.assert_array_equal(fills.sort_values("order_id", kind="stable")["size"], expected["size"])


def test_unknown_parameter_is_named():
    assert kernel_supports(Settings(strategy={"params": {"lag": 3}})) == (
        "strategy.params.lag is not a parameter that it knows",)


def test_file_of_the_user_with_a_built_in_name_is_not_ours(tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    own = tmp_path / "strategies" / "ml_trading.py"
    own.write_text("# mine")
    monkeypatch.chdir(tmp_path)
    assert kernel_supports(Settings()) == (f"the strategy 'ml_trading' is the file {own}",)
    assert kernel_supports(Settings(), "buy_and_hold") == ()
