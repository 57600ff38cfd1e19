from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.score import page_filter
from backtrader_system.settings.puts import ScoreSettings

NAN = float("nan")
DAY = pd.Timestamp("2024-01-02")


def judged(*, strike=90.0, days_left=20, rolling_low=95.0, days_since_break=30.0, days_of_history=500.0, **settings):
    contracts = pd.DataFrame({"contract": ["C"], "underlying": ["A"], "strike": [strike],
                              "expiry": [DAY + pd.Timedelta(days=days_left)], "multiplier": [100.0],
                              "first_seen": [DAY], "last_seen": [DAY], "is_adjusted": [False]})
    quotes = pd.DataFrame({"quote_date": [DAY], "number": [0], "bid": [1.0], "ask": [1.1], "last": [1.0], "iv": [0.3],
                           "underlying_price": [100.0]})
    factors = pd.DataFrame({"rolling_low": [rolling_low], "calendar_days_since_break": [days_since_break],
                            "days_of_history": [days_of_history]})
    passes, reason = page_filter(OptionChain(contracts, quotes), factors, ScoreSettings(**settings))
    assert passes.tolist() == [reason[0] == ""]
    return reason[0]


def test_option_below_an_old_support_is_shown():
    assert judged() == ""


@pytest.mark.parametrize(("days_left", "reason"), [(0, "expires too soon"), (1, ""), (45, ""),
                                                   (46, "expires too late")])
def test_days_to_expiry_lie_within_the_window(days_left, reason):
    assert judged(days_left=days_left) == reason


@pytest.mark.parametrize(("strike", "reason"), [(95.0, ""), (95.01, "strike above the rolling low")])
def test_strike_may_lie_on_the_rolling_low(strike, reason):
    assert judged(strike=strike) == reason


def test_strike_above_the_rolling_low_is_shown_where_the_rule_is_off():
    assert judged(strike=99.0, strike_below_rolling_low=False) == ""


@pytest.mark.parametrize(("days", "reason"), [(10.0, ""), (9.0, "broke too recently")])
def test_support_must_have_held_for_the_minimum_of_days(days, reason):
    assert judged(days_since_break=days) == reason


def test_support_that_never_broke_has_held_since_its_first_bar():
    assert judged(days_since_break=NAN, days_of_history=10.0) == ""
    assert judged(days_since_break=NAN, days_of_history=9.0) == "broke too recently"


def test_unknown_support_is_not_shown_but_passes_in_the_original():
    unknown = {"rolling_low": NAN, "days_since_break": NAN, "days_of_history": NAN}

    assert judged(**unknown) == "no support known"
    assert judged(**unknown, arithmetic="compat") == ""


def test_first_rule_that_is_broken_is_named():
    assert judged(strike=99.0, days_since_break=2.0) == "strike above the rolling low"
    assert judged(strike=99.0, days_left=99) == "expires too late"


def test_filter_of_no_quote_is_empty():
    empty = pd.DataFrame({"contract": [], "underlying": [], "strike": [], "expiry": pd.to_datetime([]),
                          "multiplier": []})
    quotes = pd.DataFrame({"quote_date": pd.to_datetime([]), "number": np.empty(0, dtype=int)})
    factors = pd.DataFrame({name: np.empty(0) for name in ("rolling_low", "calendar_days_since_break",
                                                           "days_of_history")})

    passes, reason = page_filter(OptionChain(empty, quotes), factors, ScoreSettings())

    assert (len(passes), len(reason)) == (0, 0)
