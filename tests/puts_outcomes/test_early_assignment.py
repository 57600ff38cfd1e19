"""Days on which the holder of a put is taken to exercise it."""

from __future__ import annotations

import numpy as np
from few_puts import chain, contract, panel, quote, settings

from backtrader_system.puts.early_assignment import early_assignments

WEEK = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19"]


def test_a_put_quoted_at_its_intrinsic_value_is_exercised():
    quotes = [quote(0, "2024-01-16", 9.9, 10.1), quote(0, "2024-01-17", 11.0, 11.2)]
    found = early_assignments(chain([contract(100.0, "2024-01-19")], quotes), panel({"A": [95, 90, 89, 88, 87]}, WEEK),
                              settings())
    assert found.values.tolist() == [[0, found["session"][0], 10.0, "deep_in_the_money"]]
    assert str(found["session"][0].date()) == "2024-01-16"


def test_the_time_value_a_holder_gives_up_is_a_setting():
    quotes = [quote(0, "2024-01-16", 10.0, 10.2)]
    contracts, bars = chain([contract(100.0, "2024-01-19")], quotes), panel({"A": [95, 90, 89, 88, 87]}, WEEK)
    rows = [len(early_assignments(contracts, bars, settings(outcome={"deep_time_value": value})))
            for value in (0.09, 0.10)]
    assert rows == [0, 1]


def test_a_put_out_of_the_money_is_never_exercised():
    quotes = [quote(0, "2024-01-16", 0.0, 0.0)]
    found = early_assignments(chain([contract(80.0, "2024-01-19")], quotes), panel({"A": [95] * 5}, WEEK), settings())
    assert found.empty


def test_a_european_put_waits_for_its_expiry():
    quotes = [quote(0, "2024-01-16", 9.0, 9.2)]
    found = early_assignments(chain([contract(100.0, "2024-01-19")], quotes), panel({"A": [90] * 5}, WEEK),
                              settings(quotes={"style": "european"}))
    assert found.empty


def test_the_expiry_session_is_no_early_assignment_even_when_listed_for_saturday():
    quotes = [quote(0, "2024-01-19", 9.9, 10.1)]
    found = early_assignments(chain([contract(100.0, "2024-01-20")], quotes), panel({"A": [90] * 5}, WEEK), settings())
    assert found.empty


def test_after_an_ex_day_interest_above_the_time_value_is_exercised():
    # 100 * (1 - exp(-0.05 * 365 / 365)) = 4.877 of interest against 2.0 of time value.
    days = ["2024-01-15", "2024-01-16", "2024-01-17"]
    quotes = [quote(0, day, 11.9, 12.1, 90.0) for day in days]
    found = early_assignments(
        chain([contract(100.0, "2025-01-15")], quotes),
        panel({"A": [90] * 3}, days, dividend={("2024-01-16", "A"): 1.0}), settings(quotes={"risk_free_rate": 0.05}))
    assert found["session"].dt.day.tolist() == [16, 17]
    assert found["rule"].tolist() == ["dividend", "dividend"]


def test_interest_below_the_time_value_is_not():
    days = ["2024-01-16", "2024-01-17"]
    quotes = [quote(0, day, 11.9, 12.1, 90.0) for day in days]
    found = early_assignments(
        chain([contract(100.0, "2024-05-16")], quotes),            # 100 * (1 - exp(-0.05 * 121 / 365)) = 1.64 < 2
        panel({"A": [90] * 2}, days, dividend={("2024-01-16", "A"): 1.0}), settings(quotes={"risk_free_rate": 0.05}))
    assert found.empty


def test_the_rule_deep_in_the_money_looks_at_no_dividend():
    days = ["2024-01-16"]
    found = early_assignments(
        chain([contract(100.0, "2025-01-15")], [quote(0, "2024-01-16", 11.9, 12.1, 90.0)]),
        panel({"A": [90]}, days, dividend={("2024-01-16", "A"): 1.0}),
        settings(quotes={"risk_free_rate": 0.05}, outcome={"early_assignment": "deep_in_the_money"}))
    assert found.empty


def test_never_means_never():
    found = early_assignments(
        chain([contract(100.0, "2024-01-19")], [quote(0, "2024-01-16", 9.0, 9.2)]), panel({"A": [90] * 5}, WEEK),
        settings(outcome={"early_assignment": "never"}))
    assert found.columns.tolist() == ["number", "session", "payoff", "rule"]
    assert found.empty


def test_garbage_after_a_session_changes_no_assignment_up_to_it():
    days = [f"2024-01-{day}" for day in (15, 16, 17, 18)]
    quotes = [quote(0, day, 9.9 - 0.1 * place, 10.1, 90.0) for place, day in enumerate(days)]
    poisoned = [*quotes[:2], *[one | {"bid": one["bid"] * 1000, "ask": np.nan, "underlying_price": np.nan}
                               for one in quotes[2:]]]
    bars = panel({"A": [90.0] * 4}, days, dividend={("2024-01-15", "A"): 1.0})
    worse = panel({"A": [90.0, 90.0, 9e4, np.nan]}, days, dividend={("2024-01-15", "A"): 1.0, ("2024-01-18", "A"): 9e3})
    terms = [contract(100.0, "2024-01-19")]
    clean, dirty = (early_assignments(chain(terms, rows), table, settings())
                    for rows, table in ((quotes, bars), (poisoned, worse)))
    assert clean["session"].dt.day.tolist()[:2] == [15, 16]
    assert dirty.values.tolist() == clean.values.tolist()[:2]


def test_a_replaced_contract_is_exercised_with_its_successor():
    terms = [contract(90.0, "2024-01-19", last_seen="2024-01-16"),
             contract(30.0, "2024-01-19", first_seen="2024-01-17", is_adjusted=True)]
    contracts = chain(terms, [quote(0, "2024-01-16", 1, 2, 93.0), quote(1, "2024-01-17", 1.9, 2.1, 28.0)])
    contracts.contracts["replaced_by"] = [1, -1]
    bars = panel({"A": [95, 93, 28, 28, 28]}, WEEK, split={("2024-01-17", "A"): 3.0})
    found = early_assignments(contracts, bars, settings())
    assert found["number"].tolist() == [0, 1]
    assert found["session"].dt.day.tolist() == [17, 17]
    assert found["payoff"].tolist() == [6.0, 2.0]
