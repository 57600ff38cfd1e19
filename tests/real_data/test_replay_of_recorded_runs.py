"""Two recorded runs of another system, replayed through our accounting."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.replay import replay_fills
from backtrader_system.ledgers.schemas import ACTIONS, ORDERS, ledger_table
from backtrader_system.ledgers.trade_grouping import grouped_trades
from backtrader_system.metrics.trades import win_rate
from backtrader_system.metrics.turnover import traded_volume

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def records(data_folder: Path) -> Path:
    folder = data_folder / "reference" / "algobotai"
    if not folder.is_dir():
        pytest.skip(f"no recorded runs in {folder}")
    return folder


def orders_of(fills: pd.DataFrame) -> pd.DataFrame:
    """Return an order log in which every fill is a market order of the day before."""
    numbered = fills.assign(
        order_id=np.arange(1, len(fills) + 1), side=np.where(fills["size"] > 0, "buy", "sell"), order_type="market",
        slippage=0.0, reason="")
    sent = numbered.assign(session=numbered["session"] - pd.Timedelta(days=1), event=1, status="submitted",
                           price=np.nan, commission=0.0)
    return ledger_table(ORDERS, pd.concat([sent, numbered.assign(event=2, status="filled")]))


class FlatBars:
    """Bars whose only use is their sessions; prices are those of the fills."""

    def __init__(self, fills: pd.DataFrame) -> None:
        table = fills.pivot_table(index="session", columns="symbol", values="price", aggfunc="last")
        self.sessions, self.symbols = pd.DatetimeIndex(table.index), tuple(table.columns)
        self.open = self.high = self.low = self.close = table.to_numpy()
        self.split_ratio, self.dividend = np.ones(table.shape), np.zeros(table.shape)


def test_813_recorded_trades_give_the_recorded_cash_and_positions_on_all_249_days(records: Path) -> None:
    daily = pd.read_csv(records / "live_1y_daily_equity.csv", parse_dates=["date"])
    log = pd.read_csv(records / "live_1y_executed_trades.csv", parse_dates=["execution_date"])
    sign = np.where(log["action"].str.startswith("BUY"), 1, -1)
    price = log["open_price_before_slippage"] * (1 + sign * 0.0005)
    fills = pd.DataFrame({
        "session": log["execution_date"], "symbol": log["symbol"], "size": sign * log["shares"], "price": price,
        "commission": np.maximum(2.0, log["shares"] * price * 0.001),
    })

    account = replay_fills(
        fills, pd.DatetimeIndex(daily["date"]), sorted(log["symbol"].unique()), initial_capital=225_000.0)

    assert (len(log), len(daily)) == (813, 249)
    assert account.positions.tolist() == daily["positions"].tolist()
    # The log rounds prices to cents, so that cash drifts by some dollars over 813 trades of some 20,000 dollars.
    assert np.abs(account.cash - daily["cash"]).max() < 15
    assert account.cash[-1] == pytest.approx(111_259.20, abs=0.005)
    assert daily["cash"].iloc[-1] == pytest.approx(111_256.09, abs=0.005)


def test_355_recorded_fills_give_the_recorded_cash_volume_and_trade_averages(records: Path) -> None:
    report = json.loads((records / "backtrader_reports" / "performance_report_20250823_161933.json").read_text())
    recorded = report["trade_metrics"]
    log = pd.read_csv(records / "backtrader_fills_bt161520.csv", parse_dates=["fill_date"])
    shares = log["size"].abs()
    fills = pd.DataFrame({
        "session": log["fill_date"], "symbol": log["symbol"], "size": log["size"].astype(float), "price": log["price"],
        "commission": shares * log["price"] * 0.0005,
    })
    bars, orders = FlatBars(fills), orders_of(fills)

    account = replay_fills(fills, bars.sessions, bars.symbols, initial_capital=100_000.0)
    trades = grouped_trades(bars, orders, ledger_table(ACTIONS))
    closed = trades[trades["status"] == "closed"]
    won, lost = closed[closed["net_pnl"] > 0], closed[closed["net_pnl"] < 0]

    assert len(log) == 355
    assert account.cash[-1] == pytest.approx(14_174.89, abs=0.005)
    assert account.cash[-1] == pytest.approx(14_176.89, abs=2.01)            # the run itself, before rounding to cents
    # The report counted sales at what the shares had cost; ours counts what they brought.
    assert log["cost_or_value"].abs().sum() == pytest.approx(recorded["total_volume"], abs=0.05)
    assert traded_volume(orders) == pytest.approx(float((shares * log["price"]).sum()), abs=0.005)
    profit_of_sales = traded_volume(orders) - log["cost_or_value"].abs().sum()
    assert profit_of_sales == pytest.approx(2_261_376.90 - 2_251_131.15, abs=0.05)
    # The report counted its 8 open trades as losses: 30 of 66. Closed trades alone are 30 of 58.
    assert (len(won), len(lost), len(trades) - len(closed)) == (30, 28, 8)
    assert win_rate(closed).value == pytest.approx(30 / 58)
    assert won["net_pnl"].mean() == pytest.approx(recorded["avg_win_pct"], abs=0.05)
    assert lost["net_pnl"].mean() == pytest.approx(recorded["avg_loss_pct"], abs=0.15)
