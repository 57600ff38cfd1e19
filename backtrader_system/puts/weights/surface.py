"""How the area under the curve moves with the weight of one factor, and of two."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from backtrader_system.puts.weights.evidence import FACTOR_NAMES
from backtrader_system.puts.weights.search import SearchResult


def weight_surface(found: SearchResult) -> pd.DataFrame:
    """Return best and mean area over all vectors that give one factor, or two, a certain weight.

    Returns: DataFrame factor_a, weight_a (percent), factor_b ("" for one factor), weight_b (NaN), best_auc, mean_auc,
        n_vectors; one factor first, pairs after it. Weights are those of the grid, before the weight of factors
        without data is given to the others; such factors are left out.
    """
    kept = np.flatnonzero(found.vector_of_grid >= 0)
    kept = kept[np.isfinite(found.auc[found.vector_of_grid[kept]])]
    grid, auc = found.grid[kept], found.auc[found.vector_of_grid[kept]]
    used = [place for place in range(grid.shape[1]) if len(kept) and found.units[:, place].any()]
    parts = [_levels(grid, auc, (place,)) for place in used]
    parts += [_levels(grid, auc, pair) for pair in combinations(used, 2)]
    columns = ["factor_a", "weight_a", "factor_b", "weight_b", "best_auc", "mean_auc", "n_vectors"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _levels(grid: np.ndarray, auc: np.ndarray, places: tuple[int, ...]) -> pd.DataFrame:
    levels, group = np.unique(grid[:, places], axis=0, return_inverse=True)
    group = group.reshape(-1)
    best = np.full(len(levels), -np.inf)
    np.maximum.at(best, group, auc)
    count = np.bincount(group)
    has_two = len(places) == 2
    return pd.DataFrame({
        "factor_a": FACTOR_NAMES[places[0]], "weight_a": levels[:, 0].astype(float),
        "factor_b": FACTOR_NAMES[places[1]] if has_two else "",
        "weight_b": levels[:, 1].astype(float) if has_two else np.nan,
        "best_auc": best, "mean_auc": np.bincount(group, weights=auc) / count, "n_vectors": count,
    })
