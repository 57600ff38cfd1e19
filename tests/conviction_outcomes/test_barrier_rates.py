"""Hit rates of luck, against the arithmetic of the domain and against paths without drift."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.metrics.conviction.barriers import break_even_hit_rate, zero_skill_hit_rate


def test_rates_of_two_percent_and_a_doubling():
    assert zero_skill_hit_rate(0.02, 1.0) == pytest.approx(2 / 102, abs=1e-15)
    assert break_even_hit_rate(0.02, 1.0, 0.006) == pytest.approx(3.2 / 102, abs=1e-15)
    assert break_even_hit_rate(0.02, 1.0) == pytest.approx(zero_skill_hit_rate(0.02, 1.0), abs=1e-15)


def test_a_trade_at_the_break_even_rate_earns_nothing():
    rate = break_even_hit_rate(0.1, 0.25, 0.004)
    assert rate * (0.25 - 0.008) == pytest.approx((1 - rate) * (0.1 + 0.008), abs=1e-15)


@pytest.mark.parametrize("distances", [(0.0, 1.0), (0.02, 0.0), (-0.1, 1.0), (float("nan"), 1.0)])
def test_impossible_distances_are_refused(distances):
    with pytest.raises(ValueError, match="above 0"):
        zero_skill_hit_rate(*distances)


@pytest.mark.parametrize(("stop", "target"), [(2, 30), (10, 20)])
def test_coin_tosses_meet_the_target_as_often(stop, target):
    """A price that moves by one percent of the entry, up or down, meets its levels exactly."""
    rng, n_paths = np.random.default_rng(1), 20_000
    price, is_open = np.zeros(n_paths, dtype=int), np.ones(n_paths, dtype=bool)
    while is_open.any():
        price[is_open] += rng.choice([-1, 1], is_open.sum())
        is_open = (price > -stop) & (price < target)
    rate = zero_skill_hit_rate(stop / 100, target / 100)
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
