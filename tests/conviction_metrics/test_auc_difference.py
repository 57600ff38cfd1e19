"""The paired difference of two AUCs, against DeLong's formula written out pair by pair and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from backtrader_system.metrics.conviction.ranking import area_under_curve, auc_difference


def sample(seed, n=80, skill=1.0):
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.4).astype(float)
    return label, np.round(label * skill + rng.standard_normal(n), 1), np.round(rng.standard_normal(n), 1)


def pairwise(label, score):
    """Return V10 and V01 of DeLong, DeLong and Clarke-Pearson (1988), by comparing every pair."""
    ones, zeros = score[label == 1], score[label == 0]
    wins = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
    return wins.mean(axis=1), wins.mean(axis=0)


def delong_error(first, second=(0.0, 0.0)):
    ones, zeros = first[0] - second[0], first[1] - second[1]
    return np.sqrt(ones.var() / len(ones) + zeros.var() / len(zeros))


@pytest.mark.parametrize("seed", range(5))
def test_area_is_scikit_learns_with_ties(seed):
    label, score, _ = sample(seed)

    assert area_under_curve(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_single_clusters_give_delongs_interval(seed):
    label, score, other = sample(seed)
    n = len(label)
    difference, low, high = auc_difference(label, score, other, np.arange(n))
    reach = np.sqrt(n / (n - 1)) * t.ppf(0.975, n - 1) * delong_error(pairwise(label, score), pairwise(label, other))

    assert difference == pytest.approx(roc_auc_score(label, score) - roc_auc_score(label, other))
    assert (difference - low, high - difference) == pytest.approx((reach, reach))


def test_copies_in_a_cluster_do_not_make_the_interval_narrower():
    label, score, other = sample(3, n=60)
    once = auc_difference(label, score, other, np.arange(60))
    five_times = auc_difference(np.tile(label, 5), np.tile(score, 5), np.tile(other, 5), np.tile(np.arange(60), 5))

    assert five_times == pytest.approx(once)


def test_interval_of_clustered_noise_covers_zero():
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(20), 25)
    covered = 0
    for _ in range(300):
        # Outcomes and scores both move with the month, independently: the trap for intervals of single signals.
        label = (rng.random(500) < 1 / (1 + np.exp(-rng.standard_normal(20)[cluster] * 1.5))).astype(float)
        scores = [rng.standard_normal(20)[cluster] + rng.standard_normal(500) for _ in range(2)]
        _, low, high = auc_difference(label, *scores, cluster)
        covered += low <= 0.0 <= high

    assert 0.90 <= covered / 300 <= 0.99


@pytest.mark.parametrize("label", [np.zeros(4), np.ones(4), np.zeros(0)], ids=["losers", "winners", "nothing"])
def test_one_class_has_no_area(label):
    score = np.arange(len(label), dtype=float)
    assert np.isnan(area_under_curve(label, score))
    assert np.isnan(auc_difference(label, score, score, np.arange(len(label)))).all()


def test_few_clusters_have_no_interval():
    label, score, other = sample(1)
    difference, low, high = auc_difference(label, score, other, np.arange(len(label)) % 9)
    assert np.isfinite(difference)
    assert np.isnan([low, high]).all()
