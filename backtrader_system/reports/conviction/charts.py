"""Which charts a conviction run has, and why one is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backtrader_system.reports.conviction.blotter import blotter_of
from backtrader_system.reports.conviction.facts import table_of
from backtrader_system.reports.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# File name -> what is seen; in a report the text for readers without pictures.
CHARTS = {
    "plot_equity.png": "Equity of the strategy and of the rules, drawdown shaded",
    "plot_drawdown.png": "Underwater: distance from the highest equity so far",
    "plot_win_rate_by_conviction.png": "Win rate by conviction score with intervals and counts",
    "plot_returns.png": "Distribution of trade returns",
    "plot_importance.png": "Features that moved the model in winners and in losers",
    "plot_scenarios.png": "Win rate and equity of every scenario",
    "plot_walk_forward.png": "Walk-forward by test month",
    "plot_monthly_returns.png": "Monthly returns",
    "plot_exposure.png": "Exposure and number of positions",
}


def conviction_plots(result: RunResult) -> dict[str, Callable[[], Figure]]:
    """Return what draws each chart of this system that has something to show, by file name."""
    from backtrader_system.reports.conviction import plots, plots_model

    draw: dict[str, Callable[[RunResult], Figure]] = {
        "plot_win_rate_by_conviction.png": plots.win_rate_figure, "plot_returns.png": plots.returns_figure,
        "plot_scenarios.png": plots_model.scenarios_figure, "plot_walk_forward.png": plots_model.walk_forward_figure,
        "plot_importance.png": plots_model.importance_figure,
    }
    notes = chart_notes(result)
    return {name: _bound(figure, result) for name, figure in draw.items() if name not in notes}


def chart_notes(result: RunResult) -> dict[str, str]:
    """Return why a chart of this system is not drawn, by file name; nothing for those that are."""
    if not result.settings.output.save_plots:
        return {}
    bands, folds = table_of(result, "conviction_bands"), table_of(result, "walk_forward")
    nothing = {
        "plot_win_rate_by_conviction.png": (
            "no scored signal is resolved" if bands.empty or not bands["resolved"].sum() else ""),
        "plot_returns.png": "" if blotter_of(result.trades).closed else "no trade was closed",
        "plot_scenarios.png": "no scenario was run" if table_of(result, "scenarios").empty else "",
        "plot_walk_forward.png": "no month was tested" if folds.empty else (
            "" if folds["win_rate"].notna().any() else "no selected signal of a test month is resolved"),
        "plot_importance.png": "no contributions were computed" if table_of(result, "importance").empty else "",
    }
    return {name: reason for name, reason in nothing.items() if reason}


def _bound(draw: Callable[[RunResult], Figure], result: RunResult) -> Callable[[], Figure]:
    return lambda: draw(result)
