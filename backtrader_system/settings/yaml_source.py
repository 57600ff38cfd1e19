"""Read YAML as plain values, and remember the line of every key.

A strict subset: no aliases, no tags, no key twice, `true` and `false` as the only booleans (so the symbols ON
and NO stay text), numbers like `1e-3` are numbers, dates stay text until a setting asks for a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from backtrader_system.errors import SettingsError

MAX_BYTES = 262_144     # the reader takes some 100 kB a second; symbol lists that long belong into a file
MAX_DEPTH = 20

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was given: a line of a file, or an override (then without folder and line)."""

    source: str
    line: int | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values, where each of them was given, and faults that did not prevent reading.

    values : mappings, lists, text, numbers, booleans and None.
    origins : key path -> origin, for mappings, their values and the items of lists.
    """

    values: dict[str, Any]
    origins: Mapping[KeyPath, Origin]
    faults: tuple[str, ...] = ()

    def origin(self, path: KeyPath) -> Origin | None:
        """Return where `path` was given, or else the nearest section around it; None if nothing was given."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return None


def read_yaml(path: Path, source: str) -> Document:
    """Return the mapping in a YAML file; `source` is its name in messages.

    Raises
    ------
    SettingsError
        If the file cannot be read, is too large, is not UTF-8, breaks YAML's syntax or is no mapping.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{source}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise SettingsError(f"{source}: has {len(raw):,} bytes; a config may have {MAX_BYTES:,}. "
                            "Put long symbol lists into a file of their own (universe.file)")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{source}:{line}: is not UTF-8 text; save the file as UTF-8") from error
    return parse_document(text, Origin(source, 1, path.parent))


def parse_document(text: str, origin: Origin) -> Document:
    """Return the mapping written in `text`; lines are counted from 1. Errors as `read_yaml`."""
    reader = _Reader(origin)
    node = reader.compose(text)
    if node is None:
        return Document({}, {})
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{origin}: must hold `section: value` pairs; found {node.value!r:.60}")
    values = reader.plain(node, ())
    return Document(values, reader.origins, tuple(reader.faults))


def parse_value(text: str, origin: Origin, path: KeyPath) -> tuple[Any, list[str]]:
    """Return the value of one YAML expression (`0.2`, `[AAPL, MSFT]`, `{a: 1}`) for the key `path`, and its faults."""
    reader = _Reader(origin)
    node = reader.compose(text)
    return (None if node is None else reader.plain(node, path)), reader.faults


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with fewer surprises. Only its composer and scalars are used."""

    yaml_implicit_resolvers: dict[str, list] = {}
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(None, None, "anchors (&) and aliases (*) are not supported; quote the "
                                       "text if it is meant literally", event.start_mark)
        if self.depth == MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, f"is nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_whole(self, node: yaml.ScalarNode) -> int:
        digits = node.value.replace("_", "")
        return int(digits, 16) if "x" in digits else int(digits)        # 010 is ten, not eight


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
                              list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:[0-9][0-9_]{0,30}|0x[0-9a-fA-F]{1,16})$"),
                              list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?$"
               r"|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"),
    list("-+.0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole)

_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "null", "int", "float", "str", "seq", "map")}


@dataclass
class _Reader:
    origin: Origin
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def compose(self, text: str) -> yaml.Node | None:
        try:
            self.loader = _Loader(text)
            return self.loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise SettingsError(f"{self._at(line)}: {error.problem or error.context}") from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise SettingsError(f"{self._at(line)}: holds the character {error.character!r:.20}, "
                                "which YAML does not allow") from error

    def plain(self, node: yaml.Node, path: KeyPath) -> Any:
        """Return a node as plain values and note its lines; faults are collected, not raised."""
        origin = self.origins.setdefault(path, self._at(node.start_mark.line + 1))
        if node.tag not in _TAGS:
            self.faults.append(f"{place(origin, path)}: the tag {node.tag} is not supported; write a plain value")
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, number)) for number, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError):      # only by an explicit tag, as in `!!int abc`
            self.faults.append(f"{place(origin, path)}: {node.value!r:.60} is no {node.tag.rsplit(':')[-1]}")
            return None

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Origin] = {}
        for key_node, value_node in node.value:
            origin = self._at(key_node.start_mark.line + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(f"{place(origin, path)}: a key must be a word")
                continue
            key = str(key_node.value)
            if key in seen:
                self.faults.append(f"{place(origin, (*path, key))}: is given twice, first in {seen[key]}; "
                                   "keep one of them")
                continue
            seen[key] = self.origins[(*path, key)] = origin
            yield key, self.plain(value_node, (*path, key))

    def _at(self, line: int) -> Origin:
        """Return the origin of a line; an override has no lines."""
        return self.origin if self.origin.line is None else Origin(self.origin.source, line, self.origin.folder)


def place(origin: Origin | None, path: KeyPath) -> str:
    """Return how a fault of the key `path` begins: `file:line: section.key`, or `--set section.key`."""
    key = dotted(path)
    if origin is None:
        return key
    return str(origin) if str(origin) == f"--set {key}" else f"{origin}: {key}"


def dotted(path: KeyPath) -> str:
    """Return a key path as users write it.

    Examples
    --------
    >>> dotted(("universe", "symbols", 2))
    'universe.symbols[2]'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"
