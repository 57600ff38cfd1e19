"""Signals of the same weeks share the market: variance from stretches of time instead of single signals."""

from __future__ import annotations

import numpy as np
import pandas as pd


def instants(values: object) -> np.ndarray:
    """Return instants as datetime64[ns] in UTC; aware ones are converted, naive ones taken as UTC.

    Raises: ValueError if an instant is missing.
    """
    index = pd.DatetimeIndex(pd.to_datetime(values, utc=True))
    if index.hasnans:
        raise ValueError(f"{int(index.isna().sum())} of {len(index)} instants of decision are missing; "
                         "drop these signals first")
    return index.tz_localize(None).to_numpy("datetime64[ns]")


def time_clusters(decided_at: object, days: int) -> np.ndarray:
    """Return the number of the stretch of `days` calendar days, from the first instant on, shape (n_signals,).

    Take the label horizon or more: signals further apart than it share no session of their outcomes.

    Examples
    --------
    >>> time_clusters(["2024-01-01", "2024-01-30", "2024-02-01"], 30).tolist()
    [0, 0, 1]
    """
    at = instants(decided_at)
    if len(at) == 0:
        return np.zeros(0, dtype=np.int64)
    return (at - at.min()) // np.timedelta64(days, "D")


def month_clusters(decided_at: np.ndarray) -> np.ndarray:
    """Return the calendar month of instants (datetime64) as whole numbers."""
    return decided_at.astype("M8[M]").astype(np.int64)


def cluster_variance(residual: np.ndarray, cluster: np.ndarray) -> tuple[float, int]:
    """Return the variance of a statistic whose linearised residuals sum to 0, and the number G of clusters.

    residual : what each row adds to the statistic's deviation, shape (n,). cluster : whole numbers, shape (n,).
    Formula: G / (G - 1) times the sum over clusters of (sum of residuals)^2; Binder (1983), Liang and Zeger (1986).
    Use it with a Student t quantile of G - 1 degrees of freedom. NaN below two clusters.

    Examples
    --------
    >>> variance, n_clusters = cluster_variance(np.array([0.1, 0.1, -0.2]), np.array([0, 0, 1]))
    >>> round(variance, 3), n_clusters
    (0.16, 2)
    """
    _, number = np.unique(cluster, return_inverse=True)
    sums = np.bincount(number, weights=residual)
    n_clusters = len(sums)
    if n_clusters < 2:
        return float("nan"), n_clusters
    return float(n_clusters / (n_clusters - 1) * np.sum(sums**2)), n_clusters


def rate_difference_residual(won: np.ndarray, is_a: np.ndarray, is_b: np.ndarray) -> np.ndarray:
    """Return the linearised residuals of win rate of A minus win rate of B, shape (n_signals,).

    won : 0 or 1. is_a, is_b : bool; a signal may be in both, then its outcome cancels where A and B are equally large.
    """
    in_a, in_b = is_a / is_a.sum(), is_b / is_b.sum()
    return in_a * (won - won[is_a].mean()) - in_b * (won - won[is_b].mean())


def shared_correlation(won: np.ndarray, cluster: np.ndarray) -> tuple[float, int]:
    """Return how much outcomes of one stretch of time go together, in [0, 1], and the number of stretches.

    Kish (1965): a stretch of m signals varies 1 + (m - 1) * correlation times as much as m independent ones; here the
    correlation that explains the cluster-robust variance of the win rate, m the mean size seen by a signal. 0 where
    outcomes do not vary or no stretch has two signals: nothing can be estimated then.

    Examples
    --------
    >>> shared_correlation(np.array([1.0, 1, 0, 0, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    (1.0, 4)
    """
    _, sizes = np.unique(cluster, return_counts=True)
    rate = won.mean() if len(won) else 0.0
    independent = rate * (1 - rate) / max(len(won), 1)
    size = float((sizes**2).sum() / sizes.sum()) if len(sizes) else 0.0
    if independent == 0 or len(sizes) < 2 or size <= 1:
        return 0.0, len(sizes)
    variance, n_clusters = cluster_variance((won - rate) / len(won), cluster)
    return min(max((variance / independent - 1) / (size - 1), 0.0), 1.0), n_clusters
