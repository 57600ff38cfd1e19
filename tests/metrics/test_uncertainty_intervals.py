"""Wilson intervals and the stationary bootstrap against published values and closed formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backtrader_system.metrics.uncertainty import (
    bootstrap_statistics,
    default_block,
    percentile_interval,
    stationary_bootstrap_rows,
    wilson_interval,
)


def rows_of(n_sessions: int, n_samples: int, mean_block: float, seed: int = 1) -> np.ndarray:
    return np.concatenate(list(
        stationary_bootstrap_rows(n_sessions, n_samples, mean_block, np.random.default_rng(seed))))


@pytest.mark.parametrize(("wins", "trades"), [(6, 9), (0, 5), (5, 5), (40, 100)])
def test_wilson_interval_equals_that_of_scipy(wins: int, trades: int) -> None:
    expected = stats.binomtest(wins, trades).proportion_ci(0.90, method="wilson")

    assert wilson_interval(wins, trades, 0.90) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_six_of_nine_is_no_evidence_against_one_half() -> None:
    low, high = wilson_interval(6, 9)

    assert (round(low, 2), round(high, 2)) == (0.35, 0.88)
    assert wilson_interval(0, 0) is None


@given(st.integers(1, 500), st.integers(0, 500))
def test_wilson_interval_holds_the_share_and_stays_in_zero_one(trades: int, wins: int) -> None:
    wins = min(wins, trades)
    low, high = wilson_interval(wins, trades)

    assert 0 <= low <= wins / trades <= high <= 1


def test_blocks_have_the_asked_mean_length_and_every_session_is_drawn_equally_often() -> None:
    rows = rows_of(100, 20_000, 5.0)

    continues = np.mean((rows[:, 1:] - rows[:, :-1]) % 100 == 1)
    counts = np.bincount(rows.ravel(), minlength=100) / rows.size

    # A block goes on with 1 - 1/5; a new one follows on by chance once in 100.
    assert continues == pytest.approx(0.8 + 0.2 / 100, abs=0.002)
    assert counts == pytest.approx(np.full(100, 0.01), rel=0.05)
    assert rows.shape == (20_000, 100)


def test_deviation_of_the_mean_follows_the_formula_of_politis_and_romano() -> None:
    # Var(mean*) = (R(0) + 2 sum b(i) R(i)) / n, with R the circular autocovariance of the sample;
    # b(i) = (1 - i/n) (1 - p)^i for lag i, both directions of the circle together.
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.01, 200)
    returns = np.array([noise[0], *(noise[i] + 0.6 * noise[i - 1] for i in range(1, 200))])
    n, p = 200, 1 / 8
    centred = returns - returns.mean()
    covariance = [np.mean(centred * np.roll(centred, -lag)) for lag in range(n)]
    variance = (covariance[0] + 2 * sum((1 - lag / n) * (1 - p) ** lag * covariance[lag] for lag in range(1, n))) / n

    samples = bootstrap_statistics(
        returns, n_samples=40_000, mean_block=8, rng=np.random.default_rng(2), days=290)

    assert samples["mean_return"].std() == pytest.approx(math.sqrt(variance), rel=0.02)
    assert samples["mean_return"].std() > 1.2 * returns.std() / math.sqrt(n)     # what a plain bootstrap would say


def test_statistics_of_a_sample_are_those_of_the_drawn_sessions() -> None:
    returns = np.random.default_rng(8).normal(0.001, 0.01, 30)
    baseline = np.random.default_rng(9).normal(0.0, 0.01, 30)
    drawn = rows_of(30, 50, 3.0, seed=4)[7]

    samples = bootstrap_statistics(
        returns, baseline, n_samples=50, mean_block=3.0, rng=np.random.default_rng(4), days=400,
        risk_free_rate=0.03)

    ours, theirs = returns[drawn], baseline[drawn]
    hurdle = 1.03 ** (1 / 252) - 1
    sharpe = (ours.mean() - hurdle) / ours.std(ddof=1) * math.sqrt(252)
    their_sharpe = (theirs.mean() - hurdle) / theirs.std(ddof=1) * math.sqrt(252)
    assert samples["sharpe_ratio"][7] == pytest.approx(sharpe)
    assert samples["total_return"][7] == pytest.approx(np.prod(1 + ours) - 1)
    assert samples["cagr"][7] == pytest.approx(np.prod(1 + ours) ** (365.25 / 400) - 1)
    assert samples["excess_mean_return"][7] == pytest.approx((ours - theirs).mean() * 252)
    assert samples["excess_total_return"][7] == pytest.approx(np.prod(1 + ours) - np.prod(1 + theirs))
    assert samples["excess_sharpe_ratio"][7] == pytest.approx(sharpe - their_sharpe)


def test_drawing_in_parts_changes_nothing_about_the_number_of_samples() -> None:
    # 3,000 sessions and 400 samples are more than is drawn at once.
    assert rows_of(3_000, 400, 10.0).shape == (400, 3_000)


def test_shuffled_returns_have_no_spread_but_resampled_ones_do() -> None:
    # A permutation cannot change a Sharpe ratio; some libraries call its rounding an uncertainty.
    returns = np.random.default_rng(0).normal(0.0005, 0.01, 600)

    samples = bootstrap_statistics(
        returns, n_samples=2_000, mean_block=default_block(600), rng=np.random.default_rng(1), days=870)

    low, high = percentile_interval(samples["sharpe_ratio"], 0.95)
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(252 / 600), rel=0.15)


def test_default_block_is_the_cube_root() -> None:
    assert (default_block(252), default_block(1_000), default_block(1)) == (6, 10, 1)


def test_interval_leaves_out_what_is_not_finite() -> None:
    assert percentile_interval(np.array([np.nan, 1.0, 1.0]), 0.9) == (1.0, 1.0)
    assert percentile_interval(np.array([np.nan]), 0.9) is None
