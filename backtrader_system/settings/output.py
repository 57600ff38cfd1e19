"""Settings of the sections `output`, `evidence`, `execution`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from backtrader_system.settings.section import Section, Sessions


class PlotSettings(Section):
    """Which plots are drawn."""

    equity: bool = True
    drawdown: bool = True
    monthly_returns: bool = True
    exposure: bool = True


class OutputSettings(Section):
    """What is written and where. `results_dir` is relative to the folder the command runs in."""

    results_dir: Path = Path("results")
    save_trades: bool = True
    save_equity_curve: bool = True
    save_performance_metrics: bool = True
    save_plots: bool = True
    save_tearsheet: bool = False                     # quantstats HTML beside our own report
    plots: PlotSettings = PlotSettings()


class EvidenceSettings(Section):
    """How uncertainty is measured."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)] = 2_000
    block_sessions: Sessions | None = None           # mean block of the stationary bootstrap; None: n^(1/3)
    seed: int = 11
    risk_free_rate: Annotated[float, Field(ge=-0.05, le=0.5)] = 0.02     # per year
    minimum_acceptable_return: Annotated[float, Field(ge=-1, le=1)] = 0.0  # per year, for Sortino
    verify_with_kernel: bool = True                  # simulate the run a second time with the kernel and compare fills


class ExecutionSettings(Section):
    """Where orders go. Only the backtest exists."""

    mode: Literal["backtest"] = "backtest"
