"""A against B: hand arithmetic, degenerate samples, and Monte Carlo worlds of known skill."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from simulated_selections import World, experiment

from backtrader_system.metrics.conviction.comparison import Comparison, compare_selections
from backtrader_system.metrics.conviction.power import more_trades_for_verdict, rollout_power
from backtrader_system.metrics.conviction.proportions import Share, weighted_sum_interval


def alternating(winners_a: int, winners_b: int, n: int, days: int = 600, **settings: float) -> Comparison:
    """Return the comparison of n signals each, evenly over time, without a signal in both."""
    is_a = np.arange(2 * n) % 2 == 0
    won = np.zeros(2 * n)
    # Spread the winners over time, so that clusters agree with one another.
    won[np.flatnonzero(is_a)[np.linspace(0, n - 1, winners_a).astype(int)]] = 1
    won[np.flatnonzero(~is_a)[np.linspace(0, n - 1, winners_b).astype(int)]] = 1
    decided_at = np.datetime64("2023-01-01") + np.linspace(0, days - 1, 2 * n).astype(int)
    return compare_selections(won, is_a, ~is_a, decided_at, **settings)


def test_interval_is_difference_plus_minus_t_times_the_cluster_robust_error() -> None:
    won = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=float)
    is_a = np.array([1, 1, 1, 0, 0, 0, 1, 0], dtype=bool)
    decided_at = np.repeat(np.array(["2023-01-01", "2023-02-05"], dtype="datetime64[D]"), 4)

    found = compare_selections(won, is_a, ~is_a, decided_at, min_clusters=2, confidence=0.5)

    # A: 1 0 1 | 1 -> .75; B: 1 | 0 0 0 -> .25. First cluster: A (.25 - .75 + .25) / 4, B (.75) / 4:
    # -.0625 - .1875 = -.25, the second +.25; variance 2 / 1 * 2 * .0625 = .25. t(1 df, 75 %) = 1.
    assert (found.difference, found.n_clusters) == (0.5, 2)
    assert (found.low, found.high) == pytest.approx((0.0, 1.0), abs=1e-9)


def test_signals_of_both_selections_cancel() -> None:
    is_a = np.ones(60, dtype=bool)
    decided_at = np.datetime64("2023-01-01") + 7 * np.arange(60)

    found = compare_selections(np.arange(60) % 3 == 0, is_a, is_a, decided_at)

    assert (found.difference, found.low, found.high, found.n_common) == (0.0, 0.0, 0.0, 60)
    assert found.verdict == "hybrid"
    assert set(found.power.values()) == {0.0}    # with the same signals no difference can ever show


@pytest.mark.parametrize(("winners", "verdict"), [
    ((180, 40), "rollout"), ((40, 180), "iterate"), ((2, 2), "hybrid"), ((80, 60), "not_enough_evidence"),
], ids=["rollout", "iterate", "hybrid", "not enough"])
def test_verdict_follows_where_the_whole_interval_lies(winners: tuple[int, int], verdict: str) -> None:
    assert alternating(*winners, n=200).verdict == verdict


def test_few_clusters_give_no_verdict_and_say_why() -> None:
    found = alternating(50, 0, n=50, days=120)

    assert found.verdict == "not_enough_evidence"
    assert "the signals fall into 4 stretches of 30 days, an interval needs 10" in found.text
    assert found.power == {}
    assert found.more_trades_needed == 50 * 6 / 4       # as many per stretch, six more stretches


def test_nobody_won_is_no_certainty() -> None:
    found = alternating(0, 0, n=30)

    # The clusters do not vary at all. Wilson at t(19) = 2.093: 0 of 30 may be 4.381 / 34.381 = 12.7 %, so may 0 - 0.
    assert (found.low, found.high) == pytest.approx((-0.1274, 0.1274), abs=1e-4)
    assert found.verdict == "not_enough_evidence"


def test_everyone_against_nobody_in_ten_trades_is_not_certain_either() -> None:
    found = alternating(5, 0, n=5)

    assert found.difference == 1.0
    assert found.low < 0.6


def test_censored_signals_are_left_out_and_counted() -> None:
    is_a = np.arange(80) % 2 == 0
    won = np.where(np.arange(80) < 8, np.nan, is_a * 1.0)
    decided_at = np.datetime64("2023-01-01") + 7 * np.arange(80)

    found = compare_selections(won, is_a, ~is_a, decided_at)

    assert (found.n_censored, found.n_a, found.n_b, found.rate_a, found.rate_b) == (8, 36, 36, 1.0, 0.0)


def test_a_selection_without_an_outcome_is_no_loss() -> None:
    won = np.array([1.0, np.nan])
    found = compare_selections(won, won == 1, np.isnan(won), np.array(["2023-01-01", "2023-01-02"], dtype="M8[D]"))

    assert (found.rate_a, found.rate_b, found.difference) == (1.0, None, None)
    assert found.text == "Not enough evidence: rules selected no signal with a known outcome."


def test_text_gives_rates_counts_interval_and_what_is_lacking() -> None:
    found = alternating(80, 60, n=200)

    assert found.text.startswith("ML won 40.0% of 200, rules 30.0% of 200 (0 signals in both): a difference of +10.0")
    assert "over 20 stretches of 30 days. Not enough evidence: more than 100,000 more trades" in found.text


def test_more_trades_are_those_that_bring_the_interval_to_the_threshold() -> None:
    # +15 points +- 20: the lower end must rise from -5 to 10, so the reach shrink from 20 to 5: 4^2 = 16 times 50.
    assert more_trades_for_verdict(50, 0.15, -0.05, 0.35, 0.10) == 15 * 50
    # 0 +- 20 must fit into +- 10: four times as many.
    assert more_trades_for_verdict(50, 0.0, -0.20, 0.20, 0.10) == 3 * 50
    assert more_trades_for_verdict(50, -0.15, -0.35, 0.05, 0.10) == 15 * 50
    assert more_trades_for_verdict(50, 0.10, -0.2, 0.4, 0.10) == 100_001


def test_power_equals_the_share_of_drawn_samples_that_pass() -> None:
    shares = [Share(60, 100, 1.0), Share(30, 100, -1.0)]
    rng = np.random.default_rng(3)
    a, b = rng.binomial(100, 0.6, 40_000) / 100, rng.binomial(100, 0.3, 40_000) / 100
    error = np.sqrt(a * (1 - a) / 100 + b * (1 - b) / 100)
    passed = np.mean(a - b - stats.norm.ppf(0.975) * error > 0.10)

    power = rollout_power(shares, 0.1312, 1.959964, 10_000, 0.10)

    assert power[0.30] == pytest.approx(passed, abs=0.02)   # reach: 1.96 sqrt(.24 / 100 + .21 / 100) = .1315


def test_power_at_a_true_difference_takes_the_error_of_that_difference() -> None:
    nobody, thirty = [[Share(won, 100, 1.0), Share(0, 100, -1.0)] for won in (0, 30)]
    reach = {won: won / 100 - weighted_sum_interval(shares, 1.96)[0] for won, shares in ((0, nobody), (30, thirty))}

    power = rollout_power(nobody, reach[0], 1.96, 1_000, 0.10)

    assert reach[30] > 2 * reach[0]
    assert power[0.30] == pytest.approx(rollout_power(thirty, reach[30], 1.96, 1_000, 0.10)[0.30])


EVEN, BURSTS = World(), World(burst=1.0, market=2.0)


@pytest.mark.parametrize("world", [EVEN, BURSTS], ids=["even", "bursts"])
def test_without_skill_the_interval_holds_zero_and_nothing_is_rolled_out(world: World) -> None:
    found = experiment(world, repeats=300, seed=5)

    assert found["covered"] >= 0.93 - 2 * (0.93 * 0.07 / 300) ** 0.5
    assert found["rollout"] <= 0.02


@pytest.mark.nightly
@pytest.mark.parametrize("base_rate", [0.05, 0.3])
@pytest.mark.parametrize("n_selected", [10, 50, 150])
@pytest.mark.parametrize("burst", [0.0, 1.0])
def test_without_skill_coverage_holds_over_many_worlds(base_rate: float, n_selected: int, burst: float) -> None:
    found = experiment(World(1500, 540, n_selected, base_rate, burst=burst, market=2.0), repeats=2_000, seed=11)

    assert found["covered"] >= 0.93
    assert found["rollout"] <= 0.05


@pytest.mark.nightly
@pytest.mark.parametrize("world", [
    World(edge=0.333), World(edge=0.333, burst=1.0), World(1500, 540, 150, edge=0.333, burst=1.0),
    World(base_rate=0.05, edge=0.333),
], ids=["even", "bursts", "large", "rare"])
def test_a_planted_edge_of_thirty_points_is_found_as_often_as_predicted(world: World) -> None:
    found = experiment(world, repeats=2_000, seed=13)

    assert found["rollout"] == pytest.approx(found["predicted"], abs=0.06)
    assert found["covered"] >= 0.92
