"""Predictions of models that were fitted before, on disk, by the hash of all that determines them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from backtrader_system.errors import OutputError
from backtrader_system.progress import Progress

_FILE_NAME = "predictions.sqlite"
_KEYS_PER_QUERY = 500
_CHECK_BYTES = 8
_WAIT_SECONDS = 60.0        # for another run that is writing
_NOT_A_DATABASE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


class PredictionCache:
    """A store of float64 arrays by key; one SQLite file that several runs may use at once.

    A cache never decides anything: an entry that is damaged does not exist, and a file that is no database is set
    aside and begun anew, both with a line to the user.

    folder : made if it does not exist.
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._path = folder / _FILE_NAME
        self._progress = progress
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def load(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """Return the arrays of those keys that are stored and sound."""
        keys = list(keys)
        try:
            return self._read(keys)
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
            return {}

    def store(self, arrays: Mapping[bytes, np.ndarray]) -> None:
        """Keep the arrays; all of them or, if the process dies, none."""
        rows = [(key, _sealed(key, values)) for key, values in arrays.items()]
        try:
            with self._connection() as connection, connection:
                connection.executemany("INSERT OR REPLACE INTO predictions VALUES (?, ?)", rows)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _read(self, keys: list[bytes]) -> dict[bytes, np.ndarray]:
        found: dict[bytes, np.ndarray] = {}
        n_damaged = 0
        with self._connection() as connection:
            for first in range(0, len(keys), _KEYS_PER_QUERY):
                part = keys[first:first + _KEYS_PER_QUERY]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, sealed FROM predictions WHERE key IN ({marks})"
                for key, sealed in connection.execute(query, part):
                    values = _opened(key, sealed)
                    if values is None:
                        n_damaged += 1
                    else:
                        found[key] = values
        if n_damaged:
            self._progress.say(f"model cache {self._path}: {n_damaged} damaged entries ignored; fitting them again")
        return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS predictions (key BLOB PRIMARY KEY, sealed BLOB) WITHOUT ROWID")
            yield connection

    def _unusable(self, error: Exception) -> OutputError:
        return OutputError(f"ml_config.cache_dir: {self._path} cannot be used: {error}; choose a writable folder or "
                           "set cache_dir to null")

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _NOT_A_DATABASE:
            raise self._unusable(error) from error
        aside = self._path.with_suffix(".damaged")
        self._path.replace(aside)
        for suffix in ("-wal", "-shm"):       # they belong to the file that was set aside
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._progress.say(f"model cache {self._path} was damaged ({error}); set aside as {aside.name}, fitting again")


def _sealed(key: bytes, values: np.ndarray) -> bytes:
    payload = np.ascontiguousarray(values, dtype="<f8").tobytes()
    return payload + hashlib.blake2b(payload, digest_size=_CHECK_BYTES, key=key).digest()


def _opened(key: bytes, sealed: bytes) -> np.ndarray | None:
    payload = sealed[:-_CHECK_BYTES]
    check = hashlib.blake2b(payload, digest_size=_CHECK_BYTES, key=key).digest()
    return np.frombuffer(payload, dtype="<f8") if sealed[-_CHECK_BYTES:] == check else None
