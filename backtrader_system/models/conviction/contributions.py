"""What each feature adds to a signal's log-odds: exact Shapley values where a library has them, else permutation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.models.conviction.estimators import Estimator, HistogramTrees, LightgbmTrees, one_thread

EXACT_LIGHTGBM = "exact Shapley values of the margin (LightGBM pred_contrib)"
EXACT_SHAP = "exact Shapley values of the margin (shap TreeExplainer, path dependent)"
PERMUTATION = "change of the margin when one feature is shuffled among these signals (mean of 10 shuffles, seed 0)"
_SHUFFLES = 10


@dataclass(frozen=True, slots=True)
class Contributions:
    """Contributions in log-odds of the raw margin, before calibration.

    values : DataFrame, shape (n_rows, n_features). base : the margin without any feature. method : how, in words.
    For Shapley values base + sum of a row = its margin; for permutation that does not hold.

    Examples
    --------
    >>> Contributions(pd.DataFrame({"mention_count": [0.2]}), -3.0, "by hand").base
    -3.0
    """

    values: pd.DataFrame
    base: float
    method: str


def contributions_of(
    estimator: Estimator, values: np.ndarray, features: Sequence[str], index: pd.Index
) -> Contributions:
    """Return the contributions of each row. values : float64, shape (n_rows, n_features).

    Exact for LightGBM, and for histogram boosting where the extra `explain` is installed; otherwise by permutation,
    which depends on the rows given together and needs at least two of them.
    """
    names = list(features)
    if len(values) == 0:
        nothing = pd.DataFrame(np.zeros((0, len(names))), columns=names, index=index)
        return Contributions(nothing, float("nan"), PERMUTATION)
    if isinstance(estimator, LightgbmTrees):
        added, base, method = _with_base_column(estimator.contributions(values), EXACT_LIGHTGBM)
    elif isinstance(estimator, HistogramTrees) and _shap() is not None:
        added, base, method = _by_shap(estimator, values)
    else:
        added, base, method = _by_permutation(estimator, values)
    return Contributions(pd.DataFrame(added, columns=names, index=index), base, method)


def _with_base_column(table: np.ndarray, method: str) -> tuple[np.ndarray, float, str]:
    return table[:, :-1], float(table[0, -1]), method


def _by_shap(estimator: HistogramTrees, values: np.ndarray) -> tuple[np.ndarray, float, str]:
    with one_thread():
        explainer = _shap().TreeExplainer(estimator.classifier, feature_perturbation="tree_path_dependent")
        added = np.asarray(explainer.shap_values(values, check_additivity=False), dtype=float)
    return added, float(np.ravel(explainer.expected_value)[0]), EXACT_SHAP


def _by_permutation(estimator: Estimator, values: np.ndarray) -> tuple[np.ndarray, float, str]:
    rng = np.random.default_rng(0)
    margin = estimator.margin(values)
    added = np.zeros(values.shape)
    for column in range(values.shape[1]):
        shuffled = np.tile(values, (_SHUFFLES, 1))
        shuffled[:, column] = np.concatenate([rng.permutation(values[:, column]) for _ in range(_SHUFFLES)])
        added[:, column] = margin - estimator.margin(shuffled).reshape(_SHUFFLES, -1).mean(axis=0)
    return added, float(margin.mean()), PERMUTATION


def _shap() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)          # of shap's own plots, which are not used
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap
    except ImportError:
        return None
    return shap
