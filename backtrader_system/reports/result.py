"""What a run hands back: its tables, figures and plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from backtrader_system.market_data.quality import DataReport
from backtrader_system.settings.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Metrics = Mapping[str, Mapping[str, object]]
# By system.
BASELINE_NAMES = {"ml_trading": "buy and hold", "conviction": "rules", "put_recommendations": "buy and hold"}
PUTS_CURRENCY = "currency of the quotes"     # puts are quoted in any; nothing converts


@dataclass(frozen=True, eq=False)
class RunResult:
    """One finished run; the same object whether it comes from `run` or from `load_run`.

    equity, baseline_equity : one row per session: session, cash, positions_value, equity, return, drawdown,
        gross_exposure, net_exposure, positions. The baseline is `baseline_name` at the same costs: buy and hold of
        the same universe, or in the conviction system the same account run by the rules' scores.
    trades : one row per round trip; open ones have status "open" and no exit.
    orders : one row per order event. signals : every signal seen. actions : splits, dividends, delistings met.
    predictions : out-of-sample model output by session and symbol.
    metrics : figures by section; None means not computed, and `<name>_note` says why.
    analyzers : tables of further analyzers by name. tables : further tables of the system by name.
    folder : where the run is stored; None if it is not.
    warnings : what the reader should know before believing the figures.
    """

    settings: Settings
    name: str
    equity: pd.DataFrame
    trades: pd.DataFrame
    orders: pd.DataFrame
    signals: pd.DataFrame
    actions: pd.DataFrame
    baseline_equity: pd.DataFrame
    predictions: pd.DataFrame
    metrics: Metrics
    data_report: DataReport
    analyzers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    folder: Path | None = None
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"RunResult({self.run_id!r}: {len(self.equity)} sessions, {len(self.trades)} trades)"

    @property
    def run_id(self) -> str:
        """The folder's name, or the config's name for a run that is not stored."""
        return self.folder.name if self.folder else self.name

    @property
    def corner(self) -> str:
        """The small text of every plot: which run, and what of it is simulated."""
        return " · ".join([self.run_id, *(f"simulated {part}" for part in self.simulated_parts)])

    @property
    def is_simulated(self) -> bool:
        """Whether prices or signals are simulated."""
        return bool(self.simulated_parts)

    @property
    def simulated_parts(self) -> tuple[str, ...]:
        """What is simulated: `market` (the prices), `signals`, `option prices`, several or nothing."""
        parts = {"market": self.settings.data.source == "simulated",
                 "signals": bool(self.metrics.get("conviction", {}).get("simulated_signals", False)),
                 "option prices": bool(self.metrics.get("puts", {}).get("is_synthetic", False))}
        return tuple(part for part, is_simulated in parts.items() if is_simulated)

    @property
    def baseline_name(self) -> str:
        """What the strategy is compared with."""
        return BASELINE_NAMES[self.settings.system]

    def summary(self) -> str:
        """Return the results as aligned text, the baseline beside."""
        from backtrader_system.reports.console import summary_text

        return summary_text(self)

    def plot_equity(self) -> Figure:
        """Draw equity against the baseline, with the drawdown shaded."""
        from backtrader_system.reports.plots import equity_figure

        currency = PUTS_CURRENCY if self.settings.system == "put_recommendations" else "dollars"
        return equity_figure(self.equity, self.baseline_equity, corner=self.corner, baseline_name=self.baseline_name,
                             currency=currency)

    def plot_drawdown(self) -> Figure:
        """Draw the distance from the highest equity so far."""
        from backtrader_system.reports.plots import drawdown_figure

        return drawdown_figure(self.equity, self.baseline_equity, corner=self.corner,
                               baseline_name=self.baseline_name)

    def plot_monthly_returns(self) -> Figure:
        """Draw the table of monthly returns."""
        from backtrader_system.reports.plots import monthly_returns_figure

        return monthly_returns_figure(self.equity, corner=self.corner)

    def plot_exposure(self) -> Figure:
        """Draw how much of the equity was invested, and in how many positions."""
        from backtrader_system.reports.plots import exposure_figure

        return exposure_figure(self.equity, corner=self.corner)
