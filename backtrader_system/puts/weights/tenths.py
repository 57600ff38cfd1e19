"""Factors in whole tenths, so that scores are compared as whole numbers and ties are ties."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backtrader_system.errors import DataError

TENTHS = 10
HIGHEST = 1000               # a factor of 100
NEUTRAL = 500                # a row whose available factors all weigh nothing is neither good nor bad


@dataclass(frozen=True, slots=True, eq=False)
class RankedRows:
    """Factors of the rows that can be ranked, rounded to tenths, grouped by which factors they have.

    tenths : uint16, shape (n_factors, n_rows), 0 ... 1000, 0 where missing. worthless : bool, shape (n_rows,).
    pattern : int64, shape (n_rows,), rising: position in `patterns`. patterns : int64, shape (n_patterns, n_factors),
    1 where the rows have the factor. row : int64, the row's position in the input.
    """

    tenths: np.ndarray
    worthless: np.ndarray
    pattern: np.ndarray
    patterns: np.ndarray
    row: np.ndarray

    @property
    def available(self) -> np.ndarray:
        """Bool, shape (n_factors,): whether any row has the factor."""
        return self.patterns.any(axis=0)

    def segments(self) -> np.ndarray:
        """Return first and last position (excluded) of assigned and of worthless rows per pattern, shape (n, 3)."""
        edges = np.arange(len(self.patterns) + 1)
        start = np.searchsorted(self.pattern, edges)
        middle = [first + np.count_nonzero(~self.worthless[first:last])
                  for first, last in pairwise(start)]
        return np.column_stack([start[:-1], middle, start[1:]]).astype(np.int64)

    def scores(self, weights: np.ndarray) -> np.ndarray:
        """Return the exact score of every row in tenths, float64, shape (n_rows,).

        weights : whole numbers, shape (n_factors,). A row without a factor is judged by the weights it has; the
        quotient of two whole numbers is rounded correctly, so equal scores are equal floats.
        """
        weights = np.asarray(weights, dtype=np.int64)
        total = np.zeros(len(self.row), dtype=np.int64)
        for place, weight in enumerate(weights):
            if weight:
                total += weight * self.tenths[place]
        weighed = (self.patterns @ weights)[self.pattern]
        return np.where(weighed > 0, total / np.maximum(weighed, 1), float(NEUTRAL))


def ranked_rows(factors: np.ndarray, worthless: np.ndarray) -> RankedRows:
    """Return the rows with a known outcome and at least one factor, ready for the search.

    factors : float, shape (n, n_factors), 0 ... 100, NaN missing; rounded to tenths, halves to even.
    worthless : shape (n,), 1, 0 or NaN. Rows are sorted by pattern, assigned before worthless, then as given.
    Raises: DataError if a factor lies outside 0 ... 100.
    """
    factors, worthless = np.asarray(factors, dtype=float), np.asarray(worthless, dtype=float)
    outside = ((factors < 0) | (factors > HIGHEST / TENTHS)).any(axis=0)
    if outside.any():
        raise DataError(f"factors {np.flatnonzero(outside).tolist()} of the weight search reach from "
                        f"{np.nanmin(factors):g} to {np.nanmax(factors):g}; they must lie in 0 ... 100: normalise them")
    has_factor = np.isfinite(factors)
    row = np.flatnonzero(np.isfinite(worthless) & has_factor.any(axis=1))
    patterns, pattern = np.unique(has_factor[row].astype(np.int64), axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    order = np.lexsort((worthless[row], pattern))
    row = row[order]
    tenths = np.rint(np.where(has_factor[row], factors[row], 0.0) * TENTHS).astype(np.uint16)
    return RankedRows(np.ascontiguousarray(tenths.T), worthless[row] > 0, pattern[order], patterns, row)
