"""Scores of probabilities, hybrid scores and bands."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.scores import band_of_score, hybrid_score, score_of_probability


@pytest.mark.parametrize(("probability", "score"), [
    (0.0, 1), (0.05, 1), (0.15, 2), (0.25, 2), (0.35, 4), (0.45, 4), (0.55, 6), (0.65, 6), (0.75, 8), (0.85, 8),
    (0.8500001, 9), (0.95, 10), (1.0, 10), (np.nan, np.nan)])
def test_ten_times_the_probability_rounded_half_to_even(probability, score):
    np.testing.assert_equal(score_of_probability(np.array([probability])), [score])


@pytest.mark.parametrize("probability", [-0.01, 1.01, np.inf])
def test_what_is_no_probability_is_refused(probability):
    with pytest.raises(DataError, match="outside 0 to 1"):
        score_of_probability(np.array([0.5, probability]))


@pytest.mark.parametrize(("rule", "probability", "weight", "expected"), [
    (12.0, 0.66, 0.7, 0.3 * 10 + 0.7 * 6.6),       # cut to 10 first, neither part rounded
    (0.0, 0.02, 0.5, 1.0),
    (6.0, 0.66, 0.0, 6.0),
    (np.nan, 0.66, 0.3, np.nan),
    (np.nan, 0.66, 1.0, 6.6),
    (6.0, np.nan, 0.0, 6.0)])
def test_hybrid_is_the_weighted_mean(rule, probability, weight, expected):
    np.testing.assert_allclose(hybrid_score(np.array([rule]), np.array([probability]), weight), [expected])


def test_a_weight_beyond_one_is_refused():
    with pytest.raises(DataError, match="weight"):
        hybrid_score(np.array([5.0]), np.array([0.5]), 1.1)


def test_bands_start_at_their_score():
    bands = band_of_score(np.array([1, 6.999, 7, 7.5, 8, 9.9, 10, 12, np.nan]))
    assert bands.tolist() == ["<7", "<7", "7", "7", "8", "9", "10", "10", ""]
