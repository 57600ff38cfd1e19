"""Our event engine: `run_backtest` with the strategy `ml_trading` and its ledgers, as a normal run calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel
from speed.market import Market
from speed.outcome import Outcome
from speed.rules import Rules

CLOSING_TIME = pd.Timedelta(hours=21)


def bar_panel(market: Market) -> BarPanel:
    """Return the bars as our library holds them."""
    shape = market.close.shape
    return BarPanel(
        pd.DatetimeIndex(market.sessions).as_unit("ns"), tuple(market.symbols.tolist()), market.open, market.high,
        market.low, market.close, market.volume, np.ones(shape), np.zeros(shape), np.ones(shape, dtype=bool))


def scored_panel(market: Market, entry_score: float) -> ScoredPanel:
    """Return the scores as our library holds them: a buy signal wherever a score is above `entry_score`."""
    sessions = pd.DatetimeIndex(market.sessions).as_unit("ns")
    unknown = np.full(market.score.shape, np.nan)
    return ScoredPanel(
        sessions, tuple(market.symbols.tolist()), (market.score > entry_score).astype("int8"), market.score,
        market.score, unknown, unknown, np.zeros(market.score.shape, dtype=bool),
        (sessions + CLOSING_TIME).tz_localize("UTC"))


def settings_for(rules: Rules) -> Settings:
    """Return our settings for `rules`; every further rule of `ml_trading` is switched off."""
    return Settings.model_validate({
        "backtest": {
            "initial_capital": rules.cash, "commission_bps": rules.commission_bps, "slippage_bps": rules.slippage_bps,
        },
        "strategy": {
            "signal_threshold": rules.entry_score, "max_positions": rules.max_positions, "max_position_size": 1.0,
            "max_position_size_exceptional": 1.0, "max_symbol_exposure": 1.0, "max_net_exposure": 1.0,
            "target_invested_floor": 0.0, "target_invested_ceiling": 1.0, "add_to_positions": False,
            "min_order_fraction": 0.0,
            "exits": {
                "sell_signal": False, "profit_take_gain_fraction": None, "stop_loss_fraction": rules.stop_fraction,
                "take_profit_fraction": rules.target_fraction, "max_holding_sessions": rules.max_holding_sessions,
            },
        },
        "sizer": {"type": "fixed_fraction", "fraction": rules.position_fraction, "cash_reserve_fraction": 0.0},
    })


def prepare(market: Market, rules: Rules) -> tuple[BarPanel, ScoredPanel, Settings]:
    return bar_panel(market), scored_panel(market, rules.entry_score), settings_for(rules)


def run(prepared: tuple[BarPanel, ScoredPanel, Settings]) -> Ledgers:
    return run_backtest(*prepared)


def outcome(ledgers: Ledgers) -> Outcome:
    closed = ledgers.trades[ledgers.trades["status"] == "closed"]
    trades = trades_of(closed)
    is_delisted = (closed["exit_reason"] == "delisted").tolist()
    beyond_stock = [trade[2] for trade, delisted in zip(trades, is_delisted, strict=True)
                    if delisted or trade[1] == trade[2]]
    return Outcome(float(ledgers.equity["equity"].iloc[-1]), len(closed), trades,
                   first_beyond_stock=min(beyond_stock, default=None))


def trades_of(closed: Any) -> list[tuple[str, str, str, float, float]]:
    """Return the closed trades of a blotter as rows of `Outcome.trades`."""
    days = (closed[name].dt.strftime("%Y-%m-%d") for name in ("entry_session", "exit_session"))
    return list(zip(closed["symbol"].tolist(), *(day.tolist() for day in days), closed["entry_price"].tolist(),
                    closed["net_pnl"].tolist(), strict=True))
