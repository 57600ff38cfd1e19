"""The two checks of every run: an independent replay of its fills, and a second engine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backtrader_system.engine.backtest import Ledgers
from backtrader_system.engine.kernel.verifying import Verification, verify_with_kernel
from backtrader_system.engine.puts.checking import put_discrepancies
from backtrader_system.engine.puts.market import PutMarket
from backtrader_system.engine.puts.selling import PutLedgers
from backtrader_system.errors import ReconciliationError
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.progress import Progress
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.scored import ScoredPanel


def check_ledgers(name: str, ledgers: Ledgers, bars: BarPanel, settings: Settings) -> None:
    """Replay the fills of a run against the bars; raise ReconciliationError naming every place that disagrees."""
    faults = reconcile(
        bars, ledgers.orders, ledgers.trades, ledgers.equity, ledgers.actions,
        initial_capital=settings.backtest.initial_capital, allow_short=settings.backtest.allow_short,
        delisting_haircut_fraction=settings.backtest.delisting_haircut_fraction,
    )
    _stop_on(name, faults)


def check_put_ledgers(name: str, ledgers: PutLedgers, market: PutMarket, settings: Settings) -> None:
    """As `check_ledgers`, for a run that sells puts: replayed against quotes, payoffs and collateral."""
    _stop_on(name, put_discrepancies(market, ledgers, settings))


def _stop_on(name: str, faults: list[str]) -> None:
    if faults:
        raise ReconciliationError(
            f"the ledgers of '{name}' do not agree with a replay of its fills; nothing they say can be trusted. "
            "Please report this with the settings of the run.", faults=faults)


def verified(
    ledgers: Ledgers, bars: BarPanel, scored: ScoredPanel | None, settings: Settings, known: Mapping[str, np.ndarray],
    progress: Progress,
) -> Verification:
    """Return what the second engine says of a run; raise ReconciliationError where a fill differs."""
    if not settings.evidence.verify_with_kernel:
        return Verification(settings.strategy.name, "evidence.verify_with_kernel is false")
    return verify_with_kernel(ledgers, bars, scored, settings, known=known, progress=progress)
