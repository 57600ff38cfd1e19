"""From a config file and overrides to the settings of one run, or to all their faults at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtrader_system.errors import SettingsError
from backtrader_system.settings.config_files import read_config, resolve_config_path, shown
from backtrader_system.settings.faults import explain
from backtrader_system.settings.merging import merged
from backtrader_system.settings.overrides import read_overrides
from backtrader_system.settings.reachability import unreachable
from backtrader_system.settings.references import need_faults, with_input_files
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.yaml_source import Document

__all__ = ["LoadedSettings", "load_settings", "resolve_config_path"]


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings of a run and where they come from.

    path : the config file; None for settings made in Python. name : its name without `.yaml`; names the run folder.
    warnings : settings that can never act, each with file and line.
    resolved : all settings, defaults included, as plain JSON values.
    """

    settings: Settings
    path: Path | None
    name: str
    warnings: tuple[str, ...]
    resolved: dict[str, Any]


def load_settings(
    name: str | Path | None = None, overrides: Mapping[str, object] | Sequence[str] = ()
) -> LoadedSettings:
    """Return the settings of a config file with overrides laid over it.

    name : a path or a name in `config/`, with or without `.yaml`; None is `backtest_config.yaml`.
    overrides : "section.key=value" texts with the value in YAML, or a mapping of dotted keys.

    Raises
    ------
    SettingsError
        With all faults, each as `file:line: section.key: what was found; what is allowed`. Faults of an override
        begin with `--set section.key`. A file that is not YAML at all is reported alone.

    Examples
    --------
    >>> loaded = load_settings("sample", ["backtest.initial_capital=50_000"])
    >>> loaded.name, loaded.settings.data.source, loaded.settings.backtest.initial_capital
    ('sample', 'simulated', 50000.0)
    """
    path = resolve_config_path(name)
    document = merged([*read_config(path), read_overrides(overrides)])
    faults = list(document.faults)
    document, missing = with_input_files(document)
    faults += missing
    try:
        # JSON mode is strict about types (no true for 1) and takes text for dates and paths, as YAML gives them.
        settings = Settings.model_validate_json(json.dumps(_sections(document)), strict=True)
        faults += need_faults(settings, document)
    except ValidationError as error:
        faults += explain(error, document)
    if faults:
        raise _error(faults, path)
    return LoadedSettings(settings, path, path.stem, unreachable(settings, document), settings.model_dump(mode="json"))


def _sections(document: Document) -> dict[str, Any]:
    """Return the values without sections that were named but left empty; they mean their defaults."""
    return {key: value for key, value in document.values.items() if value is not None}


def _error(faults: list[str], path: Path) -> SettingsError:
    unique = list(dict.fromkeys(faults))
    if len(unique) > 1:
        return SettingsError(f"{shown(path)}: {len(unique)} settings cannot be used", faults=unique)
    error = SettingsError(unique[0])
    error.faults = tuple(unique)
    return error
