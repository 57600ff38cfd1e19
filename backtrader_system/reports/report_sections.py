"""The parts of report.md that every system has: what is simulated, warnings, data, settings, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backtrader_system.reports.markdown_table import bullets, cell, table
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import changed_settings, simulation_text

ISSUES_SHOWN = 25


def simulation_lines(result: RunResult) -> list[str]:
    """Return the notice of a run whose prices or signals are simulated; it stands before anything else."""
    return [f"> **{simulation_text(result.simulated_parts)}.**", ""] if result.is_simulated else []


def warning_lines(result: RunResult) -> list[str]:
    """Return what the reader should know before believing the figures."""
    if not result.warnings:
        return []
    return ["## Warnings", "", *bullets(result.warnings, shown=len(result.warnings), more="")]


def data_lines(result: RunResult) -> list[str]:
    """Return what the bars are and what was found wrong, mended or odd in them."""
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


def settings_lines(result: RunResult) -> list[str]:
    """Return the settings that are not at their defaults."""
    changes = changed_settings(result.settings)
    lines = ["## Settings that differ from the defaults", ""]
    if not changes:
        return [*lines, "None.", ""]
    rows = [(path, _short(value), _short(default)) for path, value, default in changes]
    return [*lines, *table(("setting", "this run", "default"), rows)]


def _short(value: object, *, length: int = 80) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= length else f"{text[:length]}..."


def file_lines(files: Sequence[str]) -> list[str]:
    """Return links to the run's files."""
    return [
        "## Files", "", *(f"- [{name}]({name})" for name in files), "",
        "Definitions of every figure: `docs/metrics.md`. When a decision is taken and filled: `docs/timeline.md`. "
        "Settings, versions and hashes of this run: `manifest.json`.", "",
    ]
