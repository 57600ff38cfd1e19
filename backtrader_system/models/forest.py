"""Random forests: scikit-learn's trees, bit for bit, without its per-fit overhead.

A forest of 50 trees on 250 rows spends most of its time in validation, cloning and bookkeeping around the tree
builder. Here the same compiled builder is called directly, with the same bootstrap draws and the same seeds. That
interface is private to scikit-learn, so the first use in a process compares both ways on a small sample; if the
interface is missing or one bit differs, scikit-learn itself is used from then on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

_LOG = logging.getLogger(__name__)
_SAMPLE_ROWS, _SAMPLE_FEATURES = 40, 4


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest in scikit-learn's words; everything else has scikit-learn's default.

    max_features : a share of the features in (0, 1], or "sqrt".
    """

    is_classifier: bool
    n_estimators: int
    max_depth: int
    min_samples_leaf: int
    max_features: str | float
    seed: int


def fit_predict(forest: Forest, features: np.ndarray, label: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return what a forest trained on `features` and `label` predicts for `rows`.

    features : float32, shape (n_train, n_features), finite. label : shape (n_train,); 0 and 1 for a classifier.
    rows : float32, shape (n_rows, n_features), finite.
    Returns: float64, shape (n_rows,); the probability of 1 for a classifier, the value for a regressor. NaN from a
        classifier that saw one class only: it has learnt nothing that could be called a probability.
    """
    if forest.is_classifier and label.min() == label.max():
        return np.full(len(rows), np.nan)
    if is_direct_fit_exact():
        return _direct(forest, features, label, rows)
    return _plain(forest, features, label, rows)


@cache
def is_direct_fit_exact() -> bool:
    """Return whether the direct way gives scikit-learn's own bits in this process; asked once."""
    stream = np.random.default_rng(0)
    features = stream.standard_normal((_SAMPLE_ROWS, _SAMPLE_FEATURES)).astype(np.float32)
    rows = stream.standard_normal((5, _SAMPLE_FEATURES)).astype(np.float32)
    label = features[:, 0] + stream.standard_normal(_SAMPLE_ROWS)
    try:
        for forest in (Forest(True, 3, 4, 1, "sqrt", 5), Forest(False, 3, 4, 2, 1.0, 5)):
            y = (label > 0).astype(float) if forest.is_classifier else label
            if _direct(forest, features, y, rows).tobytes() != _plain(forest, features, y, rows).tobytes():
                _LOG.warning("the direct forest differs from scikit-learn's; using scikit-learn, which is slower")
                return False
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        _LOG.warning("scikit-learn's tree builder has changed (%s); using scikit-learn, which is slower", error)
        return False
    return True


def _plain(forest: Forest, features: np.ndarray, label: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    parameters = {
        "n_estimators": forest.n_estimators, "max_depth": forest.max_depth, "random_state": forest.seed,
        "min_samples_leaf": forest.min_samples_leaf, "max_features": forest.max_features, "n_jobs": 1,
    }
    if forest.is_classifier:
        return RandomForestClassifier(**parameters).fit(features, label).predict_proba(rows)[:, 1]
    return RandomForestRegressor(**parameters).fit(features, label).predict(rows)


def _direct(forest: Forest, features: np.ndarray, label: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from sklearn.tree._criterion import MSE, Gini
    from sklearn.tree._splitter import BestSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    n_rows, n_features = features.shape
    target = np.ascontiguousarray(label, dtype=np.float64).reshape(-1, 1)
    n_classes = np.array([2 if forest.is_classifier else 1], dtype=np.intp)
    split_features = _split_features(forest.max_features, n_features)
    leaf = forest.min_samples_leaf
    total = np.zeros((len(rows), int(n_classes[0])))
    for weight, seed in _bootstrap(forest.seed, forest.n_estimators, n_rows):
        criterion = Gini(1, n_classes) if forest.is_classifier else MSE(1, n_rows)
        splitter = BestSplitter(criterion, split_features, leaf, 0.0, seed, None)
        tree = Tree(n_features, n_classes, 1)
        builder = DepthFirstTreeBuilder(splitter, max(2, 2 * leaf), leaf, 0.0, forest.max_depth, 0.0)
        builder.build(tree, features, target, weight, None)
        total += tree.predict(rows).reshape(total.shape)
    return total[:, -1] / forest.n_estimators


def _split_features(max_features: str | float, n_features: int) -> int:
    share = np.sqrt(n_features) if max_features == "sqrt" else float(max_features) * n_features
    return max(1, int(share))


class _FixedSeed:
    """Stands in for a RandomState from which the splitter draws once: its own seed."""

    __slots__ = ("seed",)

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def randint(self, low: Any, high: Any = None) -> int:
        return self.seed


@lru_cache(maxsize=64)
def _bootstrap(seed: int, n_estimators: int, n_rows: int) -> tuple[tuple[np.ndarray, _FixedSeed], ...]:
    """Return each tree's row weights (how often a row was drawn) and splitter seed, as scikit-learn draws them.

    They depend on the number of rows only, not on the data, so a rolling window of fixed length draws once.
    """
    largest = np.iinfo(np.int32).max
    forest_stream = np.random.RandomState(seed)
    tree_seeds = [forest_stream.randint(largest) for _ in range(n_estimators)]
    draws = []
    for tree_seed in tree_seeds:
        drawn = np.random.RandomState(tree_seed).randint(0, n_rows, n_rows)
        weight = np.bincount(drawn, minlength=n_rows).astype(np.float64)
        draws.append((weight, _FixedSeed(np.random.RandomState(tree_seed).randint(0, largest))))
    return tuple(draws)
