"""The registry of a store: one SQLite file that says what was collected, and keeps what became of it.

    partitions   one row per table and day: the Parquet file, its checksum, the columns and the content of the source.
    universe     one row per option ever seen: stock, strike, first and last day. Only the span of days may grow.
    outcomes     what became of an option; a known outcome is never replaced.
    scores       the composite score of an option on a day; never replaced.

A partition counts only once its row is committed. A killed collection therefore leaves the store as it was: what it
wrote is in no row, and the next collection writes over it. Triggers refuse any change of the past.
"""

from __future__ import annotations

from pathlib import Path

from backtrader_system.append_only import AppendOnlyFile, FileKind, connected, guards_of
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

GUARDS = tuple(guard for table, key in _KEYS.items() for guard in guards_of(
    table, key, "the registry is append-only", unless=_GROWS if table == "universe" else ""))
# A committed day must outlive a power cut: its partitions are flushed before, its row here.
_KIND = FileKind(
    APPLICATION_ID, SCHEMA_VERSION, (*_TABLES, *GUARDS), name="the registry",
    no_such="no registry of put options; name another folder",
    busy="another collection is running and did not finish in time; try again when it is done", is_durable=True)


class Registry(AppendOnlyFile):
    """An open registry; close it, or use it as a context.

    Examples
    --------
    >>> import tempfile
    >>> with open_registry(Path(tempfile.mkdtemp()), create=True) as registry:
    ...     len(registry.read("SELECT * FROM universe"))
    0
    """

    __slots__ = ()


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
    return Registry(path, connected(path, _KIND, busy_seconds), _KIND)
