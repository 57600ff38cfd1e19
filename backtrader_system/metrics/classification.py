"""How good predictions were, judged on labels that the models had not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from backtrader_system.metrics.figure import Figure, missing

JACKKNIFE_BLOCKS = 20


def classification_quality(label: np.ndarray, probability: np.ndarray, reference: np.ndarray) -> dict[str, Figure]:
    """Return how well probabilities foretold labels.

    label : 0 or 1. probability : in [0, 1], made before the label was known; above 0.5 it says 1. reference : the share
        of ones among the labels the model was trained on. Same length, no NaN.
    Returns: n; base_rate, the share of ones; accuracy; naive_accuracy, of one who always says the class that was
        commoner in training, as could be done without a model at the same moment; balanced_accuracy, the mean of the
        two classes' own accuracies, 0.5 for a constant; brier, the mean squared error of the probability; auc, the
        chance that a one is ranked above a zero, ties half.
    """
    n = len(label)
    if n == 0:
        reason = "no prediction whose label is known"
        return {"n": Figure(0), **dict.fromkeys(
            ("base_rate", "accuracy", "naive_accuracy", "balanced_accuracy", "brier", "auc"), missing(reason))}
    is_one = label > 0.5
    is_right = (probability > 0.5) == is_one
    figures = {
        "n": Figure(n), "base_rate": Figure(float(is_one.mean())), "accuracy": Figure(float(is_right.mean())),
        "naive_accuracy": Figure(float(((reference > 0.5) == is_one).mean())),
        "brier": Figure(float(np.mean((probability - label) ** 2))),
    }
    if is_one.all() or not is_one.any():
        alone = missing("all known labels are of one class")
        return {**figures, "balanced_accuracy": alone, "auc": alone}
    balanced = (is_right[is_one].mean() + is_right[~is_one].mean()) / 2
    return {**figures, "balanced_accuracy": Figure(float(balanced)), "auc": Figure(_auc(is_one, probability))}


def forecast_quality(label: np.ndarray, prediction: np.ndarray, reference: np.ndarray) -> dict[str, Figure]:
    """Return how well forecasts of a number foretold it.

    label, prediction : same length, no NaN; predictions made before the label was known. reference : what one would
        have said without a model at the same moment: the mean of the labels the model was trained on.
    Returns: n; r2 = 1 - sum (label - prediction)^2 / sum (label - reference)^2, at most 1 and below 0 where the
        model is worse than that mean; ic, Spearman's rank correlation of prediction and label.
    """
    n = len(label)
    if n == 0:
        nothing = missing("no prediction whose label is known")
        return {"n": Figure(0), "r2": nothing, "ic": nothing}
    unexplained = float(np.sum((label - reference) ** 2))
    r2 = (Figure(1.0 - float(np.sum((label - prediction) ** 2)) / unexplained) if unexplained > 0
          else missing("the labels do not vary"))
    ic = rank_correlation(prediction, label)
    return {"n": Figure(n), "r2": r2, "ic": Figure(ic) if np.isfinite(ic) else missing("nothing to rank")}


def rank_correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN if either side does not vary.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0])), 3)
    0.5
    """
    ranks = [_ranks(values) - (len(values) + 1) / 2 for values in (left, right)]
    scale = np.sqrt(np.sum(ranks[0] ** 2) * np.sum(ranks[1] ** 2))
    return float(np.sum(ranks[0] * ranks[1]) / scale) if scale > 0 else float("nan")


def rank_correlation_error(left: np.ndarray, right: np.ndarray, session: np.ndarray) -> float:
    """Return the standard error of the rank correlation, see `block_error`."""
    return block_error(lambda rows: rank_correlation(left[rows], right[rows]), session)


def mean_error(values: np.ndarray, session: np.ndarray) -> float:
    """Return the standard error of a mean, see `block_error`."""
    return block_error(lambda rows: float(values[rows].mean()), session)


def block_error(statistic: Callable[[np.ndarray], float], session: np.ndarray) -> float:
    """Return the standard error of a statistic by leaving out twenty stretches of time in turn.

    statistic : takes a mask of the rows to use. session : whole numbers, the time of each row. Rows of neighbouring
    sessions, and of one session's symbols, are not independent: the usual 1 / sqrt(n) would be far too small.
    Returns NaN if there are fewer than twenty sessions. Block jackknife: Kuensch (1989), Annals of Statistics 17.
    """
    distinct = np.unique(session)
    if len(distinct) < JACKKNIFE_BLOCKS:
        return float("nan")
    block = np.searchsorted(distinct, session) * JACKKNIFE_BLOCKS // len(distinct)
    without = np.array([statistic(block != number) for number in range(JACKKNIFE_BLOCKS)])
    spread = np.sum((without - without.mean()) ** 2)
    return float(np.sqrt((JACKKNIFE_BLOCKS - 1) / JACKKNIFE_BLOCKS * spread))


def _auc(is_one: np.ndarray, probability: np.ndarray) -> float:
    """Return the Mann-Whitney statistic over its largest value."""
    n_ones, n_zeros = int(is_one.sum()), int((~is_one).sum())
    rank_sum = float(_ranks(probability)[is_one].sum())
    return (rank_sum - n_ones * (n_ones + 1) / 2) / (n_ones * n_zeros)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, ties at their mean."""
    return pd.Series(values).rank().to_numpy()
