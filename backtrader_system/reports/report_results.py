"""The part of report.md that says how the run went: results beside the baseline, evidence, risk."""

from __future__ import annotations

from backtrader_system.reports.figure_text import FigureSheet, label
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.result import RunResult

HEADLINES = (
    "total_return", "cagr", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown",
    "average_drawdown", "final_value", "win_rate", "profit_factor", "total_trades", "open_trades", "exposure",
    "turnover",
)
# Shown elsewhere in the report, or nothing a reader compares.
_NOT_EVIDENCE = ("verdict", "confidence", "bootstrap_samples", "bootstrap_block_sessions")


def result_lines(result: RunResult) -> list[str]:
    """Return the table of headline figures: strategy, interval, baseline."""
    sheet = FigureSheet(result.metrics)
    if not result.metrics:
        return ["## Result", "", "The run holds no figures.", ""]
    confidence = sheet.value("confidence")
    interval = f"{float(confidence):.0%} interval" if confidence is not None else "interval"
    rows = [(label(name), sheet.text(name), sheet.interval(name), baseline_text(sheet, name)) for name in HEADLINES]
    verdict = sheet.value("verdict")
    return [
        "## Result", "",
        *([f"**{cell(verdict)}**", ""] if verdict else []),
        *table(("figure", "strategy", interval, "baseline: buy and hold"), rows, right=(1, 2, 3)),
        "The baseline buys equal parts of all symbols that are listed and members in the first session, at the same "
        "costs, keeps 5 % in cash and never trades again.", "",
        interval_note(sheet), "",
    ]


def evidence_lines(result: RunResult) -> list[str]:
    """Return the comparison with the baseline and what else bears on luck."""
    sheet = FigureSheet(result.metrics)
    names = [name for name in sheet.names("evidence")
             if name not in _NOT_EVIDENCE and not name.startswith("baseline_")]
    # An excess may be given by its interval alone.
    names += [name for name in ("excess_sharpe_ratio",) if name not in names and sheet.interval(name)]
    if not names:
        return []
    rows = [(label(name), sheet.text(name) if sheet.value(name) is not None or sheet.note(name) else "",
             sheet.interval(name)) for name in names]
    return ["## Evidence: was it luck?", "", *table(("figure", "value", "interval"), rows, right=(1, 2))]


def risk_lines(result: RunResult) -> list[str]:
    """Return every figure of the risk and trade sections that the headlines leave out."""
    sheet = FigureSheet(result.metrics)
    names = [name for section in ("risk", "trade") for name in sheet.names(section)
             if name not in HEADLINES and not name.startswith("exits_")]
    if not names:
        return []
    rows = [(label(name), sheet.text(name)) for name in names]
    return ["## Risk and trading in detail", "", *table(("figure", "value"), rows, right=(1,))]


def baseline_text(sheet: FigureSheet, name: str) -> str:
    """Return the baseline's figure of that name, or nothing where a baseline has none."""
    key = f"baseline_{name}"
    is_known = sheet.value(key) is not None or sheet.note(key) is not None
    return sheet.text(key) if is_known else ""


def interval_note(sheet: FigureSheet) -> str:
    """Return how the intervals were made, in words."""
    samples, block = sheet.value("bootstrap_samples"), sheet.value("bootstrap_block_sessions")
    trades, sessions = sheet.value("total_trades"), sheet.value("sessions")
    parts = []
    if samples is not None and block is not None:
        parts.append(f"Intervals of returns: stationary block bootstrap of {sessions or '?'} sessions, "
                     f"{samples:,} samples, mean block {block} sessions.")
    if trades is not None:
        parts.append(f"Win rate: {trades:,} closed trades, Wilson interval.")
    rate, periods = sheet.value("risk_free_rate"), sheet.value("periods_per_year")
    if rate is not None and periods is not None:
        parts.append(f"Sharpe: risk-free rate {float(rate):.2%} a year, {periods} sessions a year.")
    return " ".join([*parts, "Every figure is defined in `docs/metrics.md`."])
