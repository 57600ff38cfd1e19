"""What a chain holds after reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.puts.chain import CONTRACTS, QUOTES
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.settings.puts import PutsSettings


def test_contracts_and_quotes_of_two_days(chain_of):
    chain = chain_of({"quote_date": "2024-01-03", "bid": 0.8}, {"strike": 95.0}, {}, {"underlying": "B"})
    assert chain.contracts["contract"].tolist() == ["A 2024-01-19 P 90", "A 2024-01-19 P 95", "B 2024-01-19 P 90"]
    assert chain.contracts["first_seen"].dt.day.tolist() == [2, 2, 2]
    assert chain.contracts["last_seen"].dt.day.tolist() == [3, 2, 2]
    assert chain.contracts["multiplier"].tolist() == [100.0, 100.0, 100.0]
    assert chain.quotes["quote_date"].dt.day.tolist() == [2, 2, 2, 3]
    assert chain.quotes["number"].tolist() == [0, 1, 2, 0]
    assert chain.quotes["bid"].tolist() == [1.0, 1.0, 1.0, 0.8]
    assert chain.issues == ()
    assert not chain.is_synthetic


def test_tables_keep_their_schemas(chain_of):
    chain = chain_of({}, {"quote_date": "2024-01-03", "bid": None, "last": None})
    CONTRACTS.check(chain.contracts)
    QUOTES.check(chain.quotes)


def test_calls_are_left_out_and_counted(chain_of):
    chain = chain_of({}, {"right": "C"}, {"right": "call", "strike": 80.0}, {"right": "put", "strike": 85.0})
    assert chain.contracts["strike"].tolist() == [85.0, 90.0]
    (issue,) = chain.issues
    assert (issue.severity, issue.rule, issue.count) == ("info", "call", 2)
    assert issue.example.startswith("quotes.csv, line 3: underlying A, expiry 2024-01-19, strike 90")


def test_parquet_gives_what_csv_gives(quote_file, tmp_path):
    path = quote_file({}, {"strike": 95.0, "last": None}, {"quote_date": "2024-01-03"})
    table = pd.read_csv(path)
    table["quote_date"] = pd.to_datetime(table["quote_date"])
    write_parquet(table.assign(strike=table["strike"].astype(int)), tmp_path / "quotes.parquet")
    csv, parquet = (read_chain(tmp_path / name, PutsSettings()) for name in ("quotes.csv", "quotes.parquet"))
    pd.testing.assert_frame_equal(csv.contracts, parquet.contracts)
    pd.testing.assert_frame_equal(csv.quotes, parquet.quotes)


def test_order_of_rows_does_not_matter(chain_of):
    changes = [{"strike": strike, "quote_date": f"2024-01-0{day}"} for strike in (80.0, 85.5, 90.0) for day in (2, 3)]
    forward, backward = chain_of(*changes), chain_of(*changes[::-1])
    pd.testing.assert_frame_equal(forward.contracts, backward.contracts)
    pd.testing.assert_frame_equal(forward.quotes, backward.quotes)


def test_multiplier_and_contract_of_the_file_win(chain_of):
    chain = chain_of({"contract": "A6X90", "multiplier": 10.0})
    assert chain.contracts["contract"].tolist() == ["A6X90"]
    assert chain.contracts["multiplier"].tolist() == [10.0]


def test_contract_column_tells_equal_terms_apart(chain_of):
    chain = chain_of({"contract": "A1"}, {"contract": "A2", "bid": 0.9})
    assert chain.contracts["contract"].tolist() == ["A1", "A2"]
    assert len(chain.quotes) == 2


def test_one_code_with_two_strikes_is_two_contracts(chain_of):
    chain = chain_of({"contract": "A6X90"}, {"contract": "A6X90", "strike": 45.0, "quote_date": "2024-01-03"})
    assert chain.contracts["contract"].tolist() == ["A6X90 A 2024-01-19 P 45", "A6X90 A 2024-01-19 P 90"]


def test_probabilities_under_the_owners_names(chain_of):
    chain = chain_of({"ProbWorthless_Bayesian_IsoCal": 0.9}, {"strike": 95.0, "ProbWorthless_Bayesian_IsoCal": None})
    np.testing.assert_array_equal(chain.quotes["bayesian"], [0.9, np.nan])


def test_saturday_expiry_keeps_its_date(chain_of):
    chain = chain_of({"quote_date": "2014-06-06", "expiry": "2014-06-21"}, calendar="XNYS")
    assert chain.contracts["expiry"].dt.day.tolist() == [21]
    assert chain.days_to_expiry().tolist() == [15]


def test_last_price_stands_in_only_where_no_bid_and_ask_are(chain_of):
    chain = chain_of({"bid": None, "ask": None}, {"strike": 95.0})
    np.testing.assert_allclose(chain.mid(), [1.1, 1.1])
    assert chain.quotes["bid"].isna().tolist() == [True, False]


def test_strict_refuses_with_all_faults(quote_file):
    path = quote_file({}, {"strike": 95.0, "bid": 3.0}, {"strike": -1.0}, {"strike": 99.29}, {"right": "C"})
    with pytest.raises(DataError) as error:
        read_chain(path, PutsSettings(quotes={"strict": True}))
    assert [fault.split(",")[0] for fault in error.value.faults] == [
        "excluded: bad_strike", "excluded: crossed_quote", "warning: adjusted_contract"]


def test_strict_accepts_what_is_usual(quote_file):
    path = quote_file({}, {"right": "C"}, {"strike": 60.0, "bid": 0.0, "ask": 0.05, "last": 0.01})
    assert len(read_chain(path, PutsSettings(quotes={"strict": True})).quotes) == 2


def test_file_without_a_put_is_refused(quote_file):
    with pytest.raises(DataError, match="no usable quote of a put among 1 rows") as error:
        read_chain(quote_file({"strike": 0.0}), PutsSettings())
    assert "bad_strike" in error.value.faults[0]


def test_all_missing_columns_are_named_at_once(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("day,underlying,strike\n2024-01-02,A,90\n")
    with pytest.raises(DataError) as error:
        read_chain(path, PutsSettings())
    assert "found: day, underlying, strike" in str(error.value)
    assert [fault.split(";")[0] for fault in error.value.faults] == [
        "no column quote_date", "no column expiry", "no column right",
        "no price"]


def test_two_columns_of_one_meaning_are_refused(quote_file):
    with pytest.raises(DataError, match="'ask' and 'Best Offer' both mean ask"):
        read_chain(quote_file({"Best Offer": 1.3}), PutsSettings())


def test_synonyms_spaces_and_capitals_are_understood(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("Quote Date,Underlying Symbol,Expiration,Strike Price,Option Type,Best Bid,Best Offer\n"
                    "20240102,A,2024-01-19,90,PUT,1.0,1.2\n")
    assert read_chain(path, PutsSettings()).contracts["contract"].tolist() == ["A 2024-01-19 P 90"]


@pytest.mark.parametrize(("name", "content", "message"), [
    ("quotes.txt", "a", "unknown kind of file"), ("quotes.csv", "", "cannot be read as CSV"),
    ("quotes.csv", "quote_date,underlying,expiry,strike,right,bid\n", "holds no rows"),
    ("quotes.parquet", "no", "cannot be read as Parquet")])
def test_file_that_is_no_chain_says_so(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_chain(tmp_path / name, PutsSettings())


def test_missing_file_says_so(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_chain(tmp_path / "absent.parquet", PutsSettings())
