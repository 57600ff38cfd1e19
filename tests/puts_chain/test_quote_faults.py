"""Every kind of faulty or odd quote is left out or kept as its rule says, counted and shown."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.settings.puts import PutsSettings


@pytest.mark.parametrize(("change", "rule"), [
    ({"right": "X"}, "bad_right"), ({"right": None}, "bad_right"),
    ({"quote_date": "02/01/2024"}, "bad_quote_date"), ({"quote_date": None}, "bad_quote_date"),
    ({"quote_date": "2024-01-02 10:30"}, "bad_quote_date"),
    ({"expiry": "someday"}, "bad_expiry"), ({"expiry": None}, "bad_expiry"),
    ({"strike": 0.0}, "bad_strike"), ({"strike": -90.0}, "bad_strike"), ({"strike": None}, "bad_strike"),
    ({"strike": "ninety"}, "bad_number"), ({"bid": "1,0"}, "bad_number"), ({"ask": "inf"}, "bad_number"),
    ({"underlying": None}, "no_underlying"),
    ({"bid": -0.1}, "negative_price"), ({"last": -1.0}, "negative_price"), ({"ask": -0.1}, "negative_price"),
    ({"bid": 1.3}, "crossed_quote"), ({"ask": 0.0}, "crossed_quote"),
    ({"quote_date": "2024-01-20"}, "quoted_after_expiry"),
    ({"bid": None, "ask": None, "last": None}, "no_price"),
])
def test_fault_is_left_out(chain_of, change, rule):
    chain = chain_of({"strike": 50.0}, change)
    assert chain.contracts["strike"].tolist() == [50.0]
    (issue,) = chain.issues
    assert (issue.severity, issue.rule, issue.count, issue.source) == ("excluded", rule, 1, "quotes.csv")
    assert issue.example.startswith("quotes.csv, line 3: ")
    assert issue.advice


@pytest.mark.parametrize(("change", "shown"), [
    ({"quote_date": "02/01/2024"}, "quote_date '02/01/2024'"), ({"expiry": "someday"}, "expiry 'someday'"),
    ({"expiry": None}, "expiry empty"), ({"strike": "ninety"}, "strike 'ninety'"), ({"strike": None}, "strike empty"),
    ({"strike": -90.0}, "strike -90"), ({"bid": "1,0"}, "bid '1,0'"), ({"underlying": None}, "underlying empty"),
])
def test_an_example_shows_what_the_file_says(chain_of, change, shown):
    (issue,) = chain_of({"strike": 50.0}, {}, change).issues
    # The header is line 1.
    assert issue.example.startswith("quotes.csv, line 4: ")
    assert shown in issue.example.split(": ", 1)[1].split(", ")


def test_the_rows_of_a_parquet_file_are_counted_from_its_first(quote_file, tmp_path):
    table = pd.read_csv(quote_file({}, {"expiry": "someday"}))
    write_parquet(table, tmp_path / "quotes.parquet")
    (issue,) = read_chain(tmp_path / "quotes.parquet", PutsSettings()).issues
    assert issue.example.startswith("quotes.parquet, row 2: underlying A, expiry 'someday', strike 90")


def test_expiry_day_itself_is_quoted(chain_of):
    assert chain_of({"quote_date": "2024-01-19"}).issues == ()


def test_row_is_counted_under_its_first_fault_only(issues_of):
    assert issues_of({"strike": -1.0, "bid": 5.0}) == {("excluded", "bad_strike"): 1}


def test_equal_rows_are_one_quote(chain_of):
    chain = chain_of({}, {})
    assert len(chain.quotes) == 1
    assert [(issue.severity, issue.rule, issue.count) for issue in chain.issues] == [("info", "repeated_quote", 1)]


def test_two_prices_of_one_contract_and_day_are_both_left_out(chain_of):
    chain = chain_of({}, {"bid": 0.9}, {"quote_date": "2024-01-03"})
    assert chain.quotes["quote_date"].dt.day.tolist() == [3]
    assert [(issue.severity, issue.rule, issue.count) for issue in chain.issues] == [("excluded", "duplicate_quote", 2)]


def test_multiplier_tells_two_prices_apart(chain_of):
    chain = chain_of({"multiplier": 100.0}, {"multiplier": 102.0, "bid": 0.9}, {"multiplier": 100.0, "strike": 80.0})
    assert chain.contracts["contract"].tolist() == [
        "A 2024-01-19 P 80", "A 2024-01-19 P 90 x100", "A 2024-01-19 P 90 x102"]


def test_contract_whose_every_quote_is_left_out_is_no_contract(chain_of):
    chain = chain_of({"strike": 80.0}, {"strike": 80.0, "bid": 0.5}, {"strike": 90.0})
    assert chain.contracts["strike"].tolist() == [90.0]
    assert chain.quotes["number"].tolist() == [0]


@pytest.mark.parametrize(("change", "severity", "rule", "name"), [
    ({"iv": 0.0}, "info", "bad_volatility", "iv"), ({"iv": -0.2}, "info", "bad_volatility", "iv"),
    ({"underlying_price": -5.0}, "warning", "bad_underlying_price", "underlying_price"),
    ({"bayesian": 87.0}, "warning", "bad_probability", "bayesian"),
])
def test_impossible_side_value_becomes_missing(chain_of, change, severity, rule, name):
    chain = chain_of(change)
    assert chain.quotes[name].isna().tolist() == [True]
    assert [(issue.severity, issue.rule) for issue in chain.issues] == [(severity, rule)]


@pytest.mark.parametrize(("change", "expected"), [
    ({"bid": 0.0}, ("info", "no_bid")), ({"bid": None}, ("info", "no_bid")),
    ({"bid": 0.1, "ask": 1.2, "last": 0.5}, ("info", "wide_spread")),
    # Exercise pays 110 - 100 = 10; a tenth of a hundredth of the strike, 0.11, is let pass.
    ({"strike": 110.0, "bid": 9.5, "ask": 9.8}, ("warning", "put_below_intrinsic")),
    ({"underlying_price": 102.0}, ("warning", "underlying_disagrees")),
])
def test_odd_quote_is_kept_and_noted(issues_of, change, expected):
    assert issues_of(change) == {expected: 1}


@pytest.mark.parametrize("change", [
    {"bid": 0.12, "ask": 1.2}, {"strike": 110.0, "bid": 9.5, "ask": 9.9, "last": 9.9}, {"underlying_price": 100.9}])
def test_quote_at_the_limit_is_not_odd(issues_of, change):
    assert issues_of(change) == {}


def test_european_put_may_lie_below_what_exercise_pays(issues_of):
    # 110 exp(-.10 * 352 / 365) - 100 = -0.11: the put has no least value.
    change = {"strike": 110.0, "expiry": "2024-12-19", "bid": 1.0, "ask": 1.1}
    assert issues_of(change, quotes={"style": "european", "risk_free_rate": 0.10}) == {}
    assert issues_of(change, quotes={"style": "american"}) == {("warning", "put_below_intrinsic"): 1}


def test_file_of_last_prices_is_noted(chain_of):
    chain = chain_of({"bid": None, "ask": None}, {"bid": None, "ask": None, "strike": 80.0})
    assert [(issue.severity, issue.rule, issue.count) for issue in chain.issues] == [("warning", "last_price_only", 2)]


def prices_of_days(days, **change):
    return [{"quote_date": f"2024-01-{2 + day:02d}", "expiry": "2024-02-16", "underlying_price": 100.0 + day, **change}
            for day in days]


def test_price_that_stands_while_the_underlying_moves_is_stale(chain_of):
    chain = chain_of(*prices_of_days(range(6)), quotes={"max_stale_sessions": 3})
    # Days 1 to 5 repeat day 0; the fourth and fifth repetition exceed three.
    assert [(issue.rule, issue.count) for issue in chain.issues] == [("stale_quote", 2)]
    assert "quote_date 2024-01-06" in chain.issues[0].example


@pytest.mark.parametrize("change", [{"underlying_price": 100.0}, {"bid": 0.3, "ask": 0.4, "last": 0.3}])
def test_standing_underlying_or_cheap_put_is_not_stale(chain_of, change):
    assert chain_of(*prices_of_days(range(6), **change), quotes={"max_stale_sessions": 3}).issues == ()


def test_stale_quotes_of_one_contract_do_not_run_into_the_next(chain_of):
    changes = [*prices_of_days(range(4)), *prices_of_days(range(4), strike=91.0)]
    assert chain_of(*changes, quotes={"max_stale_sessions": 3}).issues == ()


def test_jump_of_the_underlying_is_noted(issues_of):
    assert issues_of({"quote_date": "2024-01-03", "underlying_price": 50.0, "strike": 45.0}) == {
        ("warning", "underlying_jump"): 1}


def test_jump_over_weeks_is_none(issues_of):
    assert issues_of({"quote_date": "2024-01-18", "underlying_price": 50.0, "strike": 45.0}) == {}


def test_underlying_that_ends_before_its_contracts_is_noted(issues_of):
    assert issues_of({"underlying": "OLD"}, {"underlying": "OLD", "strike": 80.0}, {"quote_date": "2024-01-15"}) == {
        ("warning", "underlying_ends"): 2}


def test_days_that_are_no_session_are_noted(issues_of):
    change = {"quote_date": "2024-01-06"}                       # a Saturday
    assert issues_of(change, calendar="XNYS") == {("warning", "off_calendar"): 1}
    assert issues_of(change) == {}


def test_bad_rows_leave_the_good_ones_untouched(chain_of):
    good = [{"strike": strike} for strike in (70.0, 80.0, 90.0)]
    bad = [{"strike": -1.0}, {"bid": 9.0, "strike": 85.0}, {"quote_date": "?"}]
    clean, mixed = chain_of(*good), chain_of(*good, *bad)
    pd.testing.assert_frame_equal(clean.contracts, mixed.contracts)
    pd.testing.assert_frame_equal(clean.quotes, mixed.quotes)
