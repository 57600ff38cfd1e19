"""What earlier days hold of a table that repeats the past, in one file, so that day 2,000 costs what day 10 does.

The file `earlier.<table>.<days>.<bytes>.parquet` only saves reading: `<days>` is the checksum of the partitions it was
made of, `<bytes>` that of itself. Where either does not fit, the partitions are read instead; it may be deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pandas as pd

from backtrader_system.puts.files.schemas import FileSchema
from backtrader_system.puts.store.partitions import SNAPSHOT_DATE, damage_of, read_partitions, write_partition
from backtrader_system.puts.store.registry import Registry


def earlier_rows(registry: Registry, store: Path, schema: FileSchema, day: str) -> pd.DataFrame | None:
    """Return the rows of all days before `day`, the last of each key; None if there is no such day.

    Raises: DataError if partitions that have to be read are gone or were changed.
    """
    days = _days_before(registry, schema, day)
    if days is None:
        return None
    for path in store.glob(f"earlier.{schema.table}.{days}.*.parquet"):
        sha256 = path.name.split(".")[3]
        if not damage_of(store, path.name, sha256):
            return _last_of_each_key(store, pd.DataFrame({
                "file": [path.name], "file_sha256": [sha256], "day": [day],
                "columns": [json.dumps(list(schema.names))]}), schema)
    registered = registry.read("SELECT * FROM partitions WHERE table_name = ? AND day < ? ORDER BY day",
                               (schema.table, day))
    return _last_of_each_key(store, registered, schema)


def keep_earlier_rows(registry: Registry, store: Path, schema: FileSchema, day: str, known: pd.DataFrame | None,
                      part: pd.DataFrame) -> None:
    """Write the file for the days after `day`, whose partition is registered, and remove the one before.

    known : the rows of the days before. part : those of the day. Only the holder of the registry's lock may call this.
    """
    rows = part if known is None else pd.concat([known, part], ignore_index=True)
    rows = rows.drop_duplicates(list(schema.key), keep="last")
    days = _days_before(registry, schema, f"{day}T")
    unfinished = f"earlier.{schema.table}.new.parquet"
    sha256 = write_partition(store, unfinished, rows)
    for path in store.glob(f"earlier.{schema.table}.*.parquet"):
        if path.name != unfinished:
            path.unlink(missing_ok=True)
    os.replace(store / unfinished, store / f"earlier.{schema.table}.{days}.{sha256}.parquet")


def _days_before(registry: Registry, schema: FileSchema, day: str) -> str | None:
    """Return the checksum of the partitions before a day, None if there are none."""
    prints = registry.read("SELECT file_sha256 FROM partitions WHERE table_name = ? AND day < ? ORDER BY day",
                           (schema.table, day))["file_sha256"]
    return hashlib.sha256("\n".join(prints).encode()).hexdigest() if len(prints) else None


def _last_of_each_key(store: Path, registered: pd.DataFrame, schema: FileSchema) -> pd.DataFrame:
    rows = read_partitions(store, registered, schema).drop(columns=SNAPSHOT_DATE)
    return rows.drop_duplicates(list(schema.key), keep="last")
