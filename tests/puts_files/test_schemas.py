"""The columns of data.csv, typed here once more from the owner's page."""

from __future__ import annotations

from backtrader_system.puts.chain import PROBABILITY_COLUMNS
from backtrader_system.puts.files.schemas import DATA, SCHEMAS, STOCKS, SUPPORT

FIRST_AND_LAST = {
    1: "OptionName", 2: "FinancialReport", 3: "X-Day", 4: "Premium", 6: "100k_Invested_Loss_Mean",
    7: "1_2_3_ProbOfWorthless_Weighted", 8: "ProbWorthless_Bayesian_IsoCal", 9: "1_ProbOfWorthless_Original",
    12: "Lower_Bound_at_Accuracy", 21: "PoW_Stats_MaxProbOfWorthless", 24: "Mean_Accuracy", 31: "Bid", 35: "StockPrice",
    36: "DaysToExpiry", 39: "StrikePrice", 46: "ImpliedVolatility", 51: "StockName", 52: "ExpiryDate", 53: "Ask",
    57: "StockPrice_After_100DayWorstDecline", 61: "100DayMaxPriceDate", 67: "2008_50DaysWorstDecline"}


def test_data_has_67_columns_in_the_owners_order():
    assert len(DATA.names) == 67
    assert {place: DATA.names[place - 1] for place in FIRST_AND_LAST} == FIRST_AND_LAST


def test_no_schema_names_a_column_twice():
    assert all(len(set(schema.names)) == len(schema.names) for schema in SCHEMAS)


def test_the_five_probabilities_are_in_data():
    assert set(PROBABILITY_COLUMNS.values()) <= set(DATA.names)


def test_only_the_support_file_is_comma_separated():
    assert [schema.table for schema in SCHEMAS if schema.delimiter == ","] == ["support"]
    assert len(SUPPORT.names) == 26


def test_every_required_key_column_is_known():
    assert all(schema.kind_of(name) for schema in SCHEMAS for name in schema.key)


def test_the_older_stock_file_needs_no_open():
    assert "open" not in STOCKS.required
    assert STOCKS.kind_of("pct") == "number"
