"""SQLite files that only grow: opened or created as what they are, written all or nothing, with errors that tell.

Write-ahead logging and one transaction per change: a killed process leaves the file as it was, readers never wait for a
writer, a second writer waits its turn. Triggers refuse any other change of the past, whatever program opens the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd

from backtrader_system.errors import DataError


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file of this kind holds, and how messages call it.

    application_id, version : written into the file; a newer version is refused. statements : create tables and guards.
    name : as in "the registry". no_such : why another SQLite database is refused. busy : why to try again later.
    is_durable : whether a commit outlives a power cut, not only the death of the process.
    """

    application_id: int
    version: int
    statements: tuple[str, ...]
    name: str
    no_such: str
    busy: str
    is_durable: bool = False


@dataclass(frozen=True, slots=True)
class AppendOnlyFile:
    """An open file; close it, or use it as a context."""

    path: Path
    connection: sqlite3.Connection
    kind: FileKind

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def read(self, query: str, parameters: tuple[object, ...] = ()) -> pd.DataFrame:
        """Return the rows of a query."""
        with _clear_errors(self.path, self.kind):
            cursor = self.connection.execute(query, parameters)
            return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing: any error, or the death of the process, leaves the file as it was."""
        with _clear_errors(self.path, self.kind):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back on some errors; a second rollback would hide the first error.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def guards_of(table: str, key: Sequence[str], refusal: str, *, unless: str = "") -> tuple[str, ...]:
    """Return triggers that refuse to change, delete or replace a row.

    refusal : what the program that tries is told. unless : SQL condition on OLD and NEW of the updates allowed.
    """
    refuse = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    same = " AND ".join(f"{name} = NEW.{name}" for name in key)
    when = f"WHEN NOT ({unless}) " if unless else ""
    return (f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when}{refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
            # INSERT OR REPLACE would otherwise remove a row without a word.
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}")


def connected(path: Path, kind: FileKind, busy_seconds: float) -> sqlite3.Connection:
    """Return a connection to the file, created if it is not there.

    Raises: DataError if it is another database, was written by a newer version, is damaged or stays busy.
    """
    with _clear_errors(path, kind):
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        try:
            _prepare(connection, path, kind)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def _clear_errors(path: Path, kind: FileKind) -> Iterator[None]:
    """Turn what SQLite raises into a DataError that says what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = kind.busy if "locked" in str(error) else f"{kind.name} could not be used: {error}"
        raise DataError(f"{path}: {reason}. Nothing was written") from error


def _prepare(connection: sqlite3.Connection, path: Path, kind: FileKind) -> None:
    # Without this, INSERT OR REPLACE deletes without asking the triggers.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    if kind.is_durable:
        connection.execute("PRAGMA synchronous = FULL")
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0]
                            for name in ("application_id", "user_version"))
    if application == kind.application_id and version == kind.version:
        return
    if application == kind.application_id and version > kind.version:
        raise DataError(f"{path}: {kind.name} has version {version}, this program knows {kind.version}; "
                        "install a newer one")
    if application or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DataError(f"{path}: this SQLite database is {kind.no_such}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have created it while this one waited.
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in (*kind.statements, f"PRAGMA application_id = {kind.application_id}",
                          f"PRAGMA user_version = {kind.version}"):
            connection.execute(statement)
    connection.execute("COMMIT")
