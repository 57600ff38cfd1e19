"""The rows of a chain file under our names, nothing judged yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.bar_columns import csv_header, read_csv_text
from backtrader_system.market_data.parquet import parquet_columns, read_parquet
from backtrader_system.market_data.session_dates import session_dates
from backtrader_system.puts.chain_reading.chain_columns import DATES, NUMBERS, PRICES, TEXTS, match_chain_columns

_EMPTY = ("", "nan", "na", "n/a", "null", "none", "-")
_CSV = (".csv", ".csv.gz")


@dataclass(frozen=True, slots=True, eq=False)
class RawQuotes:
    """All rows of a file.

    rows : one per row of the file, in its order, index 0..n-1: the dates as datetime64[ns] (NaT unreadable), texts,
        and the numbers as float64 (NaN: empty, unreadable or no such column).
    date_fault : per date column, text per row, empty where it is good. bad_number : bool per row, some number's cell
        holds a text. written : cells that could not be read, by column, as they are.
    """

    path: Path
    rows: pd.DataFrame
    date_fault: dict[str, np.ndarray]
    bad_number: np.ndarray
    written: dict[str, pd.Series]

    @property
    def is_text(self) -> bool:
        """Return whether the file has lines, the first of them the header."""
        return self.path.name.endswith(_CSV)


def read_raw_quotes(path: Path, timezone: str = "UTC") -> RawQuotes:
    """Return the rows of a Parquet or CSV file.

    timezone : that of the exchange, for dates that come with a time zone.
    Raises: DataError if the file is missing, of another kind, empty, or lacks needed columns.
    """
    if path.name.endswith(".parquet"):
        columns = match_chain_columns(path, list(parquet_columns(path)))
        table = read_parquet(path, columns=list(columns.values()))
    elif path.name.endswith(_CSV):
        columns = match_chain_columns(path, csv_header(path))
        table = _read_csv(path, columns)
    else:
        raise DataError(f"{path}: unknown kind of file; a chain of options is read from .parquet, {', '.join(_CSV)}")
    if table.empty:
        raise DataError(f"{path}: holds no rows; export the quotes again or give another file")
    table = table.rename(columns={theirs: ours for ours, theirs in columns.items()})
    return _typed(path, table, timezone)


def _read_csv(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    numbers = {theirs: float for ours, theirs in columns.items() if ours in NUMBERS}
    texts = {theirs: str for ours, theirs in columns.items() if ours not in NUMBERS}
    try:
        return pd.read_csv(path, usecols=list(columns.values()), dtype={**texts, **numbers}, encoding="utf-8-sig",
                           keep_default_na=False, float_precision="round_trip",
                           na_values={header: ["", "nan", "NaN", "NA", "null"] for header in numbers})
    except ValueError:
        # Some number is a text: read all as text, so that its row can be named.
        return read_csv_text(path, usecols=list(columns.values()))


def _typed(path: Path, table: pd.DataFrame, timezone: str) -> RawQuotes:
    rows: dict[str, object] = {}
    date_fault: dict[str, np.ndarray] = {}
    written: dict[str, pd.Series] = {}
    bad_number = np.zeros(len(table), dtype=bool)
    for name in DATES:
        read = session_dates(table[name], timezone)
        rows[name], date_fault[name] = read.sessions, read.fault
        written[name] = _cells_at(table[name], read.fault != "")
    for name in TEXTS:
        if name in table:
            rows[name] = _text(table[name])
    for name in NUMBERS:
        if name in table:
            rows[name], is_text = _number(table[name])
            bad_number |= is_text
            written[name] = _cells_at(table[name], is_text)
        elif name in (*PRICES, "iv", "underlying_price"):
            rows[name] = np.full(len(table), np.nan)
    return RawQuotes(path, pd.DataFrame(rows), date_fault, bad_number, written)


def _cells_at(values: pd.Series, is_unreadable: np.ndarray) -> pd.Series:
    positions = np.flatnonzero(is_unreadable)
    cells = values.iloc[positions].set_axis(positions)
    return cells.mask(cells.astype("str").str.strip() == "")


def _text(values: pd.Series) -> pd.Series:
    codes, found = pd.factorize(values, use_na_sentinel=True)
    clean = pd.Index(found).astype("str").str.strip().append(pd.Index([""], dtype="str"))
    return pd.Series(clean.take(codes), dtype="str")


def _number(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        return numbers, np.isinf(numbers)
    cells = values.astype("str").str.strip()
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    is_empty = values.isna().to_numpy() | cells.str.lower().isin(_EMPTY).to_numpy()
    return numbers, np.isinf(numbers) | (np.isnan(numbers) & ~is_empty)
