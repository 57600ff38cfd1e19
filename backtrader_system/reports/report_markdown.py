"""report.md: the run as a trader reads it."""

from __future__ import annotations

from collections.abc import Sequence

from backtrader_system.reports.conviction.report import conviction_report
from backtrader_system.reports.figure_text import dollars
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.puts.report import put_report
from backtrader_system.reports.report_ml import ml_lines
from backtrader_system.reports.report_results import evidence_lines, result_lines, risk_lines
from backtrader_system.reports.report_sections import (
    data_lines,
    file_lines,
    settings_lines,
    simulation_lines,
    warning_lines,
)
from backtrader_system.reports.report_trading import action_lines, exit_lines, order_lines, trade_lines
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import run_facts

_PLOT_TEXTS = {
    "plot_equity.png": "Equity of strategy and baseline",
    "plot_drawdown.png": "Drawdown of strategy and baseline",
    "plot_monthly_returns.png": "Monthly returns",
    "plot_exposure.png": "Exposure and number of positions",
}


def report_text(result: RunResult, *, files: Sequence[str]) -> str:
    """Return report.md.

    files : names of the files beside it; plots among them are shown by relative links.
    Numbers are rounded here; the JSON report and the CSV files hold them in full.
    """
    if result.settings.system == "conviction":
        return conviction_report(result, files=files)
    if result.settings.system == "put_recommendations":
        return put_report(result, files=files)
    lines = [
        f"# Backtest {cell(result.run_id)}", "",
        *simulation_lines(result),
        *_run_lines(result), *warning_lines(result), *result_lines(result), *_plot_lines(files),
        *evidence_lines(result), *trade_lines(result), *exit_lines(result), *order_lines(result),
        *action_lines(result), *risk_lines(result), *ml_lines(result), *data_lines(result),
        *settings_lines(result), *file_lines(files),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _run_lines(result: RunResult) -> list[str]:
    facts = run_facts(result)
    period = f"{facts['first_session']:%Y-%m-%d} to {facts['last_session']:%Y-%m-%d}" if facts["n_sessions"] else "none"
    rows = [
        ("period", f"{period}, {facts['n_sessions']:,} sessions"),
        ("universe", facts["universe"]),
        ("prices", facts["source"]),
        ("strategy", f"{facts['strategy']} (system {facts['system']})"),
        ("initial capital", dollars(facts["initial_capital"])),
        ("costs", facts["costs"]),
    ]
    rows += [("second engine", facts["verification"])] if facts["verification"] else []
    return ["## What was run", "", *table(("", ""), rows)]


def _plot_lines(files: Sequence[str]) -> list[str]:
    shown = [name for name in _PLOT_TEXTS if name in files]
    if not shown:
        return []
    lines = ["## Plots", ""]
    for name in shown:
        lines += [f"![{_PLOT_TEXTS[name]}]({name})", ""]
    return lines
