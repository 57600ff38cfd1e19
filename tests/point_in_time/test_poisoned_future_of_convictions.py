"""A conviction run, from signals to orders, never looks ahead: garbage after T changes no byte up to T."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system import run
from backtrader_system.market_data.calendar import session_close_instant, sessions_between
from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.settings.conviction import SimulatedSignalSettings
from backtrader_system.settings.data import SimulatedSettings
from backtrader_system.signals.conviction.reading.signal_file import signals_to_csv
from backtrader_system.signals.conviction.simulated.signals import simulate_signals

POISONED_FROM = pd.Timestamp("2024-09-10")
QUICK = {
    "conviction.classifier.n_estimators": 20, "conviction.classifier.n_folds": 2,
    "conviction.classifier.cold_start_signals": 200, "conviction.classifier.min_training_signals": 60,
    "evidence.bootstrap_samples": 100, "evidence.verify_with_kernel": False, "conviction.scenarios": ["top_decile"],
    "data.max_one_day_move": 10.0, "conviction.top_fraction": 0.2,
}
KNOWN_THEN = ["signal_id", "session", "score", "base_score", "probability", "ml_score", "rule_score", "hybrid_score",
              "selected", "threshold", "fold", "trained_on", "decided_at"]


@pytest.fixture(scope="module")
def market():
    sessions = sessions_between("24/7", "2024-01-01", "2024-12-15")
    quiet = SimulatedSettings(n_symbols=6, late_listing=False, delisting=False, splits=False, dividends=False,
                              annual_volatility=0.9)
    return simulate_market(quiet, sessions).bars


@pytest.fixture(scope="module")
def signals(market, tmp_path_factory):
    bars = panel_from_table(market)
    history = simulate_signals(
        bars, session_close_instant("24/7", bars.sessions), SimulatedSignalSettings(n_signals=300, skill=0.9),
        label_days=30, label_gain=0.2, stop=0.1, is_usable=np.asarray(bars.sessions >= pd.Timestamp("2024-02-15")))
    path = tmp_path_factory.mktemp("signals") / "signals.csv"
    signals_to_csv(history, path)
    return path


def run_on(bars: pd.DataFrame, signals, folder, name: str, **overrides):
    path = folder / f"{name}.parquet"
    write_parquet(bars, path)
    return run("conviction.yaml", QUICK | {
        "conviction.signals": str(signals), "data.source": "files", "data.path": str(path),
        "backtest.start_date": "2024-02-15", "backtest.end_date": "2024-12-15", "data.warmup_sessions": 40,
        "strategy.exits.stop_loss_fraction": 0.1, "strategy.exits.take_profit_fraction": 0.2, **overrides}, store=False)


def poison(bars: pd.DataFrame) -> pd.DataFrame:
    """Replace all prices and volumes from T on by other, valid ones."""
    garbage, future = bars.copy(), bars["session"] >= POISONED_FROM
    for name in ("open", "high", "low", "close"):
        garbage.loc[future, name] = bars.loc[future, name] * 3
    garbage.loc[future, "volume"] = bars.loc[future, "volume"] * 50
    return garbage


def before(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["session"] < POISONED_FROM].reset_index(drop=True)


@pytest.mark.parametrize("strategy", ["top10", "hybrid", "rules"])
def test_future_prices_change_nothing_before_them(market, signals, tmp_path, strategy):
    options = {"conviction.strategy": strategy}
    clean = run_on(market, signals, tmp_path, "clean", **options)
    changed = run_on(poison(market), signals, tmp_path, "changed", **options)

    assert len(before(clean.orders)) > 20
    pd.testing.assert_frame_equal(before(clean.signals)[KNOWN_THEN], before(changed.signals)[KNOWN_THEN],
                                  check_exact=True)
    features = [run.tables["features"].iloc[:len(before(run.signals))] for run in (clean, changed)]
    pd.testing.assert_frame_equal(*features, check_exact=True)
    for name in ("equity", "baseline_equity", "orders"):
        pd.testing.assert_frame_equal(before(getattr(clean, name)), before(getattr(changed, name)), check_exact=True)


def test_garbage_does_change_what_comes_after(market, signals, tmp_path):
    clean = run_on(market, signals, tmp_path, "clean")
    changed = run_on(poison(market), signals, tmp_path, "changed")
    assert clean.equity["equity"].iloc[-1] != changed.equity["equity"].iloc[-1]


def without_later_signals(path, folder):
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    kept = folder / "earlier.csv"
    table[pd.to_datetime(table["signal_time"], utc=True, format="ISO8601")
          < POISONED_FROM.tz_localize("UTC") - pd.Timedelta(days=1)].to_csv(kept, index=False)
    return kept


@pytest.mark.parametrize("selection", ["causal", "whole_sample"])
def test_later_signals_change_a_selection_only_if_it_looks_ahead(market, signals, tmp_path, selection):
    options = {"conviction.selection": selection}
    clean = run_on(market, signals, tmp_path, "clean", **options)
    earlier = run_on(market, without_later_signals(signals, tmp_path), tmp_path, "earlier", **options)

    known = earlier.signals.set_index("signal_id")["selected"]
    is_same = clean.signals.set_index("signal_id").loc[known.index, "selected"] == known
    assert is_same.all() == (selection == "causal")
    assert any("LOOK-AHEAD" in warning for warning in clean.warnings) == (selection == "whole_sample")
