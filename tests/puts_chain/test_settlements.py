"""Settlement prices from a file."""

from __future__ import annotations

import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.chain_reading.settlements import read_settlements

HEADER = "underlying,expiry,settle_quote_date,settle_price,source\n"


def settlements(tmp_path, *lines, header=HEADER):
    path = tmp_path / "settlements.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines))
    return read_settlements(path)


def test_prices_sorted_by_underlying_and_expiry(tmp_path):
    table = settlements(tmp_path, "B,2024-01-19,2024-01-19,51.5,x", "A,2024-01-26,2024-01-26,101,x",
                        "A,2024-01-19,2024-01-19,100,x")
    assert table["underlying"].tolist() == ["A", "A", "B"]
    assert table["settle_price"].tolist() == [100.0, 101.0, 51.5]
    assert list(table.columns) == ["underlying", "expiry", "settle_price", "settle_quote_date"]
    assert str(table["expiry"].dtype) == "datetime64[ns]"


@pytest.mark.parametrize(("quoted", "count"), [
    ("2024-01-19", 1), ("2024-01-16", 1), ("2024-01-15", 0), ("2024-01-20", 0), ("", 1)])
def test_price_more_than_three_days_old_or_of_later_is_no_settlement(tmp_path, quoted, count):
    assert len(settlements(tmp_path, f"A,2024-01-19,{quoted},100,x")) == count


def test_day_of_the_price_may_be_absent(tmp_path):
    table = settlements(tmp_path, "A,2024-01-19,100", header="underlying,expiry,settle_price\n")
    assert (table["settle_quote_date"] == table["expiry"]).all()


def test_equal_rows_are_one(tmp_path):
    assert len(settlements(tmp_path, *["A,2024-01-19,2024-01-19,100,x"] * 2)) == 1


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(DataError) as error:
        settlements(tmp_path, "A,soon,2024-01-19,100,x", "A,2024-01-19,2024-01-19,-1,x", ",2024-01-26,2024-01-26,5,x",
                    "B,2024-01-26,2024-01-26,5,x", "B,2024-01-26,2024-01-26,6,x")
    assert [fault.split(":")[0] for fault in error.value.faults] == [
        "row 3 after the header, underlying", "row 1 after the header, expiry",
        "row 2 after the header, settle_price", "row 4 after the header", "row 5 after the header"]


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(DataError, match="columns missing: expiry, settle_price; found: underlying, price"):
        settlements(tmp_path, header="underlying,price\n")
