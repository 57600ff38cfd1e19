"""The trades of the event engine beside the outcomes of the signals that opened them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import run_backtest
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes
from backtrader_system.signals.scored import ScoredPanel

REASONS = {"time_limit": "time"}


def always_buying(bars: BarPanel) -> ScoredPanel:
    """Return a buy signal of every symbol at every close."""
    has_bar = bars.has_bar
    score = np.where(has_bar, 0.9, np.nan)
    return ScoredPanel(bars.sessions, bars.symbols, has_bar.astype(np.int8), score, score, score, score,
                       np.zeros(bars.shape, bool), bars.sessions.tz_localize("UTC"))


def account_settings(rules: BarrierRules) -> Settings:
    """Return settings of an account that can pay for everything and sells by the exits of `rules` only."""
    exits: dict[str, Any] = {
        "sell_signal": False, "profit_take_gain_fraction": None, "stop_loss_fraction": rules.stop_loss_fraction,
        "take_profit_fraction": rules.take_profit_fraction}
    if rules.max_holding_calendar_days is not None:
        exits["max_holding_calendar_days"] = rules.max_holding_calendar_days
    return Settings(
        backtest={"initial_capital": 1e11, "slippage_bps": rules.slippage_bps, "commission_bps": rules.commission_bps,
                  "delisting_haircut_fraction": rules.delisting_haircut_fraction},
        strategy={"add_to_positions": False, "max_positions": 1_000, "max_symbol_exposure": 1.0,
                  "min_order_fraction": 0.0, "exits": exits},
        sizer={"type": "fixed_cash", "cash_per_position": 1e6, "cash_reserve_fraction": 0.0},
        universe={"on_leave": "hold"})


def engine_and_outcomes(bars: BarPanel, rules: BarrierRules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the trades of the event engine and, row by row, the outcomes of the signals of the close before."""
    bars = replace(bars, is_member=np.ones(bars.shape, bool))
    trades = run_backtest(bars, always_buying(bars), account_settings(rules)).trades
    column = np.array([bars.symbols.index(symbol) for symbol in trades["symbol"]], dtype=int)
    entered = bars.sessions.get_indexer(trades["entry_session"])
    has_bar = bars.has_bar
    rows = [np.flatnonzero(has_bar[:row, number])[-1] for row, number in zip(entered, column, strict=True)]
    return trades, signal_outcomes(bars, np.array(rows, dtype=int), column, rules)


def assert_same_trades(trades: pd.DataFrame, outcomes: pd.DataFrame, rules: BarrierRules) -> None:
    """Compare sessions, reasons, prices and net returns; an open trade is a censored signal."""
    is_closed = (trades["status"] == "closed").to_numpy()
    assert (outcomes["outcome"] != "censored").to_numpy().tolist() == is_closed.tolist()
    assert outcomes["entry_session"].equals(trades["entry_session"].rename("entry_session"))
    paid = rules.execution_price(outcomes["entry_price"].to_numpy())
    np.testing.assert_allclose(paid, trades["entry_price"], rtol=1e-12)
    trades, outcomes = trades[is_closed], outcomes[is_closed]
    assert outcomes["exit_session"].equals(trades["exit_session"])
    assert outcomes["outcome"].tolist() == trades["exit_reason"].replace(REASONS).tolist()
    assert outcomes["ambiguous"].tolist() == trades["ambiguous"].tolist()
    is_delisted = (outcomes["outcome"] == "delisted").to_numpy()
    market = outcomes["exit_price"].to_numpy()
    got = np.where(is_delisted, market * (1 - rules.delisting_haircut_fraction), rules.sale_price(market))
    np.testing.assert_allclose(got, trades["exit_price"], rtol=1e-12)
    np.testing.assert_allclose(outcomes["net_return"], trades["return"], rtol=1e-12, atol=1e-12)
