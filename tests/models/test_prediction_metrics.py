"""Out-of-sample figures against written-out arithmetic and against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, roc_auc_score

from backtrader_system.metrics.classification import (
    classification_quality,
    forecast_quality,
    rank_correlation,
    rank_correlation_error,
)

STREAM = np.random.default_rng(5)
LABEL = (STREAM.random(200) < 0.4).astype(float)
PROBABILITY = np.round(np.clip(0.3 * LABEL + STREAM.random(200) * 0.8, 0, 1), 1)


def test_classification_by_hand():
    figures = classification_quality(np.array([1.0, 1, 0, 0, 0]), np.array([0.9, 0.4, 0.6, 0.2, 0.5]),
                                     np.array([0.7, 0.7, 0.7, 0.3, 0.3]))

    assert figures["naive_accuracy"].value == pytest.approx(4 / 5)
    assert figures["n"].value == 5
    assert figures["base_rate"].value == pytest.approx(2 / 5)
    assert figures["accuracy"].value == pytest.approx(3 / 5)
    assert figures["balanced_accuracy"].value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert figures["brier"].value == pytest.approx((0.1**2 + 0.6**2 + 0.6**2 + 0.2**2 + 0.5**2) / 5)
    assert figures["auc"].value == pytest.approx((3 + 1) / 6)


def test_classification_equals_scikit_learn():
    figures = classification_quality(LABEL, PROBABILITY, np.full(len(LABEL), 0.4))

    assert figures["auc"].value == pytest.approx(roc_auc_score(LABEL, PROBABILITY), abs=1e-12)
    assert figures["brier"].value == pytest.approx(brier_score_loss(LABEL, PROBABILITY))
    assert figures["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(LABEL, PROBABILITY > 0.5))


def test_one_class_has_no_ranking():
    figures = classification_quality(np.ones(4), np.full(4, 0.6), np.full(4, 0.6))

    assert figures["accuracy"].value == 1.0
    assert figures["auc"].is_missing
    assert figures["balanced_accuracy"].note == "all known labels are of one class"


def test_r2_compares_with_the_forecast_one_had_without_a_model():
    label, reference = np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 1.0])

    figures = forecast_quality(label, np.array([1.0, 1.0, 3.0]), reference)

    assert figures["r2"].value == pytest.approx(1 - (0 + 1 + 1) / (1 + 1 + 9))
    assert forecast_quality(label, reference, reference)["r2"].value == 0.0
    assert forecast_quality(label, reference - 5, reference)["r2"].value < 0


def test_rank_correlation_equals_scipy():
    noise = STREAM.standard_normal(200)

    assert rank_correlation(PROBABILITY, noise) == pytest.approx(spearmanr(PROBABILITY, noise).statistic, abs=1e-12)
    assert np.isnan(rank_correlation(np.ones(5), noise[:5]))


def test_error_of_independent_pairs_is_about_one_over_root_n():
    left, right = np.random.default_rng(1).standard_normal((2, 4_000))

    assert rank_correlation_error(left, right, np.arange(4_000)) == pytest.approx(1 / np.sqrt(4_000), rel=0.5)


def test_error_grows_when_a_sessions_pairs_are_copies():
    left, right = np.repeat(np.random.default_rng(1).standard_normal((2, 400)), 10, axis=1)

    assert rank_correlation_error(left, right, np.repeat(np.arange(400), 10)) == pytest.approx(
        1 / np.sqrt(400), rel=0.5)


def test_nothing_to_judge_gives_reasons():
    nothing = np.array([])

    assert classification_quality(nothing, nothing, nothing)["auc"].note == "no prediction whose label is known"
    assert forecast_quality(nothing, nothing, nothing)["n"].value == 0
    assert np.isnan(rank_correlation_error(nothing, nothing, nothing))
