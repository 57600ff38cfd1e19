"""pybroker on the same bars: an approximate workload.

What differs: its own stop and target logic (checked bar by bar, in its own order), its share rounding, fees of
commission and slippage together, and exits by `hold_bars`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pybroker
from pybroker import FeeMode, Strategy, StrategyConfig

from speed.market import Market
from speed.outcome import Outcome
from speed.rules import Rules

warnings.filterwarnings("ignore")
pybroker.disable_logging()
pybroker.disable_progress_bar()
pybroker.register_columns("signal")


@dataclass(frozen=True, slots=True)
class Prepared:
    table: pd.DataFrame
    rules: Rules


def prepare(market: Market, rules: Rules) -> Prepared:
    n_sessions, n_symbols = market.close.shape
    names = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume", "score": "signal"}
    table = pd.DataFrame({column: getattr(market, name).T.ravel() for name, column in names.items()})
    table["symbol"] = np.repeat(market.symbols, n_sessions)
    table["date"] = np.tile(pd.DatetimeIndex(market.sessions).as_unit("ns"), n_symbols)
    return Prepared(table, rules)


def run(prepared: Prepared) -> Any:
    rules, table = prepared.rules, prepared.table

    def decide(context):
        if context.long_pos() or not context.signal[-1] > rules.entry_score:
            return
        context.buy_shares = context.calc_target_shares(rules.position_fraction)
        context.score = context.signal[-1]
        context.hold_bars = rules.max_holding_sessions
        if rules.stop_fraction is not None:
            context.stop_loss_pct = 100 * rules.stop_fraction
            context.stop_profit_pct = 100 * rules.target_fraction

    config = StrategyConfig(
        initial_cash=rules.cash, max_long_positions=rules.max_positions, buy_delay=1, sell_delay=1,
        fee_mode=FeeMode.ORDER_PERCENT, fee_amount=(rules.commission_bps + rules.slippage_bps) / 100)
    strategy = Strategy(table, table["date"].min(), table["date"].max(), config)
    strategy.add_execution(decide, sorted(table["symbol"].unique()))
    return strategy.backtest(calc_bootstrap=False)


def outcome(result: Any) -> Outcome:
    return Outcome(float(result.portfolio["equity"].iloc[-1]), len(result.trades))
