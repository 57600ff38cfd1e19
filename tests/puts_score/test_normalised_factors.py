"""The six normalisations: formulas of the owner's page, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrader_system.puts import score
from backtrader_system.puts.score import (
    normalise_current_performance,
    normalise_days_since_break,
    normalise_historical_peak,
    normalise_monthly_seasonality,
    normalise_recovery_advantage,
    normalise_support_strength,
)

NAN = float("nan")
Anything = st.one_of(st.floats(-1e6, 1e6), st.just(NAN))


def test_recovery_advantage_is_the_rate_in_percent():
    np.testing.assert_array_equal(normalise_recovery_advantage([0, 0.875, 1, 1.2, NAN]), [0, 87.5, 100, 100, NAN])


def test_support_strength_of_the_worked_examples():
    np.testing.assert_array_equal(normalise_support_strength([58.65, 70.95, 104, NAN]), [58.65, 70.95, 100, NAN])


def test_days_since_break_of_the_worked_examples():
    # AAK: 50 * 143 / 67.6 = 105.8; ABB: 50 * 319 / 77.8 = 205.0
    np.testing.assert_array_equal(normalise_days_since_break([143, 319], [67.6, 77.8]), [100, 100])


def test_days_since_break_is_fifty_after_one_gap():
    assert normalise_days_since_break(67.6, 67.6) == 50
    assert normalise_days_since_break(16.9, 67.6) == pytest.approx(12.5)


@pytest.mark.parametrize("gap", [0.0, NAN], ids=["zero", "unknown"])
def test_days_without_a_gap_are_thirty(gap):
    assert normalise_days_since_break(12.0, gap) == 30


def test_unknown_days_are_missing_whatever_the_gap():
    assert np.isnan(normalise_days_since_break([NAN, NAN], [50.0, NAN])).all()


@pytest.mark.parametrize(("peak", "current", "value"), [
    pytest.param(0.95, 0.95, 50, id="no fall yet"),
    pytest.param(0.95, 0.70, 100, id="fall of a quarter"),
    pytest.param(0.95, 0.50, 100, id="deeper fall"),
    pytest.param(0.90, 0.85, 60, id="at the threshold"),
    pytest.param(0.8999, 0.1, 30, id="below the threshold"),
    pytest.param(0.90, 0.97, 36, id="above its past peak"),
    pytest.param(NAN, 0.97, NAN, id="no peak yet"),
    pytest.param(0.95, NAN, NAN, id="no probability"),
    pytest.param(0.80, NAN, NAN, id="no probability, low peak"),
])
def test_historical_peak(peak, current, value):
    assert normalise_historical_peak(peak, current, 0.90) == pytest.approx(value, nan_ok=True)


def test_probability_far_above_its_past_peak_is_zero_and_negative_in_the_original():
    assert normalise_historical_peak(0.6, 0.95, 0.5) == 0
    assert normalise_historical_peak(0.6, 0.95, 0.5, keep_negative=True) == pytest.approx(50 - 200 * 0.35)


def test_season_has_ten_more_near_the_low_day_and_never_more_than_a_hundred():
    np.testing.assert_array_equal(
        normalise_monthly_seasonality([62.5, 62.5, 95, NAN], [False, True, True, True]), [62.5, 72.5, 100, NAN])


def test_performance_is_high_where_the_month_lags_its_history():
    # 50 + 10 * (2.396 - 0.5), 50 + 10 * (1 - 7) and 50 + 10 * (6 - 0)
    np.testing.assert_allclose(normalise_current_performance([2.396, 1, 6, NAN], [0.5, 7, 0, 1]), [68.96, 0, 100, NAN])


@given(st.lists(st.tuples(Anything, Anything, st.booleans()), min_size=1, max_size=20))
def test_every_factor_lies_between_zero_and_a_hundred_or_is_missing(rows):
    first, second, flag = (np.array(column) for column in zip(*rows, strict=True))
    for values in (normalise_recovery_advantage(first), normalise_support_strength(first),
                   normalise_days_since_break(first, second), normalise_historical_peak(first, second, 0.9),
                   normalise_monthly_seasonality(first, flag), normalise_current_performance(first, second)):
        assert (((values >= 0) & (values <= 100)) | np.isnan(values)).all()


def test_order_of_the_factors_is_that_of_the_weights():
    assert score.FACTORS == ("recovery_advantage", "support_strength", "days_since_break", "historical_peak",
                             "monthly_seasonality", "current_performance")
