"""Rolling windows against pandas and against themselves on other histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.signals.rolling import (
    rolling_extreme,
    rolling_mean,
    rolling_std,
    rolling_sum,
    shift,
    weighted_mean,
)

VALUES = np.random.default_rng(3).normal(100, 5, (80, 3))
VALUES[:12, 1] = np.nan


def test_shift_moves_rows_down():
    assert np.array_equal(shift(np.array([[1.0], [2.0], [3.0]]), 2), [[np.nan], [np.nan], [1.0]], equal_nan=True)


def test_shift_by_more_rows_than_there_are_leaves_nothing():
    assert np.isnan(shift(np.ones((3, 1)), 5)).all()


@pytest.mark.parametrize("window", [1, 2, 3, 7, 14, 20, 50])
def test_windows_equal_pandas(window):
    reference = pd.DataFrame(VALUES).rolling(window)

    np.testing.assert_allclose(rolling_sum(VALUES, window), reference.sum(), rtol=1e-13)
    np.testing.assert_allclose(rolling_mean(VALUES, window), reference.mean(), rtol=1e-13)
    np.testing.assert_allclose(rolling_extreme(VALUES, window, largest=True), reference.max(), rtol=0)
    np.testing.assert_allclose(rolling_extreme(VALUES, window, largest=False), reference.min(), rtol=0)
    if window > 1:
        np.testing.assert_allclose(rolling_std(VALUES, window), reference.std(), rtol=1e-9)


@pytest.mark.parametrize("span", [9, 12, 26])
def test_weighted_mean_equals_pandas_ewm(span):
    reference = pd.DataFrame(VALUES).ewm(span=span, adjust=True).mean()

    np.testing.assert_allclose(weighted_mean(VALUES, span), reference, rtol=1e-13)


def test_weighted_mean_skips_a_columns_first_rows():
    result = weighted_mean(VALUES, 12, skip=4)

    assert np.isnan(result[:4, 0]).all()
    assert np.isfinite(result[4:, 0]).all()
    assert np.isnan(result[:16, 1]).all()
    assert np.isfinite(result[16:, 1]).all()


def test_a_window_does_not_remember_what_left_it():
    spoilt = VALUES.copy()
    spoilt[:20] = 1e300

    for calculate in (rolling_sum, rolling_mean, rolling_std):
        with np.errstate(over="ignore", invalid="ignore"):
            assert calculate(spoilt, 20)[39:].tobytes() == calculate(VALUES, 20)[39:].tobytes()


def test_deviation_of_large_prices_does_not_cancel():
    around_a_million = 1e6 + np.array([[1.0], [2.0], [3.0]]) * 1e-3

    assert rolling_std(around_a_million, 3)[2, 0] == pytest.approx(1e-3, rel=1e-6)


def test_a_window_longer_than_the_rows_knows_nothing():
    few = np.array([[1.0], [2.0], [4.0]])
    assert np.isnan(rolling_std(few, 20)).all()
    assert np.isnan(rolling_mean(few, 20)).all()
