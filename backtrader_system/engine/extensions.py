"""Load strategies and analyzers, ours and a user's, from their folders by file name."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import backtrader as bt

from backtrader_system.engine.exit_rules import ExitRules
from backtrader_system.errors import StrategyError
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import ExitSettings

PROJECT = Path(__file__).resolve().parents[2]


def load_strategy(name: str, folders: tuple[Path, ...] | None = None) -> type[bt.Strategy]:
    """Return the Strategy class of `strategies/<name>.py`.

    folders : where to look, in order; by default `strategies` under the current folder, then the project's.
    Raises: StrategyError if there is no such file (with the nearest spelling), if it fails to import or if it does
    not define exactly one strategy.
    """
    return _load("strategies", name, bt.Strategy, folders)


def load_analyzer(name: str, folders: tuple[Path, ...] | None = None) -> type[bt.Analyzer]:
    """Return the Analyzer class of `analyzers/<name>.py`; errors as `load_strategy`."""
    return _load("analyzers", name, bt.Analyzer, folders)


def check_parameters(strategy: type[bt.Strategy], given: dict[str, Any]) -> None:
    """Raise StrategyError if `given` names a parameter that `strategy` does not declare."""
    declared = list(strategy.params._getkeys())
    faults = []
    for name in given:
        if name not in declared:
            near = get_close_matches(name, declared, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            faults.append(f"unknown parameter '{name}'; it has: {', '.join(sorted(declared))}.{hint}")
    if faults:
        raise StrategyError(f"strategy.params: strategy '{strategy.__name__}' cannot take them", faults=faults)


def unread_exits(strategy: type[bt.Strategy], settings: Settings) -> tuple[str, ...]:
    """Return a warning that names the settings of `strategy.exits` that were changed and that `strategy` never reads.

    A strategy reads a setting by declaring a parameter of its name; `exit_rules` stands for all fields of ExitRules.
    """
    declared = set(strategy.params._getkeys())
    if "exit_rules" in declared:
        declared |= {field.name for field in fields(ExitRules)}
    exits, default = settings.strategy.exits, ExitSettings()
    unread = [name for name in type(exits).model_fields
              if name not in declared and getattr(exits, name) != getattr(default, name)]
    if not unread:
        return ()
    return (f"strategy.exits: {', '.join(unread)} {'does' if len(unread) == 1 else 'do'} nothing: strategy "
            f"'{settings.strategy.name}' declares no such parameter, so it must read them or leave them out",)


def _load(kind: str, name: str, base: type, folders: tuple[Path, ...] | None) -> type:
    places = folders or (Path.cwd() / kind, PROJECT / kind)
    for folder in places:
        path = folder / f"{name}.py"
        if name.isidentifier() and path.is_file():
            return _only_class(_import(kind, name, path), base, path)
    known = sorted({p.stem for folder in places if folder.is_dir() for p in folder.glob("[!_]*.py")})
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    has = ", ".join(known) or "nothing"
    raise StrategyError(f"unknown {base.__name__.lower()} '{name}'; {kind}/ has: {has}.{hint}")


def _import(kind: str, name: str, path: Path) -> ModuleType:
    module_name = f"{kind}.{name}"
    loaded = sys.modules.get(module_name)
    if loaded is not None and Path(loaded.__file__ or "").resolve() == path.resolve():
        return loaded
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module       # Backtrader looks a class's module up by name while it is defined
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise StrategyError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _only_class(module: ModuleType, base: type, path: Path) -> type:
    found = [
        item for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, base) and item.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(item.__name__ for item in found) or "none"
        raise StrategyError(f"{path}: must define exactly one {base.__name__}; found {names}")
    return found[0]
