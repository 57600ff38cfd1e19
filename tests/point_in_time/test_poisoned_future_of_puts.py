"""A run of puts, from factors to orders, never looks ahead: garbage after T changes no byte up to T."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system import run
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.settings.data import SimulatedSettings

START, END, POISONED_FROM = "2023-01-03", "2024-10-31", pd.Timestamp("2024-05-15")
QUICK = {
    "evidence.bootstrap_samples": 100, "puts.selling.random_portfolios": 100, "puts.weight_search.enabled": False,
    "puts.compare_rules": False,
    "data.max_one_day_move": 10.0, "data.source": "files", "universe.symbols": None,
    "backtest.start_date": START, "backtest.end_date": END, "data.warmup_sessions": 500,
}
# What a row of the daily table holds beside the outcome, its last column.
KNOWN_THEN = ["underlying_price", "bid", "ask", "days_to_expiry", "iv", "probability", "peak_probability",
              "recovery_advantage", "support_strength", "days_since_break", "historical_peak", "monthly_seasonality",
              "current_performance", "score", "coverage", "passes_filter"]


@pytest.fixture(scope="module")
def bars():
    quiet = SimulatedSettings(n_symbols=4, late_listing=False, delisting=False, splits=False, dividends=True)
    return simulate_market(quiet, sessions_between("XNYS", "2021-01-04", END)).bars


def run_on(bars: pd.DataFrame, folder, name: str, **overrides):
    path = folder / f"{name}.parquet"
    write_parquet(bars, path)
    return run("put_recommendations.yaml", QUICK | {"data.path": str(path)} | overrides, store=False)


def poison(bars: pd.DataFrame) -> pd.DataFrame:
    garbage, future = bars.copy(), bars["session"] >= POISONED_FROM
    factor = np.random.default_rng(3).uniform(0.2, 5.0, future.sum())
    for name in ("open", "high", "low", "close"):
        garbage.loc[future, name] *= factor
    return garbage


def both(bars: pd.DataFrame, folder, overrides: dict[str, object]):
    return run_on(bars, folder, "true", **overrides), run_on(poison(bars), folder, "poisoned", **overrides)


@pytest.fixture(scope="module", params=["bayesian", "weighted"])
def pair(request, bars, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bars")
    overrides = {"puts.score.probability_method": request.param, "puts.selling.take_profit_fraction": 0.5}
    return both(bars, folder, overrides)


def daily(result) -> pd.DataFrame:
    table = result.tables["backtest_results"]
    return table[table["Date"] < POISONED_FROM].set_index(["Date", "OptionName"]).sort_index()


def test_scores_and_factors_of_the_past_do_not_change(pair):
    true, poisoned = (daily(result) for result in pair)
    assert len(true) > 5_000
    assert true["score"].nunique() > 1_000
    pd.testing.assert_frame_equal(true[KNOWN_THEN], poisoned[KNOWN_THEN], check_exact=True)
    for factor in ("recovery_advantage", "historical_peak", "monthly_seasonality"):
        assert true[factor].notna().any(), factor


def test_orders_and_equity_of_the_past_do_not_change(pair):
    true, poisoned = pair
    for name in ("orders", "equity"):
        tables = [getattr(result, name) for result in (true, poisoned)]
        before = [table[table["session"] < POISONED_FROM] for table in tables]
        assert len(before[0]) > 10
        pd.testing.assert_frame_equal(before[0], before[1], check_exact=True)


def test_the_whole_life_recovery_of_the_original_does_look_ahead(bars, tmp_path):
    # The guard above can fail: with the original's definition it does.
    overrides = {"puts.score.recovery": "whole_life"}
    true, poisoned = both(bars, tmp_path, overrides)
    assert not daily(true)["recovery_advantage"].equals(daily(poisoned)["recovery_advantage"])


@pytest.mark.nightly
def test_learned_weights_know_only_what_has_expired(bars, tmp_path):
    overrides = {"puts.score.learn_weights": True}
    true, poisoned = both(bars, tmp_path, overrides)
    learned = [result.tables["learned_weights"] for result in (true, poisoned)]
    before = [table[table["month"] <= POISONED_FROM] for table in learned]
    assert before[0]["is_learned"].any()
    pd.testing.assert_frame_equal(*before)
    pd.testing.assert_frame_equal(daily(true)[KNOWN_THEN], daily(poisoned)[KNOWN_THEN], check_exact=True)
