"""The Parquet files of a store: one per table and day, written once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.parquet import quoted, write_parquet
from backtrader_system.puts.files.delimited import shortened
from backtrader_system.puts.files.schemas import DATE, NUMBER, TEXT, FileSchema

# Added to the columns of the owner: the day a row was collected for.
SNAPSHOT_DATE = "snapshot_date"


def partition_file(table: str, day: str) -> str:
    """Return where a table's day lies inside the store: `data/date=2025-11-28.parquet`."""
    return f"{table}/date={day}.parquet"


def write_partition(store: Path, file: str, rows: pd.DataFrame) -> str:
    """Write a partition, whole or not at all, and return its SHA-256."""
    path = Path(store) / file
    write_parquet(rows, path)
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damage_of(store: Path, file: str, sha256: str) -> str:
    """Return what is wrong with a partition, empty text if its bytes are those that were collected."""
    path = Path(store) / file
    if not path.is_file():
        return f"{file}: this day was collected, but its file is gone"
    return "" if sha256_of(path) == sha256 else f"{file}: the file was changed after it was collected"


def read_partitions(store: Path, registered: pd.DataFrame, schema: FileSchema, columns: Collection[str] = ()
                    ) -> pd.DataFrame:
    """Return the rows of partitions one after another, with `snapshot_date`.

    registered : rows of the registry's table `partitions` for one table, at least one, in the order wanted.
    columns : those to read of the ones that any day has, all if empty. One that a day lacks is missing there: NaN,
        NaT or empty text.
    Raises: DataError if one is gone or its bytes are not those that were collected.
    """
    faults = [damage for row in registered.itertuples() if (damage := damage_of(store, row.file, row.file_sha256))]
    if faults:
        raise DataError(f"{store}: damaged; restore these files from a copy", faults=shortened(faults))
    # One query for all files: opening thousands of them one by one takes minutes.
    import duckdb

    files = [str(Path(store) / file) for file in registered["file"]]
    present = {name for header in registered["columns"].unique() for name in json.loads(header)}
    selected = ", ".join(quoted(name) for name in columns if name in present) or "* EXCLUDE (filename)"
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        rows = connection.execute(
            f"SELECT {selected}, filename FROM read_parquet(?, union_by_name = true, hive_partitioning = false, "
            "filename = true)", [files]).df()
    days = dict(zip(files, pd.to_datetime(registered["day"]), strict=True))
    rows[SNAPSHOT_DATE] = rows.pop("filename").map(days).astype("datetime64[ns]")
    kinds = {name: schema.kind_of(name) or TEXT for name in rows if name != SNAPSHOT_DATE}
    texts = [name for name, kind in kinds.items() if kind == TEXT]
    rows[texts] = rows[texts].fillna("").astype("str")
    dtypes = {DATE: "datetime64[ns]", NUMBER: "float64"}
    return rows.astype({name: dtypes[kind] for name, kind in kinds.items() if kind in dtypes})


def fingerprint(rows: pd.DataFrame, schema: FileSchema) -> str:
    """Return the SHA-256 of a table's content, whatever the order of its rows and columns.

    Examples
    --------
    >>> from backtrader_system.puts.files.schemas import MARGINS
    >>> one = pd.DataFrame({"OptionName": ["A", "B"], "Est_Margin_SEK": [1.0, 2.0]})
    >>> fingerprint(one, MARGINS) == fingerprint(one[::-1][["Est_Margin_SEK", "OptionName"]], MARGINS)
    True
    """
    ordered = rows[sorted(rows.columns)].sort_values(list(schema.key), kind="stable")
    digest = hashlib.sha256()
    for name in ordered:
        digest.update(f"\x1e{name}\x1f".encode())
        kind = schema.kind_of(name)
        if kind == NUMBER:
            # Adding zero turns -0.0 into 0.0.
            digest.update((ordered[name].to_numpy(dtype=float) + 0.0).tobytes())
        elif kind == DATE:
            digest.update(ordered[name].to_numpy(dtype="datetime64[D]").astype("<i8").tobytes())
        else:
            digest.update("\x1f".join(ordered[name].astype("str")).encode())
    return digest.hexdigest()


def differences(old: pd.DataFrame, new: pd.DataFrame, schema: FileSchema) -> list[str]:
    """Return what distinguishes two contents of one table, as text: columns, values, then rows."""
    faults = [f"column '{name}' was not there" for name in new if name not in old]
    faults += [f"column '{name}' is gone" for name in old if name not in new]
    before, after = _by_key(old, schema), _by_key(new, schema)
    faults += _changed_values(before, after)
    for word, rows in (("new", after.index.difference(before.index)), ("gone", before.index.difference(after.index))):
        if len(rows):
            faults.append(f"{len(rows)} rows are {word}, first {_shown(rows[0])}")
    return faults


def _changed_values(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    faults = []
    common = before.index.intersection(after.index)
    for name in before.columns.intersection(after.columns):
        changed = _differs(before.loc[common, name], after.loc[common, name])
        if changed.any():
            row = common[int(np.flatnonzero(changed)[0])]
            faults.append(f"{name} differs in {int(changed.sum())} rows, first {_shown(row)}: "
                          f"{before.loc[row, name]} is stored, {after.loc[row, name]} came now")
    return faults


def new_rows(known: pd.DataFrame | None, rows: pd.DataFrame, schema: FileSchema) -> tuple[pd.DataFrame, int]:
    """Return the rows that earlier days do not hold, or hold otherwise, and how many of them are such revisions.

    known : what is known of the table so far, one row per key; None: nothing.
    """
    if known is None:
        return rows, 0
    before = _by_key(known, schema)
    after = _by_key(rows, schema)
    is_known = after.index.isin(before.index)
    before = before.reindex(index=after.index)
    changed = np.zeros(len(after), dtype=bool)
    for name in after.columns.intersection(before.columns):
        changed |= _differs(before[name], after[name])
    return rows[~is_known | changed].reset_index(drop=True), int((is_known & changed).sum())


def _by_key(table: pd.DataFrame, schema: FileSchema) -> pd.DataFrame:
    return table.set_index(list(schema.key)) if len(schema.key) > 1 else table.set_index(schema.key[0])


def _differs(old: pd.Series, new: pd.Series) -> np.ndarray:
    both_missing = old.isna().to_numpy() & new.isna().to_numpy()
    return (old.to_numpy() != new.to_numpy()) & ~both_missing


def _shown(key: object) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(f"{part:%Y-%m-%d}" if isinstance(part, pd.Timestamp) else str(part) for part in parts)
