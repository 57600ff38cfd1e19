"""Intervals: Wilson for shares, the stationary bootstrap for series that depend on their past."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from backtrader_system.metrics.returns import DAYS_PER_YEAR, rate_per_period

_CELLS_AT_ONCE = 500_000


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a share, in [0, 1]; None without trials.

    Wilson (1927). Trials are taken as independent; trades that overlap in time are not, so the true interval is
    wider. The usual p +- 1.96 sqrt(p (1 - p) / n) fails for few trials and at 0 and 1.

    Examples
    --------
    >>> [round(end, 2) for end in wilson_interval(6, 9)]
    [0.35, 0.88]
    """
    if trials == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    denominator = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / denominator
    half = z * (share * (1 - share) / trials + z**2 / (4 * trials**2)) ** 0.5 / denominator
    # At the ends the formula gives exactly 0 and 1; rounding would miss them.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return low, high


def default_block(n_sessions: int) -> int:
    """Return the mean block of the bootstrap where none is set: the cube root of the sessions, at least 1."""
    return max(round(n_sessions ** (1 / 3)), 1)


def stationary_bootstrap_rows(
    n_sessions: int, n_samples: int, mean_block: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield row numbers of resampled series, shape (some, n_sessions); together `n_samples` of them.

    Politis and Romano (1994): blocks start at a random session and have geometric lengths of mean `mean_block`;
    the series is closed to a circle, so every session is drawn equally often. The same generator state gives the
    same rows. In parts, so that memory does not grow with `n_samples`.
    """
    part = max(_CELLS_AT_ONCE // n_sessions, 1)
    columns = np.arange(n_sessions)
    for done in range(0, n_samples, part):
        shape = (min(part, n_samples - done), n_sessions)
        starts_block = rng.random(shape) < 1 / mean_block
        starts_block[:, 0] = True
        first = rng.integers(0, n_sessions, shape)
        block = np.maximum.accumulate(np.where(starts_block, columns, 0), axis=1)
        yield (np.take_along_axis(first, block, axis=1) + columns - block) % n_sessions


def bootstrap_statistics(
    returns: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    n_samples: int,
    mean_block: float,
    rng: np.random.Generator,
    periods_per_year: int = 252,
    risk_free_rate: float = 0.0,
    days: int,
) -> dict[str, np.ndarray]:
    """Return bootstrap samples of statistics of session returns, each of shape (n_samples,).

    returns, baseline : fractions > -1, shape (n_sessions,), of the same sessions. A resampled series takes the same
        sessions from both, so that the difference keeps what the two have in common.
    days : calendar days of the period, for the growth rate.
    Keys: mean_return (per session), sharpe_ratio (annualised; NaN where a resampled series does not vary),
        total_return, cagr; with a baseline also excess_mean_return (annual, arithmetic), excess_total_return and
        excess_sharpe_ratio.
    """
    series = np.vstack([returns] if baseline is None else [returns, baseline]).astype(float)
    n_sessions = series.shape[1]
    hurdle = rate_per_period(risk_free_rate, periods_per_year)
    parts = [
        _moments(series, rows)
        for rows in stationary_bootstrap_rows(n_sessions, n_samples, mean_block, rng)
    ]
    mean, deviation, growth = (np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        sharpe = np.where(deviation > 1e-12, (mean - hurdle) / deviation, np.nan) * periods_per_year**0.5
    total = np.expm1(growth)
    samples = {
        "mean_return": mean[0], "sharpe_ratio": sharpe[0], "total_return": total[0],
        "cagr": np.expm1(growth[0] * DAYS_PER_YEAR / days),
    }
    if baseline is not None:
        samples |= {
            "excess_mean_return": (mean[0] - mean[1]) * periods_per_year,
            "excess_total_return": total[0] - total[1],
            "excess_sharpe_ratio": sharpe[0] - sharpe[1],
        }
    return samples


def percentile_interval(samples: np.ndarray, confidence: float) -> tuple[float, float] | None:
    """Return the central `confidence` share of the finite samples; None if there is none."""
    finite = samples[np.isfinite(samples)]
    if finite.size == 0:
        return None
    low, high = np.quantile(finite, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def _moments(series: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, deviation (ddof 1) and log growth of the resampled series, each (n_series, n_samples)."""
    drawn = series[:, rows]
    logs = np.log1p(series)[:, rows]
    return drawn.mean(axis=2), drawn.std(axis=2, ddof=1), logs.sum(axis=2)
