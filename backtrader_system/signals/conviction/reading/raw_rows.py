"""Rows of a signal file as text: CSV or JSON lines, recognised by content, with the line of every row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.issues import EXCLUDED, SignalIssue

MAX_FILE_BYTES = 1_000_000_000
SQLITE_MAGIC = b"SQLite format 3\x00"
_BINARY_MAGIC = {b"PAR1": "a Parquet file", b"PK\x03\x04": "a zip archive or workbook", b"\x1f\x8b": "a gzip archive",
                 b"\x80\x04": "a pickle", b"\x80\x05": "a pickle"}
_DELIMITERS = ",;\t"
# A dict of reactions is one value; every other nested object is a group of fields.
_WHOLE = ("reactions",)


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of a file before anything is understood.

    columns : header -> texts, one per row, "" for an empty cell; in a file without a header the keys are "0", "1", ...
    lines : line of the file at which each row ends. has_header : False when the first line already is a signal.

    Examples
    --------
    >>> RawRows("a.csv", {"ticker": ["TAO"]}, (2,), True, ()).where(0)
    'a.csv:2'
    """

    source: str
    columns: Mapping[str, list[str]]
    lines: tuple[int, ...]
    has_header: bool
    issues: tuple[SignalIssue, ...]

    def where(self, row: int) -> str:
        """Return file and line of a row."""
        return f"{self.source}:{self.lines[row]}"


def is_sqlite(path: Path) -> bool:
    """Return whether the file is an SQLite database, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def read_raw_rows(path: Path) -> RawRows:
    """Return the rows of a CSV file (comma, semicolon or tab) or of JSON lines, as text.

    Raises: DataError if the file is empty, no text, not UTF-8, or larger than `MAX_FILE_BYTES`.
    """
    text = _text_of(path)
    start = text.lstrip()[:1]
    if start == "[":
        raise DataError(f"{path}: the file is one JSON array; write one object per line (JSON lines)")
    return _json_rows(path, text) if start == "{" else _csv_rows(path, text)


def _text_of(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise DataError(f"{path}: {size:,} bytes is more than {MAX_FILE_BYTES:,}; split it, or import it in parts into "
                        "a signal store")
    data = path.read_bytes()
    for magic, kind in _BINARY_MAGIC.items():
        if data.startswith(magic):
            raise DataError(f"{path}: this is {kind}; signals are CSV, JSON lines or a signal store (SQLite)")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise DataError(f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); "
                        "save the file as UTF-8") from error
    if "\x00" in text:
        raise DataError(f"{path}: the file holds zero bytes, so it is no text; signals are CSV or JSON lines")
    if not text.strip():
        raise DataError(f"{path}: the file is empty; it must hold a header and at least one signal")
    return text


def _csv_rows(path: Path, text: str) -> RawRows:
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first_line.count))
    rows = _numbered(path, reader)
    header_line, header = next(rows, (0, []))
    if not header:
        raise DataError(f"{path}: every cell is empty; the file must hold a header and at least one signal")
    # A signal holds a date, a header does not.
    has_header = not _is_dated(header)
    names = [cell.strip() for cell in header] if has_header else [str(place) for place in range(len(header))]
    kept, lines, issues = ([], [], []) if has_header else ([header], [header_line], [])
    while names and not names[-1]:
        names.pop()
    _refuse_repeated(path, names)
    for line, cells in rows:
        surplus = any(cell.strip() for cell in cells[len(names):])
        if surplus or len(cells) < len(names):
            issues.append(SignalIssue(
                EXCLUDED, "wrong_cell_count", f"{path.name}:{line}", "", cells[0].strip()[:20],
                f"{len(cells)} cells in place of {len(names)}", "quote texts that hold the separator"))
            continue
        kept.append(cells)
        lines.append(line)
    columns = {name: [cells[place].strip() for cells in kept] for place, name in enumerate(names)}
    return RawRows(path.name, columns, tuple(lines), has_header, tuple(issues))


def _numbered(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}; is a quote left open?") from error


def _is_dated(cells: Sequence[str]) -> bool:
    return any(len(cell) >= 8 and cell[:4].isdigit() and cell[4] in "-0123456789" for cell in map(str.strip, cells))


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: the header holds {repeated} more than once; name every column once")


def _json_rows(path: Path, text: str) -> RawRows:
    objects, lines, issues = [], [], []
    for line, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        parsed = _json_object(content)
        if isinstance(parsed, str):
            issues.append(SignalIssue(EXCLUDED, "bad_json", f"{path.name}:{line}", "", "", parsed,
                                      "write one JSON object per line"))
            continue
        objects.append(dict(_flat(parsed)))
        lines.append(line)
    if not objects:
        raise DataError(f"{path}: no line is a JSON object; write one object per line (JSON lines)",
                        faults=[str(issue) for issue in issues[:5]])
    names = list(dict.fromkeys(name for item in objects for name in item))
    columns = {name: [item.get(name, "") for item in objects] for name in names}
    return RawRows(path.name, columns, tuple(lines), True, tuple(issues))


def _json_object(content: str) -> dict[str, object] | str:
    try:
        parsed = json.loads(content, parse_constant=lambda _: None)
    except (json.JSONDecodeError, RecursionError) as error:
        return f"no JSON: {error}"[:120]
    return parsed if isinstance(parsed, dict) else f"a JSON {type(parsed).__name__}, no object"


def _flat(item: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in item.items():
        name = prefix + str(key)
        if isinstance(value, dict) and name not in _WHOLE:
            yield from _flat(value, f"{name}_")
        else:
            yield name, _as_text(value)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
