"""The universe: lists, files, dated intervals, unknown names."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.universe import Universe, read_membership, read_universe, unknown_symbols_error
from backtrader_system.settings.data import UniverseSettings

SESSIONS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]).as_unit("ns")


def membership(tmp_path, text: str):
    path = tmp_path / "membership.csv"
    path.write_text(text)
    return path


def test_a_list_is_sorted():
    universe = read_universe(UniverseSettings(symbols=("B", "A")))

    assert universe.symbols == ("A", "B")
    assert universe.is_member(SESSIONS, ("A", "B")).all()


def test_a_file_holds_one_symbol_a_line_and_remarks(tmp_path):
    path = tmp_path / "symbols.txt"
    path.write_text("# banks\nJPM\n\n  BAC  # second\n")

    assert read_universe(UniverseSettings(file=path)).symbols == ("BAC", "JPM")


def test_nothing_given_means_all_that_the_source_holds():
    assert read_universe(UniverseSettings()).symbols is None


def test_members_have_dated_intervals_with_both_ends(tmp_path):
    path = membership(tmp_path, "symbol,start,end\nA,2024-01-03,2024-01-04\nB,2023-01-01,2024-01-02\nB,2024-01-05,\n")
    universe = read_universe(UniverseSettings(membership=path))

    assert universe.is_member(SESSIONS, ("A", "B", "C")).tolist() == [
        [False, True, False], [True, False, False], [True, False, False], [False, True, False]]


def test_only_members_within_the_period_are_loaded(tmp_path):
    path = membership(tmp_path, "ticker,start_date,end_date\n"
                                "OLD,2000-01-01,2024-01-01\nNEW,2024-01-06,\nA,2024-01-05,\n")
    universe = read_universe(UniverseSettings(membership=path))

    assert universe.symbols == ("A", "NEW", "OLD")
    assert universe.symbols_between(SESSIONS[0], SESSIONS[-1]) == ("A",)


def test_impossible_intervals_are_all_named(tmp_path):
    path = membership(tmp_path, "symbol,start,end\nA,,\nB,2024-01-02,soon\nC,2024-01-03,2024-01-02\nD,2024-01-02,\n")

    with pytest.raises(DataError, match="impossible membership intervals") as caught:
        read_membership(path)

    assert [fault.split(": ")[-1] for fault in caught.value.faults] == [
        "start is not a date (YYYY-MM-DD)", "end is not a date (YYYY-MM-DD)", "ends before it starts"]
    assert "row 3 after the header: C, 2024-01-03, 2024-01-02" in caught.value.faults[2]


def test_missing_membership_columns_are_named(tmp_path):
    with pytest.raises(DataError, match="columns missing: start, end; found: symbol, since"):
        read_membership(membership(tmp_path, "symbol,since\nA,2024-01-02\n"))


@pytest.mark.parametrize("content", ["", "# nothing\n"], ids=["empty", "remark"])
def test_an_empty_universe_is_an_error(tmp_path, content):
    path = tmp_path / "symbols.txt"
    path.write_text(content)

    with pytest.raises(DataError, match=r"symbols\.txt: the universe is empty"):
        read_universe(UniverseSettings(file=path))


def test_symbols_that_could_leave_a_folder_are_refused(tmp_path):
    path = tmp_path / "symbols.txt"
    path.write_text("AAPL\n../etc\nA B\n=1+1\n")

    with pytest.raises(DataError, match=r"impossible symbols: '\.\./etc', '=1\+1', 'A B'"):
        read_universe(UniverseSettings(file=path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: universe\.file cannot be read"):
        read_universe(UniverseSettings(file=tmp_path / "none.txt"))


def test_unknown_symbols_get_their_nearest_spelling():
    error = unknown_symbols_error(["GOOG", "aapl", "XYZXYZ"], ["AAPL", "GOOGL", "MSFT"], "bars.csv")

    assert str(error).startswith("bars.csv: 3 unknown symbols; it holds 3: AAPL, GOOGL, MSFT")
    assert error.faults == ("GOOG: did you mean GOOGL?", "XYZXYZ: nothing similar there", "aapl: did you mean AAPL?")


def test_everything_is_a_member_without_intervals():
    assert Universe(("A",)).symbols_between(SESSIONS[0], SESSIONS[-1]) == ("A",)
