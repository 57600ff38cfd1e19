"""Delimited text, byte by byte: every cell as text with its line, and nothing accepted in silence."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from backtrader_system.errors import DataError

DELIMITERS = {"|": "pipe", ",": "comma", ";": "semicolon", "\t": "tab"}
MAX_FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file as stripped text, by column.

    header : column names in the file's order. columns : one tuple of texts per column. lines : the line of each row,
    counted from 1. delimiter : what was between the cells.

    Examples
    --------
    >>> cells = split_cells(b"OptionName|Bid\\r\\nAAK5X250| 0.2\\r\\n", "data.csv", "|")
    >>> cells.header, cells.columns, cells.lines
    (('OptionName', 'Bid'), (('AAK5X250',), ('0.2',)), (2,))
    """

    header: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    delimiter: str


def split_cells(content: bytes, source: str, delimiter: str) -> Cells:
    """Return the cells of a file.

    A byte order mark, CRLF, quotes and blank lines are understood. If the expected delimiter is absent from the header
    and another of pipe, comma, semicolon and tab is there, that one is taken; `Cells.delimiter` says so.
    Raises: DataError with every fault: bytes that are not UTF-8, no header, repeated columns, lines with more or fewer
    cells than the header, a last line without line end (the file is still being written).
    """
    text = _decoded(content, source)
    header_line = text.split("\n", 1)[0]
    used = _delimiter(header_line, delimiter)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=used, strict=True)
        rows, lines = [], []
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{source}: line {reader.line_num} is not delimited text ({error}); export the file again"
                        ) from error
    header = tuple(name.strip() for name in rows[0])
    faults = [*_header_faults(header), *_length_faults(rows, lines, len(header)), *_end_faults(text, rows, lines)]
    if faults:
        raise DataError(f"{source}: not a whole file; collect it again when its writer is done",
                        faults=shortened(faults))
    columns = tuple(tuple(cell.strip() for cell in column) for column in zip(*rows[1:], strict=True))
    return Cells(header, columns or ((),) * len(header), tuple(lines[1:]), used)


def shortened(faults: list[str]) -> list[str]:
    """Return the first faults and how many more there are."""
    rest = len(faults) - MAX_FAULTS_SHOWN
    return faults if rest <= 0 else [*faults[:MAX_FAULTS_SHOWN], f"... and {rest:,} more"]


def _decoded(content: bytes, source: str) -> str:
    if not content.strip():
        raise DataError(f"{source}: the file is empty; collect it again when its writer is done")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{source}: line {line} holds the byte 0x{content[error.start]:02x}, which is not UTF-8; "
                        "save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{source}: line {line} holds zero bytes: the file was cut off or is UTF-16; export it again")
    return text


def _delimiter(header_line: str, expected: str) -> str:
    if expected in header_line:
        return expected
    return max(DELIMITERS, key=lambda mark: (header_line.count(mark), mark == expected))


def _header_faults(header: tuple[str, ...]) -> list[str]:
    repeated = sorted({name for name in header if header.count(name) > 1})
    return [f"line 1: column '{name}' appears {header.count(name)} times" for name in repeated]


def _length_faults(rows: list[list[str]], lines: list[int], n_columns: int) -> list[str]:
    return [f"line {line}: {len(row)} cells, the header has {n_columns}"
            for row, line in zip(rows, lines, strict=True) if len(row) != n_columns]


def _end_faults(text: str, rows: list[list[str]], lines: list[int]) -> list[str]:
    if text.endswith(("\n", "\r")):
        return []
    return [f"line {lines[-1]}: the last line has no line end and may be half written ('{rows[-1][-1][-20:]}')"]
