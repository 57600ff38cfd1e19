"""Hit rates of luck, against the arithmetic of the domain and against paths without drift."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.metrics.conviction.barriers import break_even_hit_rate, zero_skill_hit_rate


def test_rates_of_two_percent_and_a_doubling():
    assert zero_skill_hit_rate(0.02, 1.0) == pytest.approx(2 / 102, abs=1e-15)
    assert zero_skill_hit_rate(0.02, 1.0, 0.005) == pytest.approx(0.0151 / 1.0251, abs=1e-15)
    assert break_even_hit_rate(0.02, 1.0) == pytest.approx(zero_skill_hit_rate(0.02, 1.0), abs=1e-15)


def test_a_trade_at_the_break_even_rate_earns_nothing():
    """Bought for 100 at a market price of 99.5025, sold 10 % below or 25 % above, each side at its cost."""
    paid = 100.0 * 1.002
    stopped, reached = (level * (1 - 0.005) * (1 - 0.002) - paid for level in (90.0, 125.0))
    rate = break_even_hit_rate(0.1, 0.25, 0.005, 0.002)
    assert rate * reached + (1 - rate) * stopped == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("stop", "target", "zero_skill", "break_even"), [
    (0.02, 1.0, 0.0147, 0.0265), (0.10, 0.20, 0.317, 0.357), (0.05, 0.08, 0.346, 0.439),
])
def test_rates_at_fifty_points_of_slippage_and_ten_of_commission(stop, target, zero_skill, break_even):
    assert zero_skill_hit_rate(stop, target, 0.005) == pytest.approx(zero_skill, abs=5e-4)
    assert break_even_hit_rate(stop, target, 0.005, 0.001) == pytest.approx(break_even, abs=5e-4)


def test_a_stop_above_the_market_is_met_at_once():
    assert zero_skill_hit_rate(0.02, 1.0, 0.03) == 0.0      # 1.03 * 0.98 = 1.0094


@pytest.mark.parametrize("distances", [
    (0.0, 1.0), (0.02, 0.0), (-0.1, 1.0), (float("nan"), 1.0), (1.1, 1.0), (0.02, 1.0, -0.001), (0.02, 1.0, 1.0)])
def test_impossible_distances_are_refused(distances):
    with pytest.raises(ValueError, match="above 0"):
        zero_skill_hit_rate(*distances)


@pytest.mark.parametrize(("stop", "target", "fractions"), [
    (2, 30, (0.02, 0.30)), (10, 20, (0.10, 0.20)), (1, 32, (0.10, 0.20, 0.10)),     # 1.1 * 0.9 = 0.99, 1.1 * 1.2 = 1.32
], ids=["near stop", "far stop", "slippage"])
def test_coin_tosses_meet_the_target_as_often(stop, target, fractions):
    """A price that moves by one percent of the market's at entry, up or down, meets its levels exactly."""
    rng, n_paths = np.random.default_rng(1), 20_000
    price, is_open = np.zeros(n_paths, dtype=int), np.ones(n_paths, dtype=bool)
    while is_open.any():
        price[is_open] += rng.choice([-1, 1], is_open.sum())
        is_open = (price > -stop) & (price < target)
    rate = zero_skill_hit_rate(*fractions)
    assert (price >= target).mean() == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / n_paths))


@pytest.mark.nightly
def test_brownian_paths_meet_the_target_as_often():
    """Geometric Brownian motion without drift of the price, in steps of 0.1 %; levels are met a little late."""
    rng, n_paths, step = np.random.default_rng(2), 20_000, 0.001
    low, high, price = np.log(0.98), np.log(2.0), np.zeros(n_paths)
    n_hits, is_open = 0, n_paths
    while is_open:
        price += step * rng.standard_normal(is_open) - step**2 / 2
        n_hits += int((price >= high).sum())
        price = price[(price > low) & (price < high)]
        is_open = len(price)
    rate = zero_skill_hit_rate(0.02, 1.0)
    assert n_hits / n_paths == pytest.approx(rate, abs=4 * np.sqrt(rate / n_paths) + 0.03 * rate)
