"""Lay one document over another, and bring the seed's key names to ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backtrader_system.settings.yaml_source import Document, KeyPath, Origin, dotted, place

# A symbol list, a file and a membership table exclude each other, so naming one replaces the others below.
UNIVERSE_CHOICES = ("symbols", "file", "membership")

# Keys that configs of the original system may hold, and where their values belong here.
MOVED: tuple[tuple[KeyPath, KeyPath], ...] = (
    (("backtest", "symbols"), ("universe", "symbols")),
    (("strategy", "min_training_days"), ("ml_config", "min_training_days")),
)
UNIVERSE_TYPES = ("list", "custom")     # the original's words for a list of symbols


def merged(documents: Sequence[Document]) -> Document:
    """Return the documents laid over each other, the first at the bottom, old key names moved; with all faults.

    Mappings merge key by key, everything else (lists too) replaces. A section without a value changes nothing.
    """
    values: dict[str, Any] = {}
    origins: dict[KeyPath, Origin] = {}
    faults: list[str] = []
    for document in documents:
        upper = _renamed(document)
        faults += upper.faults
        if any(name in _section(upper.values, "universe") for name in UNIVERSE_CHOICES):
            universe = _section(values, "universe")
            values = values | {"universe": {k: v for k, v in universe.items() if k not in UNIVERSE_CHOICES}}
            origins = {path: origin for path, origin in origins.items()
                       if not (path[0] == "universe" and path[1:2] and path[1] in UNIVERSE_CHOICES)}
        values = laid_over(values, upper.values)
        origins |= {path: origin for path, origin in upper.origins.items() if path}
    return Document(values, origins, tuple(faults))


def laid_over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Return `lower` with the values of `upper` in it; mappings merge, everything else replaces.

    Examples
    --------
    >>> laid_over({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}})
    {'a': {'b': 1, 'c': [3]}}
    """
    result = dict(lower)
    for key, value in upper.items():
        below = result.get(key)
        if isinstance(below, Mapping) and (value is None or isinstance(value, Mapping)):
            result[key] = laid_over(below, value or {})
        else:
            result[key] = value
    return result


def _renamed(document: Document) -> Document:
    """Return a document with the original's key names replaced by ours; two different values are a fault."""
    values = {key: dict(item) if isinstance(item, Mapping) else item for key, item in document.values.items()}
    origins, faults = dict(document.origins), list(document.faults)
    for old, new in MOVED:
        section = values.get(old[0])
        if not isinstance(section, dict) or old[1] not in section:
            continue
        target = values.get(new[0])
        target = target if isinstance(target, dict) else {}
        value = section.pop(old[1])
        if target.get(new[1], value) != value:
            faults.append(f"{place(document.origin(old), old)}: found {value!r:.60}, but {dotted(new)} is "
                          f"{target[new[1]]!r:.60} ({document.origin(new)}); keep only {dotted(new)}")
        values[new[0]] = {new[1]: value} | target
        origins |= {new + path[len(old):]: origin for path, origin in document.origins.items()
                    if path[:len(old)] == old and new + path[len(old):] not in document.origins}
    faults += _universe_type_faults(values, document)
    return Document(values, origins, tuple(faults))


def _universe_type_faults(values: dict[str, Any], document: Document) -> list[str]:
    """Drop `universe.type`; the kind of universe follows from the keys given."""
    universe = values.get("universe")
    if not isinstance(universe, dict) or "type" not in universe:
        return []
    kind = universe.pop("type")
    if kind in UNIVERSE_TYPES and universe.get("symbols"):
        return []
    key = ("universe", "type")
    return [f"{place(document.origin(key), key)}: found {kind!r:.60}; this key of old configs may only be "
            f"{' or '.join(UNIVERSE_TYPES)}, beside universe.symbols. Leave it out"]


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = values.get(name)
    return section if isinstance(section, Mapping) else {}
