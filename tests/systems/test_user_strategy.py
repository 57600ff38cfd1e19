"""A user's own strategy: its mistakes are told with file and line."""

from __future__ import annotations

import pytest

from backtrader_system import run
from backtrader_system.errors import StrategyError

QUICK = {"ml_config.enabled": False, "data.simulated.n_symbols": 2, "backtest.end_date": "2024-09-30",
         "strategy.name": "mine"}


def test_exception_in_a_strategy_names_its_file_and_line(tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(
        "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    def next(self):\n"
        "        raise ValueError('boom')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StrategyError, match=r"strategies/mine\.py:6: in next: ValueError: boom"):
        run("sample.yaml", QUICK, store=False)


def test_plain_community_strategy_runs_and_reconciles(tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(
        "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    params = (('period', 5),)\n\n"
        "    def __init__(self):\n        self.average = bt.indicators.SMA(self.data.close, period=self.p.period)\n\n"
        "    def next(self):\n        if not self.position and self.data.close[0] > self.average[0]:\n"
        "            self.buy(size=10)\n        elif self.position and self.data.close[0] < self.average[0]:\n"
        "            self.close()\n")
    monkeypatch.chdir(tmp_path)
    result = run("sample.yaml", QUICK | {"strategy.params": {"period": 8}}, store=False)
    assert len(result.trades) > 1
