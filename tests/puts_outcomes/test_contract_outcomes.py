"""What becomes of a contract at its expiry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from few_puts import chain, contract, panel, quote, settings

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.outcomes import OUTCOMES, contract_outcomes

WEEK = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19"]


def one_outcome(strike: float, closes: list[float], expiry: str = "2024-01-19", **options: object) -> pd.Series:
    puts = settings(outcome=options.pop("outcome", {}))
    bars = panel({"A": closes}, WEEK, split=options.pop("split", None))
    terms = {name: options.pop(name) for name in ("first_seen", "last_seen", "is_adjusted") if name in options}
    return contract_outcomes(chain([contract(strike, expiry, **terms)]), bars, puts, **options).iloc[0]


def test_a_close_above_the_strike_is_worthless():
    found = one_outcome(90.0, [95, 95, 95, 95, 90.01])
    assert (found.outcome, found.payoff, found.worthless, found.settle_source) == ("worthless", 0.0, 1.0, "close")


def test_a_close_below_the_strike_is_assigned_and_pays_the_difference():
    found = one_outcome(90.0, [95, 95, 95, 95, 87.5])
    assert (found.outcome, found.payoff, found.worthless) == ("assigned", 2.5, 0.0)


def test_a_close_at_the_strike_is_in_the_money():
    found = one_outcome(90.0, [95, 95, 95, 95, 90.0])
    assert (found.outcome, found.payoff) == ("assigned", 0.0)


def test_a_close_at_the_strike_is_worthless_if_the_settings_say_so():
    assert one_outcome(90.0, [95, 95, 95, 95, 90.0], outcome={"worthless_at_strike": True}).outcome == "worthless"


def test_float_noise_does_not_turn_equality_into_worthless():
    assert 0.1 + 0.2 > 0.3
    assert one_outcome(0.3, [1, 1, 1, 1, 0.1 + 0.2]).outcome == "assigned"


def test_a_close_within_the_threshold_of_the_strike_is_pinned_on_both_sides():
    pinned = [bool(one_outcome(90.0, [95, 95, 95, 95, close], outcome={"pin_threshold": 0.25}).is_pinned)
              for close in (89.74, 89.75, 90.25, 90.26)]
    assert pinned == [False, True, True, False]


def test_no_close_on_the_expiry_day_is_unknown_and_never_worthless():
    bars = panel({"A": [95, 95, 95, np.nan, 95], "B": [1, 1, 1, 1, 1]}, WEEK)
    found = contract_outcomes(chain([contract(90.0, "2024-01-18")]), bars, settings()).iloc[0]
    assert (found.outcome, found.why_unknown) == ("unknown", "no close on the expiry day")
    assert np.isnan(found.worthless)
    assert np.isnan(found.payoff)


def test_a_weekday_missing_from_the_data_does_not_borrow_the_close_of_the_day_before():
    days = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-19"]
    found = contract_outcomes(chain([contract(90.0, "2024-01-18")]), panel({"A": [95] * 4}, days), settings()).iloc[0]
    assert (found.outcome, found.expiry_session) == ("unknown", pd.Timestamp("2024-01-18"))


def test_the_exchanges_sessions_move_an_expiry_on_a_holiday_to_the_day_before():
    days = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-19"]
    found = contract_outcomes(chain([contract(90.0, "2024-01-18")]), panel({"A": [95] * 4}, days), settings(),
                              sessions=pd.DatetimeIndex(days)).iloc[0]
    assert (found.outcome, found.expiry_session) == ("worthless", pd.Timestamp("2024-01-17"))


def test_a_saturday_expiry_is_settled_on_friday_at_the_end_of_the_data_too():
    found = one_outcome(90.0, [95, 95, 95, 95, 89], expiry="2024-01-20")
    assert (found.outcome, found.expiry_session) == ("assigned", pd.Timestamp("2024-01-19"))


def test_where_weekends_trade_saturday_is_its_own_session():
    days = ["2024-01-18", "2024-01-19", "2024-01-20", "2024-01-21"]
    found = contract_outcomes(chain([contract(90.0, "2024-01-20")]), panel({"A": [95, 95, 80, 95]}, days), settings())
    assert found["payoff"].tolist() == [10.0]


def test_an_expiry_beyond_the_data_is_unknown_without_a_session():
    found = one_outcome(90.0, [95, 95, 95, 95, 95], expiry="2024-01-22")
    assert (found.outcome, found.why_unknown) == ("unknown", "expires after the data end")
    assert pd.isna(found.expiry_session)


def test_a_stock_that_vanished_before_expiry_is_unknown_and_says_when():
    bars = panel({"A": [95, 95, np.nan, np.nan, np.nan], "B": [1, 1, 1, 1, 1]}, WEEK)
    found = contract_outcomes(chain([contract(90.0, "2024-01-19")]), bars, settings()).iloc[0]
    assert (found.outcome, found.why_unknown) == (
        "unknown", "underlying delisted or renamed: last bar on 2024-01-16")


def test_a_stock_without_any_bar_is_unknown():
    bars = panel({"B": [1, 1, 1, 1, 1]}, WEEK)
    found = contract_outcomes(chain([contract(90.0, "2024-01-19", "A")]), bars, settings()).iloc[0]
    assert (found.outcome, found.why_unknown) == ("unknown", "no bars of the underlying")


def test_a_settlement_of_the_file_goes_before_the_close():
    prices = pd.DataFrame({"underlying": ["A"], "expiry": ["2024-01-19"], "settle_price": [88.0]})
    found = one_outcome(90.0, [95, 95, 95, 95, 95], settlements=prices)
    assert (found.outcome, found.payoff, found.settle_source) == ("assigned", 2.0, "settlement file")


def test_a_settlement_taken_before_the_expiry_session_is_not_believed():
    prices = pd.DataFrame({"underlying": ["A"], "expiry": ["2024-01-19"], "settle_price": [88.0],
                           "settle_quote_date": ["2024-01-18"]})
    found = one_outcome(90.0, [95, 95, 95, 95, np.nan], settlements=prices)
    assert (found.outcome, found.settle_source) == ("unknown", "")


def test_a_split_that_the_contract_does_not_show_makes_the_outcome_unknown():
    split = {("2024-01-17", "A"): 2.0}
    found = one_outcome(90.0, [95, 95, 47, 47, 47], split=split)
    assert found.outcome == "unknown"
    assert found.why_unknown == "split of 2 during the contract's life, its strike is not adjusted"


def test_a_split_before_the_contract_was_listed_does_not_matter():
    split = {("2024-01-16", "A"): 2.0}
    assert one_outcome(45.0, [95, 47, 47, 47, 47], split=split, first_seen="2024-01-16").outcome == "worthless"


def test_an_adjusted_contract_is_settled_in_its_new_terms():
    split = {("2024-01-17", "A"): 2.0}
    assert one_outcome(45.0, [95, 95, 47, 47, 47], split=split, is_adjusted=True).outcome == "worthless"


def replaced(successor: int) -> OptionChain:
    """Return a put of strike 90 that a split of three turned into one of strike 30."""
    terms = [contract(90.0, "2024-01-19", last_seen="2024-01-16"),
             contract(30.0, "2024-01-19", first_seen="2024-01-17", is_adjusted=True)]
    quotes = [quote(0, "2024-01-16", 1, 2), quote(1, "2024-01-17", 1, 2)]
    found = chain(terms, quotes)
    found.contracts["replaced_by"] = [successor, -1]
    found.contracts["replaced_on"] = [pd.Timestamp("2024-01-17"), pd.NaT]
    return found


def test_a_replaced_contract_ends_as_its_successor_in_units_of_its_own():
    bars = panel({"A": [95, 93, 31, 30, 28]}, WEEK, split={("2024-01-17", "A"): 3.0})
    found = contract_outcomes(replaced(1), bars, settings())
    assert found["outcome"].tolist() == ["assigned", "assigned"]
    assert found["settle_price"].tolist() == pytest.approx([3 * 28.0, 28.0])
    assert found["payoff"].tolist() == pytest.approx([3 * 2.0, 2.0])


def test_a_replaced_contract_of_unknown_successor_is_unknown():
    bars = panel({"A": [95, 93, 31, 30, 28]}, WEEK)
    found = contract_outcomes(replaced(-1), bars, settings())
    assert found["outcome"].tolist() == ["unknown", "assigned"]
    assert found["why_unknown"].tolist() == ["quoted under other terms from 2024-01-17: a corporate action", ""]


def test_the_table_keeps_its_schema_when_everything_is_unknown():
    bars = panel({"A": [95] * 5}, WEEK)
    found = contract_outcomes(chain([contract(90.0, "2024-03-15"), contract(80.0, "2024-03-15")]), bars, settings())
    assert OUTCOMES.check(found).index.tolist() == [0, 1]


def test_garbage_after_the_expiry_session_changes_no_outcome():
    contracts = chain([contract(90.0, "2024-01-17"), contract(96.0, "2024-01-17")])
    clean = contract_outcomes(contracts, panel({"A": [95, 94, 93, 92, 91]}, WEEK), settings())
    poisoned = contract_outcomes(contracts, panel({"A": [95, 94, 93, 92e3, np.nan]}, WEEK), settings())
    pd.testing.assert_frame_equal(clean, poisoned)
