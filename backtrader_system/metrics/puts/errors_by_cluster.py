"""Errors of means, shares and differences where options of one expiry and of one underlying go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from backtrader_system.metrics.conviction.proportions import score_interval
from backtrader_system.metrics.puts.sample import MIN_CLUSTERS, EvidenceSample


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How often each cluster is drawn in each bootstrap sample; drawn once, so that all figures share the luck.

    counts : shape (n_samples, n_clusters), rows sum to n_clusters.

    Examples
    --------
    >>> resampling(np.random.default_rng(1), n_clusters=12, n_samples=5).counts.sum(axis=1).tolist()
    [12.0, 12.0, 12.0, 12.0, 12.0]
    """

    counts: np.ndarray
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, the ends of its interval and the p-value against `null`; NaN where there is none.

    Examples
    --------
    >>> Estimate(0.6, 0.5, 0.7, 0.04).value
    0.6
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    p_value: float = float("nan")


def resampling(
    rng: np.random.Generator, *, n_clusters: int, n_samples: int, confidence: float = 0.95
) -> Resampling:
    """Return clusters drawn with replacement, as many as there are."""
    share = np.full(max(n_clusters, 1), 1 / max(n_clusters, 1))
    return Resampling(rng.multinomial(max(n_clusters, 1), share, size=n_samples).astype(float), confidence)


def clustered_variance(residual: np.ndarray, sample: EvidenceSample) -> float:
    """Return the variance of a statistic whose linearised residuals of each row are given, shape (n,).

    By expiry months, and with 10 underlyings or more also by these: V(month) + V(underlying) - V(month and underlying),
    Cameron, Gelbach and Miller (2011), eq. 2.11, never below V(month). Each part is G / (G - 1) * sum of squared sums.
    """
    by_month = _part(residual, sample.cluster, sample.n_clusters)
    if not sample.is_two_way:
        return by_month
    both = np.unique(sample.cluster * sample.n_underlyings + sample.underlying, return_inverse=True)[1]
    by_stock = _part(residual, sample.underlying, sample.n_underlyings)
    return max(by_month, by_month + by_stock - _part(residual, both, int(both.max()) + 1))


def t_quantile(sample: EvidenceSample, confidence: float) -> float:
    """Return the two-sided Student t quantile, one degree of freedom fewer than the fewer clusters."""
    fewest = min(sample.n_clusters, sample.n_underlyings) if sample.is_two_way else sample.n_clusters
    return float(stdtrit(fewest - 1, 0.5 + confidence / 2))


def ratio_estimate(
    numerator: np.ndarray, denominator: np.ndarray, residual: np.ndarray, sample: EvidenceSample,
    draws: Resampling, *, null: float = 0.0
) -> Estimate:
    """Return sum(numerator) / sum(denominator) over clusters with its bootstrap-t interval and p-value.

    numerator, denominator : sums of each cluster, shape (n_clusters,). residual : of rows, see `clustered_variance`.
    Interval: value +- q * error, q the quantile of |t*| over resampled clusters, t* = (value* - value) / error* (Efron
    and Tibshirani 1993, ch. 12.5, symmetric); t* by clusters alone, the error also by underlyings. Its p-value is the
    share of |t*| that reach |value - null| / error, so that both agree. Below 10 clusters with a denominator: none.
    """
    total = denominator.sum()
    if total == 0:
        return Estimate(float("nan"))
    value = float(numerator.sum() / total)
    variance = clustered_variance(residual, sample)
    if sample.why_no_error or np.count_nonzero(denominator) < MIN_CLUSTERS or not variance > 1e-24:
        return Estimate(value)
    weight = draws.counts
    drawn = weight @ denominator
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (weight @ numerator) / drawn
        squares = (weight @ numerator**2 - 2 * values * (weight @ (numerator * denominator))
                   + values**2 * (weight @ denominator**2)) / drawn**2
    return from_draws(value, variance, values, squares, draws, sample.n_clusters, null)


def from_draws(
    value: float, variance: float, values: np.ndarray, squares: np.ndarray, draws: Resampling, n_clusters: int,
    null: float
) -> Estimate:
    """Return the bootstrap-t estimate from resampled values and their sums of squared cluster residuals."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(squares, 0) * n_clusters / (n_clusters - 1))
        t = np.abs(values - value) / error
    t = t[~np.isnan(t)]
    reach = float(np.quantile(t, draws.confidence, method="higher"))
    own = abs(value - null) / np.sqrt(variance)
    p_value = (1 + np.count_nonzero(t >= own)) / (1 + len(t))
    half = reach * np.sqrt(variance) if np.isfinite(reach) else float("nan")
    return Estimate(value, value - half, value + half, float(p_value))


def mean_estimate(
    value: np.ndarray, weight: np.ndarray, sample: EvidenceSample, draws: Resampling, *, null: float = 0.0
) -> Estimate:
    """Return the weighted mean of `value`, shape (n,), with its interval; rows with NaN are left out."""
    weight = np.where(np.isnan(value), 0.0, weight)
    known = np.where(weight > 0, value, 0.0)
    numerator = np.bincount(sample.cluster, weight * known, sample.n_clusters)
    denominator = np.bincount(sample.cluster, weight, sample.n_clusters)
    if denominator.sum() == 0:
        return Estimate(float("nan"))
    mean = numerator.sum() / denominator.sum()
    return ratio_estimate(numerator, denominator, weight * (known - mean) / denominator.sum(), sample, draws, null=null)


def share_estimate(is_in: np.ndarray, sample: EvidenceSample, confidence: float) -> Estimate:
    """Return the worthless share of the rows marked, with a Wilson interval for clustered rows.

    Korn and Graubard (1998): the score interval at n / (design effect) and a t quantile of clusters - 1 degrees of
    freedom. Design effect: variance by clusters over that of independent options, at least 1; where all outcomes of
    the rows are alike it is that of all options, for as many a month. Below 10 months among the rows: no interval.
    """
    part = sample.part(is_in)
    n = len(part.worthless)
    if n == 0:
        return Estimate(float("nan"))
    rate = float(part.worthless.mean())
    if part.why_no_error:
        return Estimate(rate)
    effective = n / max(_design_effect(part, sample), 1.0)
    critical = t_quantile(part, confidence)
    return Estimate(rate, *score_interval(rate * effective, effective, critical))


def _design_effect(part: EvidenceSample, sample: EvidenceSample) -> float:
    rate, n = part.worthless.mean(), len(part.worthless)
    if 0 < rate < 1:
        return clustered_variance((part.worthless - rate) / n, part) / (rate * (1 - rate) / n)
    overall = sample.worthless.mean()
    if overall in (0, 1):
        return n / part.n_clusters
    whole = clustered_variance((sample.worthless - overall) / len(sample.worthless), sample)
    inflation = whole / (overall * (1 - overall) / len(sample.worthless))
    return 1 + max(inflation - 1, 0.0) * (_mean_size(part) - 1) / max(_mean_size(sample) - 1, 1e-9)


def _mean_size(sample: EvidenceSample) -> float:
    sizes = np.bincount(sample.cluster)
    return float((sizes**2).sum() / sizes.sum())


def _part(residual: np.ndarray, group: np.ndarray, n_groups: int) -> float:
    sums = np.bincount(group, residual, n_groups)
    return float(n_groups / max(n_groups - 1, 1) * (sums @ sums))
