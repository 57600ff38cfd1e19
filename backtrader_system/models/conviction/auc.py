"""Area under the ROC curve with an interval for signals that share their weeks, alone or as a paired difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.clusters import cluster_variance
from backtrader_system.metrics.conviction.distributions import student_t_quantile


@dataclass(frozen=True, slots=True)
class AucEstimate:
    """An AUC, or the difference of two on the same rows, with a 95 % interval; NaN where it is not defined.

    Examples
    --------
    >>> AucEstimate(0.7, 0.6, 0.8, 12).value
    0.7
    """

    value: float
    low: float
    high: float
    n_clusters: int


def area_under_curve(label: np.ndarray, score: np.ndarray) -> float:
    """Return the share of pairs of a winner and a loser in which the winner scores higher, ties half; NaN without any.

    Examples
    --------
    >>> area_under_curve(np.array([0.0, 1.0, 0.0]), np.array([0.1, 0.3, 0.3]))
    0.75
    """
    if len(label) == 0 or label.min() == label.max():
        return float("nan")
    return _auc_and_residual(label, score)[0]


def auc_estimate(
    label: np.ndarray, score: np.ndarray, cluster: np.ndarray, other: np.ndarray | None = None
) -> AucEstimate:
    """Return the AUC of `score`, or AUC(score) - AUC(other), with a cluster-robust interval.

    label : 0 and 1, shape (n_rows,). score, other : finite. cluster : whole numbers; rows of one cluster may depend on
    each other in any way, rows of different clusters do not.
    Variance: DeLong, DeLong and Clarke-Pearson (1988) components summed within clusters (Obuchowski 1997), Student t
    with clusters - 1 degrees of freedom. With every row its own cluster it is DeLong's, up to G / (G - 1). An AUC of
    exactly 0 or 1 and fewer than two clusters have no interval (NaN); below ten clusters it is a rough one.
    """
    if len(label) == 0 or label.min() == label.max():
        return AucEstimate(float("nan"), float("nan"), float("nan"), len(np.unique(cluster)))
    value, residual = _auc_and_residual(label, score)
    if other is not None:
        other_value, other_residual = _auc_and_residual(label, other)
        value, residual = value - other_value, residual - other_residual
    variance, n_clusters = cluster_variance(residual, cluster)
    if not variance > 0:
        return AucEstimate(value, float("nan"), float("nan"), n_clusters)
    reach = student_t_quantile(0.975, n_clusters - 1) * variance**0.5
    floor = 0.0 if other is None else -1.0
    return AucEstimate(value, max(value - reach, floor), min(value + reach, 1.0), n_clusters)


def months(decided_at: np.ndarray) -> np.ndarray:
    """Return the calendar month of instants as whole numbers."""
    return decided_at.astype("M8[M]").astype(np.int64)


def _auc_and_residual(label: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the AUC and what each row adds to its deviation, by ranks within all rows less ranks within the class."""
    is_one = label == 1
    rank_all = pd.Series(score).rank().to_numpy()
    within = np.empty(len(score))
    for rows in (is_one, ~is_one):
        within[rows] = pd.Series(score[rows]).rank().to_numpy()
    n_ones, n_zeros = int(is_one.sum()), int((~is_one).sum())
    beaten = np.where(is_one, (rank_all - within) / n_zeros, 1 - (rank_all - within) / n_ones)
    value = float(beaten[is_one].mean())
    return value, (beaten - value) / np.where(is_one, n_ones, n_zeros)
