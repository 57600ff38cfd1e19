"""The whole pipeline, from bars to orders, never looks ahead: garbage after T changes no byte up to T."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system import run
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.settings.data import SimulatedSettings

END, POISONED_FROM = pd.Timestamp("2024-06-28"), pd.Timestamp("2024-05-15")
QUICK_FORESTS = {
    "ml_config.models.regime.n_estimators": 4, "ml_config.models.strength.n_estimators": 4, "ml_config.workers": 1,
    "ml_config.cache_dir": None, "ml_config.retrain_every_sessions": 3,
}


@pytest.fixture(scope="module")
def market():
    sessions = sessions_between("XNYS", "2023-01-03", END)
    return simulate_market(SimulatedSettings(n_symbols=5, late_listing=False, delisting=False, splits=False,
                                             dividends=False, edge=0.3), sessions).bars


def run_on(bars: pd.DataFrame, folder, name: str, **overrides):
    path = folder / f"{name}.parquet"
    write_parquet(bars, path)
    return run("backtest_config.yaml", {
        "data.source": "files", "data.path": str(path), "universe.symbols": None, "backtest.start_date": "2024-02-01",
        "backtest.end_date": f"{bars['session'].max():%Y-%m-%d}", "data.warmup_sessions": 250,
        "strategy.profile": "relaxed", **QUICK_FORESTS, **overrides}, store=False)


def poison(bars: pd.DataFrame) -> pd.DataFrame:
    """Replace all prices and volumes from T on by other, valid ones."""
    rng = np.random.default_rng(1)
    future = bars["session"] >= POISONED_FROM
    level = np.exp(rng.normal(0, 0.05, int(future.sum())).cumsum() * 0.1)
    garbage = bars.copy()
    for name in ("open", "high", "low", "close"):
        garbage.loc[future, name] = bars.loc[future, name] * 3 * level
    garbage.loc[future, "volume"] = bars.loc[future, "volume"] * 50
    return garbage


def before(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["session"] < POISONED_FROM].reset_index(drop=True)


LEDGERS = ("equity", "baseline_equity", "orders", "predictions", "signals")
LOOKING_AHEAD = {"signals": ["forward_return", "outcome"],          # labels, for evidence only
                 "predictions": ["label_trending", "label_strength"]}


@pytest.mark.parametrize("labels", ["forward", "original"])
@pytest.mark.parametrize("change", ["garbage", "truncated"])
def test_future_changes_nothing_before_it(market, tmp_path, labels, change):
    future = market["session"] >= POISONED_FROM
    other = poison(market) if change == "garbage" else market[~future]
    options = {"ml_config.labels": labels, "data.max_one_day_move": 10.0}
    clean, changed = run_on(market, tmp_path, "clean", **options), run_on(other, tmp_path, "changed", **options)
    assert len(before(clean.orders)) > 40
    for name in LEDGERS:
        first, second = before(getattr(clean, name)), before(getattr(changed, name))
        ahead = [column for column in first if column in LOOKING_AHEAD.get(name, [])]
        if name == "orders":        # an order that rests at T ends differently after it; ids count only earlier ones
            first, second = (t[t["status"] != "pending_at_end"].reset_index(drop=True) for t in (first, second))
        pd.testing.assert_frame_equal(first.drop(columns=ahead), second.drop(columns=ahead), check_exact=True)


def test_garbage_does_change_what_comes_after(market, tmp_path):
    clean, changed = run_on(market, tmp_path, "clean"), run_on(poison(market), tmp_path, "changed",
                                                               **{"data.max_one_day_move": 10.0})
    assert clean.equity["equity"].iloc[-1] != changed.equity["equity"].iloc[-1]
