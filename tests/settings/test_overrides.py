"""Overrides from the command line and from Python."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import SettingsError
from backtrader_system.settings.loading import load_settings


def test_values_are_yaml_and_reach_any_depth() -> None:
    settings = load_settings("sample", [
        "backtest.initial_capital=1e6", "ml_config.models.regime.n_estimators = 10", "universe.symbols=[SIM00, SIM01]",
        "strategy.exits={stop_loss_fraction: null, take_profit_fraction: 0.2}", "data.snapshot=",
    ]).settings

    assert settings.backtest.initial_capital == 1_000_000
    assert settings.ml_config.models.regime.n_estimators == 10
    assert settings.universe.symbols == ("SIM00", "SIM01")
    assert (settings.strategy.exits.stop_loss_fraction, settings.strategy.exits.take_profit_fraction) == (None, 0.2)
    assert settings.strategy.exits.sell_all_strength == 0.80


def test_mapping_takes_python_values() -> None:
    settings = load_settings("sample", {
        "backtest.start_date": date(2024, 9, 3), "backtest.end_date": pd.Timestamp(2025, 1, 3),
        "backtest.initial_capital": np.float64(5e4), "output.results_dir": Path("out"), "universe.symbols": ("SIM00",),
        "strategy": {"max_positions": 3},
    }).settings

    assert (settings.backtest.start_date, settings.backtest.end_date) == (date(2024, 9, 3), date(2025, 1, 3))
    assert settings.backtest.initial_capital == 50_000
    assert settings.output.results_dir == Path("out")
    assert (settings.universe.symbols, settings.strategy.max_positions) == (("SIM00",), 3)


def test_later_override_wins() -> None:
    assert load_settings("sample", ["sizer.fraction=0.1", "sizer.fraction=0.2"]).settings.sizer.fraction == 0.2


def test_faults_name_the_override() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings("sample", [
            "strategy.signal_threshold=2", "strategy.exitz.stop=1", "noequals", "a..b=1", "strategy.profile=[",
            "sizer.fraction={a: 1, a: 2}", "extends=sample"])

    assert caught.value.faults == (
        "--set noequals: must be written section.key=value",
        "--set a..b: the key must be written section.key",
        "--set strategy.profile: expected the node content, but found '<stream end>'",
        "--set sizer.fraction: sizer.fraction.a: is given twice, first in --set sizer.fraction; keep one of them",
        "--set strategy.signal_threshold: found 2; allowed: a number at least 0 and at most 1",
        "--set strategy.exitz.stop: strategy.exitz: unknown key. Did you mean 'exits'?",
        "--set sizer.fraction: found a section; allowed: a number above 0 and at most 1",
        "--set extends: unknown key; allowed: system, universe, data, backtest, strategy, sizer, ml_config, "
        "conviction, puts, analyzers, output, evidence, execution",
    )


def test_fault_inside_an_overriding_section_names_the_override_not_the_file() -> None:
    with pytest.raises(SettingsError, match=r"^--set strategy: strategy.max_positions: found 0; allowed"):
        load_settings("sample", {"strategy": {"max_positions": 0}})


def test_reversed_dates_name_both_places() -> None:
    with pytest.raises(SettingsError, match=r"backtest_config.yaml:\d+: backtest.end_date: the end 2025-08-22 lies "
                       r"before start_date, 2026-01-02 \(--set backtest.start_date\)$"):
        load_settings("sample", ["backtest.start_date=2026-01-02"])


@pytest.mark.parametrize(("overrides", "message"), [
    ({"strategy.params": {"f": len}}, "--set strategy.params: a value of type builtin_function_or_method cannot be"),
    ({"backtest.start_date": datetime(2024, 1, 2, 9, 30)}, r"--set backtest.start_date: found '2024-01-02T09:30:00'"),
    ("sizer.fraction=1", "overrides must be a list"),
])
def test_values_that_are_no_settings_are_refused(overrides: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings("sample", overrides)
