"""Loading a user's strategies and analyzers."""

from __future__ import annotations

import pytest

from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy, unread_exits
from backtrader_system.errors import StrategyError
from backtrader_system.settings.settings import Settings


def test_unknown_strategy_names_the_nearest():
    expected = r"unknown strategy 'ml_tradin'; strategies/ has: .*Did you mean 'ml_trading'\?"
    with pytest.raises(StrategyError, match=expected):
        load_strategy("ml_tradin")


def test_unknown_analyzer_lists_what_there_is():
    with pytest.raises(StrategyError, match="analyzers/ has: collateral, equity_curve, expiries, exposure"):
        load_analyzer("nothing_like_it_xyz")


def test_name_cannot_leave_the_folder():
    with pytest.raises(StrategyError, match="unknown strategy"):
        load_strategy("../strategies/ml_trading")


def test_unknown_parameter_names_the_nearest():
    with pytest.raises(StrategyError, match=r"unknown parameter 'signal_treshold'.*Did you mean 'signal_threshold'"):
        check_parameters(load_strategy("ml_trading"), {"signal_treshold": 0.3})


def test_user_strategy_is_loaded_from_its_own_folder(tmp_path):
    (tmp_path / "mine.py").write_text("import backtrader as bt\nclass Mine(bt.Strategy):\n    params = (('x', 1),)\n")
    assert load_strategy("mine", (tmp_path,)).__name__ == "Mine"


def test_exits_that_a_strategy_does_not_read_are_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import backtrader as bt\nclass Mine(bt.Strategy):\n    params = (('stop_loss_fraction', 0.1),)\n")
    mine = load_strategy("mine", (tmp_path,))
    exits = {"stop_loss_fraction": 0.05, "take_profit_fraction": 0.2, "max_holding_calendar_days": 30}
    settings = Settings(strategy={"name": "mine", "exits": exits})
    assert unread_exits(mine, settings) == (
        "strategy.exits: take_profit_fraction, max_holding_calendar_days do nothing: strategy 'mine' declares no such "
        "parameter, so it must read them or leave them out",)
    assert unread_exits(mine, Settings(strategy={"name": "mine"})) == ()
    assert unread_exits(load_strategy("ml_trading"), settings) == ()


@pytest.mark.parametrize(("text", "message"), [
    ("x = 1\n", "must define exactly one Strategy; found none"),
    ("import nothing_like_it\n", "cannot be imported: ModuleNotFoundError"),
    ("def f(:\n", "cannot be imported: SyntaxError"),
])
def test_broken_file_says_what_is_wrong(tmp_path, text, message):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(StrategyError, match=message):
        load_strategy("broken", (tmp_path,))
