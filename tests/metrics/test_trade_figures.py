"""Figures of the blotter on four written-out trades."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.ledgers.schemas import ORDERS, TRADES, ledger_table
from backtrader_system.metrics.trades import trade_figures
from backtrader_system.metrics.turnover import traded_volume


def trade(number: int, net_pnl: float, *, status: str = "closed", reason: str = "stop", held: int = 4,
          enhanced: bool = False, value: float = 1_000.0) -> dict[str, object]:
    is_closed = status == "closed"
    return {
        "trade_id": number, "symbol": "A", "status": status, "entry_session": pd.Timestamp("2024-01-02"),
        "entry_price": value / 10, "exit_session": pd.Timestamp("2024-01-08") if is_closed else pd.NaT,
        "exit_price": 1.0 if is_closed else float("nan"), "size": 10.0, "gross_pnl": net_pnl + 3.0,
        "commission": 2.0, "slippage": 1.0, "dividends": 0.0, "net_pnl": net_pnl, "return": net_pnl / value,
        "bars_held": held, "exit_reason": reason if is_closed else "", "score": 0.5, "probability": 0.5,
        "ml_enhanced": enhanced, "ambiguous": False,
    }


def figures_of(*trades: dict[str, object]) -> dict[str, object]:
    return {name: figure.value for name, figure in trade_figures(ledger_table(TRADES, list(trades))).items()}


def test_rates_are_over_closed_trades_only() -> None:
    found = figures_of(
        trade(1, 60.0, held=2), trade(2, 20.0, reason="sell signal", enhanced=True), trade(3, -40.0, held=9),
        trade(4, 0.0), trade(5, -500.0, status="open", enhanced=True))

    assert (found["total_trades"], found["open_trades"]) == (4, 1)
    assert (found["winning_trades"], found["losing_trades"], found["break_even_trades"]) == (2, 1, 1)
    assert found["win_rate"] == pytest.approx(2 / 4)
    assert found["profit_factor"] == pytest.approx((60 + 20) / 40)
    assert (found["avg_win"], found["avg_loss"]) == pytest.approx(((0.06 + 0.02) / 2, -0.04))
    assert (found["avg_win_dollars"], found["avg_loss_dollars"]) == pytest.approx((40.0, -40.0))
    assert found["win_loss_ratio"] == pytest.approx(40 / 40)
    assert found["expectancy_dollars"] == pytest.approx((60 + 20 - 40 + 0) / 4)
    assert found["expectancy"] == pytest.approx((0.06 + 0.02 - 0.04) / 4)
    assert (found["best_trade"], found["worst_trade_dollars"]) == pytest.approx((0.06, -40.0))
    assert found["average_holding_sessions"] == pytest.approx((2 + 4 + 9 + 4) / 4)
    assert found["median_holding_sessions"] == pytest.approx(4.0)


def test_costs_and_enhancement_are_over_all_trades() -> None:
    found = figures_of(trade(1, 60.0), trade(2, -10.0, status="open", enhanced=True))

    assert (found["commission_paid"], found["slippage_paid"], found["costs_paid"]) == (4.0, 2.0, 6.0)
    assert found["enhancement_rate"] == pytest.approx(1 / 2)


def test_exit_reasons_are_counted() -> None:
    found = figures_of(trade(1, 1.0, reason="Stop"), trade(2, 1.0, reason="sell signal (all)"), trade(3, 1.0))

    assert {name: value for name, value in found.items() if name.startswith("exits_")} == {
        "exits_stop": 2, "exits_sell_signal_all": 1}


def test_without_a_loss_the_ratios_are_missing_and_say_why() -> None:
    figures = trade_figures(ledger_table(TRADES, [trade(1, 5.0)]))

    assert figures["win_rate"].value == 1.0
    for name in ("profit_factor", "win_loss_ratio", "avg_loss"):
        assert (figures[name].value, figures[name].note) == (None, "no losing trade")


def test_without_trades_nothing_is_zero_that_was_not_computed() -> None:
    figures = trade_figures(ledger_table(TRADES))

    assert figures["total_trades"].value == 0
    for name in ("win_rate", "profit_factor", "expectancy", "best_trade", "average_holding_sessions"):
        assert (figures[name].value, figures[name].note) == (None, "no closed trade")


def test_volume_counts_sales_at_their_proceeds_and_leaves_out_what_did_not_fill() -> None:
    row = {"event": 1, "session": pd.Timestamp("2024-01-02"), "symbol": "A", "order_type": "market",
           "commission": 0.0, "slippage": 0.0, "reason": ""}
    orders = ledger_table(ORDERS, [
        row | {"order_id": 1, "side": "buy", "size": 10.0, "price": 100.0, "status": "filled"},
        row | {"order_id": 2, "side": "sell", "size": -4.0, "price": 120.0, "status": "partly_filled"},
        row | {"order_id": 3, "side": "buy", "size": 99.0, "price": 100.0, "status": "cancelled"}])

    assert traded_volume(orders) == pytest.approx(10 * 100 + 4 * 120)
