"""Whether probabilities can be taken at their word."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.clusters import cluster_variance
from backtrader_system.metrics.conviction.distributions import normal_quantile, student_t_quantile
from backtrader_system.metrics.conviction.proportions import score_interval
from backtrader_system.metrics.conviction.ranking import MIN_CLUSTERS, auc_figures, auc_within
from backtrader_system.metrics.figure import Figure, missing

N_BINS = 10
_NULL_SAMPLES, _NULL_CELLS = 2_000, 20_000_000     # of large samples fewer; their percentile varies little
_MOST_ITERATIONS = 50
_LOGIT_LIMIT = 13.8      # a probability of one in a million; beyond it a logit says nothing
_SLOPE_NAMES = ("calibration_slope", "calibration_slope_low", "calibration_slope_high", "calibration_intercept",
                "calibration_intercept_low", "calibration_intercept_high")


def calibration_figures(
    won: np.ndarray,
    probability: np.ndarray,
    cluster: np.ndarray | None = None,
    *,
    stratum: np.ndarray | None = None,
    confidence: float = 0.95,
    n_bins: int = N_BINS,
    seed: int = 42,
) -> dict[str, Figure]:
    """Return how good and how honest out-of-sample probabilities of winning were.

    won : 1.0, 0.0, NaN. probability : in [0, 1], NaN leaves the signal out. cluster : as of `time_clusters`.
        stratum : what one model scored, such as the month; auc is then that of pairs within a stratum (`auc_within`).
    Returns: n; brier, the mean of (probability - won)^2, Brier (1950); brier_skill, 1 - brier / that of the sample's
        own win rate, 0 without skill, below 0 worse than a constant; expected_calibration_error over equally large bins
        and its 95th percentile were every probability right (it is biased upwards, so only a value above that
        percentile says anything); slope and intercept of the logistic regression of won on log(p / (1 - p)), Cox
        (1958): 1 and 0 when calibrated, slope below 1 when too extreme, by clusters where they are given; auc with its
        interval.

    Examples
    --------
    >>> figures = calibration_figures(np.array([1.0, 0.0, 0.0, 0.0]), np.full(4, 0.25))
    >>> figures["brier"].value, figures["brier_skill"].value
    (0.1875, 0.0)
    """
    won, probability = np.asarray(won, dtype=float), np.asarray(probability, dtype=float)
    is_used = ~np.isnan(won) & ~np.isnan(probability)
    won, probability = won[is_used], probability[is_used]
    cluster = None if cluster is None else np.asarray(cluster)[is_used]
    n = len(won)
    names = ("brier", "brier_skill", "expected_calibration_error", "expected_calibration_error_null_p95", *_SLOPE_NAMES)
    if stratum is None:
        ranking = auc_figures(won, probability, cluster, confidence=confidence)
    else:
        ranking = auc_within(won, probability, np.asarray(stratum)[is_used], confidence=confidence)
    if n == 0:
        return {"n": Figure(0)} | dict.fromkeys(names, missing("no scored known outcome")) | ranking
    brier, constant = float(np.mean((probability - won) ** 2)), float(np.var(won))
    error, null = _calibration_error(won, probability, n_bins, np.random.default_rng(seed))
    return {
        "n": Figure(n), "brier": Figure(brier),
        "brier_skill": Figure(1 - brier / constant) if constant > 0 else missing("all known outcomes are alike"),
        "expected_calibration_error": Figure(error), "expected_calibration_error_null_p95": Figure(null),
    } | _slope_figures(won, probability, cluster, confidence) | ranking


def reliability_table(
    won: np.ndarray, probability: np.ndarray, n_bins: int = N_BINS, confidence: float = 0.95
) -> pd.DataFrame:
    """Return one row per bin of equally many signals, lowest probability first.

    Columns: bin (from 1), n, lowest, highest (probability), mean_probability, winners, win_rate, low, high (Wilson).
    Equal probabilities may fall into two bins. Fewer bins than asked where there are fewer signals.

    Examples
    --------
    >>> reliability_table(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.8, 0.9]), 2)["win_rate"].tolist()
    [0.5, 1.0]
    """
    is_used = ~np.isnan(won) & ~np.isnan(probability)
    won, probability = won[is_used], probability[is_used]
    order = np.argsort(probability, kind="stable")
    critical = normal_quantile(0.5 + confidence / 2)
    rows = []
    for number, part in enumerate(np.array_split(order, max(min(n_bins, len(won)), 1)), start=1):
        if len(part):
            winners = int(won[part].sum())
            rows.append((number, len(part), probability[part].min(), probability[part].max(), probability[part].mean(),
                         winners, winners / len(part), *score_interval(winners, len(part), critical)))
    return pd.DataFrame(rows, columns=[
        "bin", "n", "lowest", "highest", "mean_probability", "winners", "win_rate", "low", "high"])


def _calibration_error(
    won: np.ndarray, probability: np.ndarray, n_bins: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the mean gap of win rate and probability over bins, weighted by size, and its null 95th percentile."""
    order = np.argsort(probability, kind="stable")
    n, n_bins = len(won), min(n_bins, len(won))
    starts = np.cumsum([0] + [len(part) for part in np.array_split(order, n_bins)[:-1]])

    def error(outcome: np.ndarray) -> np.ndarray:
        return np.abs(np.add.reduceat(outcome - probability[order], starts, axis=-1)).sum(axis=-1) / n

    # In parts: 2,000 samples of 100,000 signals would take gigabytes.
    n_samples, part = min(max(_NULL_CELLS // n, 200), _NULL_SAMPLES), max(2_000_000 // n, 1)
    null = [error((rng.random((min(part, n_samples - done), n)) < probability[order]).astype(float))
            for done in range(0, n_samples, part)]
    return float(error(won[order])), float(np.quantile(np.concatenate(null), 0.95))


def _slope_figures(
    won: np.ndarray, probability: np.ndarray, cluster: np.ndarray | None, confidence: float
) -> dict[str, Figure]:
    with np.errstate(divide="ignore"):
        logit = np.clip(np.log(probability) - np.log1p(-probability), -_LOGIT_LIMIT, _LOGIT_LIMIT)
    if np.ptp(logit) < 1e-9 or np.ptp(won) == 0:
        return dict.fromkeys(_SLOPE_NAMES, missing("probabilities or outcomes do not vary"))
    design = np.column_stack([logit, np.ones(len(won))])
    coefficient, information = _fit_logistic(design, won)
    if coefficient is None:
        return dict.fromkeys(_SLOPE_NAMES, missing("winners and losers are wholly separated"))
    point = {name: Figure(float(value)) for name, value in zip(_SLOPE_NAMES[::3], coefficient, strict=True)}
    n_clusters = len(np.unique(cluster)) if cluster is not None else None
    if n_clusters is not None and n_clusters < MIN_CLUSTERS:
        few = missing(f"{n_clusters} stretches of time; an interval needs {MIN_CLUSTERS}")
        return point | {f"{name}_{end}": few for name in point for end in ("low", "high")}
    errors, critical = _coefficient_errors(design, won, coefficient, information, cluster, confidence)
    reach = dict(zip(point, critical * errors, strict=True))
    return point | {f"{name}_{end}": Figure(float(figure.value + sign * reach[name]))
                    for name, figure in point.items() for end, sign in (("low", -1), ("high", 1))}


def _fit_logistic(design: np.ndarray, won: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return coefficients of slope and intercept by Newton's method, and the information matrix; None if they run off.

    A step that lowers the likelihood is halved: from extreme probabilities the full step may overshoot.
    """
    coefficient, information = np.zeros(2), np.eye(2)
    for _ in range(_MOST_ITERATIONS):
        fitted = _logistic(design @ coefficient)
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return None, information
        step = np.linalg.solve(information, design.T @ (won - fitted))
        size, before = 1.0, _log_likelihood(design @ coefficient, won)
        while size > 1e-4 and _log_likelihood(design @ (coefficient + size * step), won) < before:
            size /= 2
        coefficient = coefficient + size * step
        if np.max(np.abs(size * step)) < 1e-10:
            return coefficient, information
    return None, information


def _coefficient_errors(
    design: np.ndarray, won: np.ndarray, coefficient: np.ndarray, information: np.ndarray,
    cluster: np.ndarray | None, confidence: float,
) -> tuple[np.ndarray, float]:
    """Return standard errors, by clusters where they are given, and the critical value that goes with them."""
    inverse = np.linalg.inv(information)
    if cluster is None:
        return np.sqrt(np.diag(inverse)), normal_quantile(0.5 + confidence / 2)
    influence = (design * (won - _logistic(design @ coefficient))[:, None]) @ inverse
    variances = [cluster_variance(column, cluster)[0] for column in influence.T]
    return np.sqrt(variances), student_t_quantile(0.5 + confidence / 2, len(np.unique(cluster)) - 1)


def _logistic(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(value, -700, 700)))


def _log_likelihood(linear: np.ndarray, won: np.ndarray) -> float:
    return float(np.sum(won * linear - np.logaddexp(0, linear)))
