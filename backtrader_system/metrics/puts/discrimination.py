"""AUC of all options, and of pairs of one expiry only, with bootstrap intervals by month of expiry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.errors_by_cluster import (
    Estimate,
    Resampling,
    clustered_variance,
    from_draws,
    ratio_estimate,
)
from backtrader_system.metrics.puts.sample import EvidenceSample


def auc_estimate(score: np.ndarray, sample: EvidenceSample, draws: Resampling) -> Estimate:
    """Return the chance that a worthless option has a higher score than an assigned one, ties half.

    score : shape (n,), finite, any scale.
    Interval and p-value (against 0.5): bootstrap-t over months of expiry. A resample of whole months needs only the
    counts C[g, h] of pairs, worthless of month g above assigned of month h: AUC* = w'Cw / (w'n1)(w'n0), Mann and
    Whitney (1947), exact for every resample. Errors: DeLong's placements summed by cluster, Obuchowski (1997).
    """
    won = sample.worthless > 0.5
    n_won, n_lost = int(won.sum()), int((~won).sum())
    if n_won == 0 or n_lost == 0 or np.ptp(score) == 0:
        return Estimate(0.5 if n_won and n_lost else float("nan"))
    placement = placements(won, score)
    auc = float(placement[won].mean())
    residual = (placement - auc) / np.where(won, n_won, n_lost)
    variance = clustered_variance(residual, sample)
    if sample.why_no_error or not variance > 1e-24:
        return Estimate(auc)
    values, squares = _resampled(pair_counts(won, score, sample.cluster, sample.n_clusters), sample, won, draws)
    return _bounded(from_draws(auc, variance, values, squares, draws, sample.n_clusters, 0.5))


def auc_within_expiry(score: np.ndarray, sample: EvidenceSample, draws: Resampling) -> Estimate:
    """Return the AUC of pairs whose two options expire on the same day: sum of C_s / sum of P_s over expiry dates.

    The level of scores and the luck of a month cancel. NaN where no expiry date has both outcomes.
    """
    coefficient = ranks_within(score, sample)
    size = np.bincount(sample.stratum, minlength=sample.n_strata).astype(float)
    if len(size) == 0:
        return Estimate(float("nan"))
    mean = (np.bincount(sample.stratum, sample.worthless, sample.n_strata) / size)[sample.stratum]
    rank_mean = ((size + 1) / 2)[sample.stratum]
    centred = sample.worthless - mean
    # Rank sums: sum of (rank - mean rank) (y - mean y) is C_s - P_s / 2, and n_s * sum of (y - mean y)^2 is P_s.
    pairs = size[sample.stratum] * centred**2
    half = (coefficient - rank_mean) * centred
    total = pairs.sum()
    if total == 0:
        return Estimate(float("nan"))
    value = 0.5 + half.sum() / total
    numerator, denominator = (np.bincount(sample.cluster, part, sample.n_clusters)
                              for part in (half + 0.5 * pairs, pairs))
    residual = (half - (value - 0.5) * pairs) / total
    return _bounded(ratio_estimate(numerator, denominator, residual, sample, draws, null=0.5))


def ranks_within(score: np.ndarray, sample: EvidenceSample) -> np.ndarray:
    """Return the rank of each option among those of its expiry date, from 1, ties at their mean; shape (n,)."""
    return pd.Series(score).groupby(sample.stratum).rank().to_numpy()


def mean_ranks(value: np.ndarray) -> np.ndarray:
    """Return ranks from 1, equal values at their mean rank; shape (n,)."""
    return pd.Series(value).rank().to_numpy()


def placements(won: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return for each option the share of the other outcome that it is on the right side of, ties half; shape (n,)."""
    overall = mean_ranks(score)
    placement = np.empty(len(score))
    placement[won] = (overall[won] - mean_ranks(score[won])) / (~won).sum()
    placement[~won] = 1 - (overall[~won] - mean_ranks(score[~won])) / won.sum()
    return placement


def pair_counts(won: np.ndarray, score: np.ndarray, cluster: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return C[g, h], the pairs in which a worthless option of g scores above an assigned one of h, ties half."""
    lost_score, lost_cluster = score[~won], cluster[~won]
    order = np.argsort(lost_score, kind="stable")
    # below[k, h]: assigned options of cluster h among the k lowest scores.
    below = np.zeros((len(order) + 1, n_clusters))
    below[np.arange(1, len(order) + 1), lost_cluster[order]] = 1
    np.cumsum(below, axis=0, out=below)
    ends = [np.searchsorted(lost_score[order], score[won], side) for side in ("left", "right")]
    counts = np.zeros((n_clusters, n_clusters))
    for number in range(n_clusters):
        is_in = cluster[won] == number
        counts[number] = sum(below[end[is_in]].sum(axis=0) for end in ends) / 2
    return counts


def _resampled(
    counts: np.ndarray, sample: EvidenceSample, won: np.ndarray, draws: Resampling
) -> tuple[np.ndarray, np.ndarray]:
    """Return AUC* and the sum of squared cluster residuals of every resample."""
    weight = draws.counts
    winners = np.bincount(sample.cluster[won], minlength=sample.n_clusters).astype(float)
    losers = np.bincount(sample.cluster[~won], minlength=sample.n_clusters).astype(float)
    n_won, n_lost = (weight @ winners)[:, None], (weight @ losers)[:, None]
    above, beaten = weight @ counts.T, weight @ counts      # of winners of g over all losers; of losers of g
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (above * weight).sum(axis=1, keepdims=True) / (n_won * n_lost)
        residual = (above - value * winners * n_lost + beaten - value * losers * n_won) / (n_won * n_lost)
    return value[:, 0], (weight * residual**2).sum(axis=1)


def _bounded(estimate: Estimate) -> Estimate:
    return Estimate(estimate.value, max(estimate.low, 0.0) if estimate.low == estimate.low else estimate.low,
                    min(estimate.high, 1.0) if estimate.high == estimate.high else estimate.high, estimate.p_value)
