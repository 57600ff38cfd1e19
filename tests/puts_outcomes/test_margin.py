"""The owner's margin formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.margin import (
    margin_per_contract,
    past_worst_decline,
    return_on_margin,
)
from backtrader_system.settings.puts import SellingSettings


def test_the_broker_amount_counts_the_event_and_the_distance_to_the_strike():
    found = margin_per_contract(100.0, 99.0, 0.20, SellingSettings(margin_safety_factor=1.0), has_event=True)
    assert found == pytest.approx(100 * ((0.20 + 0.05) * 100 - 1.0))


def test_the_historical_amount_does_not_count_the_event():
    found = margin_per_contract(100.0, 80.0, 0.30, SellingSettings(), has_event=True)
    assert found == pytest.approx(100 * 1.2 * 0.30 * 80)


def test_the_floor_holds_where_nothing_ever_fell():
    assert margin_per_contract(100.0, 80.0, 0.0, SellingSettings(), multiplier=10.0) == pytest.approx(10 * 0.15 * 80)


@pytest.mark.real_data
def test_the_owners_rows_are_reproduced(data_folder):
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / "margin_requirements_sample.csv", sep="|")
    aak = rows[rows["OptionName"].str.startswith("AAK")]
    strike = aak["OptionName"].str[5:].astype(float)
    found = margin_per_contract(253.4, strike, aak["SRI_Base"], SellingSettings(), has_event=aak["Event_Buffer"] > 0)
    np.testing.assert_allclose(found, aak["Est_Margin_SEK"], rtol=2e-4)      # four decimals of the decline


@pytest.mark.real_data
def test_the_owners_return_is_that_of_all_contracts_on_the_margin_of_one(data_folder):
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / "margin_requirements_sample.csv", sep="|")
    row = rows.set_index("OptionName").loc["AAK6N215"]
    premium, margin = row["Net_Premium_After_Costs"], row["Est_Margin_SEK"]
    assert 100 * premium / margin * 365 / 28 == pytest.approx(17.9624, abs=1e-4)
    contracts = 5
    assert 100 * return_on_margin(premium, contracts * margin, 28) == pytest.approx(17.9624 / contracts, abs=1e-4)


def test_the_worst_fall_within_the_window_counts_and_not_the_one_that_took_longer():
    close = np.array([[100.0], [90.0], [81.0], [81.0]])
    one, two = past_worst_decline(close, 1), past_worst_decline(close, 2)
    assert np.isnan(one[0, 0])
    assert one[3, 0] >= 0.10
    assert two[2, 0] == pytest.approx(0.19)


def test_a_calm_past_still_allows_two_standard_deviations():
    close = np.array([[100.0], [101.0], [100.0], [101.0]])
    steps = np.log([1.01, 1 / 1.01, 1.01])
    expected = 1 - np.exp(-2 * np.std(steps, ddof=1) * np.sqrt(9))
    assert past_worst_decline(close, 9)[3, 0] == pytest.approx(expected)


def test_garbage_after_a_session_changes_no_decline_up_to_it():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, (60, 3)), axis=0))
    poisoned = close.copy()
    poisoned[40:] *= 1000
    poisoned[45:] = np.nan
    np.testing.assert_array_equal(past_worst_decline(close, 5)[:40], past_worst_decline(poisoned, 5)[:40])
