from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backtrader_system.errors import DataError
from backtrader_system.puts.score import FACTORS, composite_score, option_scores, score_band
from backtrader_system.settings.puts import FactorWeights, ScoreSettings

OWNERS = np.array([25, 20, 15, 15, 15, 10.0])
FIXTURE = np.array([75, 80, 78, 70, 65, 60.0])
NAN = float("nan")


def score_of(factors, weights=OWNERS, missing="renormalise"):
    score, coverage = composite_score(np.atleast_2d(factors), weights, missing)
    return float(score[0]), float(coverage[0])


def test_score_of_the_fixture():
    # 18.75 + 16 + 11.7 + 10.5 + 9.75 + 6
    assert score_of(FIXTURE) == (pytest.approx(72.70, abs=1e-12), 1)


def test_default_weights_are_the_owners():
    table = pd.DataFrame([FIXTURE], columns=list(FACTORS))

    score, coverage = option_scores(table, ScoreSettings())

    assert score[0] == pytest.approx(72.70, abs=1e-12)
    assert coverage[0] == 1


def test_weights_of_any_sum_are_rescaled():
    assert score_of(FIXTURE, OWNERS * 3)[0] == pytest.approx(72.70)


@pytest.mark.parametrize(("missing", "expected"), [
    ("renormalise", (20 * 80 + 15 * 78 + 15 * 65 + 10 * 60) / 60),
    ("neutral", (25 * 50 + 20 * 80 + 15 * 78 + 15 * 50 + 15 * 65 + 10 * 60) / 100),
    ("zero", (20 * 80 + 15 * 78 + 15 * 65 + 10 * 60) / 100),
], ids=str)
def test_missing_factors(missing, expected):
    factors = np.array([NAN, 80, 78, NAN, 65, 60])

    assert score_of(factors, missing=missing) == (pytest.approx(expected), pytest.approx(0.6))


def test_option_of_which_nothing_is_known_has_no_score_unless_something_is_put_in():
    nothing = np.full(6, NAN)

    assert np.isnan(score_of(nothing)[0])
    assert score_of(nothing, missing="neutral") == (50, 0)
    assert score_of(nothing, missing="zero") == (0, 0)


def test_factor_without_weight_does_not_matter():
    weights = np.array([0, 50, 50, 0, 0, 0.0])

    assert score_of([NAN, 40, 60, NAN, NAN, NAN], weights) == (50, 1)


def test_weights_that_are_all_zero_score_zero():
    assert score_of(FIXTURE, np.zeros(6)) == (0, 0)


def test_weights_may_change_from_row_to_row():
    weights = np.array([OWNERS, [0, 0, 0, 0, 0, 7.0]])

    score, _ = composite_score(np.array([FIXTURE, FIXTURE]), weights)

    np.testing.assert_allclose(score, [72.70, 60])


def test_original_arithmetic_counts_missing_as_zero_whatever_missing_says():
    table = pd.DataFrame([[NAN, 80, 78, NAN, 65, 60]], columns=list(FACTORS))

    score, coverage = option_scores(table, ScoreSettings(arithmetic="compat", missing="neutral"))

    assert score[0] == pytest.approx((20 * 80 + 15 * 78 + 15 * 65 + 10 * 60) / 100)
    assert coverage[0] == pytest.approx(0.6)


def test_probability_at_ninety_costs_the_original_a_quarter_and_us_nothing():
    table = pd.DataFrame([[NAN, 100, 100, 100, 100, 100.0]], columns=list(FACTORS))

    assert option_scores(table, ScoreSettings())[0][0] == 100
    assert option_scores(table, ScoreSettings(arithmetic="compat"))[0][0] == 75


def test_four_price_based_factors_share_the_weight_of_phase_two():
    # 20, 15, 15, 10 of 60: 33.3, 25, 25 and 16.7 %
    for place, share in {1: 100 / 3, 2: 25, 4: 25, 5: 50 / 3}.items():
        factors = np.array([NAN, 0, 0, NAN, 0, 0])
        factors[place] = 100
        assert score_of(factors)[0] == pytest.approx(share)


def test_weights_of_the_settings_are_used():
    table = pd.DataFrame([FIXTURE], columns=list(FACTORS))
    only_support = FactorWeights(recovery_advantage=0, support_strength=50, days_since_break=0, historical_peak=0,
                                 monthly_seasonality=0, current_performance=0)

    assert option_scores(table, ScoreSettings(weights=only_support))[0][0] == 80


@given(arrays(float, (4, 6), elements=st.one_of(st.floats(0, 100), st.just(NAN))),
       arrays(float, 6, elements=st.integers(0, 50)), st.sampled_from(["renormalise", "neutral", "zero"]))
def test_score_lies_between_zero_and_a_hundred_and_coverage_is_a_share(factors, weights, missing):
    score, coverage = composite_score(factors, weights, missing)

    # 1e-9: rounding of a quotient of sums
    assert (((score >= 0) & (score <= 100 + 1e-9)) | np.isnan(score)).all()
    assert ((coverage >= 0) & (coverage <= 1)).all()


def test_bands_begin_at_seventy_and_at_fifty():
    assert score_band(np.array([100, 70, 69.99, 50, 49.99, 0, NAN])).tolist() == [
        "green", "green", "yellow", "yellow", "red", "red", ""]


def test_all_faults_are_told_at_once():
    with pytest.raises(DataError) as caught:
        composite_score(np.array([[np.inf, 1, 1, 1, 1, 1]]), np.array([25, -1, 0, 0, 0.0]))

    assert [fault.split(" ")[0] for fault in caught.value.faults] == ["weights", "1", "weights"]


def test_five_columns_are_refused():
    with pytest.raises(DataError, match=r"shape \(3, 5\); must be \(n, 6\)"):
        composite_score(np.zeros((3, 5)), OWNERS)


def test_no_row_has_no_score():
    score, coverage = composite_score(np.empty((0, 6)), OWNERS)

    assert (score.shape, coverage.shape) == ((0,), (0,))
