"""Parquet in and out through in-memory DuckDB, which needs no further library."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from backtrader_system.errors import DataError, OutputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_parquet(
    path: Path | str, *, columns: Sequence[str] | None = None, where: str = "",
    parameters: Sequence[object] = (),
) -> pd.DataFrame:
    """Return the table of one Parquet file, rows in file order.

    columns : the columns to read; None reads all.
    where : SQL condition that DuckDB applies while it reads, with `?` for each of `parameters`.
    Returns: text as `str`, dates and naive timestamps as datetime64[ns], aware timestamps in UTC.
    Raises: DataError if the file is missing, not a file, or not readable as Parquet.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sizes.parquet"
    >>> write_parquet(pd.DataFrame({"symbol": ["A", "B"], "size": [1.0, 2.0]}), path)
    >>> read_parquet(path, where="size > ?", parameters=[1.5])["symbol"].tolist()
    ['B']
    """
    everything = f"* EXCLUDE ({_ROW})" if where else "*"
    selected = everything if columns is None else ", ".join(quoted(name) for name in columns)
    if not where:
        return _query(Path(path), f"SELECT {selected} FROM {_SOURCE}", parameters)
    # A filter may hand rows on in another order than that of the file, even on one thread.
    return _query(Path(path), f"SELECT {selected} FROM {_NUMBERED} WHERE {where} ORDER BY {_ROW}", parameters)


def parquet_columns(path: Path | str) -> dict[str, str]:
    """Return name and DuckDB type of each column of a Parquet file, without reading its rows."""
    with _cursor(Path(path), f"DESCRIBE SELECT * FROM {_SOURCE}") as cursor:
        return {str(name): str(kind) for name, kind, *_ in cursor.fetchall()}


def column_spans(path: Path | str, column: str, by: str | None = None) -> pd.DataFrame:
    """Return smallest and largest value of `column` in a Parquet file, for each text of the column `by`.

    Returns: columns key (text, sorted; without `by` one row with an empty text), first, last.
    """
    key = "''" if by is None else f"CAST({quoted(by)} AS VARCHAR)"
    query = (f"SELECT {key} AS key, min({quoted(column)}) AS first, max({quoted(column)}) AS last "
             f"FROM {_SOURCE} GROUP BY ALL ORDER BY ALL")
    return _query(Path(path), query)


def write_parquet(frame: pd.DataFrame, path: Path | str) -> None:
    """Write `frame` without its index to `path`, atomically and with the same bytes for the same frame.

    The file appears complete or not at all: it is written beside `path`, flushed to the disk and renamed.
    Raises: OutputError if it cannot be written.
    """
    import duckdb

    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _connect() as connection:
            connection.register("frame", frame)
            connection.execute(
                f"COPY (SELECT * FROM frame) TO {_literal(part)} (FORMAT parquet, COMPRESSION zstd)")
        flush_to_disk(part)
        os.replace(part, path)
    except (duckdb.Error, OSError) as error:
        raise OutputError(f"{path}: cannot be written ({_first_line(error)}); "
                          "check the free space and the rights of the folder") from error
    finally:
        if part.is_file():
            part.unlink()


def flush_to_disk(path: Path) -> None:
    """Block until a file or folder is on the disk, so that a rename after it can never expose half of it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


# Folder names such as `symbol=A` must not turn into columns, hence hive_partitioning = false.
_SOURCE = "read_parquet(?, hive_partitioning = false)"
_NUMBERED = "read_parquet(?, hive_partitioning = false, file_row_number = true)"
_ROW = "file_row_number"


@lru_cache(maxsize=1)
def _database() -> DuckDBPyConnection:
    import duckdb

    # One thread keeps row order and bytes the same on every machine. Extensions would be downloaded while
    # running; without them DuckDB knows no time zone but that of the machine, so pandas converts instants.
    return duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False,
                                              "autoload_known_extensions": False})


def _connect() -> DuckDBPyConnection:
    # Opening a database takes 20 ms, a cursor of it none: a folder may hold 500 files.
    return _database().cursor()


def _query(path: Path, query: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
    with _cursor(path, query, parameters) as cursor:
        kinds = {str(name): str(kind) for name, kind, *_ in cursor.description}
        frame = cursor.df()
    changes = {name: kind for name in frame if (kind := _pandas_kind(frame[name], kinds[name]))}
    return frame.astype(changes) if changes else frame


@contextmanager
def _cursor(path: Path, query: str, parameters: Sequence[object] = ()) -> Iterator[DuckDBPyConnection]:
    """Yield the executed query; an error while it runs or is fetched names the file."""
    import duckdb

    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path in the settings")
    try:
        with _connect() as connection:
            yield connection.execute(query, [_without_wildcards(path), *parameters])
    except duckdb.Error as error:
        raise DataError(f"{path}: cannot be read as Parquet ({_first_line(error)}); the file is damaged or "
                        "of another format: fetch or export it again") from error


def _pandas_kind(values: pd.Series, kind: str) -> str | None:
    """Return the type to convert to, None if the values have it already."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return "datetime64[ns, UTC]"
    if pd.api.types.is_datetime64_dtype(values) and values.dt.unit != "ns":
        return "datetime64[ns]"
    return "str" if values.dtype == object and ("VARCHAR" in kind or kind == "STRING") else None


def _without_wildcards(path: Path) -> str:
    # DuckDB reads *, ? and [ in a path as wildcards; in brackets each stands for itself.
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
