"""The weighted average and the votes behind its weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.probabilities.option_days import option_days
from backtrader_system.puts.probabilities.weighted import COMPAT_WEIGHTS, votes, weighted_average

COLUMNS = ["1_ProbOfWorthless_Original", "2_ProbOfWorthless_Calibrated", "3_ProbOfWorthless_Historical_IV"]


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "vintage", "tolerance"), [
    ("data_csv_aak_sample.csv", "october_2025", 1.5e-4),       # methods 1 and 2 are printed to three decimals here
    ("data_csv_aak_2025-11-28_sample.csv", "november_2025", 1e-12),
])
def test_owners_rows_are_met(data_folder, name, vintage, tolerance):
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / name, sep="|")
    found = weighted_average(rows[COLUMNS].to_numpy(dtype=float), np.array(COMPAT_WEIGHTS[vintage]))
    assert np.abs(found - rows["1_2_3_ProbOfWorthless_Weighted"]).max() < tolerance


def test_unknown_method_leaves_its_weight_to_the_others():
    # (6 * 0.7 + 43 * 0.9) / 49
    found = weighted_average(np.array([[0.7, 0.9, np.nan]]), np.array(COMPAT_WEIGHTS["october_2025"]))
    assert found[0] == pytest.approx(42.9 / 49)


def test_average_of_nothing_is_unknown():
    assert np.isnan(weighted_average(np.full((1, 3), np.nan), np.ones(3))[0])


@pytest.fixture
def two_names(make_chain):
    """Puts of A and B expire in January, worthless; queries of A in January, February and of B in February."""
    chain = make_chain(
        {"underlying": ["A", "A", "B", "B"], "strike": [90.0] * 4,
         "expiry": ["2024-01-26", "2024-02-23", "2024-01-26", "2024-02-23"]},
        {"quote_date": ["2024-01-05", "2024-01-29", "2024-02-05", "2024-01-05", "2024-02-05"],
         "number": [0, 1, 1, 2, 3], "underlying_price": 100.0})
    outcomes = pd.DataFrame({"number": range(4), "worthless": [1.0, np.nan, 1.0, np.nan],
                             "expiry_session": chain.contracts["expiry"]})
    return option_days(chain, outcomes)


def test_each_name_votes_for_its_best_method_once_the_month_of_the_expiry_is_over(two_names):
    # Rows by day: A and B on 5 January, A on 29 January, A and B in February. A: method 2 errs least, B: method 3.
    methods = np.array([[0.6, 0.9, 0.8], [0.6, 0.8, 0.9], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]])
    assert votes(two_names, methods).tolist() == [[1, 1, 1]] * 3 + [[1, 2, 2]] * 2


def test_methods_are_compared_where_all_are_known(two_names):
    methods = np.array([[0.6, 0.9, np.nan], [0.6, 0.8, 0.9], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]])
    assert votes(two_names, methods)[-1].tolist() == [1, 1, 2]


def test_methods_that_tie_share_the_vote(two_names):
    methods = np.array([[0.9, 0.9, 0.8], [0.6, 0.8, 0.9], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]])
    assert votes(two_names, methods)[-1].tolist() == [1.5, 1.5, 2]
