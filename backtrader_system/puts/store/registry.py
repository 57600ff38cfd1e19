"""The registry of a store: one SQLite file that says what was collected, and keeps what became of it.

    partitions   one row per table and day: the Parquet file, its checksum, the columns and the content of the source.
    universe     one row per option ever seen: stock, strike, first and last day. Only the span of days may grow.
    outcomes     what became of an option; a known outcome is never replaced.
    scores       the composite score of an option on a day; never replaced.

A partition counts only once its row is committed. A killed collection therefore leaves the store as it was: what it
wrote is in no row, and the next collection writes over it. Triggers refuse any change of the past.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pandas as pd

from backtrader_system.errors import DataError, OutputError

REGISTRY_NAME = "registry.sqlite"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x42545055
BUSY_SECONDS = 60.0
FACTORS = ("recovery_advantage", "support_strength", "days_since_break", "historical_peak", "monthly_seasonality",
           "current_performance")

_TABLES = (
    """CREATE TABLE partitions (
        table_name TEXT NOT NULL, day TEXT NOT NULL, file TEXT NOT NULL, file_sha256 TEXT NOT NULL,
        source TEXT NOT NULL, source_sha256 TEXT NOT NULL, n_source_rows INTEGER NOT NULL, n_rows INTEGER NOT NULL,
        n_revised INTEGER NOT NULL, columns TEXT NOT NULL, n_empty TEXT NOT NULL, unit TEXT NOT NULL,
        recorded_at TEXT NOT NULL, PRIMARY KEY (table_name, day)
    )""",
    """CREATE TABLE universe (
        option_name TEXT NOT NULL, expiry TEXT NOT NULL, stock_name TEXT NOT NULL, strike REAL NOT NULL,
        first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, recorded_at TEXT NOT NULL,
        PRIMARY KEY (option_name, expiry)
    )""",
    """CREATE TABLE outcomes (
        outcome_id INTEGER PRIMARY KEY AUTOINCREMENT, option_name TEXT NOT NULL, expiry TEXT NOT NULL,
        strike REAL NOT NULL, final_price REAL, outcome TEXT NOT NULL
            CHECK (outcome IN ('worthless', 'assigned', 'unknown')),
        final_premium REAL, recorded_at TEXT NOT NULL
    )""",
    "CREATE INDEX outcomes_of_option ON outcomes (option_name, expiry)",
    f"""CREATE TABLE scores (
        day TEXT NOT NULL, option_name TEXT NOT NULL, expiry TEXT NOT NULL, score REAL, coverage REAL NOT NULL,
        {', '.join(f'{factor} REAL' for factor in FACTORS)}, recorded_at TEXT NOT NULL,
        PRIMARY KEY (day, option_name, expiry)
    )""")
_KEYS = {"partitions": ("table_name", "day"), "universe": ("option_name", "expiry"), "outcomes": ("outcome_id",),
         "scores": ("day", "option_name", "expiry")}
_GROWS = (" AND ".join(f"NEW.{name} = OLD.{name}" for name in
                       ("option_name", "expiry", "stock_name", "strike", "recorded_at"))
          + " AND NEW.first_seen <= OLD.first_seen AND NEW.last_seen >= OLD.last_seen")


def _guards() -> tuple[str, ...]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the registry is append-only'); END"
    guards = []
    for table, key in _KEYS.items():
        when = f" WHEN NOT ({_GROWS})" if table == "universe" else ""
        same = " AND ".join(f"{name} = NEW.{name}" for name in key)
        guards += [f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{when} {refuse}",
                   f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
                   # INSERT OR REPLACE would otherwise remove a row without a word.
                   f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
                   f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"]
    return tuple(guards)


GUARDS = _guards()


@dataclass(frozen=True, slots=True)
class Registry:
    """An open registry; close it, or use it as a context.

    Examples
    --------
    >>> import tempfile
    >>> with open_registry(Path(tempfile.mkdtemp()), create=True) as registry:
    ...     len(registry.read("SELECT * FROM universe"))
    0
    """

    path: Path
    connection: sqlite3.Connection

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.connection.close()

    def read(self, query: str, parameters: tuple[object, ...] = ()) -> pd.DataFrame:
        """Return the rows of a query."""
        with _clear_errors(self.path):
            cursor = self.connection.execute(query, parameters)
            return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing, as the only writer: any error, or the death of the process, leaves it as it was."""
        with _clear_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back on some errors; a second rollback would hide the first error.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def open_registry(store: Path, *, create: bool = False, busy_seconds: float = BUSY_SECONDS) -> Registry:
    """Open the registry of a store.

    create : make the store if it is not there. busy_seconds : how long to wait for another collection.
    Raises: DataError if there is no store, the file is no registry, was written by a newer version or is damaged.
    """
    path = Path(store) / REGISTRY_NAME
    if not path.is_file() and not create:
        raise DataError(f"{store}: no store of put options is there; fill one with `puts collect`")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{store}: cannot be created ({error.strerror}); name another folder with --store") from error
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return Registry(path, connection)


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a DataError that says what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = ("another collection is running and did not finish in time; try again when it is done"
                  if "locked" in str(error) else f"the registry could not be used: {error}")
        raise DataError(f"{path}: {reason}. Nothing was written") from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # Without this, INSERT OR REPLACE deletes without asking the triggers.
    connection.execute("PRAGMA recursive_triggers = ON")
    # A committed day must outlive a power cut: its partitions are flushed before, its row here.
    connection.execute("PRAGMA synchronous = FULL")
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0]
                            for name in ("application_id", "user_version"))
    if application == APPLICATION_ID and version == SCHEMA_VERSION:
        return
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise DataError(f"{path}: the registry has version {version}, this program knows {SCHEMA_VERSION}; "
                        "install a newer one")
    if application or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DataError(f"{path}: this SQLite database is no registry of put options; name another folder")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have created it while this one waited.
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in (*_TABLES, *GUARDS, f"PRAGMA application_id = {APPLICATION_ID}",
                          f"PRAGMA user_version = {SCHEMA_VERSION}"):
            connection.execute(statement)
    connection.execute("COMMIT")
