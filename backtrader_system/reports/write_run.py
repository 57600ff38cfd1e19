"""Writing a finished run into its folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from backtrader_system.file_output import write_bytes
from backtrader_system.reports.ledger_files import column_dtypes, csv_text
from backtrader_system.reports.manifest import MANIFEST, build_manifest, sha256
from backtrader_system.reports.puts.report import PDF, put_report_pdf
from backtrader_system.reports.report_markdown import report_text
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_facts import run_facts
from backtrader_system.reports.run_files import (
    REPORT,
    RUN_LOG,
    TEARSHEET,
    performance_report_name,
    plots_of,
    table_files,
    tables_of,
)
from backtrader_system.reports.run_folder import INCOMPLETE
from backtrader_system.reports.strict_json import json_text

logger = logging.getLogger("backtrader_system")


def write_run(
    result: RunResult, folder: Path, timestamp: str, *, timings: Mapping[str, float] | None = None,
    command: Sequence[str] = (),
) -> RunResult:
    """Write every file the settings ask for, the manifest last, and return the result with its folder.

    folder : exists and is empty but for the run's log, as `open_run_folder` gives it; a name that ends in
        `.incomplete` is understood to lose that end when the run is complete.
    timestamp : YYYYMMDD_HHMMSS, part of the file names.
    timings : seconds by earlier stage, for the manifest. command : the command line as the user gave it.

    Same result, same bytes: in every CSV and plot whatever the time; in the JSON report and report.md but for the
    run's name; only the manifest holds durations.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    start = time.perf_counter()
    output = result.settings.output
    obstacle = _tearsheet_obstacle(result) if output.save_tearsheet else None
    stored = replace(result, folder=folder.with_name(folder.name.removesuffix(INCOMPLETE)),
                     warnings=(*result.warnings, *([obstacle] if obstacle else [])))
    files = _Files(folder)
    tables = tables_of(stored)
    names = table_files(stored, tables, timestamp)
    entries = {key: _write_table(files, names[key], table) for key, table in tables.items()}
    if output.save_performance_metrics:
        files.write(performance_report_name(timestamp), json_text(performance_report(stored)))
    for name, plot in plots_of(stored).items():
        from backtrader_system.reports.figure_style import png_bytes

        files.write(name, png_bytes(plot()))
    if output.save_tearsheet and obstacle is None:
        from backtrader_system.reports.tearsheet import tearsheet_html

        files.write(TEARSHEET, tearsheet_html(stored))
    _write_reports(files, stored)
    seconds = {**(timings or {}), "report": time.perf_counter() - start}
    manifest = build_manifest(
        stored, timestamp=timestamp, tables=entries, files=files.hashes, timings=seconds, command=command)
    write_bytes(folder / MANIFEST, json_text(manifest).encode())
    _log(stored, seconds, n_files=len(files.hashes) + 1)
    return stored


def _write_reports(files: _Files, result: RunResult) -> None:
    """Write report.md, and of a put run the same text as PDF."""
    is_puts = result.settings.system == "put_recommendations"
    names = sorted({*files.hashes, MANIFEST, RUN_LOG, *([PDF] if is_puts else [])})
    if is_puts:
        files.write(PDF, put_report_pdf(result, files=names))
    files.write(REPORT, report_text(result, files=names))


def performance_report(result: RunResult) -> dict[str, object]:
    """Return the sections of the JSON report: run, summary, risk, trade, ml, data, evidence and further ones."""
    named = ("summary", "risk", "trade", "ml")
    sections = {name: result.metrics.get(name, {}) for name in named}
    further = {name: section for name, section in result.metrics.items() if name not in (*named, "evidence")}
    return {
        "run": run_facts(result), **sections, "data": result.data_report.to_dict(),
        "evidence": result.metrics.get("evidence", {}), **further,
    }


def _log(result: RunResult, seconds: Mapping[str, float], *, n_files: int) -> None:
    for warning in result.warnings:
        logger.warning("%s", warning)
    for stage, amount in seconds.items():
        logger.info("%s: %.1f seconds", stage, amount)
    logger.info("wrote %d files", n_files)


def _tearsheet_obstacle(result: RunResult) -> str | None:
    from backtrader_system.reports.tearsheet import tearsheet_obstacle

    return tearsheet_obstacle(result)


@dataclass
class _Files:
    """Writes files into one folder and remembers what it wrote."""

    folder: Path
    hashes: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode("utf-8") if isinstance(content, str) else content
        write_bytes(self.folder / name, data)
        self.hashes[name] = sha256(data)


def _write_table(files: _Files, name: str | None, table: pd.DataFrame) -> dict[str, object]:
    frame = table.reset_index() if any(name is not None for name in table.index.names) else table
    if name is not None:
        files.write(name, csv_text(frame))
    return {"file": name, "rows": len(frame), "columns": column_dtypes(frame),
            "index": [str(level) for level in table.index.names if level is not None]}
