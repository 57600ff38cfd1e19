"""Both engines refuse the same bad input with the same error, before the first bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backtrader_system.engine.backtest import run_backtest
from backtrader_system.engine.kernel.run import run_kernel, sweep
from backtrader_system.errors import DataError, SettingsError, StrategyError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel

SESSIONS = pd.bdate_range("2024-01-02", periods=5).as_unit("ns")
SHAPE = (5, 2)


def bars() -> BarPanel:
    arrays = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 100.0}
    return BarPanel(SESSIONS, ("A", "B"), **{name: np.full(SHAPE, value) for name, value in arrays.items()},
                    split_ratio=np.ones(SHAPE), dividend=np.zeros(SHAPE), is_member=np.ones(SHAPE, dtype=bool))


def scores() -> ScoredPanel:
    half = np.full(SHAPE, 0.5)
    return ScoredPanel(SESSIONS, ("A", "B"), np.ones(SHAPE, dtype="int8"), half, half, half, half, half > 1,
                       SESSIONS.tz_localize("UTC"))


def with_nan_in_mid_life() -> BarPanel:
    panel = bars()
    panel.close[2, 1] = np.nan
    return panel


def without(panel: BarPanel, n_sessions: int, n_symbols: int) -> BarPanel:
    cut = panel.take_sessions(slice(0, n_sessions))
    return cut.select(panel.symbols[:n_symbols])


def message(call, error) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


BAD_PANELS = {
    "NaN in the middle of a life": (with_nan_in_mid_life(), scores(), "B 2024-01-04: close missing (NaN)"),
    "unsorted sessions": (replace(bars(), sessions=SESSIONS[::-1]), None, "comes after 2024-01-08; sort the sessions"),
    "duplicated sessions": (replace(bars(), sessions=SESSIONS[[0, 1, 1, 2, 3]]), None, "2024-01-03 is given twice"),
    "different calendars": (bars(), scores().between("2024-01-03"), "scored has other sessions than the bars"),
    "zero symbols": (without(bars(), 5, 0), None, "the panel has no symbol"),
    "zero bars": (without(bars(), 0, 2), None, "the panel has no session"),
}


@pytest.mark.parametrize(("panel", "scored", "what"), BAD_PANELS.values(), ids=BAD_PANELS)
def test_both_engines_refuse_a_bad_panel_alike(panel, scored, what):
    settings = Settings()
    expected = message(lambda: run_backtest(panel, scored, settings), DataError)
    assert what in expected
    assert message(lambda: run_kernel(panel, scored, settings), DataError) == expected
    assert message(lambda: sweep(panel, scored, [settings]), DataError) == expected


def test_panel_without_any_bar_is_refused_alike():
    nothing = np.full(SHAPE, np.nan)
    panel = replace(bars(), **dict.fromkeys(("open", "high", "low", "close", "volume"), nothing))
    expected = message(lambda: run_backtest(panel, None, Settings()), DataError)
    assert expected == "no symbol has a bar in the period of the backtest; nothing can be traded"
    assert message(lambda: run_kernel(panel, None, Settings()), DataError) == expected


def out_of_range() -> Settings:
    settings = Settings()
    return settings.model_copy(update={
        "strategy": settings.strategy.model_copy(update={"max_positions": 0, "signal_threshold": 1.5}),
        "backtest": settings.backtest.model_construct(initial_capital=float("nan"))})


def test_both_engines_refuse_settings_out_of_range_alike():
    expected = message(lambda: run_backtest(bars(), scores(), out_of_range()), SettingsError)
    assert "strategy.max_positions: found 0" in expected
    assert "strategy.signal_threshold: found 1.5" in expected
    assert "backtest.initial_capital: found nan" in expected
    assert message(lambda: run_kernel(bars(), scores(), out_of_range()), SettingsError) == expected


def test_sweep_says_which_of_its_settings_is_out_of_range():
    found = message(lambda: sweep(bars(), scores(), [Settings(), out_of_range()]), SettingsError)
    assert found.startswith("settings number 2 cannot be used")


@pytest.mark.parametrize(("parameters", "what"), [
    pytest.param({"signal_threshold": None}, "strategy.signal_threshold", id="nothing"),
    pytest.param({"signal_threshold": float("nan")}, "strategy.signal_threshold: found nan", id="not a number"),
    pytest.param({"stop_loss_fraction": -0.5}, "strategy.exits.stop_loss_fraction: found -0.5", id="negative"),
    pytest.param({"trailing_stop_fraction": 0.1, "trailing_stop_atr": 2.0}, "trailing_stop", id="two trailing stops"),
])
def test_parameters_of_the_strategy_are_held_to_the_limits_of_settings(parameters, what):
    settings = Settings()
    settings = settings.model_copy(
        update={"strategy": settings.strategy.model_copy(update={"params": parameters})})
    expected = message(lambda: run_backtest(bars(), scores(), settings), SettingsError)
    assert what in expected
    assert message(lambda: run_kernel(bars(), scores(), settings), SettingsError) == expected


def test_workers_out_of_range_are_refused():
    assert "workers was 0; must be at least 1" in message(
        lambda: sweep(bars(), scores(), [Settings()], workers=0), StrategyError)


@pytest.mark.parametrize(("known", "what"), [
    pytest.param(None, "strategy.exits.stop_loss_atr is set and known['atr'] is not given", id="no atr"),
    pytest.param({"atrr": np.ones(SHAPE)}, "known has no line 'atrr'; it may hold atr", id="misspelt"),
])
def test_lines_that_an_exit_needs_must_be_given(known, what):
    settings = Settings.model_validate({"strategy": {"exits": {"stop_loss_atr": 2.0}}})
    expected = message(lambda: run_backtest(bars(), scores(), settings, known=known), DataError)
    assert what in expected
    assert message(lambda: run_kernel(bars(), scores(), settings, known=known), DataError) == expected
    assert message(lambda: sweep(bars(), scores(), [settings], known=known), DataError) == expected
