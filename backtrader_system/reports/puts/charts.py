"""Which charts a put run has, and why one is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backtrader_system.reports.puts.blocks import Block, Chart, Paragraph
from backtrader_system.reports.puts.facts import facts_of, has_column, table_of
from backtrader_system.reports.puts.seller import put_trades
from backtrader_system.reports.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_DRAWN = 10           # options of a bin below which its rate is no point of a chart
# File name -> what is seen; in a report the text for readers without pictures.
CHARTS = {
    "plot_hit_rate.png": "Hit rate by score bucket with intervals and numbers of options",
    "plot_score_outcome.png": "Scores of worthless and of assigned options",
    "plot_reliability.png": "Reliability: predicted against actual worthless rate",
    "plot_factors.png": "What each factor tells alone: AUC with intervals",
    "plot_weight_surface.png": "AUC over the weights of each factor",
    "plot_recovery.png": "Recovery advantage known in time and as the original counts",
    "plot_recovery_share.png": "Share of option-days flagged by days to expiry, both definitions",
    "plot_equity.png": "Equity of the puts sold and of buy and hold, drawdown shaded",
    "plot_drawdown.png": "Distance below the highest equity so far",
    "plot_premium.png": "Premium against what was paid, by month in which puts ended",
    "plot_random_portfolios.png": "Return of random portfolios, and of the options with the best scores",
    "plot_monthly_returns.png": "Monthly returns",
    "plot_exposure.png": "Collateral behind the open puts, and number of positions",
}
SHARED = ("plot_equity.png", "plot_drawdown.png", "plot_monthly_returns.png", "plot_exposure.png")


def put_plots(result: RunResult) -> dict[str, Callable[[], Figure]]:
    """Return what draws each chart of this system that has something to show, by file name."""
    from backtrader_system.reports.puts import plots_evidence, plots_money, plots_search

    draw: dict[str, Callable[[RunResult], Figure]] = {
        "plot_hit_rate.png": plots_evidence.hit_rate_figure,
        "plot_score_outcome.png": plots_evidence.score_outcome_figure,
        "plot_reliability.png": plots_evidence.reliability_figure, "plot_factors.png": plots_evidence.factors_figure,
        "plot_weight_surface.png": plots_search.weight_surface_figure,
        "plot_recovery.png": plots_search.recovery_figure,
        "plot_recovery_share.png": plots_search.recovery_share_figure,
        "plot_premium.png": plots_money.premium_figure,
        "plot_random_portfolios.png": plots_money.random_portfolios_figure,
        "plot_exposure.png": plots_money.collateral_figure,
    }
    notes = chart_notes(result)
    return {name: _bound(figure, result) for name, figure in draw.items() if name not in notes}


def chart_notes(result: RunResult) -> dict[str, str]:
    """Return why a chart is not drawn, by file name; nothing for those that are."""
    output = result.settings.output
    if not output.save_plots:
        return dict.fromkeys(CHARTS, "plots are switched off (output.save_plots)")
    missing = {name: reason for name, (has_data, reason) in _reasons(result).items() if not has_data}
    off = {name: "switched off (output.plots)" for name in SHARED
           if not getattr(output.plots, name.removeprefix("plot_").removesuffix(".png"))}
    no_account = dict.fromkeys(SHARED, "no account was run") if result.equity.empty else {}
    return {**missing, **off, **no_account}


def _reasons(result: RunResult) -> dict[str, tuple[bool, str]]:
    rates, reliability = table_of(result, "hit_rate_analysis"), table_of(result, "reliability")
    factors, rows = table_of(result, "factor_importance"), table_of(result, "evidence_rows")
    comparison, surface = table_of(result, "recovery_comparison"), table_of(result, "weight_surface")
    closed = result.trades[result.trades["status"] == "closed"]
    has_rates = has_column(rates, "analysis", "hit_rate") and bool(
        rates.loc[rates["analysis"] == "score_bucket", "hit_rate"].notna().any())
    has_rows = has_column(rows, "score", "worthless") and len(rows[["score", "worthless"]].dropna()) > 0
    has_causal = has_column(comparison, "definition", "advantage")
    return {
        "plot_hit_rate.png": (has_rates, "no option has a score and a known outcome"),
        "plot_score_outcome.png": (has_rows, "no option has a score and a known outcome"),
        "plot_reliability.png": (has_column(reliability, "method", "predicted", "actual")
                                 and bool((reliability["n"] >= FEWEST_DRAWN).any()),
                                 "no bin of a probability holds 10 options with a known outcome"),
        "plot_factors.png": (has_column(factors, "factor", "auc") and bool(factors["auc"].notna().any()),
                             "no factor could be tested"),
        "plot_weight_surface.png": (len(surface) > 0, "the weights were not searched"),
        "plot_recovery.png": (has_causal and bool(comparison["advantage"].notna().any()),
                              "there are no recovery candidates"),
        "plot_recovery_share.png": (has_causal and bool(comparison["share_flagged"].notna().any()),
                                    "there is no history of probabilities"),
        "plot_premium.png": (len(put_trades(closed)) > 0, "no put was sold and closed"),
        "plot_random_portfolios.png": (has_column(table_of(result, "random_portfolios"), "mean_return")
                                       and facts_of(result).value("top_n_return") is not None,
                                       "no random portfolio was drawn"),
        "plot_exposure.png": (has_column(table_of(result, "collateral"), "collateral"), "no account was run"),
    }


def chart_blocks(result: RunResult, name: str) -> list[Block]:
    """Return the chart, or why there is none; nothing where all plots are switched off."""
    notes = chart_notes(result)
    if name not in notes:
        return [Chart(name, CHARTS[name])]
    return [Paragraph(f"No chart ({CHARTS[name]}): {notes[name]}.")] if result.settings.output.save_plots else []


def _bound(draw: Callable[[RunResult], Figure], result: RunResult) -> Callable[[], Figure]:
    return lambda: draw(result)
