"""report.md: the run as a trader reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backtrader_system.reports.figure_text import dollars
from backtrader_system.reports.markdown_table import bullets, cell, table
from backtrader_system.reports.report_ml import ml_lines
from backtrader_system.reports.report_results import evidence_lines, result_lines, risk_lines
from backtrader_system.reports.report_trading import action_lines, exit_lines, order_lines, trade_lines
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import SIMULATED, changed_settings, run_facts

ISSUES_SHOWN = 25
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
    lines = [
        f"# Backtest {cell(result.run_id)}", "",
        *([f"> **{SIMULATED}.**", ""] if result.is_simulated else []),
        *_run_lines(result), *_warning_lines(result), *result_lines(result), *_plot_lines(files),
        *evidence_lines(result), *trade_lines(result), *exit_lines(result), *order_lines(result),
        *action_lines(result), *risk_lines(result), *ml_lines(result), *_data_lines(result),
        *_settings_lines(result), *_file_lines(files),
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


def _warning_lines(result: RunResult) -> list[str]:
    if not result.warnings:
        return []
    return ["## Warnings", "", *bullets(result.warnings, shown=len(result.warnings), more="")]


def _plot_lines(files: Sequence[str]) -> list[str]:
    shown = [name for name in _PLOT_TEXTS if name in files]
    if not shown:
        return []
    lines = ["## Plots", ""]
    for name in shown:
        lines += [f"![{_PLOT_TEXTS[name]}]({name})", ""]
    return lines


def _data_lines(result: RunResult) -> list[str]:
    report = result.data_report.to_dict()
    counts = [f"{report[key]:,} {words}" for key, words in
              (("n_symbols", "symbols"), ("n_sessions", "sessions"), ("n_bars", "bars")) if report.get(key) is not None]
    lines = ["## Data", "", f"{', '.join(counts) or 'Not counted'}, warm-up included.", ""]
    lines += [f"Fingerprint `{report['fingerprint']}`.", ""] if report.get("fingerprint") else []
    for name, title in (("faults", "Errors"), ("repairs", "Repairs"), ("warnings", "Warnings")):
        lines += _issue_lines(title, report.get(name) or ())
    return lines


def _issue_lines(title: str, issues: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the issues of one severity by rule; each rule shows a few and counts the rest."""
    if not issues:
        return [f"{title}: none.", ""]
    by_rule: dict[str, list[Mapping[str, object]]] = {}
    for issue in issues:
        by_rule.setdefault(str(issue.get("rule", "unknown")), []).append(issue)
    lines = [f"### {title}: {len(issues):,}", ""]
    for rule, found in sorted(by_rule.items()):
        symbols = {issue.get("symbol") for issue in found if issue.get("symbol")}
        advice = found[0].get("advice")
        plural = "" if len(symbols) == 1 else "s"
        sources = {issue.get("source") for issue in found}
        place = f", all in {cell(str(sources.pop()))}" if len(sources) == 1 and None not in sources else ""
        among = f" in {len(symbols):,} symbol{plural}" if symbols else ""
        head = f"**{cell(rule)}**: {len(found):,}{among}{place}."
        lines += [head + (f" What to do: {cell(str(advice).rstrip('.'))}." if advice else ""), "",
                  *bullets([_issue_text(issue, with_source=not place) for issue in found], shown=ISSUES_SHOWN,
                           more="all are in the section `data` of `manifest.json`")]
    return lines


def _issue_text(issue: Mapping[str, object], *, with_source: bool) -> str:
    parts = (issue.get("symbol"), issue.get("session"), issue.get("value"))
    where = f" ({issue['source']})" if with_source and issue.get("source") else ""
    return " ".join(str(part) for part in parts if part) + where


def _settings_lines(result: RunResult) -> list[str]:
    changes = changed_settings(result.settings)
    lines = ["## Settings that differ from the defaults", ""]
    if not changes:
        return [*lines, "None.", ""]
    rows = [(path, _short(value), _short(default)) for path, value, default in changes]
    return [*lines, *table(("setting", "this run", "default"), rows)]


def _short(value: object, *, length: int = 80) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= length else f"{text[:length]}..."


def _file_lines(files: Sequence[str]) -> list[str]:
    names = sorted({*files, "manifest.json", "run.log"})
    return [
        "## Files", "", *(f"- [{name}]({name})" for name in names), "",
        "Definitions of every figure: `docs/metrics.md`. When a decision is taken and filled: `docs/timeline.md`. "
        "Settings, versions and hashes of this run: `manifest.json`.", "",
    ]
