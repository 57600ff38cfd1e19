"""Loading a user's strategies and analyzers."""

from __future__ import annotations

import pytest

from backtrader_system.engine.extensions import check_parameters, load_analyzer, load_strategy
from backtrader_system.errors import StrategyError


def test_unknown_strategy_names_the_nearest():
    expected = r"unknown strategy 'ml_tradin'; strategies/ has: .*Did you mean 'ml_trading'\?"
    with pytest.raises(StrategyError, match=expected):
        load_strategy("ml_tradin")


def test_unknown_analyzer_lists_what_there_is():
    with pytest.raises(StrategyError, match="analyzers/ has: equity_curve, exposure"):
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


@pytest.mark.parametrize(("text", "message"), [
    ("x = 1\n", "must define exactly one Strategy; found none"),
    ("import nothing_like_it\n", "cannot be imported: ModuleNotFoundError"),
    ("def f(:\n", "cannot be imported: SyntaxError"),
])
def test_broken_file_says_what_is_wrong(tmp_path, text, message):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(StrategyError, match=message):
        load_strategy("broken", (tmp_path,))
