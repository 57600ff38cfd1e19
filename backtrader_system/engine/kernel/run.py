"""One compiled run with its ledgers, and many with their figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backtrader_system.engine.kernel.figures_table import FIGURES
from backtrader_system.engine.kernel.kernel_ledgers import KernelLedgers, kernel_ledgers
from backtrader_system.engine.kernel.market_arrays import market_arrays, traded_panel
from backtrader_system.engine.kernel.records import Market, new_log
from backtrader_system.engine.kernel.rule_table import rule_table
from backtrader_system.engine.kernel.workspace import simulate_range
from backtrader_system.engine.panel_checks import check_known, check_panel
from backtrader_system.errors import StrategyError
from backtrader_system.settings.checked import checked_settings

if TYPE_CHECKING:
    from backtrader_system.market_data.panel import BarPanel
    from backtrader_system.settings.settings import Settings
    from backtrader_system.signals.scored import ScoredPanel

Known = Mapping[str, np.ndarray]
SETTINGS_PER_TASK = 16


def run_kernel(
    bars: BarPanel, scored: ScoredPanel | None, settings: Settings, *, known: Known | None = None,
    strategy_name: str | None = None,
) -> KernelLedgers:
    """Return the ledgers of a built-in strategy over the sessions of `bars`, simulated by the compiled kernel.

    Arguments as for `engine.backtest.run_backtest`, whose rules it follows fill by fill.
    Raises: StrategyError naming what the kernel does not support, SettingsError and DataError as `run_backtest`.
    """
    table = rule_table([_checked(settings, known)], strategy_name)
    check_panel(bars, scored, known)
    market = _market(bars, scored, known, table)
    figures = np.zeros(1, FIGURES)
    simulate_range(market, table, figures, 0, 1)        # the first pass only counts what the second writes down
    counts = (int(figures[0][name]) for name in ("orders", "fills", "actions"))
    log = new_log(len(market.bars), *counts, is_on=True)
    simulate_range(market, table, figures, 0, 1, log)
    traded = traded_panel(bars)
    return kernel_ledgers(log, figures[0], bars.sessions[traded.rows], [bars.symbols[n] for n in traded.columns])


def sweep(
    bars: BarPanel, scored: ScoredPanel | None, settings: Sequence[Settings], *, known: Known | None = None,
    workers: int | None = None,
) -> pd.DataFrame:
    """Return the figures of many settings over the same bars and signals: one row each, in their order.

    workers : threads; None takes one per core. The result does not depend on it. No ledgers are kept, so memory grows
        by about a kilobyte a setting.
    Returns: the columns of `figures_table.FIGURES`, defined as in docs/metrics.md; NaN where a figure cannot be
        computed.
    Raises: StrategyError naming every setting that the kernel does not support, SettingsError and DataError as
        `run_backtest`.
    """
    if not settings:
        raise StrategyError("sweep needs at least one setting; the list is empty")
    if workers is not None and workers < 1:
        raise StrategyError(f"workers was {workers}; must be at least 1, or None for one per core")
    table = rule_table(_checked(one, known, f"settings number {n}") for n, one in enumerate(settings, start=1))
    check_panel(bars, scored, known)
    market = _market(bars, scored, known, table)
    figures = np.zeros(len(table), FIGURES)
    starts = range(0, len(table), SETTINGS_PER_TASK)
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        tasks = [pool.submit(simulate_range, market, table, figures, first, min(first + SETTINGS_PER_TASK, len(table)))
                 for first in starts]
        for task in tasks:
            task.result()
    return pd.DataFrame({name: figures[name] for name in FIGURES.names})


def _checked(settings: Settings, known: Known | None, what: str = "settings") -> Settings:
    checked = checked_settings(settings, what)
    check_known(checked, known)
    return checked


def _market(bars: BarPanel, scored: ScoredPanel | None, known: Known | None, table: np.ndarray) -> Market:
    return market_arrays(bars, scored, known, with_impact=bool((table["impact_coefficient"] != 0).any()))
