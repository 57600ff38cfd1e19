"""Say what is wrong with settings: where, what was found, what is allowed, which spelling was meant."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from backtrader_system.settings.section import Section
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.yaml_source import Document, KeyPath, dotted, place

# Keys of the original system that have no counterpart here.
REFUSED = {
    ("execution", "alpaca_config"): "only the backtest mode exists; no broker is contacted, so remove this "
                                    "section and keep its secrets out of configs",
}


def explain(error: ValidationError, document: Document) -> list[str]:
    """Return one line for every key that pydantic refused: `file:line: section.key: found; allowed`.

    Values of unknown keys are never shown: they may be secrets.
    """
    lines: dict[KeyPath, str] = {}
    for fault in error.errors(include_url=False):
        path, annotation = _located(fault["loc"])
        # A list of which every item is refused is also called too short.
        if not any(known[:len(path)] == path for known in lines):
            lines[path] = _line(fault, path, annotation, document)
    return list(lines.values())


def _line(fault: Mapping[str, Any], path: KeyPath, annotation: Any, document: Document) -> str:
    origin = document.origin(path)
    if fault["type"] == "extra_forbidden":
        text = REFUSED.get(path) or _unknown(path, annotation)
    elif fault["type"] == "conflict":
        other = (*path[:-1], fault["ctx"]["other"])
        where = document.origins.get(other)
        # The key at fault may be a default, and the one given by the user its counterpart.
        origin = document.origins.get(path) or where or origin
        text = fault["ctx"]["message"] + (f" ({where})" if where and where != origin else "")
    else:
        detail = f", {fault['ctx']['error']}" if fault["type"] == "date_parsing" else ""
        text = f"found {_quoted(fault['input'])}{detail}; allowed: {allowed(annotation)}"
    return f"{place(origin, path)}: {text}"


def _located(location: tuple[str | int, ...]) -> tuple[KeyPath, Any]:
    """Return the key path in a pydantic location, which also names branches of unions, and its annotation."""
    path: list[str | int] = []
    annotation: Any = Settings
    for part in location:
        if _is_section(annotation):
            path.append(part)
            if part not in annotation.model_fields:
                break
            annotation = _annotated(annotation.model_fields[part])
        elif isinstance(part, int) and (item := _item_of(annotation)) is not None:
            path.append(part)
            annotation = item
        else:
            break
    return tuple(path), annotation


def _annotated(field: FieldInfo) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _item_of(annotation: Any) -> Any:
    """Return the annotation of the items of a tuple, looking through Annotated and unions."""
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        items = [_item_of(part) for part in get_args(annotation)]
        return next((item for item in items if item is not None), None)
    return None


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _unknown(path: KeyPath, section: type[Section]) -> str:
    name, known = str(path[-1]), list(section.model_fields)
    near = get_close_matches(name, known, n=1)
    elsewhere = [dotted(found) for found in _key_paths(Settings, ()) if found[-1] == name]
    meant = near or elsewhere[:1]
    return "unknown key" + (f". Did you mean '{meant[0]}'?" if meant else f"; allowed: {', '.join(known)}")


def _key_paths(section: type[Section], above: KeyPath) -> Iterator[KeyPath]:
    for name, field in section.model_fields.items():
        yield (*above, name)
        if _is_section(field.annotation):
            yield from _key_paths(field.annotation, (*above, name))


def _quoted(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a section"
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "null",
          Path: "a path", date: "a date as YYYY-MM-DD"}


def allowed(annotation: Any) -> str:
    """Return what a setting may be, in words, from its type.

    Examples
    --------
    >>> from backtrader_system.settings.section import PositiveFraction
    >>> allowed(PositiveFraction | None)
    'a number above 0 and at most 1, or null'
    """
    if _is_section(annotation):
        return f"a section with {', '.join(annotation.model_fields)}"
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _limited(parts[0], parts[1:])
    if origin in (Union, types.UnionType):
        return ", or ".join(allowed(part) for part in parts)
    if origin is Literal:
        return " or ".join(str(part) for part in parts)
    if origin is tuple:
        return f"a list, each item {allowed(parts[0])}"
    return _WORDS.get(annotation, "a section of free keys")


def _limited(base: Any, metadata: tuple[Any, ...]) -> str:
    limits = {}
    for item in metadata:
        for part in (item, *getattr(item, "metadata", ())):     # a Field carries its limits inside
            if getattr(item, "description", None):
                return item.description
            limits |= {name: getattr(part, name) for name in ("gt", "ge", "lt", "le", "min_length")
                       if getattr(part, name, None) is not None}
    if "min_length" in limits:
        return allowed(base).replace("a list", "a list that is not empty", 1)
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return f"{allowed(base)} {' and '.join(f'{words[name]} {limit:,g}' for name, limit in limits.items())}".rstrip()
