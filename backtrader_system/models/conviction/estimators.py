"""The two learners: scikit-learn's histogram boosting and LightGBM, each on one thread.

Both return log-odds ("margins"). Early stopping looks at rows that the caller chose, later than the training rows,
never at a random part. One thread, so that sums of floats have one order: same rows, same bits, on any machine load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Protocol

import numpy as np

from backtrader_system.errors import SettingsError
from backtrader_system.settings.conviction import ConvictionModelSettings

_MAX_BINS = 63       # a few hundred signals do not tell more levels apart; four times as fast as 255


class Estimator(Protocol):
    """Whatever gives log-odds of winning. values : float64, shape (n_rows, n_features); margin : shape (n_rows,)."""

    kind: str

    def margin(self, values: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class HistogramTrees:
    """A fitted HistGradientBoostingClassifier.

    Examples
    --------
    >>> HistogramTrees.kind
    'hist_gradient_boosting'
    """

    classifier: Any
    kind = "hist_gradient_boosting"

    def margin(self, values: np.ndarray) -> np.ndarray:
        with one_thread():
            return self.classifier.decision_function(values)


@dataclass(frozen=True, slots=True)
class LightgbmTrees:
    """A fitted LightGBM model as its own text, so that a model file holds no foreign type.

    Examples
    --------
    >>> LightgbmTrees.kind
    'lightgbm'
    """

    text: str
    kind = "lightgbm"

    def margin(self, values: np.ndarray) -> np.ndarray:
        return _booster(self.text).predict(values, raw_score=True, num_threads=1)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Return exact Shapley values of the margin, shape (n_rows, n_features + 1); the last column is the base."""
        return _booster(self.text).predict(values, pred_contrib=True, num_threads=1)


def fit(settings: ConvictionModelSettings, values: np.ndarray, label: np.ndarray, n_rounds: int) -> Estimator:
    """Return a model of exactly `n_rounds` trees. values : float64, NaN for unknown. label : 0 and 1, both present."""
    values = without_empty_columns(values)
    if settings.learner == "lightgbm":
        return LightgbmTrees(_train_lightgbm(settings, values, label, n_rounds).model_to_string())
    with one_thread():
        return HistogramTrees(_histogram_classifier(settings, n_rounds).fit(values, label))


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """Where early stopping stopped: the best round and the margins of other rows at that round.

    is_judged : False where no rows could judge and the number of rounds is fixed.

    Examples
    --------
    >>> EarlyStop(12, np.array([-2.0])).n_rounds
    12
    """

    n_rounds: int
    margin: np.ndarray
    is_judged: bool = True


def stop_early(
    settings: ConvictionModelSettings, values: np.ndarray, label: np.ndarray, judge_values: np.ndarray,
    judge_label: np.ndarray, other_values: np.ndarray,
) -> EarlyStop:
    """Return the round, at least 1, with the smallest log-loss on the judging rows, and the other rows' margins there.

    Training ends when `early_stopping_rounds` rounds in a row have not bettered the loss on the judging rows.
    """
    values = without_empty_columns(values)
    if settings.learner == "lightgbm":
        booster = _train_lightgbm(settings, values, label, settings.n_estimators, (judge_values, judge_label))
        n_rounds = max(booster.best_iteration, 1)
        if len(other_values) == 0:
            return EarlyStop(n_rounds, np.zeros(0))
        return EarlyStop(n_rounds, booster.predict(other_values, raw_score=True, num_iteration=n_rounds, num_threads=1))
    with one_thread():
        classifier = _histogram_classifier(
            settings, settings.n_estimators, n_iter_no_change=settings.early_stopping_rounds, early_stopping=True,
            scoring="loss", tol=0.0)
        classifier.fit(values, label, X_val=judge_values, y_val=judge_label)
        n_rounds = max(int(np.argmax(classifier.validation_score_)), 1)     # scores are minus the loss; [0] is no tree
        if len(other_values) == 0:
            return EarlyStop(n_rounds, np.zeros(0))
        staged = classifier.staged_decision_function(other_values)
        return EarlyStop(n_rounds, next(islice(staged, n_rounds - 1, None)).ravel())


def without_empty_columns(values: np.ndarray) -> np.ndarray:
    """Return the values with 0 in columns that are NaN throughout: scikit-learn cannot bin them, and no tree splits."""
    is_empty = np.isnan(values).all(axis=0)
    return np.where(is_empty, 0.0, values) if is_empty.any() else values


@contextmanager
def one_thread() -> Iterator[None]:
    """Let compiled loops use one thread inside the body."""
    with _thread_pools().limit(limits=1, user_api="openmp"):
        yield


@cache
def _thread_pools() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: F401 - loads the libraries to be limited
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _histogram_classifier(settings: ConvictionModelSettings, n_rounds: int, **early: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**({"early_stopping": False} | early), **{
        "max_iter": n_rounds, "learning_rate": settings.learning_rate, "max_depth": settings.max_depth,
        "max_leaf_nodes": None, "min_samples_leaf": settings.min_samples_leaf, "max_bins": _MAX_BINS,
        "l2_regularization": settings.l2_regularization, "random_state": settings.seed,
    })


def _train_lightgbm(
    settings: ConvictionModelSettings, values: np.ndarray, label: np.ndarray, n_rounds: int,
    judge: tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    lightgbm = import_lightgbm()
    parameters = {
        "objective": "binary", "learning_rate": settings.learning_rate, "max_depth": settings.max_depth,
        "num_leaves": min(2**settings.max_depth, 131_072), "min_data_in_leaf": settings.min_samples_leaf,
        "lambda_l2": settings.l2_regularization, "max_bin": _MAX_BINS, "seed": settings.seed, "num_threads": 1,
        "deterministic": True, "force_row_wise": True, "verbosity": -1, "feature_pre_filter": False,
    }
    data = lightgbm.Dataset(values, label)
    if judge is None:
        return lightgbm.train(parameters, data, n_rounds)
    stop = lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False)
    return lightgbm.train(parameters, data, n_rounds, valid_sets=[data.create_valid(*judge)], callbacks=[stop])


def import_lightgbm() -> Any:
    """Return the module lightgbm.

    Raises
    ------
    SettingsError
        If it is not installed, naming the extra, or does not load, naming the system library it needs.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise SettingsError("classifier.learner was 'lightgbm', which is not installed; install the extra `ml` "
                            "(pip install 'backtrader-system[ml]') or set learner: hist_gradient_boosting") from error
    except OSError as error:
        raise SettingsError(f"lightgbm is installed but does not load ({error}); it needs the system library libgomp "
                            "(Debian: apt-get install libgomp1), or set learner: hist_gradient_boosting") from error
    return lightgbm


@lru_cache(maxsize=64)
def _booster(text: str) -> Any:
    return import_lightgbm().Booster(model_str=text)
