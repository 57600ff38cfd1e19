"""The highest probability a contract had before."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.probabilities.history import peaks_before, peaks_of_whole_life, probability_history

BAYESIAN = "ProbWorthless_Bayesian_IsoCal"


def test_peak_is_that_of_the_days_before_and_of_the_same_contract():
    history = peaks_before(np.array([0, 1, 0, 1, 0]), np.array([0.6, 0.9, 0.8, 0.7, 0.75]), 0.8)
    np.testing.assert_array_equal(history.peak, [np.nan, np.nan, 0.6, 0.9, 0.8])
    assert history.is_candidate.tolist() == [False, False, False, True, True]


def test_unknown_probability_is_passed_over_and_is_no_candidate():
    history = peaks_before(np.zeros(3, dtype=int), np.array([0.95, np.nan, 0.7]), 0.9)
    np.testing.assert_array_equal(history.peak, [np.nan, 0.95, 0.95])
    assert history.is_candidate.tolist() == [False, False, True]


def test_probability_as_high_as_its_peak_is_no_candidate():
    assert peaks_before(np.zeros(2, dtype=int), np.array([0.95, 0.95]), 0.9).is_candidate.tolist() == [False, False]


def test_peak_of_the_whole_life_flags_days_before_it():
    history = peaks_of_whole_life(np.zeros(3, dtype=int), np.array([0.6, 0.95, np.nan]), 0.9)
    assert history.is_candidate.tolist() == [True, False, False]


@pytest.mark.real_data
def test_peaks_of_recorded_probabilities(make_chain, data_folder):
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / "probability_history_8TRA_sample.csv", sep="|")
    number, _ = pd.factorize(rows["OptionName"])
    chain = make_chain(
        {"underlying": ["8TRA"] * 2, "strike": [370.0, 380.0], "expiry": ["2026-09-18"] * 2},
        {"quote_date": rows["Update_date"], "number": number, "underlying_price": 375.0, "bayesian": rows[BAYESIAN]})
    history = probability_history(chain, chain.quotes, "bayesian", 0.8)
    highest = {0: -math.inf, 1: -math.inf}
    for row, contract, probability in zip(range(len(rows)), chain.quotes["number"], chain.quotes["bayesian"],
                                          strict=True):
        known = highest[contract] if highest[contract] > 0 else math.nan
        assert history.peak[row] == pytest.approx(known, nan_ok=True)
        assert history.is_candidate[row] == (known >= 0.8 and probability < known)
        highest[contract] = max(highest[contract], probability)
    # 2026-07-20, 21 and 22 of strike 370: .773585, .853659 and what came after it.
    assert history.peak[(chain.quotes["number"] == 0).to_numpy()][:3] == pytest.approx(
        [math.nan, 0.773585, 0.853659], nan_ok=True)


def test_poisoned_future_changes_no_peak():
    rng = np.random.default_rng(5)
    number, current = np.tile(np.arange(20), 30), rng.random(600)
    poisoned = current.copy()
    poisoned[300:] = np.where(number[300:] % 2, np.nan, poisoned[300:] * 1000)
    before, now = (peaks_before(number, values, 0.8) for values in (current, poisoned))
    np.testing.assert_array_equal(before.peak[:300], now.peak[:300])
    np.testing.assert_array_equal(before.is_candidate[:300], now.is_candidate[:300])
    looking_ahead = [peaks_of_whole_life(number, values, 0.8).peak[:300] for values in (current, poisoned)]
    assert not np.array_equal(*looking_ahead)
