"""One day's files into the store: all of them or none, once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import exchange_timezone
from backtrader_system.puts.chain import ChainIssue
from backtrader_system.puts.files.days_to_expiry import Snapshot, keep_unit
from backtrader_system.puts.files.delimited import shortened
from backtrader_system.puts.files.option_code import CALENDAR
from backtrader_system.puts.files.reading import OwnerTable
from backtrader_system.puts.files.schemas import FileSchema
from backtrader_system.puts.store.daily_tables import read_folder_files, snapshot_of
from backtrader_system.puts.store.earlier_rows import earlier_rows, keep_earlier_rows
from backtrader_system.puts.store.partitions import (
    SNAPSHOT_DATE,
    differences,
    fingerprint,
    new_rows,
    partition_file,
    read_partitions,
    write_partition,
)
from backtrader_system.puts.store.registry import Registry, open_registry
from backtrader_system.puts.store.universe import record_universe

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a collection did.

    day : of the snapshot. unit : what its DaysToExpiry counts. rows : rows stored per table that was new.
    revised : rows of the past that came with other values, per table. unchanged : tables of that day already stored.
    n_new_options : options never seen before. issues : of the files that were stored now.

    Examples
    --------
    >>> report = CollectReport("2025-11-28", "sessions", {"data": 20}, {}, ("stocks",), 20, ())
    >>> print("\\n".join(report.lines()))
    2025-11-28 (days to expiry in sessions): data 20 rows; already there: stocks; 20 new options
    """

    day: str
    unit: str
    rows: Mapping[str, int]
    revised: Mapping[str, int]
    unchanged: tuple[str, ...]
    n_new_options: int
    issues: tuple[ChainIssue, ...]

    def lines(self) -> tuple[str, ...]:
        """Return the report as text."""
        parts = [", ".join(f"{table} {count:,} rows" for table, count in self.rows.items())]
        if self.unchanged:
            parts.append(f"already there: {', '.join(self.unchanged)}")
        parts.append(f"{self.n_new_options:,} new options")
        head = f"{self.day} (days to expiry in {self.unit}): {'; '.join(part for part in parts if part)}"
        revised = [f"warning: {table}: {count:,} rows of the past came with other values; both are kept"
                   for table, count in self.revised.items()]
        return (head, *revised, *(f"{issue.severity}: {issue.source}: {issue.rule} ({issue.count:,}): {issue.example}; "
                                  f"{issue.advice}" for issue in self.issues))


def collect(files: Path, store: Path, *, snapshot_date: date | None = None, now: datetime) -> CollectReport:
    """Store one day's files.

    files : folder with data.csv, probability_history.csv, stock_data.csv, ...; those that are there are taken.
    snapshot_date : the day of data.csv where it does not tell it. now : clock with a zone.
    A file that repeats the past leaves only its new and its revised rows. The same files again change nothing; further
    files of a day may come later. Columns that nobody knows are kept as text: a day cannot be collected twice.
    Killed at any moment, the store is as before. A second collection at the same time waits for the first.
    Raises: DataError with all faults at once if a file cannot be read, its day is in the future, or that day is
        stored with other content (what differs is listed; nothing is written).
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    read = read_folder_files(files, keep_unknown=True)
    snapshot = snapshot_of(read, None if snapshot_date is None else pd.Timestamp(snapshot_date))
    if snapshot.day.date() > now.astimezone(ZoneInfo(exchange_timezone(CALENDAR))).date():
        raise DataError(f"{files}: the snapshot is of {snapshot.day:%Y-%m-%d}, which is in the future; check --date")
    day = f"{snapshot.day:%Y-%m-%d}"
    with open_registry(store, create=True) as registry, registry.transaction() as connection:
        _remove_leftovers(Path(store))
        snapshot = _in_unit_of_day_before(registry, read, snapshot, day)
        stored = registry.read("SELECT * FROM partitions WHERE day = ?", (day,)).set_index("table_name")
        prints = {table: fingerprint(file.table, file.schema) for table, file in read.items()}
        _refuse_other_content(registry, Path(store), read, prints, stored, day)
        rows: dict[str, int] = {}
        revised: dict[str, int] = {}
        known = {table: earlier_rows(registry, Path(store), file.schema, day) for table, file in read.items()
                 if file.schema.accumulates and table not in stored.index}
        parts: dict[str, pd.DataFrame] = {}
        for table in read:
            if table not in stored.index:
                part, n_revised = _partition_rows(read[table], known.get(table))
                _store(connection, Path(store), read[table], part, day,
                       {"unit": snapshot.unit, "source_sha256": prints[table], "n_revised": n_revised,
                        "recorded_at": now.astimezone(UTC).strftime(INSTANT_FORMAT)})
                parts[table], rows[table] = part, len(part)
                revised |= {table: n_revised} if n_revised else {}
        for table, before in known.items():
            keep_earlier_rows(registry, Path(store), read[table].schema, day, before, parts[table])
        n_options = record_universe(connection, registry, {name: read[name].table for name in rows}, snapshot.day, now)
    # What was stored before has told its issues before.
    taken = {name: read[name] for name in rows}
    issues = (*(issue for file in taken.values() for issue in file.issues), *_unit_issue(taken, snapshot),
              *_late_rows(taken, snapshot.day))
    return CollectReport(day, snapshot.unit, rows, revised, tuple(t for t in read if t not in rows), n_options, issues)


def _in_unit_of_day_before(registry: Registry, read: Mapping[str, OwnerTable], snapshot: Snapshot, day: str
                           ) -> Snapshot:
    units = registry.read("SELECT unit FROM partitions WHERE table_name = 'data' AND day < ? AND unit <> 'unknown' "
                          "ORDER BY day DESC LIMIT 1", (day,))["unit"]
    if "data" not in read or units.empty:
        return snapshot
    table = read["data"].table
    return keep_unit(snapshot, units.iloc[0], table["DaysToExpiry"].to_numpy(), table["ExpiryDate"].to_numpy())


def _unit_issue(read: Mapping[str, OwnerTable], snapshot: Snapshot) -> list[ChainIssue]:
    if "data" not in read or snapshot.unit != "unknown":
        return []
    return [ChainIssue("warning", "unit_unknown", read["data"].source, 1,
                       f"DaysToExpiry fits no way of counting from {snapshot.day:%Y-%m-%d} ({snapshot.share:.0%} at "
                       "best)", "check --date; days to expiry are counted from dates in any case")]


def _late_rows(read: Mapping[str, OwnerTable], day: pd.Timestamp) -> list[ChainIssue]:
    issues = []
    for table, column in (("probabilities", "Update_date"), ("stocks", "date")):
        if table in read:
            dates = read[table].table[column]
            if (dates > day).any():
                issues.append(ChainIssue("warning", "rows_after_snapshot", read[table].source, int((dates > day).sum()),
                                         f"up to {dates.max():%Y-%m-%d}, the snapshot is of {day:%Y-%m-%d}",
                                         "data.csv may be stale, or --date wrong"))
    return issues


def _partition_rows(file: OwnerTable, known: pd.DataFrame | None) -> tuple[pd.DataFrame, int]:
    return new_rows(known, file.table, file.schema) if file.schema.accumulates else (file.table, 0)


def _refuse_other_content(registry: Registry, store: Path, read: Mapping[str, OwnerTable], prints: Mapping[str, str],
                          stored: pd.DataFrame, day: str) -> None:
    faults: list[str] = []
    for table, file in read.items():
        if table in stored.index and stored.loc[table, "source_sha256"] != prints[table]:
            row = stored.loc[table]
            condition = "day <= ?" if file.schema.accumulates else "day = ?"
            before = _content(registry, store, file.schema, condition, day)
            found = differences(before, file.table, file.schema) or ["rows that it had are gone"]
            faults += [f"{file.schema.file_name} (collected at {row['recorded_at']}): {fault}" for fault in found]
    if faults:
        raise DataError(f"{store}: {day} is already stored with other content and stays as it is; nothing was written. "
                        "If these files are of another day, give it with --date", faults=shortened(faults))


def _content(registry: Registry, store: Path, schema: FileSchema, condition: str, day: str) -> pd.DataFrame:
    """Return the rows of the days for which `condition` holds, the last of each key; the day itself is stored."""
    registered = registry.read(f"SELECT * FROM partitions WHERE table_name = ? AND {condition} ORDER BY day",
                               (schema.table, day))
    rows = read_partitions(store, registered, schema).drop(columns=SNAPSHOT_DATE)
    return rows.drop_duplicates(list(schema.key), keep="last")


def _store(connection: sqlite3.Connection, store: Path, file: OwnerTable, part: pd.DataFrame, day: str,
           facts: Mapping[str, object]) -> None:
    name = partition_file(file.schema.table, day)
    empty = {column: int((file.table[column].isna() | (file.table[column].astype("str") == "")).sum())
             for column in file.table}
    row = {"table_name": file.schema.table, "day": day, "file": name,
           "file_sha256": write_partition(store, name, part), "source": Path(file.source).name,
           "n_source_rows": len(file.table), "n_rows": len(part), "columns": json.dumps(list(file.header)),
           "n_empty": json.dumps({column: count for column, count in empty.items() if count}), **facts}
    marks = ", ".join(f":{column}" for column in row)
    connection.execute(f"INSERT INTO partitions ({', '.join(row)}) VALUES ({marks})", row)


def _remove_leftovers(store: Path) -> None:
    """Remove what killed collections left half written; only one collection holds the lock."""
    for part in (*store.glob("*/.date=*.part"), *store.glob(".earlier.*.part")):
        part.unlink(missing_ok=True)
