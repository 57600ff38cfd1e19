"""Quantiles and intervals of shares against scipy, published examples and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from backtrader_system.metrics.conviction.clusters import cluster_variance, shared_correlation, time_clusters
from backtrader_system.metrics.conviction.distributions import (
    chi_square_quantile,
    kolmogorov_survival,
    student_t_cdf,
    student_t_quantile,
)
from backtrader_system.metrics.conviction.proportions import (
    Share,
    ratio_interval,
    score_interval,
    weighted_sum_interval,
)

Z = stats.norm.ppf(0.975)


@pytest.mark.parametrize("degrees", [1, 2, 9, 13, 40, 1000, 2.5])
@pytest.mark.parametrize("probability", [0.0005, 0.3, 0.5, 0.9, 0.975, 0.9995])
def test_student_quantile_equals_that_of_scipy(degrees: float, probability: float) -> None:
    expected = stats.t.ppf(probability, degrees)

    assert student_t_quantile(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("degrees", [1, 9, 350])
@pytest.mark.parametrize("value", [-30.0, -1.3, 0.0, 0.7, 4.0])
def test_student_distribution_equals_that_of_scipy(degrees: float, value: float) -> None:
    assert student_t_cdf(value, degrees) == pytest.approx(stats.t.cdf(value, degrees), rel=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 4, 9, 30])
def test_chi_square_quantile_is_within_one_percent_of_that_of_scipy(degrees: int) -> None:
    assert chi_square_quantile(0.95, degrees) == pytest.approx(stats.chi2.ppf(0.95, degrees), rel=0.026 if degrees == 1
                                                               else 0.01)


@pytest.mark.parametrize("value", [0.1, 0.3, 0.8, 1.36, 2.5])
def test_kolmogorov_distribution_equals_that_of_scipy(value: float) -> None:
    assert kolmogorov_survival(value) == pytest.approx(special.kolmogorov(value), abs=1e-12)


@pytest.mark.parametrize(("wins", "trades"), [(6, 9), (0, 5), (5, 5), (40, 100)])
def test_score_interval_equals_that_of_scipy(wins: int, trades: int) -> None:
    expected = stats.binomtest(wins, trades).proportion_ci(0.95, method="wilson")

    assert score_interval(wins, trades, Z) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("first", "second", "expected"), [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((10, 10), (0, 10), (0.6075, 1.0000)),
    ((10, 10), (0, 20), (0.6791, 1.0000)),
], ids=["a", "b", "e", "f"])
def test_difference_of_shares_equals_the_published_table_of_newcombe(first, second, expected) -> None:
    interval = weighted_sum_interval([Share(*first), Share(*second, -1.0)], Z)

    assert interval == pytest.approx(expected, abs=5e-5)


def test_ratio_of_shares_equals_the_published_example_of_koopman() -> None:
    assert ratio_interval(Share(36, 40), Share(16, 80), 0.95) == pytest.approx((2.94, 7.15), abs=0.005)


@pytest.mark.parametrize(("first", "second"), [((3, 10), (20, 90)), ((1, 30), (5, 40)), ((10, 10), (4, 50))])
def test_ends_of_the_ratio_are_where_the_chi_square_test_begins_to_reject(first, second) -> None:
    def log_likelihood(p_second: float, ratio: float) -> float:
        return (stats.binom.logpmf(first[0], first[1], p_second * ratio)
                + stats.binom.logpmf(second[0], second[1], p_second))

    for ratio in ratio_interval(Share(*first), Share(*second), 0.95):
        best = optimize.minimize_scalar(
            lambda p, ratio=ratio: -log_likelihood(p, ratio), bounds=(1e-9, min(1, 1 / ratio) - 1e-9), method="bounded",
            options={"xatol": 1e-12})
        shares = np.array([best.x * ratio, best.x])
        n, wins = np.array([first[1], second[1]]), np.array([first[0], second[0]])
        statistic = np.sum((wins - n * shares) ** 2 / (n * shares * (1 - shares)))
        assert statistic == pytest.approx(Z**2, rel=1e-3)


def test_ratio_without_a_winner_is_open_on_that_side() -> None:
    assert ratio_interval(Share(0, 10), Share(5, 50), 0.95)[0] == 0.0
    assert ratio_interval(Share(5, 10), Share(0, 50), 0.95)[1] == math.inf
    assert ratio_interval(Share(0, 10), Share(0, 50), 0.95) == (0.0, math.inf)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_ratio_interval_holds_the_ratio(n_first: int, n_second: int, data: st.DataObject) -> None:
    first = Share(data.draw(st.integers(0, n_first)), n_first)
    second = Share(data.draw(st.integers(1, n_second)), n_second)
    low, high = ratio_interval(first, second, 0.95)

    assert low <= first.rate / second.rate * (1 + 1e-9)
    assert high >= first.rate / second.rate * (1 - 1e-9)


def test_clusters_count_whole_stretches_from_the_first_instant_in_utc() -> None:
    aware = ["2024-01-01T23:00:00-05:00", "2024-02-01T03:59:59Z", "2024-02-01T04:00:00Z"]

    assert time_clusters(aware, 30).tolist() == [0, 0, 1]   # the first is 2024-01-02 04:00 UTC


def test_missing_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 instants of decision are missing"):
        time_clusters(["2024-01-01", None], 30)


def test_cluster_variance_with_one_row_each_is_that_of_a_mean() -> None:
    values = np.array([1.0, 4.0, 6.0, 9.0])

    variance, n_clusters = cluster_variance((values - values.mean()) / 4, np.arange(4))

    assert variance == pytest.approx(stats.sem(values) ** 2)
    assert n_clusters == 4


def test_shared_correlation_is_the_one_that_was_planted() -> None:
    rng = np.random.default_rng(12)
    cluster = np.repeat(np.arange(4_000), 10)
    # A signal takes the outcome of its month with chance .5, so two of them agree beyond luck with .25.
    month = rng.random(4_000) < 0.3
    won = np.where(rng.random(40_000) < 0.5, month[cluster], rng.random(40_000) < 0.3).astype(float)

    correlation, n_clusters = shared_correlation(won, cluster)

    assert correlation == pytest.approx(0.25, abs=0.02)
    assert n_clusters == 4_000


def test_independent_outcomes_share_nothing_and_none_can_be_told_without_variation() -> None:
    won = (np.random.default_rng(1).random(20_000) < 0.3).astype(float)

    assert shared_correlation(won, np.arange(20_000) // 20)[0] < 0.005
    assert shared_correlation(np.zeros(40), np.arange(40) // 4) == (0.0, 10)
    assert shared_correlation(won[:40], np.arange(40)) == (0.0, 40)
