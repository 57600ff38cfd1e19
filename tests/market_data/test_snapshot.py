"""The snapshot store: immutable, found by what it covers, checked when read."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError, OutputError
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.market_data.snapshot import find_snapshot, save_snapshot

START, END = date(2024, 1, 2), date(2024, 6, 28)


def bars(close: float = 10.0) -> pd.DataFrame:
    sessions = pd.to_datetime(["2024-01-02", "2024-01-03"]).as_unit("ns")
    return pd.DataFrame({"session": sessions, "symbol": "A", "close": [close, np.nan], "volume": [1, 2]})


def save(folder, *, close=10.0, created_at="2024-07-01T00:00:00Z", symbols=("A", "B"), end=END):
    key = {"source": "yahoo", "symbols": symbols, "start": START, "end": end}
    return save_snapshot(folder, key, {"bars": bars(close)}, {"created_at": created_at})


def test_a_snapshot_comes_back_as_it_was_saved(tmp_path):
    identity = save(tmp_path)

    found = find_snapshot(tmp_path, "yahoo", ["B"], date(2024, 2, 1), END)

    assert found.id == identity
    pd.testing.assert_frame_equal(found.read_tables()["bars"], bars())


def test_the_id_depends_on_content_and_request_only(tmp_path):
    first = save(tmp_path / "one")

    assert save(tmp_path / "two", symbols=["B", "A", "A"], created_at="2025-01-01T00:00:00Z") == first
    assert save(tmp_path / "two", close=10.000001) != first
    assert save(tmp_path / "two", end=date(2024, 6, 27)) != first


def test_a_saved_snapshot_is_never_overwritten(tmp_path):
    identity = save(tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "yahoo" / identity).iterdir()}

    assert save(tmp_path, created_at="2030-01-01T00:00:00Z") == identity

    assert {path: path.read_bytes() for path in (tmp_path / "yahoo" / identity).iterdir()} == before
    assert [path.name for path in (tmp_path / "yahoo").iterdir()] == [identity]


def test_the_newest_snapshot_that_covers_the_request_is_found(tmp_path):
    save(tmp_path, close=1, created_at="2024-07-03T00:00:00Z")
    newer = save(tmp_path, close=2, created_at="2024-07-04T00:00:00Z")
    save(tmp_path, close=3, created_at="2024-07-05T00:00:00Z", symbols=["A"])

    assert find_snapshot(tmp_path, "yahoo", ["A", "B"], START, END).id == newer
    assert find_snapshot(tmp_path, "yahoo", ["C"], START, END) is None
    assert find_snapshot(tmp_path, "yahoo", ["A"], START, date(2024, 6, 29)) is None
    assert find_snapshot(tmp_path, "other", ["A"], START, END) is None


def test_a_wanted_snapshot_is_used_although_it_is_older(tmp_path):
    older = save(tmp_path, close=1, created_at="2024-07-03T00:00:00Z")
    save(tmp_path, close=2, created_at="2024-07-04T00:00:00Z")

    assert find_snapshot(tmp_path, "yahoo", ["A"], START, END, older[:8]).id == older


def test_a_wanted_snapshot_that_is_missing_names_those_that_exist(tmp_path):
    there = save(tmp_path)

    with pytest.raises(DataError, match=f"snapshot 'feed' does not exist .*there: {there}"):
        find_snapshot(tmp_path, "yahoo", ["A"], START, END, "feed")


def test_a_wanted_snapshot_that_does_not_cover_the_run_says_what_it_lacks(tmp_path):
    identity = save(tmp_path)

    with pytest.raises(DataError, match="does not cover the run") as caught:
        find_snapshot(tmp_path, "yahoo", ["A", "Z"], START, date(2024, 7, 1), identity)

    assert caught.value.faults[0] == "symbols it lacks: Z"
    assert "it holds 2024-01-02 to 2024-06-28; needed is 2024-01-02 to 2024-07-01" in caught.value.faults[1]


def test_a_changed_table_is_detected(tmp_path):
    identity = save(tmp_path)
    write_parquet(bars(11.0), tmp_path / "yahoo" / identity / "bars.parquet")

    with pytest.raises(DataError, match="not what was stored"):
        find_snapshot(tmp_path, "yahoo", ["A"], START, END).read_tables()


def test_a_damaged_description_is_named(tmp_path):
    (tmp_path / "yahoo" / save(tmp_path) / "snapshot.json").write_text("{")

    with pytest.raises(DataError, match=r"snapshot\.json: cannot be read as the description"):
        find_snapshot(tmp_path, "yahoo", ["A"], START, END)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_stays(tmp_path):
    (tmp_path / "yahoo").write_text("a file where the folder should be")

    with pytest.raises(OutputError, match=r"set data\.snapshot_dir"):
        save(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["yahoo"]
