"""Files of the owner, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.files.reading import read_owner_bytes
from backtrader_system.puts.files.schemas import DATA, MARGINS, MONTHLY, PROBABILITIES, STOCKS, SUPPORT

MARGIN_HEADER = b"OptionName|Est_Margin_SEK\n"


def full_data(**cells: str) -> bytes:
    """Return a data.csv of all 67 columns and one row of AAK5X250; `cells` replace values."""
    values = dict.fromkeys(DATA.names, "0.5") | {
        "OptionName": "AAK5X250", "FinancialReport": "", "X-Day": "Y", "StrikeBelowLowerAtAcc": "",
        "StockName": "AAK AB", "ExpiryDate": "2025-12-19", "100DayMaxPriceDate": "2025-09-01",
        "50DayMaxPriceDate": "2025-11-03", "StrikePrice": "250.0", "Bid": ".20", "Ask": "1.75", "DaysToExpiry": "15",
        "StockPrice": "266.0"}
    values |= {name.replace("__", "-"): value for name, value in cells.items()}
    return f"{'|'.join(values)}\n{'|'.join(values.values())}\n".encode()


def test_a_full_file_is_read_without_a_word():
    read = read_owner_bytes(full_data(), "data.csv", DATA)
    row = read.table.iloc[0]
    assert read.table.shape == (1, 67)
    assert not read.issues
    assert (row["Bid"], row["X-Day"], row["FinancialReport"], str(row["ExpiryDate"].date())) == (
        0.20, "Y", "", "2025-12-19")


def test_byte_order_mark_crlf_quotes_and_blank_lines_are_understood():
    content = b"\xef\xbb\xbfOptionName|Est_Margin_SEK\r\n\r\n\"AAK6N215\"| 9071.5 \r\n\r\n"
    assert read_owner_bytes(content, "m", MARGINS).table.to_numpy().tolist() == [["AAK6N215", 9071.5]]


@pytest.mark.parametrize(("cell", "value"), [
    (".5", 0.5), ("5.", 5.0), ("1e-5", 1e-5), ("-0.0", 0.0), ("0.19848415771858316", 0.19848415771858316)])
def test_numbers_keep_every_digit(cell, value):
    table = read_owner_bytes(MARGIN_HEADER + f"A6N1|{cell}\n".encode(), "m", MARGINS).table
    assert table["Est_Margin_SEK"].tolist() == [value]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", "None", "null"])
def test_an_empty_cell_is_missing(cell):
    table = read_owner_bytes(MARGIN_HEADER + f"A6N1|{cell}\n".encode(), "m", MARGINS).table
    assert np.isnan(table["Est_Margin_SEK"].iloc[0])


@pytest.mark.parametrize("cell", ["1,5", "1 000", "1_000", "12kr", "0x10"])
def test_other_number_formats_are_refused_with_their_line(cell):
    with pytest.raises(DataError, match=r"line 3: Est_Margin_SEK '.*' is no number"):
        read_owner_bytes(MARGIN_HEADER + f"A6N1|2\nA6N2|{cell}\n".encode(), "m", MARGINS)


def test_all_bad_cells_are_named_at_once():
    with pytest.raises(DataError) as caught:
        read_owner_bytes(full_data(Bid="x", ExpiryDate="19/12/2025", Ask="1,75"), "data.csv", DATA)
    text = str(caught.value)
    assert "3 cells" in text
    assert all(part in text for part in ("Bid 'x'", "ExpiryDate '19/12/2025'", "Ask '1,75'"))


def test_infinity_is_missing_and_counted():
    header = "|".join(MONTHLY.names)
    row = "AAK AB|Dec|2006|0|1|1|1|1|1|.1|-inf|inf|.1|3|4"
    read = read_owner_bytes(f"{header}\n{row}\n".encode(), "monthly", MONTHLY)
    assert read.table[["pct_open_to_low", "pct_low_to_high"]].isna().all(axis=None)
    assert [(issue.rule, issue.count) for issue in read.issues] == [("infinite_number", 2)]


def test_columns_may_come_in_any_order():
    one = read_owner_bytes(full_data(), "data.csv", DATA).table
    header, row = full_data().decode().split("\n")[:2]
    swapped = "|".join(header.split("|")[::-1]) + "\n" + "|".join(row.split("|")[::-1]) + "\n"
    other = read_owner_bytes(swapped.encode(), "data.csv", DATA).table
    assert other.equals(one)


def test_an_unknown_column_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="unknown column 'Premuim'; did you mean 'Premium'"):
        read_owner_bytes(full_data(Premuim="1"), "data.csv", DATA)


def test_an_unknown_column_may_be_kept_as_text():
    read = read_owner_bytes(full_data(Rank="007"), "data.csv", DATA, keep_unknown=True)
    assert read.table["Rank"].tolist() == ["007"]
    assert [issue.rule for issue in read.issues] == ["unknown_column"]


def test_missing_required_columns_are_all_named():
    with pytest.raises(DataError) as caught:
        read_owner_bytes(b"OptionName|Premium\nAAK5X250|1\n", "data.csv", DATA)
    assert all(f"'{name}' is missing" in str(caught.value) for name in ("Bid", "Ask", "ExpiryDate", "StrikePrice"))


def test_a_missing_optional_column_is_told():
    read = read_owner_bytes(b"OptionName|Est_Margin_SEK\nA6N1|1\n", "m", MARGINS)
    assert [(issue.rule, issue.count) for issue in read.issues] == [("missing_column", 11)]


def test_a_repeated_column_is_refused():
    with pytest.raises(DataError, match="'Est_Margin_SEK' appears 2 times"):
        read_owner_bytes(b"OptionName|Est_Margin_SEK|Est_Margin_SEK\nA6N1|1|2\n", "m", MARGINS)


def test_equal_rows_are_kept_once():
    read = read_owner_bytes(MARGIN_HEADER + b"A6N1|1\nA6N1|1\nA6N2|2\n", "m", MARGINS)
    assert read.table["OptionName"].tolist() == ["A6N1", "A6N2"]
    assert [(issue.rule, issue.count) for issue in read.issues[1:]] == [("repeated_row", 1)]


def test_rows_of_one_key_that_differ_are_all_left_out():
    read = read_owner_bytes(MARGIN_HEADER + b"A6N1|1\nA6N1|1\nA6N1|3\nA6N2|2\n", "m", MARGINS)
    assert read.table["OptionName"].tolist() == ["A6N2"]
    assert ("conflicting_rows", "excluded") in [(issue.rule, issue.severity) for issue in read.issues]


@pytest.mark.parametrize("content", [
    b"OptionName|Est_Margin_SEK\nA6N1|1\nA6N2|90", b"OptionName|Est_Margin_SEK\nA6N1|1\nA6N2",
    b"OptionName|Est_Margin_SEK\nA6N1|1\nA6"])
def test_a_half_written_last_line_is_refused(content):
    with pytest.raises(DataError, match="line 3: the last line has no line end"):
        read_owner_bytes(content, "m", MARGINS)


def test_a_line_with_other_cells_than_the_header_is_refused():
    with pytest.raises(DataError, match=r"line 2: 3 cells, the header has 2"):
        read_owner_bytes(MARGIN_HEADER + b"A6N1|1|2\n", "m", MARGINS)


@pytest.mark.parametrize(("content", "message"), [
    (b"", "is empty"), (b"\n\n", "is empty"), (MARGIN_HEADER + b"SK\xc5NE|1\n", "line 2 holds the byte 0xc5"),
    (MARGIN_HEADER + b"A6N1|1\n\0\0\0\0\n", "zero bytes"),
    (b'OptionName|Est_Margin_SEK\n"A|1\n', "not delimited text")])
def test_bytes_that_are_no_table_are_refused(content, message):
    with pytest.raises(DataError, match=message):
        read_owner_bytes(content, "m", MARGINS)


def test_a_header_alone_is_an_empty_table():
    assert read_owner_bytes(MARGIN_HEADER, "m", MARGINS).table.shape == (0, 2)


def test_another_delimiter_is_taken_and_told():
    read = read_owner_bytes(b"date,name,close\n2024-01-02,AAK AB,225.6\n", "stock_data.csv", STOCKS)
    assert read.table["close"].tolist() == [225.6]
    assert read.issues[0].rule == "delimiter"


def test_a_pipe_inside_a_comma_file_is_no_delimiter():
    header, row = ",".join(SUPPORT.names), ",".join(["AAK | B", "30", *["1"] * 5, "2026-01-28", "1", "stable",
                                                     *["1"] * 11, "x", "1", "1", "2026-02-21", "2026-02-20"])
    assert read_owner_bytes(f"{header}\n{row}\n".encode(), "s", SUPPORT).table["stock_name"].tolist() == ["AAK | B"]


@pytest.mark.parametrize("day", ["2026-13-01", "20/07/2026", "2026-07-20 09:30", "2026-07-20T00:00:00Z"])
def test_a_date_of_another_form_is_refused(day):
    header = "|".join(PROBABILITIES.names)
    with pytest.raises(DataError, match="line 2: Update_date"):
        read_owner_bytes(f"{header}\n8TRA6U370|{day}|.7|.7|.7|.7|.7\n".encode(), "p", PROBABILITIES)


def test_an_empty_key_is_refused():
    with pytest.raises(DataError, match="line 2: OptionName is empty"):
        read_owner_bytes(MARGIN_HEADER + b"|1\n", "m", MARGINS)
