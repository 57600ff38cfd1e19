"""A day's files into the store."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.parquet import read_parquet
from backtrader_system.puts.files.schemas import DATA
from backtrader_system.puts.store.checks import check_store
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.daily_tables import read_store
from backtrader_system.puts.store.read_collected import read_collected
from backtrader_system.puts.store.registry import open_registry
from backtrader_system.settings.puts import PutsSettings

STRIKES = {"AAK": (240, 250), "ABB": (600, 650)}
LONGER = tuple(f"{ticker}6M{strike}" for ticker, strikes in STRIKES.items() for strike in strikes)


def contents(store):
    """Return every file of a store but the registry, by name."""
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in store.glob("*/*")}


def registered(store, query):
    with open_registry(store) as registry:
        return registry.read(query)


def test_a_day_becomes_one_partition_per_table(day_files, tmp_path, now):
    report = collect(day_files("2025-11-28"), tmp_path / "store", now=now)
    assert (report.day, report.unit, report.rows) == (
        "2025-11-28", "sessions", {"data": 8, "probabilities": 8, "stocks": 4})
    assert sorted(contents(tmp_path / "store")) == [
        f"{table}/date=2025-11-28.parquet" for table in ("data", "probabilities", "stocks")]


def test_all_67_columns_are_kept(day_files, tmp_path, now):
    collect(day_files("2025-11-28"), tmp_path / "store", now=now)
    header = registered(tmp_path / "store", "SELECT columns FROM partitions WHERE table_name = 'data'")["columns"]
    assert tuple(json.loads(header.iloc[0])) == DATA.names


def test_a_file_that_repeats_the_past_leaves_only_what_is_new(day_files, tmp_path, now):
    for day in ("2025-11-27", "2025-11-28"):
        report = collect(day_files(day), tmp_path / "store", now=now)
    assert report.rows == {"data": 8, "probabilities": 4, "stocks": 2}
    stocks = read_store(tmp_path / "store").get("stocks")
    assert stocks.groupby("date").size().tolist() == [2, 2]


def test_the_same_day_again_changes_nothing(day_files, tmp_path, now):
    store = tmp_path / "store"
    collect(day_files("2025-11-28"), store, now=now)
    before = contents(store)
    report = collect(day_files("2025-11-28"), store, now=now)
    assert (report.rows, report.unchanged, report.n_new_options) == ({}, ("data", "probabilities", "stocks"), 0)
    assert contents(store) == before


def test_the_same_day_with_crlf_and_other_row_order_is_the_same(day_files, tmp_path, now):
    store = tmp_path / "store"
    collect(day_files("2025-11-28"), store, now=now)
    folder = day_files("2025-11-28")
    header, *rows = (folder / "data.csv").read_text().splitlines()
    (folder / "data.csv").write_bytes("\r\n".join([header, *rows[::-1], ""]).encode())
    assert collect(folder, store, now=now).rows == {}


def test_other_content_of_a_stored_day_is_refused_and_named(day_files, tmp_path, now):
    store = tmp_path / "store"
    collect(day_files("2025-11-28"), store, now=now)
    before = contents(store)
    other = day_files("2025-11-28", changes={("AAK5X250", "Bid"): "1.3"}, drop=("ABB6M600",))
    with pytest.raises(DataError) as caught:
        collect(other, store, now=now)
    text = str(caught.value)
    assert "Bid differs in 1 rows, first AAK5X250 2025-12-19: 1.2 is stored, 1.3 came now" in text
    assert "1 rows are gone, first ABB6M600 2026-01-16" in text
    assert contents(store) == before


def test_a_day_before_a_stored_one_may_be_collected_later(day_files, tmp_path, now):
    store = tmp_path / "store"
    for day in ("2025-11-28", "2025-11-27", "2025-11-28", "2025-11-27"):
        collect(day_files(day), store, now=now)
    stocks = read_store(store).get("stocks")
    assert stocks.drop_duplicates(["name", "date"]).groupby("date").size().tolist() == [2, 2]


def stating(first, second):
    """Return changes that let all options of the two expiries state so many days."""
    return {(f"{ticker}{letter}{strike}", "DaysToExpiry"): days for ticker, strikes in STRIKES.items()
            for strike in strikes for letter, days in (("5X", first), ("6M", second))}




@pytest.mark.parametrize(("unit", "to_expiry"), [("calendar", ("17", "45")), ("sessions", ("13", "27"))])
def test_a_day_that_fits_both_units_keeps_that_of_the_day_before(day_files, tmp_path, unit, to_expiry):
    # Monday 15 December to Friday the 19th: four sessions, and four calendar days.
    store, after = tmp_path / "store", datetime(2025, 12, 15, 20, tzinfo=UTC)
    assert collect(day_files("2025-12-02", changes=stating(*to_expiry)), store, now=after).unit == unit
    ambiguous = day_files("2025-12-15", drop=LONGER)
    assert collect(ambiguous, store, now=after).unit == unit
    assert [issue for issue in check_store(store, now=after) if issue.rule == "unit_changed"] == []


def test_a_new_unit_is_not_taken_for_that_of_the_day_before(day_files, tmp_path):
    store, after = tmp_path / "store", datetime(2025, 12, 15, 20, tzinfo=UTC)
    collect(day_files("2025-12-02", changes=stating("17", "45")), store, now=after)
    assert collect(day_files("2025-12-15"), store, now=after).unit == "sessions"


def test_issues_of_a_file_are_told_only_when_it_is_stored(day_files, tmp_path, now):
    store, folder = tmp_path / "store", day_files("2025-11-28", header=DATA.names[:-1])
    first, again = (collect(folder, store, now=now) for _ in range(2))
    assert [issue.rule for issue in first.issues] == ["missing_column"]
    assert again.issues == ()


def test_a_further_file_of_a_stored_day_is_added(day_files, tmp_path, now):
    store = tmp_path / "store"
    folder = day_files("2025-11-28")
    collect(folder, store, now=now)
    (folder / "margin_requirements.csv").write_text("OptionName|Est_Margin_SEK\nAAK5X250|9000\n")
    assert collect(folder, store, now=now).rows == {"margins": 1}


def test_a_revised_row_of_the_past_is_kept_beside_the_old_one(day_files, tmp_path, now):
    store = tmp_path / "store"
    collect(day_files("2025-11-27"), store, now=now)
    folder = day_files("2025-11-28")
    path = folder / "stock_data.csv"
    line = "2025-11-27|AAK AB|265|267|264|"
    path.write_text(path.read_text().replace(f"{line}266", f"{line}265.5"))
    report = collect(folder, store, now=now)
    assert (report.rows["stocks"], report.revised) == (3, {"stocks": 1})
    stocks = read_store(store).get("stocks")
    old = stocks[(stocks["date"] == "2025-11-27") & (stocks["name"] == "AAK AB")]
    assert old["close"].tolist() == [266.0, 265.5]


def test_a_revision_is_one_only_once_and_the_newest_bar_counts(day_files, tmp_path, now):
    store, line = tmp_path / "store", "2025-11-27|AAK AB|265|267|264|"
    collect(day_files("2025-11-27"), store, now=now)
    for day in ("2025-11-28", "2025-12-01"):
        folder = day_files(day)
        path = folder / "stock_data.csv"
        path.write_text(path.read_text().replace(f"{line}266", f"{line}265.5"))
        report = collect(folder, store, now=now)
    assert (report.rows["stocks"], report.revised) == (2, {})
    assert read_collected(store, PutsSettings()).underlyings.frame("AAK AB")["close"].tolist() == [265.5, 266.0, 266.0]


def test_the_universe_knows_first_and_last_day(day_files, tmp_path, now):
    store = tmp_path / "store"
    for day in ("2025-11-27", "2025-11-28", "2025-12-01"):
        collect(day_files(day, drop=("AAK6M250",) if day == "2025-12-01" else ()), store, now=now)
    universe = registered(store, "SELECT * FROM universe").set_index("option_name")
    assert len(universe) == 8
    assert universe.loc["AAK6M250", ["first_seen", "last_seen", "stock_name", "strike", "expiry"]].tolist() == [
        "2025-11-27", "2025-11-28", "AAK AB", 250.0, "2026-01-16"]
    assert universe.loc["AAK5X250", "last_seen"] == "2025-12-01"


def test_a_new_column_is_kept_as_text_and_told(day_files, tmp_path, now):
    store = tmp_path / "store"
    report = collect(day_files("2025-11-28", header=(*DATA.names, "Rank")), store, now=now)
    assert [issue.rule for issue in report.issues] == ["unknown_column"]
    assert read_parquet(store / "data" / "date=2025-11-28.parquet")["Rank"].tolist() == ["new"] * 8


def test_faults_of_all_files_come_at_once_and_nothing_is_written(day_files, tmp_path, now):
    folder = day_files("2025-11-28", changes={("AAK5X250", "Bid"): "a lot"})
    (folder / "stock_data.csv").write_text("date|name|close\n2025-11-28|AAK AB|26")
    with pytest.raises(DataError) as caught:
        collect(folder, tmp_path / "store", now=now)
    assert "Bid 'a lot'" in str(caught.value)
    assert "half written" in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_day_in_the_future_is_refused(day_files, tmp_path, now):
    with pytest.raises(DataError, match="2025-11-28, which is in the future"):
        collect(day_files("2025-11-28"), tmp_path / "store", now=now.replace(month=11, day=27))


def test_a_folder_without_files_of_the_owner_is_refused(tmp_path, now):
    with pytest.raises(DataError, match=r"holds none of data\.csv"):
        collect(tmp_path, tmp_path / "store", now=now)


def test_without_data_the_day_must_be_given(day_files, tmp_path, now):
    folder = day_files("2025-11-28")
    (folder / "data.csv").unlink()
    with pytest.raises(DataError, match="--date"):
        collect(folder, tmp_path / "store", now=now)
    assert collect(folder, tmp_path / "store", snapshot_date=now.date(), now=now).day == "2025-12-02"


def test_rows_after_the_snapshot_warn_of_a_stale_file(day_files, tmp_path, now):
    folder = day_files("2025-12-02")
    (folder / "data.csv").write_text((day_files("2025-11-28") / "data.csv").read_text())
    issues = collect(folder, tmp_path / "store", now=now).issues
    assert [(issue.rule, issue.count) for issue in issues] == [("rows_after_snapshot", 8), ("rows_after_snapshot", 4)]


def test_another_day_than_the_file_tells_is_told(day_files, tmp_path, now):
    report = collect(day_files("2025-11-28"), tmp_path / "store", snapshot_date=now.date(), now=now)
    assert report.unit == "unknown"
    assert "unit_unknown" in [issue.rule for issue in report.issues]


@pytest.mark.parametrize("statement", [
    "DELETE FROM partitions", "UPDATE partitions SET n_rows = 0", "UPDATE universe SET first_seen = '2025-12-01'",
    "UPDATE universe SET strike = 1", "DELETE FROM universe",
    "INSERT OR REPLACE INTO universe SELECT option_name, expiry, 'X', strike, first_seen, last_seen, '' FROM universe"])
def test_the_past_cannot_be_rewritten(day_files, tmp_path, now, statement):
    collect(day_files("2025-11-28"), tmp_path / "store", now=now)
    with open_registry(tmp_path / "store") as registry, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        registry.connection.execute(statement)


def test_another_database_is_no_registry(tmp_path):
    with sqlite3.connect(tmp_path / "registry.sqlite") as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(DataError, match="no registry of put options"):
        open_registry(tmp_path)
