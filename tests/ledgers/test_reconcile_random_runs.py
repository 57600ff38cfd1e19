"""What the engine writes reconciles, whatever happens; what a broken engine writes does not."""

from __future__ import annotations

import pytest
from random_run import CAPITAL, HAIRCUT, random_run

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, ORDERS, TRADES


def discrepancies(run: tuple) -> list[str]:
    return reconcile(*run, initial_capital=CAPITAL, delisting_haircut_fraction=HAIRCUT)


@pytest.mark.parametrize("participation", [None, 0.1], ids=["any volume", "tenth of the volume"])
@pytest.mark.parametrize("seed", [0, 9, 12])
def test_random_run_reconciles(seed: int, participation: float | None) -> None:
    run = random_run(seed, participation)
    _, orders, trades, equity, actions = run

    assert discrepancies(run) == []
    assert len(trades) > 30
    assert {"split", "dividend"} <= set(actions["kind"])
    assert {"market", "limit", "stop", "stop_trail"} <= set(orders.loc[orders["status"] == "filled", "order_type"])
    for schema, table in ((ORDERS, orders), (TRADES, trades), (EQUITY, equity), (ACTIONS, actions)):
        schema.check(table)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 60))
def test_many_random_runs_reconcile(seed: int) -> None:
    assert discrepancies(random_run(seed, None if seed % 2 else 0.1)) == []


class Generous(ContractBroker):
    """Pays one per cent too much of every dividend, and books what it should have paid."""

    def _log_action(self, data: object, kind: str, ratio: float, shares: float, dollars: float) -> None:
        super()._log_action(data, kind, ratio, shares, dollars)
        if kind == "dividend":
            self.cash += 0.01 * dollars


class CheapSales(ContractBroker):
    """Forgets what it charged: the log says less slippage than the price has."""

    def _fill(self, order: object, market_price: float) -> None:
        super()._fill(order, market_price)
        fills = order.info.get("fills", [])
        if fills and not order.isbuy():
            fills[-1] = fills[-1]._replace(slippage=0.0)


def test_random_runs_hold_a_delisted_position() -> None:
    # What the tests above would not notice: that nothing was ever held when its symbol ended.
    assert any("delisted" in set(random_run(seed, None)[2]["exit_reason"]) for seed in (9, 12))


def test_dividend_paid_twice_over_is_found() -> None:
    assert any("equity table, cash" in line for line in discrepancies(random_run(1, None, Generous)))


def test_slippage_missing_from_the_log_is_found() -> None:
    lines = discrepancies(random_run(1, None, CheapSales))

    assert any("fill price before slippage" in line for line in lines)
