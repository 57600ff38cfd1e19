"""Whether scores rank winners above losers: AUC with its interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.clusters import cluster_variance
from backtrader_system.metrics.conviction.distributions import normal_quantile, student_t_quantile
from backtrader_system.metrics.figure import Figure, missing

MIN_CLUSTERS = 10       # with fewer stretches of time no error can be told from them
NAMES = ("auc", "auc_low", "auc_high")


def auc_figures(
    won: np.ndarray,
    score: np.ndarray,
    cluster: np.ndarray | None = None,
    *,
    confidence: float = 0.95,
    min_clusters: int = MIN_CLUSTERS,
) -> dict[str, Figure]:
    """Return auc, the chance that a winner is scored above a loser (ties half), with auc_low and auc_high.

    won : 0 or 1. score : numbers of the same length, any scale; NaN in either leaves the signal out. cluster : whole
        numbers, as of `time_clusters`; None takes signals as independent.
    Interval on the scale of log(auc / (1 - auc)), which keeps it within 0 and 1. Error: DeLong, DeLong and Clarke-
    Pearson (1988); with clusters the same placements summed by cluster, as Obuchowski (1997), at a Student t quantile.

    Examples
    --------
    >>> auc_figures(np.array([1.0, 0, 1, 0]), np.array([0.9, 0.1, 0.4, 0.6]))["auc"].value
    0.75
    """
    is_used = ~np.isnan(won) & ~np.isnan(score)
    won, score = won[is_used] > 0.5, score[is_used]
    n_won, n_lost = int(won.sum()), int((~won).sum())
    if n_won == 0 or n_lost == 0:
        return dict.fromkeys(NAMES, missing("all known outcomes are alike" if len(won) else "no scored known outcome"))
    placement = _placements(won, score)
    auc = float(placement[won].mean())
    if cluster is None:
        error, critical, fault = _delong_error(won, placement), normal_quantile(0.5 + confidence / 2), None
    else:
        error, critical, fault = _cluster_error(won, placement, auc, cluster[is_used], confidence, min_clusters)
    if fault:
        return {"auc": Figure(auc), "auc_low": missing(fault), "auc_high": missing(fault)}
    return _with_interval(auc, error, critical)


def auc_within(
    won: np.ndarray,
    score: np.ndarray,
    stratum: np.ndarray,
    *,
    confidence: float = 0.95,
    min_clusters: int = MIN_CLUSTERS,
) -> dict[str, Figure]:
    """Return auc_figures of pairs within a stratum only: a winner against the losers of its own stratum.

    won, score : as of `auc_figures`. stratum : shape (n_signals,), such as the month whose model gave the score; NaN
        leaves the signal out, and so does a stratum without a winner or without a loser.
    Models that are trained anew each month follow the last win rate with the level of their scores. Pairs across
    months then compare these levels: without any skill the AUC of all pairs is not 0.5, that within months is.
    Formula: U = sum of C_s / sum of P_s over strata, C_s the pairs of stratum s in which the winner scores higher, ties
        half, P_s all its pairs of winner and loser. Interval as `auc_figures` with the strata as clusters and residuals
        (C_s - U P_s) / sum of P_s.

    Examples
    --------
    >>> won, stratum = np.array([1.0, 0, 1, 0]), np.array([1, 1, 2, 2])
    >>> auc_within(won, np.array([0.2, 0.1, 0.7, 0.8]), stratum)["auc"].value
    0.5
    """
    number = pd.factorize(np.asarray(stratum))[0]
    is_used = ~np.isnan(won) & ~np.isnan(score) & (number >= 0)
    if not is_used.any():
        return dict.fromkeys(NAMES, missing("no scored known outcome"))
    ordered, pairs = _pairs_by_stratum(won[is_used] > 0.5, score[is_used], number[is_used])
    if len(pairs) == 0:
        return dict.fromkeys(NAMES, missing("no stratum has both winners and losers"))
    auc = float(ordered.sum() / pairs.sum())
    needed = max(min_clusters, 2)
    if len(pairs) < needed:
        few = missing(f"{len(pairs)} strata with winners and losers; an interval needs {needed}")
        return {"auc": Figure(auc), "auc_low": few, "auc_high": few}
    variance, n_strata = cluster_variance((ordered - auc * pairs) / pairs.sum(), np.arange(len(pairs)))
    return _with_interval(auc, math.sqrt(variance), student_t_quantile(0.5 + confidence / 2, n_strata - 1))


def area_under_curve(won: np.ndarray, score: np.ndarray) -> float:
    """Return the chance that a winner is scored above a loser, ties half; NaN where all are alike.

    won : 0 or 1. score : finite.

    Examples
    --------
    >>> area_under_curve(np.array([0.0, 1.0, 0.0]), np.array([0.1, 0.3, 0.3]))
    0.75
    """
    is_winner = np.asarray(won) > 0.5
    if is_winner.all() or not is_winner.any():
        return math.nan
    return float(_placements(is_winner, np.asarray(score, dtype=float))[is_winner].mean())


def auc_difference(
    won: np.ndarray, score: np.ndarray, other: np.ndarray, cluster: np.ndarray, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return AUC(score) - AUC(other) on the same signals and the ends of its interval; NaN where not defined.

    won : 0 or 1. score, other : finite. cluster : whole numbers, see `time_clusters`. The placements of DeLong, DeLong
    and Clarke-Pearson (1988) are summed by cluster, as Obuchowski (1997); Student t with clusters - 1 degrees of
    freedom. Below `MIN_CLUSTERS` there is no interval.
    """
    is_winner = np.asarray(won) > 0.5
    if is_winner.all() or not is_winner.any():
        return math.nan, math.nan, math.nan
    first, second = (_placements(is_winner, np.asarray(one, dtype=float)) for one in (score, other))
    placement = first - second
    difference = float(first[is_winner].mean()) - float(second[is_winner].mean())
    error, critical, fault = _cluster_error(is_winner, placement, difference, cluster, confidence, MIN_CLUSTERS)
    if fault or not error > 0:
        return difference, math.nan, math.nan
    return difference, max(difference - critical * error, -1.0), min(difference + critical * error, 1.0)


def _placements(won: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return for each signal the share of the other kind that it is on the right side of, ties half."""
    overall = pd.Series(score).rank().to_numpy()
    placement = np.empty(len(score))
    placement[won] = (overall[won] - pd.Series(score[won]).rank().to_numpy()) / (~won).sum()
    placement[~won] = 1 - (overall[~won] - pd.Series(score[~won]).rank().to_numpy()) / won.sum()
    return placement


def _delong_error(won: np.ndarray, placement: np.ndarray) -> float:
    parts = [np.var(placement[rows], ddof=1) / rows.sum() if rows.sum() > 1 else np.nan for rows in (won, ~won)]
    return float(np.sqrt(sum(parts)))


def _cluster_error(
    won: np.ndarray, placement: np.ndarray, auc: float, cluster: np.ndarray, confidence: float, min_clusters: int
) -> tuple[float, float, str | None]:
    residual = (placement - auc) / np.where(won, won.sum(), (~won).sum())
    variance, n_clusters = cluster_variance(residual, cluster)
    if n_clusters < min_clusters:
        return math.nan, math.nan, f"{n_clusters} stretches of time; an interval needs {min_clusters}"
    return math.sqrt(variance), student_t_quantile(0.5 + confidence / 2, n_clusters - 1), None


def _pairs_by_stratum(won: np.ndarray, score: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return C_s and P_s of `auc_within` for the strata that have pairs; from rank sums, Mann and Whitney (1947)."""
    rank = pd.Series(score).groupby(number).rank().to_numpy()
    n_won, n_all = np.bincount(number, weights=won), np.bincount(number)
    ordered = np.bincount(number, weights=rank * won) - n_won * (n_won + 1) / 2
    pairs = n_won * (n_all - n_won)
    return ordered[pairs > 0], pairs[pairs > 0]


def _with_interval(auc: float, error: float, critical: float) -> dict[str, Figure]:
    fault = _degenerate(auc, error)
    if fault:
        return {"auc": Figure(auc), "auc_low": missing(fault), "auc_high": missing(fault)}
    centre, half = math.log(auc / (1 - auc)), critical * error / (auc * (1 - auc))
    low, high = (_inverse_logit(end) for end in (centre - half, centre + half))
    return {"auc": Figure(auc), "auc_low": Figure(low), "auc_high": Figure(high)}


def _inverse_logit(value: float) -> float:
    # An AUC of nearly 1 has a huge error on this scale; exp would overflow.
    return 1 / (1 + math.exp(-min(max(value, -700.0), 700.0)))


def _degenerate(auc: float, error: float) -> str | None:
    if not math.isfinite(error):
        return "fewer than two winners or losers"
    if not 0 < auc < 1:
        return "winners and losers are wholly separated"
    return "the scores give no error to measure" if error == 0 else None
