"""A against B: hand arithmetic, degenerate samples, and Monte Carlo worlds of known skill."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from simulated_selections import World, draw, experiment

from backtrader_system.metrics.conviction.comparison import Comparison, compare_selections, mean_difference
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
    ((180, 40), "rollout"), ((40, 180), "iterate"), ((40, 40), "hybrid"), ((80, 60), "not_enough_evidence"),
], ids=["rollout", "iterate", "hybrid", "not enough"])
def test_verdict_follows_where_the_whole_interval_lies(winners: tuple[int, int], verdict: str) -> None:
    assert alternating(*winners, n=200).verdict == verdict


@pytest.mark.parametrize(("winners", "rates"), [
    ((4, 4), "2.0% and 2.0%"), ((10, 0), "5.0% and 0.0%"), ((0, 1), "0.0% and 0.5%"),
])
def test_rates_below_the_margin_cannot_be_called_alike(winners: tuple[int, int], rates: str) -> None:
    found = alternating(*winners, n=200)

    assert -0.10 <= found.low <= found.high <= 0.10
    assert (found.verdict, found.more_trades_needed, found.power) == ("not_enough_evidence", None, {})
    assert found.text.endswith(
        f"Cannot be decided by win rates: {rates}, taken together, lie below the margin of 10 points.")
    assert found.power_text.startswith("No power is given: where win rates lie below the margin of 10 points")


def test_rates_just_above_the_margin_may_be_alike() -> None:
    assert alternating(199, 199, n=2_000).verdict == "not_enough_evidence"
    assert alternating(200, 200, n=2_000).verdict == "hybrid"


def test_rare_winners_in_few_stretches_are_not_asked_for_more_trades() -> None:
    found = alternating(1, 1, n=50, days=120)

    assert "interval" not in found.text
    assert (found.more_trades_needed, found.verdict) == (None, "not_enough_evidence")


def test_an_advantage_beyond_the_margin_counts_whatever_the_rate_of_both_together() -> None:
    found = alternating(380, 0, n=2_000)          # 19 % and 0 %, together 9.5 %

    assert found.verdict == "rollout"
    assert alternating(13, 0, n=100).more_trades_needed > 0


def test_two_percent_each_is_never_called_hybrid() -> None:
    rng = np.random.default_rng(1)
    world = World(n_signals=1_000, n_selected=150, base_rate=0.02)
    verdicts = {compare_selections(*draw(world, rng)[:4]).verdict for _ in range(150)}

    assert verdicts == {"not_enough_evidence"}


def test_power_ends_where_the_other_rate_leaves_no_room() -> None:
    assert set(alternating(100, 100, n=200).power) == {0.20, 0.30, 0.40}
    assert set(alternating(160, 160, n=200).power) == {0.20}
    full = alternating(180, 180, n=200)
    assert full.power == {}
    assert full.power_text == ("No power is given: rules won 90.0%, which leaves no room for a difference of 20 "
                               "points.")


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


#                  stretch 1                  stretch 2
NET_RETURN = np.array([0.10, 0.02, 0.01, np.nan, -0.03, -0.03, 0.05, 0.40])
BOUGHT_BY_A = np.array([1, 1, 0, 1, 1, 0, 0, 0], dtype=bool)
BOUGHT_BY_B = np.array([0, 0, 1, 0, 0, 1, 1, 0], dtype=bool)
TWO_STRETCHES = np.repeat(np.array(["2023-01-01", "2023-02-05"], dtype="datetime64[D]"), 4)


def test_mean_difference_by_hand() -> None:
    found = mean_difference(
        NET_RETURN, BOUGHT_BY_A, BOUGHT_BY_B, TWO_STRETCHES, confidence=0.5, min_clusters=2)

    # A: .10 .02 | -.03 -> .03; B: .01 | -.03 .05 -> .01. Stretch 1: A (.07 - .01) / 3 = .02, B 0; stretch 2: -.02.
    # Variance 2 / 1 * (.02^2 + .02^2) = .0016; t(1 df, 75 %) = 1: .02 +- .04.
    assert (found.mean_a, found.mean_b, found.difference) == pytest.approx((0.03, 0.01, 0.02))
    assert (found.low, found.high) == pytest.approx((-0.02, 0.06))
    assert (found.n_a, found.n_b, found.n_clusters) == (3, 3, 2)
    assert found.text == ("Mean net return per signal: ML +3.0%, rules +1.0%: difference +2.0 points, 50% interval "
                          "-2.0 to +6.0.")


def test_mean_difference_has_no_interval_below_ten_stretches() -> None:
    found = mean_difference(NET_RETURN, BOUGHT_BY_A, BOUGHT_BY_B, TWO_STRETCHES)

    assert (found.low, found.high) == (None, None)
    assert found.text.endswith("difference +2.0 points; no interval: 2 stretches of 30 days, 10 are needed.")


def test_mean_difference_of_equal_returns_claims_no_certainty() -> None:
    is_a, days = np.arange(600) % 2 == 0, np.datetime64("2023-01-01") + np.arange(600)
    found = mean_difference(np.full(600, -0.03), is_a, ~is_a, days)

    assert (found.difference, found.low) == (0.0, None)
    assert found.text.endswith("no interval: the stretches do not differ.")


def test_mean_difference_without_a_trade_of_one_names_it() -> None:
    found = mean_difference(np.where(BOUGHT_BY_B, np.nan, NET_RETURN), BOUGHT_BY_A, BOUGHT_BY_B, TWO_STRETCHES)

    assert (found.mean_a, found.mean_b, found.difference) == (pytest.approx(0.03), None, None)
    assert found.text == ("Mean net return per signal cannot be compared: rules selected no signal with a closed "
                          "trade.")


@pytest.mark.parametrize(("world", "gain", "loss"), [
    (World(burst=1.0, market=2.0), 0.2, -0.1), (World(edge=0.333), 0.2, -0.1),
    (World(1_500, 540, 150, 0.03, burst=1.0, market=2.0), 1.0, -0.03),
], ids=["no skill", "edge", "doublings"])
def test_interval_of_the_mean_difference_holds_the_truth(world: World, gain: float, loss: float) -> None:
    rng, covered = np.random.default_rng(4), 0
    for _ in range(300):
        won, is_a, is_b, decided_at, true = draw(world, rng)
        found = mean_difference(np.where(won == 1, gain, loss), is_a, is_b, decided_at)
        covered += found.low <= true * (gain - loss) <= found.high

    assert covered / 300 >= 0.93 - 2 * (0.93 * 0.07 / 300) ** 0.5


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
