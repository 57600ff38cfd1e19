"""All weight vectors of the search, and which of them are the same vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP, MAXIMUM, TOTAL = 5, 50, 100


def all_weights(n_factors: int = 6, step: int = STEP, maximum: int = MAXIMUM) -> np.ndarray:
    """Return every vector of weights in percent that sums to 100, int64, shape (n_vectors, n_factors), sorted.

    Each weight is 0, step, 2 step ... maximum.

    Examples
    --------
    >>> all_weights().shape, all_weights(2).tolist()
    ((41118, 6), [[50, 50]])
    """
    vectors = np.zeros((1, 0), dtype=np.int64)
    levels = np.arange(0, maximum + 1, step)
    for place in range(n_factors):
        vectors = np.column_stack([np.repeat(vectors, len(levels), axis=0), np.tile(levels, len(vectors))])
        rest = TOTAL - vectors.sum(axis=1)
        vectors = vectors[(rest >= 0) & (rest <= maximum * (n_factors - place - 1))]
    return vectors[vectors.sum(axis=1) == TOTAL]


@dataclass(frozen=True, slots=True, eq=False)
class DistinctWeights:
    """Weight vectors that rank differently, once each.

    units : int64, shape (n_distinct, n_factors), in the order of the grid; 0 for factors that are not available.
    vector_of_grid : position in `units` of each vector of the grid; -1 where nothing is left.
    """

    units: np.ndarray
    vector_of_grid: np.ndarray

    def percent(self) -> np.ndarray:
        """Return the vectors rescaled to sum 100."""
        return TOTAL * self.units / self.units.sum(axis=1, keepdims=True)


def distinct_weights(grid: np.ndarray, available: np.ndarray) -> DistinctWeights:
    """Return the vectors of a grid that differ once the factors without data weigh nothing.

    grid : int64, shape (n_vectors, n_factors). available : bool, shape (n_factors,).
    Vectors in proportion to each other give the same order of options and are one vector: the first of them.

    Examples
    --------
    >>> found = distinct_weights(np.array([[10, 5, 5], [4, 2, 14], [0, 0, 20]]), np.array([True, True, False]))
    >>> found.units.tolist(), found.vector_of_grid.tolist()
    ([[10, 5, 0]], [0, 0, -1])
    """
    kept = np.where(available, grid, 0)
    divisor = np.gcd.reduce(kept, axis=1)
    reduced = kept // np.maximum(divisor, 1)[:, None]
    _, first, group = np.unique(reduced, axis=0, return_index=True, return_inverse=True)
    # Neighbours in the order of the grid share their first weights, which the kernel uses.
    order = np.argsort(np.where(divisor[first] > 0, first, len(grid)))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    order = order[divisor[first[order]] > 0]
    position = place[group.reshape(-1)]
    return DistinctWeights(np.ascontiguousarray(kept[first[order]]), np.where(divisor > 0, position, -1))
