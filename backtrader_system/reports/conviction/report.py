"""report.md of a conviction run: the template of the design document, every number from the blotter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backtrader_system.reports.conviction.charts import CHARTS, chart_notes
from backtrader_system.reports.conviction.facts import facts_of
from backtrader_system.reports.conviction.report_closing import (
    assumption_lines,
    conclusion_lines,
    excluded_lines,
    flag_lines,
    importance_lines,
)
from backtrader_system.reports.conviction.report_evidence import (
    ablation_lines,
    calibration_lines,
    comparison_lines,
    scenario_lines,
    walk_forward_lines,
)
from backtrader_system.reports.conviction.report_performance import performance_lines, summary_lines, trade_lines
from backtrader_system.reports.figure_text import FigureSheet, label
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.report_results import baseline_text, evidence_lines, interval_note, risk_lines
from backtrader_system.reports.report_sections import (
    data_lines,
    file_lines,
    settings_lines,
    simulation_lines,
    warning_lines,
)
from backtrader_system.reports.report_trading import action_lines, exit_lines, order_lines
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import verification_text

ACCOUNT = ("final_value", "cagr", "volatility", "sortino_ratio", "calmar_ratio", "average_drawdown", "exposure",
           "turnover")


def conviction_report(result: RunResult, *, files: Sequence[str]) -> str:
    """Return report.md of a run of the conviction system.

    files : names of the files beside it, or paths relative to it; charts among them are shown.
    Counts and dollars of trades follow from `result.trades`; figures that do not agree with them are named.
    """
    charts = _chart_lines(result, files)
    lines = [
        f"# Backtest report: {cell(title(result))}", "", *simulation_lines(result), *summary_lines(result),
        *warning_lines(result), *performance_lines(result), *charts("plot_equity.png"), *charts("plot_drawdown.png"),
        *trade_lines(result, files), *charts("plot_returns.png"), *exit_lines(result),
        *calibration_lines(result, charts), *comparison_lines(result), *scenario_lines(result, charts),
        *walk_forward_lines(result, charts), *ablation_lines(result), *importance_lines(result, charts),
        *flag_lines(result), *conclusion_lines(result), *excluded_lines(result, files), *assumption_lines(result),
        *charts("plot_monthly_returns.png"), *charts("plot_exposure.png"),
        *_account_lines(result), *evidence_lines(result), *risk_lines(result), *order_lines(result),
        *action_lines(result), *_verification_lines(result), *data_lines(result), *settings_lines(result),
        *file_lines(files),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def title(result: RunResult) -> str:
    """Return the model's name with the run's."""
    return f"{facts_of(result).value('model') or 'conviction'} ({result.run_id})"


def _chart_lines(result: RunResult, files: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a function that shows a chart by its file name, or says why there is none."""
    paths, notes = {name.rpartition("/")[2]: name for name in files}, chart_notes(result)

    def lines(name: str) -> list[str]:
        if name in paths:
            return [f"![{CHARTS[name]}]({paths[name]})", ""]
        return [f"*No chart ({CHARTS[name].lower()}): {notes[name]}.*", ""] if name in notes else []
    return lines


def _account_lines(result: RunResult) -> list[str]:
    """Return the headline figures that the performance table leaves out, beside those of the rules."""
    sheet = FigureSheet(result.metrics)
    rows = [(label(name), sheet.text(name), sheet.interval(name), baseline_text(sheet, name)) for name in ACCOUNT]
    header = ("figure", "strategy", f"{result.settings.evidence.confidence:.0%} interval", "rules")
    return ["## The account in detail", "", *table(header, rows, right=(1, 2, 3)), interval_note(sheet), ""]


def _verification_lines(result: RunResult) -> list[str]:
    text = verification_text(result)
    return ["## Second engine", "", cell(text), ""] if text else []
