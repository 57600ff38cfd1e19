"""Warnings about settings that can never act."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtrader_system.settings.loading import load_settings

HONEST = ["strategy.max_position_size=0.15", "strategy.max_position_size_exceptional=0.15"]


def warnings_with(*overrides: str) -> list[str]:
    return [warning.removeprefix("--set ") for warning in load_settings("sample", [*HONEST, *overrides]).warnings]


def test_limits_that_bind_give_no_warning() -> None:
    assert warnings_with() == []


@pytest.mark.parametrize(("overrides", "warning"), [
    (["strategy.max_position_size=0.40", "strategy.max_position_size_exceptional=0.10"],
     "strategy.max_position_size: 0.40 is never reached: max_symbol_exposure 0.15 binds first"),
    (["strategy.max_position_size_exceptional=0.10"],
     "strategy.max_position_size_exceptional: 0.10 lies below max_position_size 0.15: exceptional signals get smaller"),
    (["strategy.max_symbol_exposure=0.30"],
     "strategy.max_symbol_exposure: 0.30 is never reached: the position sizes allow at most 0.15"),
    (["strategy.min_order_fraction=0.16"],
     "strategy.min_order_fraction: 0.16 is more than a position may reach (0.15): no buy is ever sent"),
    (["strategy.max_positions=4"],
     "strategy.target_invested_floor: 0.75 is never reached: 4 positions of at most 0.15 bind first"),
    (["sizer.type=fixed_fraction", "sizer.fraction=0.2"], "sizer.fraction: 0.20 is never reached"),
    (["sizer.type=fixed_cash", "sizer.cash_per_position=20_000"],
     "sizer.cash_per_position: 20,000 dollars are 0.20 of the initial capital, more than the 0.15"),
    (["strategy.max_net_exposure=0.9"],
     "strategy.target_invested_ceiling: 0.95 is never reached: max_net_exposure 0.90 binds first"),
    (["strategy.max_net_exposure=1"],
     "strategy.max_net_exposure: 1.00 is never reached: target_invested_ceiling 0.95 binds first"),
    (["sizer.cash_reserve_fraction=0.2"],
     "sizer.cash_reserve_fraction: 0.20 kept in cash leaves 0.80 to invest: the 0.95 that the exposure limits allow"),
    (["sizer.cash_reserve_fraction=0.5"],
     "strategy.target_invested_floor: 0.75 is never reached: at most 0.50 may be invested"),
    (["strategy.exits.stop_loss_atr=2"],
     "strategy.exits.stop_loss_fraction, strategy.exits.stop_loss_atr: both are given"),
    (["strategy.exits.sell_part_strength=0.8"], "strategy.exits.sell_part_strength: 0.80 never acts"),
    (["strategy.exits.trailing_stop_fraction=0.05"], "strategy.exits.stop_loss_fraction: 0.08 is never reached"),
    (["strategy.exits.take_profit_fraction=0.1"], "strategy.exits.profit_take_gain_fraction: 0.15 is never reached"),
    (["strategy.exits.signal_decay=true", "strategy.exits.max_holding_sessions=3"],
     "strategy.exits.decay_min_holding_sessions: 3 is never reached: max_holding_sessions 3 sells first"),
    (["ml_config.training_window_sessions=50"],
     "ml_config.training_window_sessions: 50 sessions never hold the 60 rows of min_training_days: no model"),
    (["sizer.fraction=0.1"], "sizer.fraction: not used by sizer.type kelly"),
    (["sizer.type=equal_weight", "strategy.kelly_multiplier=0.3", "strategy.avg_win=0.1"],
     "strategy.kelly_multiplier, strategy.avg_win: not used by sizer.type equal_weight"),
    (["strategy.exits.decay_drop=0.3"], "strategy.exits.decay_drop: not used while signal_decay is false"),
    (["strategy.exits.sell_signal=false", "strategy.exits.winner_shift=0"],
     "strategy.exits.winner_shift: not used while sell_signal is false"),
    (["strategy.exits.profit_take_gain_fraction=null", "strategy.exits.profit_take_fraction=0.4"],
     "strategy.exits.profit_take_fraction: not used while profit_take_gain_fraction is null"),
    (["universe.on_leave=hold"], "universe.on_leave: not used without universe.membership"),
    (["strategy.name=buy_and_hold", "strategy.profile=relaxed"], "strategy.profile: not used by strategy buy_and_hold"),
    (["strategy.exits.max_holding_sessions=30", "strategy.exits.max_holding_calendar_days=30"],
     "strategy.exits.max_holding_sessions: 30 is never reached: max_holding_calendar_days 30 sells first"),
    (["strategy.exits.signal_decay=true", "strategy.exits.max_holding_calendar_days=2"],
     "strategy.exits.decay_min_holding_sessions: 3 is never reached: max_holding_calendar_days 2 sells first"),
    (["sizer.type=fixed_fraction", "sizer.kelly_reading=growth_optimal", "sizer.kelly_min_trades=5"],
     "sizer.kelly_reading, sizer.kelly_min_trades: not used by sizer.type fixed_fraction"),
    (["sizer.cash_per_position=4000"],
     "sizer.cash_per_position: not used by sizer.type kelly while kelly_min_trades is 0"),
    (["sizer.kelly_min_trades=5", "sizer.cash_per_position=40000"],
     "sizer.cash_per_position: 40,000 dollars are 0.40 of the initial capital, more than the 0.15"),
    (["strategy.name=conviction", "strategy.exits.signal_decay=true", "strategy.exits.sell_all_strength=0.9",
      "strategy.exits.profit_take_gain_fraction=0.3"],
     "strategy.exits.sell_all_strength, strategy.exits.signal_decay, strategy.exits.profit_take_gain_fraction: "
     "not used by strategy conviction: it sells at its stop, its target and its time limit only"),
    (["data.path=x"], "data.path: not read: data.source is simulated"),
    (["data.refresh=true"], "data.refresh: not used: data.source is simulated"),
], ids=lambda value: value[0].split("=")[0] if isinstance(value, list) else "")
def test_setting_that_never_acts_is_named(overrides: list[str], warning: str) -> None:
    found = warnings_with(*overrides)

    assert any(warning in line for line in found), found


def test_default_values_that_nothing_reads_are_not_worth_a_warning() -> None:
    assert warnings_with("sizer.type=equal_weight") == []


def test_exits_of_conviction_that_act_or_are_off_are_not_worth_a_warning() -> None:
    acting = ["stop_loss_fraction=0.02", "take_profit_fraction=0.1", "max_holding_calendar_days=30"]
    switched_off = ["sell_signal=false", "profit_take_gain_fraction=null"]
    exits = [f"strategy.exits.{line}" for line in acting + switched_off]
    assert warnings_with("strategy.name=conviction", *exits) == []


def test_conviction_reads_what_fixed_cash_and_kelly_read_whatever_its_sizer() -> None:
    given = ["sizer.type=fixed_fraction", "sizer.prior_trades=5", "sizer.cash_per_position=4000"]
    assert [line.split(":")[-1].strip() for line in warnings_with(*given) if "sizer." in line] == [
        "not used by sizer.type fixed_fraction"] * 2
    assert not [line for line in warnings_with("system=conviction", *given) if "sizer." in line]


def test_warning_names_file_and_line(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("data: {source: simulated}\nstrategy:\n  max_position_size: 0.2\n"
                      "  max_position_size_exceptional: 0.12\n  max_symbol_exposure: 0.2\n")

    assert load_settings(config).warnings == (
        f"{config}:4: strategy.max_position_size_exceptional: 0.12 lies below max_position_size 0.20: exceptional "
        "signals get smaller positions",)
