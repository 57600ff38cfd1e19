"""Settings that name input files, and settings that need or exclude each other across sections."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    data = settings.data

    def fault(*path: str, text: str) -> str:
        return f"{place(document.origin(path), path)}: {text}"

    faults = [fault(*path, text=text) for path, text in (*_missing_input(settings), *_missing_period(settings))]
    if data.corporate_actions is not None and (data.source != "files" or data.prices != "raw"):
        faults.append(fault("data", "corporate_actions", text=f"has no use with data.source {data.source} and "
                            f"data.prices {data.prices}; remove it, or use raw prices from files"))
    if data.snapshot is not None and data.refresh:
        faults.append(fault("data", "refresh", text="asks for a new snapshot and data.snapshot for a stored one; "
                            "keep one of them"))
    return faults


def _missing_input(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Yield what the system of the run must read and is not given."""
    data, puts, is_puts = settings.data, settings.puts, settings.system == "put_recommendations"
    if is_puts and puts.source == "chain" and puts.chain is None:
        yield ("puts", "chain"), "missing; puts.source chain needs a Parquet or CSV file of option quotes"
    if is_puts and puts.source == "collected" and puts.collected is None:
        yield ("puts", "collected"), "missing; puts.source collected needs a store, which `puts collect` fills"
    if not reads_bars(settings):
        return
    if data.source == "files" and data.path is None:
        yield ("data", "path"), "missing; data.source files needs a Parquet or CSV file, or a folder"
    has_universe = any(getattr(settings.universe, name) is not None for name in UNIVERSE_CHOICES)
    if data.source != "yahoo" or has_universe:
        return
    if settings.system != "conviction":
        yield ("universe",), "missing; data.source yahoo needs universe.symbols, file or membership"
    elif settings.conviction.signals is None:
        yield ("conviction", "signals"), ("missing; give a file of signals (--data of backtest_model.py), or run "
                                          "conviction_sample.yaml, which invents signals")


def reads_bars(settings: Settings) -> bool:
    """Return whether bars come from what the section `data` names; puts may bring their own."""
    puts = settings.puts
    return settings.system != "put_recommendations" or puts.source == "synthetic" or (
        puts.source == "chain" and puts.underlying_prices == "bars")


def _missing_period(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Yield the dates that are not given where signals or quotes do not set the period."""
    has_own = settings.system == "conviction" or (
        settings.system == "put_recommendations" and settings.puts.source != "synthetic")
    if not has_own:
        for name in ("start_date", "end_date"):
            if getattr(settings.backtest, name) is None:
                yield ("backtest", name), "missing; give a date as YYYY-MM-DD"


def value_at(values: Any, path: KeyPath) -> Any:
    """Return the value under a key path, None if it is not there."""
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values
