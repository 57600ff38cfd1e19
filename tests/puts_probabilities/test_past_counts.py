"""What is known at the start of a month, and rising curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from backtrader_system.puts.probabilities.option_days import option_days
from backtrader_system.puts.probabilities.past_counts import PastCounts, monotone, past_counts


@pytest.fixture
def days(make_chain):
    """Two puts of one expiry in January, quoted twice and once; one of February, with an unknown outcome; one query."""
    chain = make_chain(
        {"underlying": ["A"] * 4, "strike": [88.0, 90.0, 90.0, 90.0],
         "expiry": ["2024-01-26", "2024-01-26", "2024-02-23", "2024-03-22"]},
        {"quote_date": ["2024-01-05", "2024-01-08", "2024-01-08", "2024-02-05", "2024-03-01"],
         "number": [0, 0, 1, 2, 3], "underlying_price": 100.0})
    outcomes = pd.DataFrame({"number": range(4), "worthless": [1.0, 0.0, np.nan, np.nan],
                             "expiry_session": [*chain.contracts["expiry"][:3], pd.NaT]})
    return option_days(chain, outcomes)


def test_outcomes_count_from_the_month_after_their_expiry(days):
    counts = past_counts(days, np.zeros(5, dtype=int), 1)
    assert counts.quotes.tolist() == [[0, 3, 3]]
    assert counts.worthless.tolist() == [[0, 2, 2]]


def test_puts_of_one_name_and_expiry_are_one_outcome(days):
    counts = past_counts(days, np.zeros(5, dtype=int), 1)
    assert counts.pairs.tolist() == counts.expiries.tolist() == counts.independent().tolist() == [[0, 1, 1]]


def test_quote_on_the_day_of_its_expiry_is_no_evidence(make_chain):
    chain = make_chain({"underlying": ["A"], "strike": [90.0], "expiry": ["2024-01-27"]},
                       {"quote_date": ["2024-01-25", "2024-01-26"], "number": [0, 0], "underlying_price": 100.0})
    outcomes = pd.DataFrame({"number": [0], "worthless": [1.0], "expiry_session": [pd.Timestamp("2024-01-26")]})
    assert option_days(chain, outcomes).is_evidence.tolist() == [True, False]


def test_names_of_one_expiry_are_less_than_so_many_outcomes():
    # 10 names on 5 expiry dates: 50 / (1 + 9 * 0.2) = 17.857.
    counts = PastCounts(*(np.full((1, 1), value) for value in (200.0, 100.0, 0.0, 50.0, 5.0)))
    assert counts.independent()[0, 0] == pytest.approx(50 / 2.8)


def test_other_names_are_all_but_the_cells_own():
    own = np.array([[3.0], [1.0], [10.0], [20.0]])      # names A and B, two cells each
    others = PastCounts(own, own, own, own, own).of_other_names(2)
    assert others.quotes.tolist() == [[10.0], [20.0], [3.0], [1.0]]
    assert others.expiries.tolist() == [[10.0], [20.0], [10.0], [20.0]]


def test_rising_curves_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    rate, weight = rng.random((200, 15)), rng.uniform(0.1, 9, (200, 15))
    expected = [IsotonicRegression().fit(np.arange(15), row, weights).predict(np.arange(15))
                for row, weights in zip(rate, weight, strict=True)]
    np.testing.assert_allclose(monotone(rate, weight), expected, atol=1e-12)
