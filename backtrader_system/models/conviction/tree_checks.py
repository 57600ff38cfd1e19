"""Are the trees of a loaded model trees? A node that points outside, or back, would crash or hang the prediction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backtrader_system.errors import DataError


def require_sound_trees(estimator: Any, n_features: int, where: str) -> None:
    """Refuse scikit-learn trees whose nodes point to no later node, or to a feature that does not exist.

    Raises
    ------
    DataError
        Names the file and what was found.
    """
    for left, right, feature, is_leaf in _trees(estimator):
        own = np.arange(len(left))
        inner = ~is_leaf
        children = np.stack([left, right])[:, inner]
        if len(left) == 0 or (children <= own[inner]).any() or (children >= len(left)).any():
            raise DataError(f"{where}: refused; a tree has nodes that point to no later node of the tree")
        if ((feature < 0) | (feature >= n_features))[inner].any():
            raise DataError(f"{where}: refused; a tree asks for a category, or for a feature beyond the {n_features} "
                            "of the manifest")


def _trees(item: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield left, right, feature and is_leaf of every tree inside an estimator, a list or an array of them."""
    if isinstance(item, list | tuple) or (isinstance(item, np.ndarray) and item.dtype == object):
        for part in np.asarray(item, dtype=object).ravel() if isinstance(item, np.ndarray) else item:
            yield from _trees(part)
        return
    nodes = getattr(item, "nodes", None)
    if isinstance(nodes, np.ndarray) and nodes.dtype.names:
        # Our features are numbers; the bit sets that categories point to are not checked, so they are refused.
        feature = np.where(nodes["is_categorical"] == 1, -1, nodes["feature_idx"].astype(np.int64))
        yield nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), feature, nodes["is_leaf"].astype(bool)
    tree = vars(item).get("tree_") if hasattr(item, "__dict__") else None
    if tree is not None:
        yield tree.children_left, tree.children_right, tree.feature, tree.children_left == -1
    for name in ("_predictors", "estimators_", "estimator", "calibrated_classifiers_", "steps"):
        if hasattr(item, "__dict__") and name in vars(item):
            yield from _trees(vars(item)[name])
