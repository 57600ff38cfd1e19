"""Our compiled kernel. It has neither `next()` nor Order objects: its times are never Backtrader's.

Options: `n_settings`, a sweep of so many settings instead of one run; `only_simulation`, whether one run writes figures
only, from arrays made before the clock starts, instead of checking the panels, making the arrays and writing ledgers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel
from speed.market import Market
from speed.ours import bar_panel, scored_panel, settings_for
from speed.outcome import Outcome
from speed.rules import Rules, varied_rules


@dataclass(frozen=True, slots=True)
class Prepared:
    bars: BarPanel
    scored: ScoredPanel
    settings: list[Settings]
    is_sweep: bool
    arrays: tuple[Any, np.ndarray] | None       # market and rule table, where only the simulation is timed


def prepare(market: Market, rules: Rules, n_settings: int = 0, only_simulation: bool = False) -> Prepared:
    all_rules = varied_rules(n_settings) if n_settings else [rules]
    bars, scored = bar_panel(market), scored_panel(market, min(one.entry_score for one in all_rules))
    settings = [settings_for(one) for one in all_rules]
    arrays = _arrays(bars, scored, settings) if only_simulation else None
    return Prepared(bars, scored, settings, n_settings > 0, arrays)


def _arrays(bars: BarPanel, scored: ScoredPanel, settings: list[Settings]) -> tuple[Any, np.ndarray]:
    from backtrader_system.engine.kernel.market_arrays import market_arrays
    from backtrader_system.engine.kernel.rule_table import rule_table

    return market_arrays(bars, scored), rule_table(settings)


def run(prepared: Prepared) -> Any:
    """Run, importing numba as a user's first call does: that belongs to the time of a first run."""
    if prepared.arrays is not None:
        return _simulation(*prepared.arrays)
    from backtrader_system.engine.kernel.run import run_kernel, sweep

    if prepared.is_sweep:
        return sweep(prepared.bars, prepared.scored, prepared.settings)
    return run_kernel(prepared.bars, prepared.scored, prepared.settings[0])


def _simulation(arrays: Any, table: np.ndarray) -> pd.DataFrame:
    from backtrader_system.engine.kernel.figures_table import FIGURES
    from backtrader_system.engine.kernel.workspace import simulate_range

    figures = np.zeros(1, FIGURES)
    simulate_range(arrays, table, figures, 0, 1)
    return pd.DataFrame(figures)


def outcome(result: Any) -> Outcome:
    if isinstance(result, pd.DataFrame):
        last = result.iloc[-1]
        return Outcome(float(last["final_equity"]), int(last["total_trades"]), n_settings=len(result),
                       final_values=result["final_equity"].tolist())
    trades = trades_of(result.fills)
    return Outcome(float(result.equity["equity"].iloc[-1]), len(trades), trades)


def trades_of(fills: pd.DataFrame) -> list[tuple[str, str, str, float, float]]:
    """Return the closed trades as rows of `Outcome.trades`; every buy opens a position, every sale closes one."""
    bought: dict[str, Any] = {}
    trades = []
    for fill in fills.itertuples():
        if fill.size > 0:
            bought[fill.symbol] = fill
            continue
        entry = bought.pop(fill.symbol)
        profit = entry.size * (fill.price - entry.price) - entry.commission - fill.commission
        days = (moment.strftime("%Y-%m-%d") for moment in (entry.session, fill.session))
        trades.append((fill.symbol, *days, entry.price, profit))
    return trades
