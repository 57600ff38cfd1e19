"""Reading a stored run back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from backtrader_system.errors import OutputError
from backtrader_system.market_data.quality import DataIssue, DataReport
from backtrader_system.reports.ledger_files import empty_table, read_csv_text
from backtrader_system.reports.manifest import FORMAT, MANIFEST, sha256
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_files import ANALYZER, FURTHER, LEDGERS, performance_report_name
from backtrader_system.reports.run_folder import INCOMPLETE, INCOMPLETE_NOTE, LATEST
from backtrader_system.settings.settings import Settings

_RESULTS = Path("results")
_MANIFEST_KEYS = ("name", "timestamp", "settings", "data", "warnings", "tables", "files")


def load_run(path: Path | str = LATEST) -> RunResult:
    """Return a stored run as the object that the run itself returned.

    path : a run folder; a results folder, whose latest run is taken; or `latest`, the latest run in `results`.
        A table that the run's settings did not save comes back empty, and `warnings` says so.

    Raises
    ------
    OutputError
        If there is no such run, it is incomplete, or one of its files was changed or lost after the run.
    """
    folder = _run_folder(Path(path))
    manifest = _manifest(folder)
    tables, absent = {}, []
    for key, entry in manifest["tables"].items():
        tables[key] = _table(folder, entry, manifest["files"])
        if entry["file"] is None and entry["rows"]:
            absent.append(f"this run did not save its table '{key}' ({entry['rows']} rows): it is empty here")
    metrics, without_metrics = _metrics(folder, manifest)
    return RunResult(
        settings=_settings(folder, manifest["settings"]), name=manifest["name"], metrics=metrics,
        data_report=_data_report(manifest["data"]), folder=folder,
        warnings=(*manifest["warnings"], *absent, *without_metrics),
        analyzers=_named(tables, ANALYZER), tables=_named(tables, FURTHER),
        **{name: tables[name] for name in LEDGERS},
    )


def _run_folder(path: Path) -> Path:
    """Return the folder of the run that `path` means."""
    if str(path) == LATEST and not path.exists():
        path = _RESULTS
    if not (path / MANIFEST).is_file() and not path.name.endswith(INCOMPLETE):
        text = path / f"{LATEST}.txt"
        if (path / LATEST).is_dir():
            path = path / LATEST
        elif text.is_file():
            path = path / text.read_text(encoding="utf-8").strip()
    if not path.is_dir():
        raise OutputError(f"no run at {path}: name a run folder, or a results folder that holds one")
    # `latest` is a link; the run's own name is what its files and plots carry.
    path = path.parent / path.readlink() if path.is_symlink() else path
    if path.name.endswith(INCOMPLETE) or (path / INCOMPLETE_NOTE).exists():
        raise OutputError(f"the run in {path} is incomplete and cannot be loaded: {_why_incomplete(path)}")
    if not (path / MANIFEST).is_file():
        raise OutputError(f"{path} is no run folder: it holds no {MANIFEST}; name a run folder")
    return path


def _why_incomplete(folder: Path) -> str:
    note = folder / INCOMPLETE_NOTE
    return note.read_text(encoding="utf-8").strip() if note.is_file() else "its process was killed. Run it again"


def _manifest(folder: Path) -> dict:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
        missing = [key for key in _MANIFEST_KEYS if key not in manifest]
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path} is not the manifest of a run: {error!r}; run the backtest again") from error
    if version != FORMAT:
        raise OutputError(f"{path} has format {version}, this version reads {FORMAT}; run the backtest again")
    if missing:
        raise OutputError(f"{path} lacks {missing}; run the backtest again")
    return manifest


def _content(folder: Path, name: str, hashes: Mapping[str, str]) -> str:
    """Return the text of a file that is still what the run wrote."""
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}; the run is not whole any more") from error
    if sha256(content) != hashes.get(name):
        raise OutputError(f"{path} was changed after the run: its SHA-256 is not that of {MANIFEST}; run again")
    return content.decode("utf-8")


def _table(folder: Path, entry: Mapping, hashes: Mapping[str, str]) -> pd.DataFrame:
    if entry["file"] is None:
        table = empty_table(entry["columns"])
    else:
        text = _content(folder, entry["file"], hashes)
        table = read_csv_text(text, entry["columns"], source=str(folder / entry["file"]))
    return table.set_index(entry["index"]) if entry["index"] else table


def _named(tables: Mapping[str, pd.DataFrame], kind: str) -> dict[str, pd.DataFrame]:
    return {key.removeprefix(kind): table for key, table in tables.items() if key.startswith(kind)}


def _metrics(folder: Path, manifest: Mapping) -> tuple[dict, list[str]]:
    name = performance_report_name(manifest["timestamp"])
    if name not in manifest["files"]:
        return {}, ["this run did not save its figures (output.save_performance_metrics: false)"]
    report = json.loads(_content(folder, name, manifest["files"]))
    return {section: values for section, values in report.items() if section not in ("run", "data")}, []


def _settings(folder: Path, values: Mapping[str, object]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise OutputError(f"the settings in {folder / MANIFEST} are not of this version; run the backtest again",
                          faults=faults) from error


def _data_report(values: Mapping) -> DataReport:
    lists = {name: tuple(_issue(issue) for issue in values[name]) for name in ("faults", "warnings", "repairs")}
    names = ("fingerprint", "n_symbols", "n_sessions", "n_bars", "snapshot")
    return DataReport(**lists, **{name: values[name] for name in names})


def _issue(values: Mapping) -> DataIssue:
    session = values["session"]
    return DataIssue(**{**values, "session": date.fromisoformat(session) if session else None})
