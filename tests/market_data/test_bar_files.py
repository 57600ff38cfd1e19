"""The user's own files: columns, folders, dates, symbols, damaged content."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.files import covered_dates, open_bar_files, read_bars, source_by_symbol
from backtrader_system.market_data.parquet import write_parquet

FIRST, LAST = pd.Timestamp("2024-01-03"), pd.Timestamp("2024-01-04")
NEW_YORK = "America/New_York"


def bars(*symbols: str) -> pd.DataFrame:
    days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]).as_unit("ns")
    parts = [pd.DataFrame({"date": days, "symbol": symbol, "open": 1.1, "high": 2.2, "low": 0.3, "close": 1.4,
                           "volume": [10, 20, 30, 40]}) for symbol in symbols]
    return pd.concat(parts, ignore_index=True)


def read(path, *symbols):
    rows, issues = read_bars(open_bar_files(path), symbols, FIRST, LAST, NEW_YORK)
    return rows, issues


def write(frame, path):
    if path.name.endswith(".parquet"):
        write_parquet(frame, path)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv", "bars.csv.gz"])
def test_only_the_wanted_symbols_and_dates_are_returned(tmp_path, name):
    path = write(bars("A", "B", "C"), tmp_path / name)

    rows, issues = read(path, "A", "C")

    expected = bars("A", "C").rename(columns={"date": "session"}).astype({"volume": float})
    expected = expected[expected["session"].between(FIRST, LAST)].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, expected)
    assert issues == []


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_folder_names_its_symbols_by_file_unless_a_column_does(tmp_path, suffix):
    for symbol in ("A", "B"):
        write(bars(symbol).drop(columns="symbol"), tmp_path / f"{symbol}{suffix}")
    write(bars("BRK/B"), tmp_path / f"berkshire{suffix}")
    (tmp_path / "notes.txt").write_text("not bars")

    files = open_bar_files(tmp_path)
    rows, _ = read_bars(files, ["B", "BRK/B"], FIRST, LAST, NEW_YORK)

    assert sorted(symbol for file in files for symbol in file.symbols) == ["A", "B", "BRK/B"]
    assert rows["symbol"].tolist() == ["B", "B", "BRK/B", "BRK/B"]
    assert source_by_symbol(files)["BRK/B"] == str(tmp_path / f"berkshire{suffix}")


def test_headers_may_be_written_in_any_way(tmp_path):
    frame = bars("A").rename(columns=lambda name: f" {name.upper()} ").rename(columns={" SYMBOL ": "Ticker"})
    path = write(frame.assign(**{"Adj Close": 0.7, "Note": "x"}), tmp_path / "bars.csv")

    rows, _ = read(path, "A")

    assert list(rows) == ["session", "symbol", "open", "high", "low", "close", "volume", "adj_close"]
    assert rows["adj_close"].tolist() == [0.7, 0.7]


def test_missing_columns_are_named_beside_those_found(tmp_path):
    path = write(bars("A").drop(columns=["open", "volume"]), tmp_path / "bars.parquet")

    with pytest.raises(DataError, match=r"columns missing: open, volume; found: date, symbol, high, low, close"):
        open_bar_files(path)


def test_a_column_that_stands_there_twice_is_an_error(tmp_path):
    path = write(bars("A").assign(Close=1.0), tmp_path / "bars.csv")

    with pytest.raises(DataError, match="'close' and 'Close' both mean close"):
        open_bar_files(path)


def test_dates_with_a_time_zone_become_sessions_and_are_listed(tmp_path):
    frame = bars("A")
    write(frame.assign(date=frame["date"].dt.tz_localize(NEW_YORK)), tmp_path / "bars.parquet")
    write(frame.assign(date=[f"{day:%Y-%m-%d} 00:00:00-05:00" for day in frame["date"]]), tmp_path / "bars.csv")

    for name in ("bars.parquet", "bars.csv"):
        rows, issues = read(tmp_path / name, "A")

        assert rows["session"].tolist() == [FIRST, LAST]
        assert [(issue.severity, issue.rule, issue.value) for issue in issues] == [
            ("repair", "time_zone", "4 dates came with a time zone")]


def test_an_unreadable_date_is_an_error_wherever_it_stands(tmp_path):
    frame = bars("A", "B")
    path = write(frame.assign(date=["02.01.2024", *frame["date"].dt.strftime("%Y-%m-%d")[1:]]), tmp_path / "bars.csv")

    _, issues = read(path, "A")

    assert [(i.severity, i.rule, i.symbol) for i in issues] == [("error", "bad_date", "A")]
    assert "row 1: '02.01.2024' is not a date" in issues[0].value
    assert read(path, "B")[1] == []


def test_intraday_and_empty_dates_in_parquet_are_errors(tmp_path):
    frame = bars("A")
    days = frame["date"].where(frame.index != 1).mask(frame.index == 2, pd.Timestamp("2024-01-04 09:30"))
    path = write(frame.assign(date=days), tmp_path / "bars.parquet")

    rows, issues = read(path, "A")

    assert rows.empty
    assert sorted(issue.value.split(": ")[1][:12] for issue in issues) == ["'2024-01-04 ", "has no date"]


def test_numbers_as_text_are_named_with_row_and_column(tmp_path):
    path = write(bars("A").astype({"close": str}), tmp_path / "bars.csv")
    path.write_text(path.read_text().replace("1.4,30", '"$1,234.5",30'))

    with pytest.raises(DataError, match="cells that are not numbers") as caught:
        open_bar_files(path)

    assert caught.value.faults == ("row 3 after the header, column 'close': '$1,234.5' is not a number",)


def test_text_columns_of_numbers_in_parquet_are_an_error(tmp_path):
    path = write(bars("A").astype({"close": str}), tmp_path / "bars.parquet")

    with pytest.raises(DataError, match="must be stored as numbers\n  column 'close' holds str"):
        read(path, "A")


def test_a_symbol_may_be_called_na_and_an_empty_price_is_nan(tmp_path):
    path = write(bars("NA", "TRUE"), tmp_path / "bars.csv")
    path.write_text(path.read_text().replace(",1.4,20", ",,20").replace(",1.4,30", ",NA,30"))

    rows, _ = read(path, "NA")

    assert rows["symbol"].tolist() == ["NA", "NA"]
    assert rows["close"].isna().tolist() == [True, True]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_an_empty_symbol_is_an_error(tmp_path, suffix):
    frame = bars("A")
    path = write(frame.assign(symbol=frame["symbol"].where(frame.index != 2)), tmp_path / f"bars{suffix}")

    with pytest.raises(DataError, match="rows or more have an empty symbol"):
        open_bar_files(path)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv"])
def test_the_covered_dates_are_those_of_the_wanted_symbols(tmp_path, name):
    frame = bars("A", "B")
    path = write(frame[(frame["symbol"] == "B") | (frame["date"] > FIRST)], tmp_path / name)
    files = open_bar_files(path)

    assert covered_dates(files, ["A"], NEW_YORK) == (LAST, pd.Timestamp("2024-01-05"))
    assert covered_dates(files, ["A", "B"], NEW_YORK)[0] == pd.Timestamp("2024-01-02")


@pytest.mark.parametrize(("name", "content", "message"), [
    ("bars.csv", b"", r"bars\.csv: cannot be read as CSV \(No columns to parse"),
    ("bars.csv", b"\xff\xfe\x00A", r"bars\.csv: cannot be read as CSV .*UTF-8"),
    ("bars.csv", b'date,open\n1,2,3,4\n"', r"bars\.csv: columns missing"),
    ("bars.csv.gz", b"no gzip", r"bars\.csv\.gz: cannot be read as CSV"),
    ("bars.xlsx", b"PK", r"bars\.xlsx: unknown kind of file"),
    ("bars.parquet", b"PK", r"bars\.parquet: cannot be read as Parquet"),
], ids=["empty", "encoding", "ragged", "gzip", "kind", "parquet"])
def test_a_damaged_or_strange_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        open_bar_files(tmp_path / name)


def test_a_torn_gzip_is_named(tmp_path):
    whole = gzip.compress(bars("A").to_csv(index=False).encode())
    (tmp_path / "bars.csv.gz").write_bytes(whole[:-12])

    with pytest.raises(DataError, match="cannot be read as CSV"):
        open_bar_files(tmp_path / "bars.csv.gz")


def test_a_missing_path_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none: no such file or folder; check data\.path"):
        open_bar_files(tmp_path / "none")
    with pytest.raises(DataError, match="the folder holds no"):
        open_bar_files(tmp_path)
