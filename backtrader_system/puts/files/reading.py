"""One of the owner's files as a typed table."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.session_dates import session_dates
from backtrader_system.puts.chain import ChainIssue
from backtrader_system.puts.files.delimited import DELIMITERS, Cells, shortened, split_cells
from backtrader_system.puts.files.schemas import DATE, NUMBER, TEXT, FileSchema

MISSING = frozenset({"", "nan", "na", "n/a", "none", "null"})


@dataclass(frozen=True, slots=True, eq=False)
class OwnerTable:
    """A file of the owner, read.

    schema : which file it is. table : columns of the schema that the file has, in the schema's order, then older and
    unknown ones; text as str (empty, never missing), numbers as float64, dates as datetime64[ns] (NaT: empty).
    header : columns in the file's order. issues : what was left out or is odd.
    """

    schema: FileSchema
    source: str
    table: pd.DataFrame
    header: tuple[str, ...]
    issues: tuple[ChainIssue, ...]


def read_owner_file(path: Path, schema: FileSchema, *, keep_unknown: bool = False) -> OwnerTable:
    """Return the table of a file.

    keep_unknown : keep columns that the schema does not know as text instead of refusing the file.
    Columns are matched by name, whatever their order. Equal rows are kept once; rows of one key that differ are left
    out, for nobody knows which is right. Infinite numbers become missing. All three are listed in `issues`.
    Raises: DataError with all faults at once, each with its line.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); check the folder") from error
    return read_owner_bytes(content, str(path), schema, keep_unknown=keep_unknown)


def read_owner_bytes(content: bytes, source: str, schema: FileSchema, *, keep_unknown: bool = False) -> OwnerTable:
    """Return the table of a file's bytes; see `read_owner_file`.

    Examples
    --------
    >>> from backtrader_system.puts.files.schemas import MARGINS
    >>> read = read_owner_bytes(b"OptionName|Est_Margin_SEK\\nAAK6N215|9071.53\\n", "margins", MARGINS)
    >>> read.table.to_dict("list")
    {'OptionName': ['AAK6N215'], 'Est_Margin_SEK': [9071.53]}
    """
    cells = split_cells(content, source, schema.delimiter)
    faults = _column_faults(cells, schema, keep_unknown or schema.keeps_others)
    if faults:
        raise DataError(f"{source}: the columns are not those of {schema.file_name}", faults=shortened(faults))
    typed = {name: _typed(name, schema.kind_of(name) or TEXT, column, cells.lines)
             for name, column in zip(cells.header, cells.columns, strict=True)}
    faults = [fault for _, found, _ in typed.values() for fault in found]
    # A key that cannot be read is empty here; one fault for it is enough.
    faults = faults or _key_faults(typed, schema, cells.lines)
    if faults:
        raise DataError(f"{source}: {len(faults)} cells cannot be read; correct them or export the file again",
                        faults=shortened(faults))
    names = [*(name for name in schema.names if name in typed),
             *(name for name in cells.header if name not in schema.names)]
    table = pd.DataFrame({name: typed[name][0] for name in names})
    n_infinite = sum(infinite for _, _, infinite in typed.values())
    issues = [*_file_issues(cells, schema, source), *_infinite_issue(n_infinite, source)]
    table, repeated = _without_repeats(table, schema, source, np.array(cells.lines))
    return OwnerTable(schema, source, table, cells.header, (*issues, *repeated))


def _column_faults(cells: Cells, schema: FileSchema, keep_unknown: bool) -> list[str]:
    faults = [f"required column '{name}' is missing; found {', '.join(cells.header[:12])}"
              for name in schema.required if name not in cells.header]
    if keep_unknown:
        return faults
    known = [column.name for column in (*schema.columns, *schema.older)]
    for name in cells.header:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            faults.append(f"line 1: unknown column '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    return faults


def _typed(name: str, kind: str, cells: tuple[str, ...], lines: tuple[int, ...]) -> tuple[object, list[str], int]:
    """Return values, faults and how many numbers are infinite."""
    if kind == TEXT:
        return pd.Series(cells, dtype="str"), [], 0
    if kind == DATE:
        return *_dates(name, cells, lines), 0
    values, faults = np.full(len(cells), np.nan), []
    for row, cell in enumerate(cells):
        if cell.lower() not in MISSING:
            try:
                values[row] = float(cell.replace("_", "?"))
            except ValueError:
                faults.append(f"line {lines[row]}: {name} '{cell}' is no number (a decimal point, no thousands mark)")
    is_infinite = np.isinf(values)
    return np.where(is_infinite, np.nan, values), faults, int(is_infinite.sum())


def _dates(name: str, cells: tuple[str, ...], lines: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
    if not cells:
        return np.array([], dtype="datetime64[ns]"), []
    is_empty = np.array([cell.lower() in MISSING for cell in cells])
    read = session_dates(pd.Series(cells, dtype="str").mask(is_empty), "UTC")
    wrong = (read.fault != "") & ~is_empty
    faults = [f"line {lines[row]}: {name} {read.fault[row]}" for row in np.flatnonzero(wrong)]
    faults += [f"line {lines[row]}: {name} '{cells[row]}' has a time zone" for row in np.flatnonzero(read.was_aware)]
    return read.sessions, faults


def _key_faults(typed: dict, schema: FileSchema, lines: tuple[int, ...]) -> list[str]:
    """Return required keys that are empty; a text key such as Stock may be (scenario rows have none)."""
    faults = []
    for name in schema.key:
        if name in schema.required and (schema.kind_of(name) in (NUMBER, DATE) or name == schema.key[0]):
            values = pd.Series(typed[name][0])
            empty = (values.isna() | (values.astype("str") == "")).to_numpy()
            faults += [f"line {lines[row]}: {name} is empty" for row in np.flatnonzero(empty)]
    return faults


def _file_issues(cells: Cells, schema: FileSchema, source: str) -> list[ChainIssue]:
    issues = []
    if cells.delimiter != schema.delimiter:
        issues.append(ChainIssue("warning", "delimiter", source, 1, f"the file uses a {DELIMITERS[cells.delimiter]}, "
                                 f"{schema.file_name} a {DELIMITERS[schema.delimiter]}", "check how it was exported"))
    known = [*schema.names, *(column.name for column in schema.older)]
    unknown = [name for name in cells.header if name not in known]
    missing = [name for name in schema.names if name not in cells.header]
    if unknown and not schema.keeps_others:
        issues.append(ChainIssue("warning", "unknown_column", source, len(unknown), ", ".join(unknown[:5]),
                                 "kept as text, used by nothing; tell what it means"))
    if missing:
        issues.append(ChainIssue("warning", "missing_column", source, len(missing), ", ".join(missing[:5]),
                                 "an older or shortened file; what needs them is missing"))
    return issues


def _infinite_issue(count: int, source: str) -> list[ChainIssue]:
    return [ChainIssue("warning", "infinite_number", source, count, f"{count} cells hold inf", "taken as missing")
            ] if count else []


def _without_repeats(table: pd.DataFrame, schema: FileSchema, source: str, lines: np.ndarray
                     ) -> tuple[pd.DataFrame, list[ChainIssue]]:
    issues = []
    equal = table.duplicated().to_numpy()
    key = [name for name in schema.key if name in table]
    differing = table[~equal].duplicated(key, keep=False).reindex(table.index, fill_value=False).to_numpy()
    for rule, rows, severity, advice in (
            ("repeated_row", equal, "warning", "kept once"),
            ("conflicting_rows", differing, "excluded", "rows of one key differ; all of them are left out")):
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            shown = ", ".join(str(table[name].iloc[first]) for name in key)
            issues.append(ChainIssue(severity, rule, source, int(rows.sum()), f"line {lines[first]}: {shown}", advice))
    return table[~(equal | differing)].reset_index(drop=True), issues
