"""Find config files by path or by name, and follow `extends`."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from backtrader_system.errors import SettingsError
from backtrader_system.settings.yaml_source import Document, Origin, read_yaml

DEFAULT_CONFIG = "backtest_config.yaml"
PROJECT = Path(__file__).resolve().parents[2]
SUFFIXES = (".yaml", ".yml")


def resolve_config_path(name: str | Path | None = None) -> Path:
    """Return the config file that `name` means.

    name : a path, or a name in the folder `config`, with or without `.yaml`; None is `backtest_config.yaml`.
        Looked for, in this order, from the current folder, in its `config`, in the project's `config` and
        from the project's folder, so that `config/sample.yaml` works from anywhere.
    Raises: SettingsError with the names there are and the nearest spelling.
    """
    return _find(Path(name if name is not None else DEFAULT_CONFIG).expanduser(), [Path()])


def read_config(path: Path) -> list[Document]:
    """Return the documents of a config file and of those it extends, the base first, without `extends`.

    Raises: SettingsError if a file cannot be found or read, or if the chain is a circle.
    """
    documents: list[Document] = []
    chain = [path.resolve()]
    while True:
        document = read_yaml(path, shown(path))
        documents.insert(0, _without_extends(document))
        if document.values.get("extends") is None:
            return documents
        origin = document.origins[("extends",)]
        path = _extended(document.values["extends"], path, origin)
        if path.resolve() in chain:
            names = " -> ".join(part.name for part in [*chain, path])
            raise SettingsError(f"{origin}: extends: the configs extend each other in a circle: {names}")
        chain.append(path.resolve())


def shown(path: Path) -> str:
    """Return a path for messages: relative where that is shorter to read."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _without_extends(document: Document) -> Document:
    values = {key: value for key, value in document.values.items() if key != "extends"}
    return Document(values, document.origins, document.faults)


def _extended(name: object, child: Path, origin: Origin) -> Path:
    if not isinstance(name, str):
        raise SettingsError(f"{origin}: extends: found {name!r:.60}; allowed: the name or path of one config file")
    try:
        return _find(Path(name).expanduser(), [child.parent, Path()])
    except SettingsError as error:
        raise SettingsError(f"{origin}: extends: {error}") from error


def _find(name: Path, first: list[Path]) -> Path:
    folders = [*first, Path("config"), PROJECT / "config", PROJECT]
    for folder in folders:
        for candidate in (folder / name, *(folder / f"{name}{suffix}" for suffix in SUFFIXES)):
            if os.path.isfile(candidate):     # unlike Path.is_file, no error where access is denied
                return candidate
    known = sorted({path.name for folder in (Path("config"), PROJECT / "config") if folder.is_dir()
                    for path in folder.iterdir() if path.suffix in SUFFIXES})
    near = get_close_matches(name.stem, [Path(other).stem for other in known], n=1)
    hint = f" Did you mean '{near[0]}.yaml'?" if near else ""
    what = "is a folder" if os.path.isdir(name) else "no such config"
    raise SettingsError(f"{name}: {what}; config/ has: {', '.join(known) or 'nothing'}.{hint}")
