"""What a store or a folder of raw files holds, table by table, before names are matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.chain import PROBABILITY_COLUMNS, ChainIssue
from backtrader_system.puts.files.days_to_expiry import Snapshot, infer_snapshot, unit_of
from backtrader_system.puts.files.reading import OwnerTable, read_owner_file
from backtrader_system.puts.files.schemas import DATA, SCHEMAS
from backtrader_system.puts.store.partitions import SNAPSHOT_DATE, read_partitions
from backtrader_system.puts.store.recording import recorded_outcomes
from backtrader_system.puts.store.registry import open_registry

# Added to data.csv: what its DaysToExpiry counts.
UNIT = "days_to_expiry_unit"
USED_OF_DATA = ("OptionName", "StockName", "ExpiryDate", "StrikePrice", "Bid", "Ask", "ImpliedVolatility", "StockPrice",
                *PROBABILITY_COLUMNS.values())


@dataclass(frozen=True, slots=True, eq=False)
class DailyTables:
    """Tables by name (see `files/schemas.py`), each with `snapshot_date`; `data` also with `days_to_expiry_unit`.

    source : store or folder. recorded_outcomes : None outside a store.
    """

    source: str
    tables: Mapping[str, pd.DataFrame]
    issues: tuple[ChainIssue, ...] = ()
    recorded_outcomes: pd.DataFrame | None = field(default=None)

    def get(self, table: str) -> pd.DataFrame | None:
        """Return a table, None if nothing of it was ever there."""
        return self.tables.get(table)


def read_folder_files(folder: Path, *, keep_unknown: bool) -> dict[str, OwnerTable]:
    """Return every file of the owner that a folder holds, by table.

    Raises: DataError with the faults of all files at once, or if the folder holds none of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name the one with {', '.join(s.file_name for s in SCHEMAS[:3])}")
    present = [schema for schema in SCHEMAS if (folder / schema.file_name).is_file()]
    if not present:
        raise DataError(f"{folder}: holds none of {', '.join(schema.file_name for schema in SCHEMAS)}")
    read: dict[str, OwnerTable] = {}
    errors: list[str] = []
    for schema in present:
        try:
            read[schema.table] = read_owner_file(folder / schema.file_name, schema, keep_unknown=keep_unknown)
        except DataError as error:
            errors += str(error).split("\n")
    if errors:
        raise DataError(f"{folder}: files that cannot be taken", faults=errors)
    return read


def snapshot_of(files: Mapping[str, OwnerTable], day: pd.Timestamp | None) -> Snapshot:
    """Return the day of the files: `day`, or that which DaysToExpiry and ExpiryDate of data.csv tell.

    Raises: DataError if no day is given and data.csv is absent or does not tell one.
    """
    if "data" not in files:
        if day is None:
            raise DataError(f"without {DATA.file_name} nobody knows the day of the files; give --date YYYY-MM-DD")
        return Snapshot(day, "unknown", 0.0)
    table = files["data"].table
    stated, expiry = table["DaysToExpiry"].to_numpy(), table["ExpiryDate"].to_numpy()
    if day is not None:
        return unit_of(stated, expiry, day)
    return infer_snapshot(stated, expiry, files["data"].source, known_days=_days_of_prices(files))


def read_folder(folder: Path, day: pd.Timestamp | None = None) -> DailyTables:
    """Return the tables of a folder with one day's raw files; unknown columns are refused."""
    files = read_folder_files(folder, keep_unknown=False)
    # Files that carry their own dates need no day.
    snapshot = snapshot_of(files, day) if day is not None or "data" in files else Snapshot(pd.NaT, "unknown", 0.0)
    tables = {name: file.table.assign(**{SNAPSHOT_DATE: snapshot.day}) for name, file in files.items()}
    if "data" in tables:
        tables["data"][UNIT] = snapshot.unit
    issues = [issue for file in files.values() for issue in file.issues]
    return DailyTables(str(folder), tables, tuple(issues))


def read_store(store: Path) -> DailyTables:
    """Return the tables of a store, all days one after another.

    Raises: DataError if there is no store, or a partition is gone or was changed.
    """
    with open_registry(store) as registry:
        partitions = registry.read("SELECT * FROM partitions ORDER BY day")
        outcomes = recorded_outcomes(registry)
    tables = {}
    for schema in SCHEMAS:
        registered = partitions[partitions["table_name"] == schema.table]
        if len(registered):
            # Of 67 columns a dozen is used; years of the others fill the memory.
            columns = USED_OF_DATA if schema is DATA else ()
            tables[schema.table] = read_partitions(Path(store), registered, schema, columns)
    if "data" in tables:
        data = partitions[partitions["table_name"] == "data"]
        units = dict(zip(pd.to_datetime(data["day"]), data["unit"], strict=True))
        tables["data"][UNIT] = tables["data"][SNAPSHOT_DATE].map(units).astype("str")
    return DailyTables(str(store), tables, (), outcomes)


def _days_of_prices(files: Mapping[str, OwnerTable]) -> frozenset[pd.Timestamp]:
    """Return the days on which most stocks closed at the price that data.csv states."""
    data = files["data"].table
    if "stocks" not in files or not {"StockName", "StockPrice"} <= set(data.columns):
        return frozenset()
    prices = data.dropna(subset=["StockPrice"]).drop_duplicates("StockName").set_index("StockName")["StockPrice"]
    bars = files["stocks"].table
    bars = bars[bars["name"].isin(prices.index)]
    is_equal = (bars["close"] - bars["name"].map(prices)).abs() <= 1e-6 * bars["close"].abs()
    shares = is_equal.groupby(bars["date"]).mean()
    return frozenset(shares.index[shares > 0.5])
