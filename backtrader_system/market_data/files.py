"""Bars from the user's own files: one Parquet or CSV, or a folder of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.bar_columns import (
    NEEDED,
    OPTIONAL,
    TEXTS,
    csv_header,
    match_columns,
    read_csv_bars,
)
from backtrader_system.market_data.parquet import column_spans, parquet_columns, quoted, read_parquet
from backtrader_system.market_data.quality import DataIssue
from backtrader_system.market_data.session_dates import SessionDates, session_dates

_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_DATE_KINDS = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


@dataclass(frozen=True, slots=True)
class BarFile:
    """One file of bars, opened: which column is which and which symbols it holds.

    date_kind : DuckDB's type of the dates in a Parquet file, empty for CSV.
    table : the content of a CSV file that had to be read for its symbols, else None.
    """

    path: Path
    columns: Mapping[str, str]
    symbols: tuple[str, ...]
    date_kind: str = ""
    table: pd.DataFrame | None = None


def open_bar_files(path: Path) -> tuple[BarFile, ...]:
    """Return the bar files at `path`, a file or a folder, in the order of their names.

    A file without a symbol column holds the bars of the symbol it is named after (`AAPL.csv`).
    Raises: DataError if there is none, or one cannot be read or lacks columns.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.name.endswith(_SUFFIXES) and file.name[0] != ".")
        if not found:
            raise DataError(f"{path}: the folder holds no {', '.join(_SUFFIXES)} file; check data.path")
        return tuple(_open(file) for file in found)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder; check data.path")
    if not path.name.endswith(_SUFFIXES):
        raise DataError(f"{path}: unknown kind of file; data.path takes {', '.join(_SUFFIXES)} or a folder of them")
    return (_open(path),)


def read_bars(
    files: Sequence[BarFile], symbols: Sequence[str], first: pd.Timestamp, last: pd.Timestamp, timezone: str
) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return the bars of `symbols` from `first` to `last` in the order of the files, and what is odd about dates.

    timezone : that of the exchange, for dates that come with a time zone.
    Returns: columns session (datetime64[ns], naive midnight), symbol, open, high, low, close, volume and those of
        adj_close, adj_factor, split_factor, price_factor that a file has. A date that cannot be read is an error
        whatever the period, for nobody knows where its row belongs.
    """
    wanted = set(symbols)
    tables: list[pd.DataFrame] = []
    issues: list[DataIssue] = []
    for file in files:
        if wanted.isdisjoint(file.symbols):
            continue
        rows = _rows(file, wanted, first, last)
        dates = session_dates(rows["session"], timezone)
        issues += _date_issues(file, rows["symbol"], dates, timezone)
        is_used = (dates.sessions >= first.to_datetime64()) & (dates.sessions <= last.to_datetime64())
        tables.append(rows.assign(session=dates.sessions)[is_used])
    names = ["session", "symbol", *NEEDED[1:]]
    if not tables:
        return pd.DataFrame(columns=names), issues
    bars = pd.concat(tables, ignore_index=True)
    return bars[names + [name for name in OPTIONAL[1:] if name in bars]], issues


def source_by_symbol(files: Sequence[BarFile]) -> dict[str, str]:
    """Return the file of each symbol, as text; the first one if several files hold it."""
    return {symbol: str(file.path) for file in reversed(files) for symbol in file.symbols}


def covered_dates(files: Sequence[BarFile], symbols: Sequence[str], timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last session that the files hold for any of `symbols`."""
    spans = [span for file in files if (span := _span(file, set(symbols), timezone)) is not None]
    return min(first for first, _ in spans), max(last for _, last in spans)


def _open(path: Path) -> BarFile:
    is_parquet = path.name.endswith(".parquet")
    kinds = parquet_columns(path) if is_parquet else dict.fromkeys(csv_header(path), "")
    columns = match_columns(path, list(kinds))
    date_kind = kinds[columns["session"]]
    if "symbol" not in columns:
        return BarFile(path, columns, (_stem(path),), date_kind)
    table = None if is_parquet else read_csv_bars(path, columns)
    found = column_spans(path, columns["session"], columns["symbol"])["key"] if table is None else table["symbol"]
    if found.isna().any():
        raise DataError(f"{path}: {int(found.isna().sum())} rows or more have an empty symbol; name or remove them")
    return BarFile(path, columns, tuple(sorted(set(found))), date_kind, table)


def _stem(path: Path) -> str:
    return next(path.name.removesuffix(suffix) for suffix in _SUFFIXES if path.name.endswith(suffix))


def _rows(file: BarFile, wanted: set[str], first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    if file.date_kind:
        rows = _parquet_rows(file, wanted, first, last)
    else:
        rows = read_csv_bars(file.path, file.columns) if file.table is None else file.table
        rows = rows[rows["symbol"].isin(wanted)] if "symbol" in rows else rows
    return rows if "symbol" in file.columns else rows.assign(symbol=file.symbols[0])


def _parquet_rows(file: BarFile, wanted: set[str], first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    conditions: list[str] = []
    parameters: list[object] = []
    if "symbol" in file.columns:
        conditions.append(f"CAST({quoted(file.columns['symbol'])} AS VARCHAR) IN (SELECT unnest(?))")
        parameters.append(sorted(wanted & set(file.symbols)))
    if file.date_kind in _DATE_KINDS:
        # Dates as text or with a time zone cannot be compared here; they are cut once they are understood.
        name = quoted(file.columns["session"])
        conditions.append(f"({name} IS NULL OR ({name} >= ? AND {name} < ?))")
        parameters += [first.to_pydatetime(), (last + pd.Timedelta(days=1)).to_pydatetime()]
    rows = read_parquet(file.path, columns=list(file.columns.values()), where=" AND ".join(conditions),
                        parameters=parameters)
    rows = rows.rename(columns={header: name for name, header in file.columns.items()})
    return _with_float_numbers(file, rows)


def _with_float_numbers(file: BarFile, rows: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in rows if name not in TEXTS]
    wrong = [f"column '{file.columns[name]}' holds {rows[name].dtype}" for name in names
             if not pd.api.types.is_numeric_dtype(rows[name]) or pd.api.types.is_bool_dtype(rows[name])]
    if wrong:
        raise DataError(f"{file.path}: prices and volumes must be stored as numbers", faults=wrong)
    texts = {"symbol": "str"} if "symbol" in rows else {}
    return rows.astype({**dict.fromkeys(names, float), **texts})


def _date_issues(file: BarFile, symbols: pd.Series, dates: SessionDates, timezone: str) -> list[DataIssue]:
    source, names = str(file.path), symbols.to_numpy()
    issues = [
        DataIssue("error", "bad_date", source, names[row], None, f"row {row + 1}: {dates.fault[row]}",
                  "write one date per bar (2024-01-31); intraday bars must be turned into daily bars first")
        for row in np.flatnonzero(dates.fault != "")
    ]
    n_aware = int((dates.was_aware & (dates.fault == "")).sum())
    if n_aware:
        issues.append(DataIssue(
            "repair", "time_zone", source, "", None, f"{n_aware} dates came with a time zone",
            f"taken as the session in which they are midnight in {timezone} or in their own zone"))
    return issues


def _span(file: BarFile, wanted: set[str], timezone: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if wanted.isdisjoint(file.symbols):
        return None
    if file.date_kind:
        spans = column_spans(file.path, file.columns["session"], file.columns.get("symbol"))
        spans = spans[spans["key"].isin(wanted | {""})]
        values = pd.concat([spans["first"], spans["last"]])
    else:
        values = _rows(file, wanted, pd.Timestamp.min, pd.Timestamp.max)["session"]
    sessions = pd.Series(session_dates(values, timezone).sessions).dropna()
    return None if sessions.empty else (sessions.min(), sessions.max())
