"""Settings changed in Python meet the limits of settings from a file."""

from __future__ import annotations

import pytest

from backtrader_system.errors import SettingsError
from backtrader_system.settings.checked import checked_settings
from backtrader_system.settings.section import Section
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import BacktestSettings, ExitSettings, StrategySettings


def changed(section: str, **values) -> Settings:
    settings = Settings()
    return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})


def faults_of(settings) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        checked_settings(settings)
    return caught.value.faults


def test_valid_settings_come_back_equal():
    settings = changed("strategy", max_positions=3, params={"levels": (1, 2)})
    assert checked_settings(settings) == settings


def test_value_out_of_range_from_model_copy_is_refused_with_its_key_and_limit():
    assert faults_of(changed("backtest", initial_capital=-5.0)) == (
        "backtest.initial_capital: found -5.0; allowed: a number above 0",)


def test_section_from_model_construct_is_checked_to_its_depth():
    exits = ExitSettings.model_construct(stop_loss_fraction=1.5)
    strategy = StrategySettings.model_construct(exits=exits)
    assert faults_of(Settings.model_construct(strategy=strategy)) == (
        "strategy.exits.stop_loss_fraction: found 1.5; allowed: a number above 0 and at most 1, or null",)


def test_all_faults_are_told_at_once():
    settings = changed("backtest", initial_capital=float("nan"), slippage_bps=-1.0)
    settings = settings.model_copy(update={"sizer": settings.sizer.model_copy(update={"type": "martingale"})})
    assert [fault.split(":")[0] for fault in faults_of(settings)] == [
        "backtest.initial_capital", "backtest.slippage_bps", "sizer.type"]


def test_keys_that_exclude_each_other_are_refused():
    exits = ExitSettings().model_copy(update={"trailing_stop_fraction": 0.1, "trailing_stop_atr": 2.0})
    assert "one trailing stop" in faults_of(changed("strategy", exits=exits))[0]


def test_misspelt_key_is_refused():
    assert faults_of(changed("strategy", max_position=3)) == (
        "strategy.max_position: unknown key. Did you mean 'max_positions'?",)


def test_section_of_another_kind_is_refused():
    assert faults_of(Settings().model_copy(update={"backtest": StrategySettings()}))
    assert faults_of(Settings().model_copy(update={"backtest": 3}))


def test_objects_in_the_parameters_of_a_strategy_stay_what_they_are():
    rules = BacktestSettings()
    found = checked_settings(changed("strategy", params={"rules": rules})).strategy.params["rules"]
    assert isinstance(found, Section)
    assert found is rules


def test_something_else_than_settings_is_refused():
    with pytest.raises(SettingsError, match="found dict"):
        checked_settings({})


def test_error_says_which_of_several_settings_is_meant():
    with pytest.raises(SettingsError, match="settings number 3 cannot be used"):
        checked_settings(changed("backtest", initial_capital=0.0), "settings number 3")
