"""Curves against scikit-learn's, and the choice among them by honest comparison."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from backtrader_system.models.conviction.calibration import (
    brier_score,
    calibrator_faults,
    choose_calibrator,
    fit_calibrator,
    logistic,
)


def margins(n, *, slope=1.0, intercept=0.0, seed=0):
    """Return margins and labels with P(win) = logistic(slope * margin + intercept)."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, 1.5, n)
    return margin, (rng.random(n) < expit(slope * margin + intercept)).astype(float)


def choose(margin, label, method="auto", n_folds=5):
    n = len(label)
    at = np.datetime64("2020-01-01", "ns") + np.arange(n) * np.timedelta64(1, "D")
    return choose_calibrator(margin, label, np.arange(n) * n_folds // n, at, at, method, 0)


@pytest.mark.parametrize("seed", range(4))
def test_sigmoid_is_scikit_learns(seed):
    margin, label = margins(300, slope=0.4, intercept=-1.5, seed=seed)
    theirs = _SigmoidCalibration().fit(margin, label).predict(margin)

    assert fit_calibrator("sigmoid", margin, label).probability(margin) == pytest.approx(theirs, abs=1e-4)


def test_sigmoid_finds_the_planted_curve():
    margin, label = margins(50_000, slope=0.5, intercept=-2.0)
    curve = fit_calibrator("sigmoid", margin, label)

    assert curve.x[0] == pytest.approx(0.5, abs=0.05)
    assert curve.y[0] == pytest.approx(-2.0, abs=0.05)


def test_isotonic_is_scikit_learns_up_to_a_millionth():
    margin, label = margins(2_000, slope=0.4, intercept=-1.0)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(expit(margin), label).predict(expit(margin))

    assert fit_calibrator("isotonic", margin, label).probability(margin) == pytest.approx(theirs, abs=1.1e-6)


def test_isotonic_keeps_the_order_of_equal_steps():
    margin, label = margins(1_500)
    order = np.argsort(margin)

    assert (np.diff(fit_calibrator("isotonic", margin, label).probability(margin)[order]) > 0).all()


def test_sigmoid_never_turns_the_ranking_round():
    margin, label = margins(400, slope=-1.0)
    probability = fit_calibrator("sigmoid", margin, label).probability(np.sort(margin))

    assert (np.diff(probability) > 0).all()
    assert probability.mean() == pytest.approx(label.mean(), abs=0.02)


@pytest.mark.parametrize(("n", "method"), [(999, "sigmoid"), (1_000, "isotonic")])
def test_auto_takes_isotonic_from_a_thousand_on(n, method):
    margin, label = margins(n, slope=0.3, intercept=-2.0)

    assert choose(margin, label).calibrator.method == method


def test_auto_leaves_a_calibrated_model_alone():
    kept = [choose(*margins(300, seed=seed)).calibrator.method for seed in range(20)]

    assert kept.count("none") >= 14


def test_the_comparison_uses_folds_that_the_curve_has_not_seen():
    margin, label = margins(300, slope=0.3, intercept=-2.0)
    choice = choose(margin, label, n_folds=2)
    first, second = slice(0, 150), slice(150, 300)
    curve = fit_calibrator("sigmoid", margin[first], label[first])

    assert choice.brier_raw == pytest.approx(brier_score_loss(label[second], expit(margin[second])))
    assert choice.brier_calibrated == pytest.approx(brier_score_loss(label[second], curve.probability(margin[second])))
    assert np.isnan(choice.crossed[first]).all()


@pytest.mark.parametrize("method", ["auto", "sigmoid", "isotonic"])
@pytest.mark.parametrize("winners", [0, 4, 296, 300])
def test_too_few_of_a_kind_leave_the_raw_probability(method, winners):
    choice = choose(np.linspace(-2, 2, 300), (np.arange(300) < winners).astype(float), method)

    assert choice.calibrator.method == "none"
    assert "needs 5" in choice.reason


def test_margins_that_do_not_vary_give_the_base_rate():
    label = (np.arange(200) % 4 == 0).astype(float)

    assert fit_calibrator("sigmoid", np.zeros(200), label).probability(np.zeros(1))[0] == pytest.approx(0.25, abs=0.01)


def test_isotonic_of_margins_that_do_not_vary_is_one_level_between_two_points():
    label = (np.arange(200) % 4 == 0).astype(float)
    curve = fit_calibrator("isotonic", np.zeros(200), label)

    assert curve.x.tolist() == [0.0, 1.0]
    assert curve.y == pytest.approx([0.25, 0.25])
    assert calibrator_faults(curve) == []


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.4, 3.0])
def test_every_curve_that_is_fitted_may_be_read_back(method, slope):
    assert calibrator_faults(fit_calibrator(method, *margins(500, slope=slope))) == []


def test_none_is_none():
    assert choose(*margins(300, slope=0.1), method="none").calibrator.method == "none"


def test_logistic_and_brier_are_the_libraries():
    margin, label = margins(50)

    assert logistic(np.array([-800.0, 0.0, 800.0])).tolist() == [0.0, 0.5, 1.0]
    assert logistic(margin) == pytest.approx(expit(margin))
    assert brier_score(label, expit(margin)) == pytest.approx(brier_score_loss(label, expit(margin)))
