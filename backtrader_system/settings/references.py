"""Settings that name input files, and settings that need or exclude each other across sections."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from backtrader_system.settings.merging import UNIVERSE_CHOICES, laid_over
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.yaml_source import Document, KeyPath, place

INPUT_FILES: tuple[KeyPath, ...] = (
    ("data", "path"), ("data", "corporate_actions"), ("universe", "file"), ("universe", "membership"),
    ("conviction", "signals"), ("conviction", "model"),
    ("puts", "chain"), ("puts", "settlements"), ("puts", "collected"), ("puts", "stock_names"),
)


def with_input_files(document: Document) -> tuple[Document, list[str]]:
    """Return the document with its input files found, and a fault for each that does not exist.

    A relative path counts from the folder of the YAML file that gives it, or else from the current folder. Files
    that the chosen source does not read are left alone.
    """
    values, faults = document.values, []
    for path in INPUT_FILES:
        given = value_at(document.values, path)
        if not isinstance(given, str) or not _is_read(document.values, path):
            continue
        origin = document.origin(path)
        wanted = Path(given).expanduser()
        places = ([origin.folder / wanted] if origin and origin.folder else []) + [wanted]
        found = next((place for place in places if os.path.exists(place)), None)
        if found is None:
            looked = "" if wanted.is_absolute() else "; looked in the folder of the config and in the current folder"
            faults.append(f"{place(origin, path)}: no such file: {given}{looked}")
        else:
            values = laid_over(values, {path[0]: {path[1]: str(found)}})
    return Document(values, document.origins), faults


def _is_read(values: dict[str, Any], path: KeyPath) -> bool:
    return path[0] != "data" or value_at(values, ("data", "source")) == "files"


def need_faults(settings: Settings, document: Document) -> list[str]:
    """Return a fault for every setting that another section needs or forbids."""
    data, universe = settings.data, settings.universe

    def fault(*path: str, text: str) -> str:
        return f"{place(document.origin(path), path)}: {text}"

    faults = []
    if data.source == "files" and data.path is None:
        faults.append(fault("data", "path", text="missing; data.source files needs a Parquet or CSV file, or a folder"))
    is_conviction = settings.system == "conviction"
    has_universe = any(getattr(universe, name) is not None for name in UNIVERSE_CHOICES)
    if is_conviction and data.source == "yahoo" and settings.conviction.signals is None and not has_universe:
        faults.append(fault("conviction", "signals", text="missing; give a file of signals (--data of "
                            "backtest_model.py), or run conviction_sample.yaml, which invents signals"))
    if not is_conviction and data.source == "yahoo" and not has_universe:
        faults.append(fault("universe", text="missing; data.source yahoo needs universe.symbols, file or membership"))
    if not is_conviction:
        faults += [fault("backtest", name, text="missing; give a date as YYYY-MM-DD")
                   for name in ("start_date", "end_date") if getattr(settings.backtest, name) is None]
    if data.corporate_actions is not None and (data.source != "files" or data.prices != "raw"):
        faults.append(fault("data", "corporate_actions", text=f"has no use with data.source {data.source} and "
                            f"data.prices {data.prices}; remove it, or use raw prices from files"))
    if data.snapshot is not None and data.refresh:
        faults.append(fault("data", "refresh", text="asks for a new snapshot and data.snapshot for a stored one; "
                            "keep one of them"))
    return faults


def value_at(values: Any, path: KeyPath) -> Any:
    """Return the value under a key path, None if it is not there."""
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values
