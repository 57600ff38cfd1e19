"""CSV: exact, the same every time, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrader_system.errors import OutputError
from backtrader_system.reports.ledger_files import column_dtypes, csv_text, empty_table, read_csv_text


def round_trip(frame: pd.DataFrame) -> pd.DataFrame:
    return read_csv_text(csv_text(frame), column_dtypes(frame), source="x.csv")


def test_a_table_is_written_as_these_bytes():
    frame = pd.DataFrame({
        "session": pd.to_datetime(["2024-01-02", None]), "symbol": ["BRK.B", 'a,"b"'], "pnl": [-0.1, 1 / 3],
        "size": [3, -4], "won": [True, False],
    })

    assert csv_text(frame).encode() == (
        b"session,symbol,pnl,size,won\n"
        b"2024-01-02,BRK.B,-0.1,3,True\n"
        b',"a,""b""",0.3333333333333333,-4,False\n')


def test_an_instant_is_written_with_its_offset():
    frame = pd.DataFrame({"known_at": pd.to_datetime(["2024-01-02 21:00"], utc=True)})

    assert csv_text(frame) == "known_at\n2024-01-02T21:00:00+00:00\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d"])
def test_no_text_cell_can_run_as_a_formula(start):
    attack = start + 'HYPERLINK("http://example.org")'
    frame = pd.DataFrame({"reason": [attack, "fine"], start + "name": ["x", "y"]})

    written = [value for row in csv.reader(io.StringIO(csv_text(frame), newline="")) for value in row]

    assert sum(value.startswith("'" + start) for value in written) == 2
    assert not any(value.startswith(start) for value in written)
    pd.testing.assert_frame_equal(round_trip(frame), frame)


def test_negative_numbers_get_no_apostrophe():
    frame = pd.DataFrame({"pnl": [-5.0, -0.0, 1e-300], "direction": np.array([-1, 0, 1], dtype="int8")})

    assert csv_text(frame) == "pnl,direction\n-5.0,-1\n-0.0,0\n1e-300,1\n"


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_every_number_comes_back_exactly(values):
    frame = pd.DataFrame({"x": np.array(values, dtype=float)})

    assert round_trip(frame)["x"].to_numpy().tobytes() == frame["x"].to_numpy().tobytes() or (
        np.array_equal(round_trip(frame)["x"], frame["x"], equal_nan=True))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_every_text_comes_back_exactly(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype="str"), "y": pd.Series([1] * len(values), dtype="int64")})

    pd.testing.assert_frame_equal(round_trip(frame), frame)


def test_missing_cells_of_every_kind_come_back_missing():
    frame = pd.DataFrame({
        "session": pd.Series(pd.to_datetime(["2024-01-02", None])).astype("datetime64[ns]"),
        "known_at": pd.to_datetime(["2024-01-02 21:00", None], utc=True).as_unit("us"),
        "number": [1.5, np.nan], "count": pd.array([1, None], dtype="Int64"),
        "flag": pd.array([True, None], dtype="boolean"), "text": pd.Series(["a", None], dtype="str"),
    })

    pd.testing.assert_frame_equal(round_trip(frame), frame)


def test_empty_texts_stay_empty_where_nothing_is_missing():
    frame = pd.DataFrame({"reason": pd.Series(["", "stop_loss"], dtype="str")})

    pd.testing.assert_frame_equal(round_trip(frame), frame)


def test_a_table_without_rows_keeps_its_dtypes():
    frame = pd.DataFrame({"x": [1.0], "s": pd.to_datetime(["2024-01-02"]), "t": ["a"], "b": [True]}).iloc[:0]

    pd.testing.assert_frame_equal(round_trip(frame), frame)
    pd.testing.assert_frame_equal(empty_table(column_dtypes(frame)), frame)


def test_a_single_empty_column_keeps_its_rows():
    assert len(round_trip(pd.DataFrame({"x": [np.nan, np.nan]}))) == 2


@pytest.mark.parametrize(("text", "message"), [
    pytest.param("x,z\n1,2\n", r"x\.csv: columns \['x', 'z'\] differ", id="other columns"),
    pytest.param("x,y\n1.0\n", r"x\.csv: line 2 has 1 cells, not 2", id="short line"),
    pytest.param("x,y\none,2\n", r"x\.csv: column 'x' does not hold float64: .*one", id="text for a number"),
    pytest.param("x,y\n1.0,2.5\n", r"x\.csv: column 'y' does not hold int64", id="fraction for a count"),
])
def test_a_damaged_file_is_named(text, message):
    with pytest.raises(OutputError, match=message):
        read_csv_text(text, {"x": "float64", "y": "int64"}, source="x.csv")


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(OutputError, match=r"several columns named \['x'\]"):
        column_dtypes(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_long_tables_are_written_in_pieces_as_if_in_one(monkeypatch):
    days = pd.date_range("2024-01-01", periods=7, freq="D").as_unit("ns")
    table = pd.DataFrame({"day": days, "moment": days + pd.to_timedelta([0, 0, 0, 0, 0, 0, 5], unit="h"),
                          "price": [1.5, None, 2.0, 3.0, -0.1, 5.0, 6.0], "note": list("abc=efg")})
    whole = csv_text(table)
    monkeypatch.setattr("backtrader_system.reports.ledger_files.ROWS_AT_ONCE", 3)
    assert csv_text(table) == whole
    assert whole.splitlines()[1].startswith("2024-01-01,2024-01-01T00:00:00")
