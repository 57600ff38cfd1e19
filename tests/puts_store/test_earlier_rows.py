"""What earlier days hold, in one file instead of a thousand."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.files.schemas import PROBABILITIES, STOCKS
from backtrader_system.puts.store import earlier_rows as module
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.registry import open_registry

DAYS = ("2025-11-27", "2025-11-28", "2025-12-01")


@pytest.fixture
def store(day_files, tmp_path, now):
    """Return a store of three days; the second revises a bar, the third has a column that nobody knows."""
    for day in DAYS:
        folder = day_files(day)
        path = folder / "stock_data.csv"
        text = path.read_text()
        if day == "2025-11-28":
            text = text.replace("2025-11-27|AAK AB|265|267|264|266", "2025-11-27|AAK AB|265|267|264|265.5")
        if day == "2025-12-01":
            head, *rows = text.splitlines()
            text = "\n".join([f"{head}|Rank", *(f"{row}|7" for row in rows)]) + "\n"
        path.write_text(text)
        collect(folder, tmp_path / "store", now=now)
    return tmp_path / "store"


def known(store, schema, day="2025-12-02"):
    with open_registry(store) as registry:
        rows = module.earlier_rows(registry, store, schema, day)
    return None if rows is None else rows.sort_values(list(schema.key)).reset_index(drop=True)[sorted(rows.columns)]


def without_files(store):
    for path in store.glob("earlier.*"):
        path.unlink()
    return store


@pytest.mark.parametrize("schema", [STOCKS, PROBABILITIES])
def test_the_file_holds_what_the_partitions_hold(store, schema):
    quick = known(store, schema)
    pd.testing.assert_frame_equal(quick, known(without_files(store), schema))
    assert not quick.duplicated(list(schema.key)).any()


def test_there_is_one_file_per_table(store):
    assert sorted(path.name.split(".")[1] for path in store.glob("earlier.*")) == ["probabilities", "stocks"]


def test_collecting_does_not_open_earlier_partitions(store, day_files, now):
    for table in ("stocks", "probabilities"):
        for path in (store / table).iterdir():
            path.write_bytes(b"")
    assert collect(day_files("2025-12-02"), store, now=now).rows == {"data": 8, "probabilities": 4, "stocks": 2}


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1")])
def test_a_lost_or_damaged_file_is_made_anew(store, day_files, now, harm):
    for path in store.glob("earlier.*"):
        harm(path)
    assert collect(day_files("2025-12-02"), store, now=now).rows == {"data": 8, "probabilities": 4, "stocks": 2}
    assert len(list(store.glob("earlier.*"))) == 2


def test_a_file_of_other_days_is_not_used(store):
    # Before 1 December, the revised bar is known and the unknown column is not.
    rows = known(store, STOCKS, "2025-12-01")
    assert "Rank" not in rows
    assert rows.loc[rows["name"] == "AAK AB", "close"].tolist() == [265.5, 266.0]
    assert known(store, STOCKS, "2025-11-27") is None


def test_without_the_file_damaged_partitions_are_refused(store, day_files, now):
    (without_files(store) / "stocks" / "date=2025-11-28.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="was changed after it was collected"):
        collect(day_files("2025-12-02"), store, now=now)
