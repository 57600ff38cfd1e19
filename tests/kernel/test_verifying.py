"""Verification by the kernel: a wrong ledger is found and named, what is not verified says why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from random_panels import LIVES, random_market

from backtrader_system import run
from backtrader_system.engine.backtest import run_backtest
from backtrader_system.engine.kernel.verifying import verify_with_kernel
from backtrader_system.errors import ReconciliationError
from backtrader_system.settings.settings import Settings

SMALL = {"data.simulated.n_symbols": 3, "ml_config.enabled": False, "backtest.end_date": "2024-12-31"}


@pytest.fixture(scope="module")
def market():
    return random_market(3, list(LIVES))


@pytest.fixture(scope="module")
def ledgers(market):
    bars, scored, known = market
    return run_backtest(bars, scored, Settings(), known=known)


def verify(market, ledgers):
    bars, scored, known = market
    return verify_with_kernel(ledgers, bars, scored, Settings(), known=known)


def test_true_ledgers_are_verified(market, ledgers):
    n_fills = int(ledgers.orders["status"].isin(["filled", "partly_filled"]).sum())
    assert n_fills > 20
    assert verify(market, ledgers).text == f"ml_trading: verified by the kernel, {n_fills} fills agree"


@pytest.mark.parametrize(("column", "factor"), [("size", 1.01), ("price", 1 + 1e-8), ("commission", 1.01)])
def test_wrong_fill_is_named(market, ledgers, column, factor):
    orders = ledgers.orders.copy()
    row = orders.index[orders["status"] == "filled"][7]
    orders.loc[row, column] *= factor
    order_id, symbol = orders.loc[row, "order_id"], orders.loc[row, "symbol"]
    with pytest.raises(ReconciliationError, match=f"fill: the event engine says order_id {order_id}, .*{symbol}"):
        verify(market, replace(ledgers, orders=orders))


def test_order_that_ended_otherwise_is_named(market, ledgers):
    orders = ledgers.orders.copy()
    row = orders.index[orders["status"] == "cancelled"][0]
    orders.loc[row, "status"] = "rejected"
    with pytest.raises(ReconciliationError, match=r"order: .*rejected.*cancelled"):
        verify(market, replace(ledgers, orders=orders))


def test_missing_fill_is_named(market, ledgers):
    orders = ledgers.orders
    last = orders.index[orders["status"].isin(["filled", "partly_filled"])][-1]
    with pytest.raises(ReconciliationError, match="the event engine says nothing after"):
        verify(market, replace(ledgers, orders=orders.drop(last)))


def test_wrong_equity_is_named(market, ledgers):
    equity = ledgers.equity.copy()
    equity.loc[12, "equity"] *= 1 + 1e-8
    with pytest.raises(ReconciliationError, match="session: the event engine says session"):
        verify(market, replace(ledgers, equity=equity))


def test_missing_action_is_named(market, ledgers):
    assert len(ledgers.actions)
    with pytest.raises(ReconciliationError, match="corporate action"):
        verify(market, replace(ledgers, actions=ledgers.actions.iloc[1:]))


def test_run_says_how_many_fills_were_compared():
    result = run("sample.yaml", SMALL, store=False)
    n_fills = int(result.orders["status"].isin(["filled", "partly_filled"]).sum())
    assert f"ml_trading: verified by the kernel, {n_fills} fill" in result.metrics["checks"]["kernel_verification"]
    assert "verified by the kernel" in " ".join(result.summary().split())


def test_run_without_verification_says_so():
    result = run("sample.yaml", SMALL | {"evidence.verify_with_kernel": False}, store=False)
    assert "not verified by the kernel: evidence.verify_with_kernel is false" in " ".join(result.summary().split())
    assert result.metrics["checks"]["kernel_fills_compared"] == 0


def test_own_strategy_is_not_verified_and_the_report_says_so(tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "idle.py").write_text(
        "from backtrader_system.engine.scored_strategy import ScoredStrategy\n"
        "class Idle(ScoredStrategy):\n    def decide(self):\n        pass\n")
    monkeypatch.chdir(tmp_path)
    result = run("sample.yaml", SMALL | {"strategy.name": "idle"}, output_dir=tmp_path / "results")
    expected = "idle: not verified by the kernel: the strategy 'idle' is"
    assert expected in (result.folder / "report.md").read_text()
    assert expected in next(result.folder.glob("performance_report_*.json")).read_text()
