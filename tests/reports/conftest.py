"""A small finished run for the tests of reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, ORDERS, SIGNALS, TRADES, ledger_table
from backtrader_system.market_data.quality import DataIssue, DataReport
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.settings import Settings

MOMENT = datetime(2024, 1, 2, 3, 4, 5)


def equity_table(returns: list[float], *, start: str = "2021-01-04", capital: float = 100_000.0) -> pd.DataFrame:
    """Return an equity table with half of the equity in two positions."""
    value = capital * np.cumprod(1 + np.array(returns))
    peak = np.maximum.accumulate(np.maximum(value, capital))
    return ledger_table(EQUITY, pd.DataFrame({
        "session": pd.bdate_range(start, periods=len(returns)), "cash": value / 2, "positions_value": value / 2,
        "equity": value, "return": returns, "drawdown": value / peak - 1, "gross_exposure": 0.5, "net_exposure": 0.5,
        "positions": 2,
    }))


def trade_row(number: int, **changes: object) -> dict[str, object]:
    row = {
        "trade_id": number, "symbol": f"S{number}", "status": "closed", "entry_session": pd.Timestamp("2021-01-05"),
        "entry_price": 100.0, "exit_session": pd.Timestamp("2021-01-12"), "exit_price": 110.0, "size": 10.0,
        "gross_pnl": 102.0, "commission": 1.0, "slippage": 1.0, "dividends": 0.0, "net_pnl": 100.0, "return": 0.1,
        "bars_held": 5, "exit_reason": "take_profit", "score": 0.6, "probability": np.nan, "ml_enhanced": True,
        "ambiguous": False,
    }
    return row | changes


def order_row(number: int, **changes: object) -> dict[str, object]:
    row = {
        "order_id": number, "event": 1, "session": pd.Timestamp("2021-01-05"), "symbol": "S1", "side": "buy",
        "size": 10.0, "order_type": "market", "price": np.nan, "commission": 0.0, "slippage": 0.0,
        "status": "submitted", "reason": "",
    }
    return row | changes


def _trades() -> pd.DataFrame:
    loss = {"exit_price": 95.0, "gross_pnl": -48.0, "net_pnl": -50.0, "return": -0.05, "exit_reason": "stop_loss"}
    still = {"status": "open", "exit_session": pd.NaT, "exit_price": np.nan, "exit_reason": None, "net_pnl": 7.0}
    return ledger_table(TRADES, [trade_row(1), trade_row(2, **loss), trade_row(3, **still)])


def _orders() -> pd.DataFrame:
    return ledger_table(ORDERS, [
        order_row(1), order_row(1, event=2, status="filled", price=100.1, commission=1.0, slippage=0.1),
        order_row(2), order_row(2, event=2, status="rejected", reason="not enough cash"),
    ])


def _signals() -> pd.DataFrame:
    return ledger_table(SIGNALS, [{
        "signal_id": "2021-01-04:S1", "session": pd.Timestamp("2021-01-04"), "symbol": "S1", "direction": 1,
        "score": 0.6, "base_score": 0.5, "probability": 0.7, "ml_multiplier": 1.2, "ml_enhanced": True,
        "source": "ml_trading", "known_at": pd.Timestamp("2021-01-04 21:00", tz="UTC"), "deployed": True,
        "reason": None, "forward_return": 1 / 3, "outcome": "win",
    }])


def _actions() -> pd.DataFrame:
    return ledger_table(ACTIONS, [{"session": pd.Timestamp("2021-01-06"), "symbol": "S1", "kind": "dividend",
                                   "ratio": np.nan, "shares": 10.0, "amount": 2.5}])


def _data_report() -> DataReport:
    odd = [DataIssue("warning", "one_day_move", "prices.csv", f"S{number}", date(2021, 1, 8), "moved 45 %",
                     "check for a split") for number in range(1, 9)]
    repair = DataIssue("repair", "high_below_low", "prices.csv", "S2", date(2021, 1, 7), "high 9 < low 10", "")
    return DataReport((), tuple(odd), (repair,), "abc123", 8, 300, 2_400)


METRICS = {
    "summary": {"initial_value": 100_000.0, "final_value": 112_345.6, "total_return": 0.123456, "cagr": None,
                "cagr_note": "under one year: not annualised (90 calendar days)", "sharpe_ratio": 1.85,
                "max_drawdown": 0.0823, "sessions": 60, "periods_per_year": 252, "volatility": float("nan")},
    "risk": {"exposure": 0.5, "risk_free_rate": 0.02, "max_drawdown_recovery_session": "open"},
    "trade": {"total_trades": 2, "win_rate": 0.5, "open_trades": 1, "unheard_of": 1.23456, "commission_paid": 3.0},
    "ml": {
        "labels": "forward", "n_predictions": 500, "enhanced_signal_rate": 0.25, "avg_regime_accuracy": 0.531,
        "avg_strength_r2": -0.02, "warnings": (),
        "regime": {"n": 490, "base_rate": 0.4, "accuracy": 0.53, "naive_accuracy": 0.6},
        "strength": {"n": 480, "r2": -0.02, "ic": 0.03, "ic_standard_error": 0.02},
        "symbol_stats": {"S1": {"regime_n": 490, "regime_base_rate": 0.4, "regime_accuracy": 0.53,
                                "strength_r2": None, "strength_r2_note": "labels do not vary", "strength_ic": 0.03}},
    },
    "evidence": {"confidence": 0.95, "sharpe_ratio_low": -0.2, "sharpe_ratio_high": 3.9, "win_rate_low": 0.0945,
                 "win_rate_high": 0.9055, "baseline_total_return": 0.05, "baseline_cagr": None,
                 "baseline_cagr_note": "under one year: not annualised (90 calendar days)",
                 "bootstrap_samples": 2_000, "bootstrap_block_sessions": 4, "verdict": "Not enough evidence."},
}


@pytest.fixture
def make_result() -> Callable[..., RunResult]:
    """Return a function that makes a run; keyword arguments replace its parts."""
    def build(*, settings: dict[str, object] | None = None, returns: list[float] | None = None,
              **parts: object) -> RunResult:
        wave = [0.01 * np.sin(number / 3) + 0.001 for number in range(60)] if returns is None else returns
        values = {
            "settings": Settings(**({"data": {"source": "files"}} | (settings or {}))), "name": "sample",
            "equity": equity_table(wave), "baseline_equity": equity_table([value / 2 for value in wave]),
            "trades": _trades(), "orders": _orders(), "signals": _signals(), "actions": _actions(),
            "predictions": pd.DataFrame({"session": pd.to_datetime(["2021-01-04"]), "symbol": ["S1"],
                                         "p_trending": [0.1 + 0.2], "n_train": [60]}),
            "metrics": METRICS, "data_report": _data_report(),
            "analyzers": {"turnover": pd.DataFrame({"session": pd.to_datetime(["2021-01-04"]), "turnover": [0.25]})},
            "warnings": ("the position cap 0.40 can never be reached",),
        }
        return RunResult(**(values | parts))
    return build


@pytest.fixture
def make_equity() -> Callable[..., pd.DataFrame]:
    """Return `equity_table`."""
    return equity_table


@pytest.fixture
def make_trades() -> Callable[..., pd.DataFrame]:
    """Return a function that makes a trade table of rows given by their differences from a winning trade."""
    return lambda *changes: ledger_table(
        TRADES, [trade_row(number, **change) for number, change in enumerate(changes, start=1)])


@pytest.fixture
def make_orders() -> Callable[..., pd.DataFrame]:
    """Return a function that makes an order log of rows given by their differences from a submitted order."""
    return lambda *changes: ledger_table(
        ORDERS, [order_row(number, **change) for number, change in enumerate(changes, start=1)])
