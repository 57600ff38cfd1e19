"""Overrides of a config: `section.key=value` from the command line, or a mapping from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from os import PathLike, fspath
from typing import Any

from backtrader_system.errors import SettingsError
from backtrader_system.settings.merging import laid_over
from backtrader_system.settings.yaml_source import Document, KeyPath, Origin, parse_value


def read_overrides(overrides: Mapping[str, object] | Sequence[str]) -> Document:
    """Return all overrides as one document whose origins read `--set section.key`.

    overrides : "section.key=value" texts, the value in YAML; or a mapping of dotted keys to Python values.
        Of two for the same key the later one counts.
    Faults: a text without `=`, an empty part of a key, a value that is no YAML or no plain value.
    """
    values: dict[str, Any] = {}
    origins: dict[KeyPath, Origin] = {}
    faults: list[str] = []
    for key, value in _pairs(overrides, faults):
        path: KeyPath = tuple(part.strip() for part in key.split("."))
        origin = Origin(f"--set {key}")
        if not all(path):
            faults.append(f"{origin}: the key must be written section.key")
            continue
        try:
            plain, found = _plain(value, origin, path)
        except (SettingsError, TypeError) as error:
            faults.append(str(error) if isinstance(error, SettingsError) else f"{origin}: {error}")
            continue
        faults += found
        values = laid_over(values, _nested(path, plain))
        above = (path[:end] for end in range(1, len(path)))
        origins.update(dict.fromkeys([*above, *_paths(plain, path)], origin))
    return Document(values, origins, tuple(faults))


class _Text(str):
    """A value that is still YAML."""


def _pairs(overrides: Mapping[str, object] | Sequence[str], faults: list[str]) -> Iterator[tuple[str, object]]:
    if isinstance(overrides, Mapping):
        yield from overrides.items()
        return
    if isinstance(overrides, str):
        raise SettingsError(f"overrides must be a list of 'section.key=value'; found the text {overrides!r:.60}")
    for text in overrides:
        key, equals, value = text.partition("=")
        if equals:
            yield key.strip(), _Text(value)
        else:
            faults.append(f"--set {text}: must be written section.key=value")


def _plain(value: object, origin: Origin, path: KeyPath) -> tuple[Any, list[str]]:
    return parse_value(value, origin, path) if isinstance(value, _Text) else (as_plain(value), [])


def as_plain(value: object) -> Any:
    """Return a Python value as YAML would give it: dates and paths as text, arrays and tuples as lists.

    Examples
    --------
    >>> as_plain({"start_date": date(2024, 1, 2), "symbols": ("A", "B")})
    {'start_date': '2024-01-02', 'symbols': ['A', 'B']}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):            # arrays and scalars of NumPy
        return as_plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    raise TypeError(f"a value of type {type(value).__name__} cannot be a setting")


def _paths(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def _nested(path: KeyPath, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return value
