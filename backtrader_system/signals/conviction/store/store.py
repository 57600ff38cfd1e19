"""The signal store: one SQLite file that keeps every signal ever scraped and everything ever said about it.

    signals     one row per signal: who was named, where and when. Only an unknown asset type may be filled in later.
    revisions   what was said of a block of fields, and when that became known. Rows are added, never changed.
    outcomes    what became of a signal, computed from bars; a new result is a new row.

Triggers refuse any other change, whatever program opens the file. Write-ahead logging and one transaction per import:
a killed process leaves the store as it was before, readers never wait for a writer, a second writer waits its turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.fields import BLOCKS

SCHEMA_VERSION = 1
APPLICATION_ID = 0x42545347
BUSY_SECONDS = 10.0
INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"

_BLOCK_NAMES = ", ".join(f"'{block}'" for block in BLOCKS)
_TABLES = (
    """CREATE TABLE signals (
        signal_id TEXT PRIMARY KEY, ticker TEXT NOT NULL, asset_type TEXT NOT NULL, source TEXT NOT NULL,
        signal_time TEXT NOT NULL, recorded_at TEXT NOT NULL,
        is_simulated INTEGER NOT NULL CHECK (is_simulated IN (0, 1))
    )""",
    f"""CREATE TABLE revisions (
        revision_id INTEGER PRIMARY KEY AUTOINCREMENT, signal_id TEXT NOT NULL REFERENCES signals,
        block TEXT NOT NULL CHECK (block IN ({_BLOCK_NAMES})), kind TEXT NOT NULL
            CHECK (kind IN ('first', 'observation', 'edit')),
        claimed_at TEXT NOT NULL, known_at TEXT NOT NULL, recorded_at TEXT NOT NULL,
        is_stamped INTEGER NOT NULL CHECK (is_stamped IN (0, 1)), content TEXT NOT NULL
    )""",
    "CREATE INDEX revisions_of_signal ON revisions (signal_id, block)",
    """CREATE TABLE outcomes (
        outcome_id INTEGER PRIMARY KEY AUTOINCREMENT, signal_id TEXT NOT NULL REFERENCES signals,
        computed_at TEXT NOT NULL, bars_fingerprint TEXT NOT NULL,
        is_resolved INTEGER NOT NULL CHECK (is_resolved IN (0, 1)), content TEXT NOT NULL
    )""",
    "CREATE INDEX outcomes_of_signal ON outcomes (signal_id)")
_SAME_SIGNAL = " AND ".join(f"NEW.{name} = OLD.{name}" for name in
                            ("signal_id", "ticker", "source", "signal_time", "recorded_at", "is_simulated"))


def _guards() -> tuple[str, ...]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the signal store is append-only: add a revision'); END"
    guards = [f"CREATE TRIGGER signals_no_update BEFORE UPDATE ON signals "
              f"WHEN NOT (OLD.asset_type = '' AND {_SAME_SIGNAL}) {refuse}"]
    for table, key in (("signals", "signal_id"), ("revisions", "revision_id"), ("outcomes", "outcome_id")):
        if table != "signals":
            guards.append(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        guards.append(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE would otherwise remove a row without a word.
        guards.append(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
                      f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}")
    return tuple(guards)


GUARDS = _guards()


@dataclass(frozen=True, slots=True)
class SignalStore:
    """An open signal store; close it, or use it as a context.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "signals.sqlite") as store:
    ...     store.count("signals")
    0
    """

    path: Path
    connection: sqlite3.Connection

    def __enter__(self) -> SignalStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def count(self, table: str) -> int:
        """Return how many rows a table holds."""
        return int(self.read(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0])

    def read(self, query: str, parameters: tuple[object, ...] = ()) -> pd.DataFrame:
        """Return the rows of a query."""
        with clear_errors(self.path):
            cursor = self.connection.execute(query, parameters)
            return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing: any error, or the death of the process, leaves the store as it was."""
        with clear_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back on some errors; a second rollback would hide the first error.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def open_store(path: Path, *, must_exist: bool = False, busy_seconds: float = BUSY_SECONDS) -> SignalStore:
    """Open a signal store, or create it.

    must_exist : refuse to create one. busy_seconds : how long to wait for another writer before giving up.
    Raises: DataError if the file is no signal store, was written by a newer version, is damaged or stays busy.
    """
    path = Path(path)
    if must_exist and not path.is_file():
        raise DataError(f"{path}: no such signal store; create it with `signals import`")
    if not path.parent.is_dir():
        raise DataError(f"{path}: the folder {path.parent} does not exist; create it first")
    with clear_errors(path):
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return SignalStore(path, connection)


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a DataError that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise DataError(f"{path}: another process is writing to the signal store and did not finish in time; "
                            "try again when it is done. Nothing was written") from error
        raise DataError(f"{path}: the signal store could not be used: {error}. Nothing was written") from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path}: the signal store could not be used: {error}. "
                        "Nothing was written") from error


def to_text(instants: pd.Series) -> list[str]:
    """Return UTC instants as the store writes them."""
    microseconds = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    return [f"{text}Z" for text in np.datetime_as_string(microseconds).tolist()]


def to_instants(texts: pd.Series) -> pd.Series:
    """Return what `to_text` wrote as datetime64[ns, UTC]."""
    return pd.to_datetime(texts, utc=True, format="ISO8601").astype("datetime64[ns, UTC]")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # Without this, INSERT OR REPLACE deletes without asking the triggers.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0]
                            for name in ("application_id", "user_version"))
    if application == APPLICATION_ID and version == SCHEMA_VERSION:
        return
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise DataError(f"{path}: the signal store has version {version}, this program knows {SCHEMA_VERSION}; "
                        "install a newer one")
    if application or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DataError(f"{path}: this SQLite database is no signal store; name another file")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have created it while this one waited.
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in (*_TABLES, *GUARDS, f"PRAGMA application_id = {APPLICATION_ID}",
                          f"PRAGMA user_version = {SCHEMA_VERSION}"):
            connection.execute(statement)
    connection.execute("COMMIT")
