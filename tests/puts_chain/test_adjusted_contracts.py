"""Contracts that a corporate action changed are told from the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain_reading.adjusted_contracts import is_off_grid

BEFORE, AFTER = "2014-06-06", "2014-06-09"


def strikes_on(day, strikes, spot):
    return [{"quote_date": day, "expiry": "2014-07-18", "strike": strike, "underlying_price": spot, "bid": 300.0,
             "ask": 301.0, "last": 300.0} for strike in strikes]


@pytest.mark.parametrize("strike", [99.29, 177.34, 33.57, 2.054, 1.908, 0.4713])
def test_strike_of_a_division_is_off_every_grid(strike):
    assert is_off_grid(np.array([strike])).tolist() == [True]


@pytest.mark.parametrize("strike", [2725.0, 742.5, 12.75, 58.65 + 0.05, 10.1, 2.05, 3.0, 0.475, 62500.0])
def test_listed_strike_is_not(strike):
    assert is_off_grid(np.array([strike])).tolist() == [False]


def test_code_with_x_behind_the_strike(chain_of):
    chain = chain_of({"contract": "AAK6U180X"}, {"contract": "AAK6U180", "strike": 180.0})
    assert dict(zip(chain.contracts["contract"], chain.contracts["is_adjusted"], strict=True)) == {
        "AAK6U180X": True, "AAK6U180": False}
    assert [(issue.rule, issue.count) for issue in chain.issues if issue.rule == "adjusted_contract"] == [
        ("adjusted_contract", 1)]


def test_multiplier_unlike_that_of_the_first_day(chain_of):
    chain = chain_of({"multiplier": 10_000}, {"multiplier": 10_000, "strike": 80.0},
                     {"multiplier": 10_220, "strike": 85.0, "quote_date": "2024-01-05"})
    assert chain.contracts["is_adjusted"].tolist() == [False, True, False]


def test_strike_set_replaced_over_night(chain_of):
    old, new = [600.0, 610.0, 620.0, 630.0, 640.0, 650.0], [86.0, 87.0, 89.0, 90.0, 91.0, 93.0]
    chain = chain_of(*strikes_on(BEFORE, old, 645.57), *strikes_on(AFTER, new, 93.70))
    contracts = chain.contracts.set_index("strike")
    assert contracts.loc[new, "is_adjusted"].all()
    assert not contracts.loc[old, "is_adjusted"].any(), "on their own days nothing was known of it"
    assert (contracts.loc[old, "replaced_on"] == pd.Timestamp(AFTER)).all()
    assert contracts.loc[new, "replaced_on"].isna().all()
    counts = {issue.rule: issue.count for issue in chain.issues}
    assert (counts["adjusted_contract"], counts["contract_replaced"], counts["underlying_jump"]) == (6, 6, 1)


def test_strikes_added_after_a_move_replace_nothing(chain_of):
    strikes = [600.0, 610.0, 620.0, 630.0, 640.0, 650.0]
    chain = chain_of(*strikes_on(BEFORE, strikes, 645.0), *strikes_on(AFTER, strikes, 700.0),
                     *strikes_on(AFTER, [660.0, 670.0, 680.0, 690.0, 700.0], 700.0))
    assert not chain.contracts["is_adjusted"].any()
    assert chain.contracts["replaced_on"].isna().all()


def test_expiry_of_all_contracts_replaces_nothing(chain_of):
    strikes = [600.0, 610.0, 620.0, 630.0, 640.0]
    old = [{**row, "expiry": BEFORE} for row in strikes_on(BEFORE, strikes, 645.0)]
    assert chain_of(*old, *strikes_on(AFTER, strikes, 646.0)).contracts["replaced_on"].isna().all()


def test_saturday_expiry_replaces_nothing(chain_of):
    strikes = [600.0, 610.0, 620.0, 630.0, 640.0]
    old = [{**row, "expiry": "2014-06-07"} for row in strikes_on(BEFORE, strikes, 645.0)]
    assert chain_of(*old, *strikes_on(AFTER, strikes, 646.0)).contracts["replaced_on"].isna().all()


def test_some_contracts_that_are_no_longer_quoted_are_not_replaced(chain_of):
    lasting = [float(strike) for strike in range(500, 620, 10)]
    chain = chain_of(*strikes_on(BEFORE, [*lasting, 620.0, 630.0, 640.0, 650.0, 660.0], 645.0),
                     *strikes_on(AFTER, [*lasting, 400.0, 410.0, 420.0, 430.0, 440.0], 560.0))
    assert chain.contracts["replaced_on"].isna().all()


def test_future_does_not_change_what_is_known_of_a_contract(chain_of):
    rows = strikes_on(BEFORE, [600.0, 610.0, 620.0, 630.0, 640.0, 99.29], 645.0)
    early = chain_of(*rows)
    later = chain_of(*rows, *strikes_on(AFTER, [86.0, 87.0, 88.0, 89.0, 90.0, 91.0], 93.0),
                     *[{**row, "multiplier": 7.0} for row in strikes_on(AFTER, range(50, 70), 93.0)])
    both = later.contracts.set_index("contract").loc[early.contracts["contract"]]
    assert both["is_adjusted"].tolist() == early.contracts["is_adjusted"].tolist()
