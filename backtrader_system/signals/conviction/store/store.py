"""The signal store: one SQLite file that keeps every signal ever scraped and everything ever said about it.

    signals     one row per signal: who was named, where and when. Only an unknown asset type may be filled in later.
    revisions   what was said of a block of fields, and when that became known. Rows are added, never changed.
    outcomes    what became of a signal, computed from bars; a new result is a new row.

Triggers refuse any other change, whatever program opens the file. Write-ahead logging and one transaction per import:
a killed process leaves the store as it was before, readers never wait for a writer, a second writer waits its turn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.append_only import AppendOnlyFile, FileKind, connected, guards_of
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

_REFUSAL = "the signal store is append-only: add a revision"
GUARDS = (*guards_of("signals", ("signal_id",), _REFUSAL, unless=f"OLD.asset_type = '' AND {_SAME_SIGNAL}"),
          *guards_of("revisions", ("revision_id",), _REFUSAL), *guards_of("outcomes", ("outcome_id",), _REFUSAL))
_KIND = FileKind(
    APPLICATION_ID, SCHEMA_VERSION, (*_TABLES, *GUARDS), name="the signal store",
    no_such="no signal store; name another file",
    busy="another process is writing to the signal store and did not finish in time; try again when it is done")


class SignalStore(AppendOnlyFile):
    """An open signal store; close it, or use it as a context.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "signals.sqlite") as store:
    ...     store.count("signals")
    0
    """

    __slots__ = ()

    def count(self, table: str) -> int:
        """Return how many rows a table holds."""
        return int(self.read(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0])


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
    return SignalStore(path, connected(path, _KIND, busy_seconds), _KIND)


def to_text(instants: pd.Series) -> list[str]:
    """Return UTC instants as the store writes them."""
    microseconds = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    return [f"{text}Z" for text in np.datetime_as_string(microseconds).tolist()]


def to_instants(texts: pd.Series) -> pd.Series:
    """Return what `to_text` wrote as datetime64[ns, UTC]."""
    return pd.to_datetime(texts, utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
