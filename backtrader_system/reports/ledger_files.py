"""Tables as CSV: exact numbers, the same bytes for the same table, no cell a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.errors import OutputError

# A spreadsheet runs a cell that starts with one of these; the last four are their full-width forms.
_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARD = "'"
_NEEDS_QUOTES = frozenset(',"\r\n')
_KEPT_KINDS = (pd.api.types.is_bool_dtype, pd.api.types.is_integer_dtype, pd.api.types.is_float_dtype,
               pd.api.types.is_datetime64_any_dtype)
ROWS_AT_ONCE = 50_000       # as text a row takes many times its memory
TEXT = "str"
TEXT_WITHOUT_GAPS = "str, never missing"


def csv_text(frame: pd.DataFrame) -> str:
    """Return `frame` as CSV with a header line and LF line ends; the index is left out.

    Numbers have the shortest form that reads back to the same float64; sessions are YYYY-MM-DD and instants ISO
    8601 with their offset; missing values are empty. A text cell that starts with one of `= + - @`, tab, CR, LF,
    NUL or an apostrophe gets an apostrophe in front, which `read_csv_text` removes; numbers keep their minus sign.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"pnl": [-0.1, float("nan")], "reason": ["=1+1", None]}))
    "pnl,reason\\n-0.1,'=1+1\\n,\\n"
    """
    header = [_quoted(_guarded(str(name))) for name in frame.columns]
    is_daily = [_is_daily(frame.iloc[:, number]) for number in range(frame.shape[1])]
    lines = [f"{','.join(header)}\n"] if header else []
    for start in range(0, len(frame), ROWS_AT_ONCE):
        piece = frame.iloc[start:start + ROWS_AT_ONCE]
        columns = [_cells(piece.iloc[:, number], daily) for number, daily in enumerate(is_daily)]
        rows = zip(*columns, strict=True)
        if len(columns) == 1:       # an empty line would be read as no row at all
            rows = ((cell or '""',) for (cell,) in rows)
        lines.append("".join(f"{','.join(row)}\n" for row in rows))
    return "".join(lines)


def column_dtypes(frame: pd.DataFrame) -> dict[str, str]:
    """Return what `read_csv_text` needs to know to give back `frame`: the dtype of each column by name.

    Raises
    ------
    OutputError
        If two columns have one name.
    """
    if not frame.columns.is_unique:
        repeated = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise OutputError(f"a table has several columns named {repeated}; give each its own name")
    return {str(name): _dtype_name(frame.iloc[:, number]) for number, name in enumerate(frame.columns)}


def read_csv_text(text: str, dtypes: Mapping[str, str], *, source: str = "") -> pd.DataFrame:
    """Return the table that `csv_text` wrote.

    dtypes : from `column_dtypes`. In a text column with both missing and empty cells, the empty ones come back as
        missing: CSV cannot tell them apart.

    Raises
    ------
    OutputError
        If the columns are not those of `dtypes`, or a cell is not of its column's type.
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    found = [_unguarded(name) for name in rows[0]] if rows else []
    if found != list(dtypes):
        raise OutputError(f"{source}: columns {found} differ from those of the manifest, {list(dtypes)}")
    ragged = [number for number, row in enumerate(rows, start=1) if len(row) != len(found)]
    if ragged:
        raise OutputError(f"{source}: line {ragged[0]} has {len(rows[ragged[0] - 1])} cells, not {len(found)}")
    cells = list(zip(*rows[1:], strict=True)) or [()] * len(found)
    return pd.DataFrame({
        name: _column(list(cells[number]), dtype, f"{source}: column '{name}'")
        for number, (name, dtype) in enumerate(dtypes.items())
    }, columns=list(dtypes))


def empty_table(dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of these columns without rows."""
    return pd.DataFrame({name: _column([], dtype, name) for name, dtype in dtypes.items()}, columns=list(dtypes))


def _is_daily(values: pd.Series) -> bool:
    """Return whether a column holds dates without a time of day."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype) or getattr(values.dtype, "tz", None) is not None:
        return False
    known = values.dropna()
    return bool((known == known.dt.normalize()).all())


def _cells(values: pd.Series, is_daily: bool) -> list[str]:
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_integer_dtype(dtype):
        return ["" if value is pd.NA else str(value) for value in values.tolist()]
    if pd.api.types.is_float_dtype(dtype):
        return ["" if math.isnan(value) else repr(value) for value in _floats(values).tolist()]
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _moments(values, is_daily)
    return ["" if missing else _quoted(_guarded(str(value)))
            for value, missing in zip(values.tolist(), values.isna(), strict=True)]


def _floats(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=float, na_value=np.nan)


def _moments(values: pd.Series, is_daily: bool) -> list[str]:
    if is_daily:
        texts = np.datetime_as_string(values.to_numpy(dtype="datetime64[D]"), unit="D")
        return ["" if text == "NaT" else text for text in texts.tolist()]
    return ["" if value is pd.NaT else value.isoformat() for value in values]


def _guarded(text: str) -> str:
    return _GUARD + text if text.startswith((*_RUNS_AS_FORMULA, _GUARD)) else text


def _unguarded(text: str) -> str:
    return text.removeprefix(_GUARD)


def _quoted(text: str) -> str:
    if _NEEDS_QUOTES.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _dtype_name(values: pd.Series) -> str:
    if any(is_kind(values.dtype) for is_kind in _KEPT_KINDS):
        return str(values.dtype)
    return TEXT if values.isna().any() else TEXT_WITHOUT_GAPS


def _column(cells: list[str], dtype: str, where: str) -> pd.Series:
    try:
        return _typed(cells, dtype)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise OutputError(f"{where} does not hold {dtype}: {error}") from error


def _typed(cells: list[str], dtype: str) -> pd.Series:
    if dtype in (TEXT, TEXT_WITHOUT_GAPS):
        may_miss = dtype == TEXT
        return pd.Series([None if may_miss and cell == "" else _unguarded(cell) for cell in cells], dtype="str")
    if dtype.startswith("datetime64"):
        moments = pd.to_datetime(pd.Series(cells, dtype="str"), format="ISO8601", utc="," in dtype)
        zone = dtype.rstrip("]").partition(", ")[2]
        return (moments.dt.tz_convert(zone) if zone else moments).astype(dtype)
    if dtype in ("bool", "boolean"):
        flags = {"True": True, "False": False, "": pd.NA}
        return pd.Series([flags[cell] for cell in cells], dtype="boolean").astype(dtype)
    if dtype.lower().startswith("float"):
        return pd.Series([float(cell) if cell else math.nan for cell in cells], dtype="float64").astype(dtype)
    return pd.Series([int(cell) if cell else pd.NA for cell in cells], dtype=object).astype(dtype)
