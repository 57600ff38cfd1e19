"""Every weight vector judged on the same rows: area under the ROC curve, Brier score, return of the best."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from backtrader_system.errors import DataError
from backtrader_system.progress import Progress, Silent
from backtrader_system.puts.weights.grid import STEP, all_weights, distinct_weights
from backtrader_system.puts.weights.tenths import RankedRows, ranked_rows

VECTORS_AT_ONCE = 512
HIGHEST_UNITS = 65            # 65 units of weight times 1000 tenths still fit into the 16 bits of a score


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What each distinct weight vector achieves on one set of rows.

    weights : percent, float64, shape (n_distinct, n_factors), sum 100; 0 for factors without data. units : the same
        as whole numbers without a common divisor. auc, brier, top_return : shape (n_distinct,); NaN where it was not
        asked for or where only one outcome occurs. grid : the vectors asked for, percent; vector_of_grid : where in
        `weights` each of them is (-1: only factors without data).
    """

    weights: np.ndarray
    units: np.ndarray
    auc: np.ndarray
    brier: np.ndarray
    top_return: np.ndarray
    grid: np.ndarray
    vector_of_grid: np.ndarray

    def best(self, objective: str = "auc") -> int:
        """Return the position of the best vector by "auc", "brier" (lowest) or "top_n_return"; -1 if all are NaN.

        Of equals the one nearest to equal weights: it claims least.
        """
        value = {"auc": self.auc, "brier": -self.brier, "top_n_return": self.top_return}[objective]
        if not np.isfinite(value).any():
            return -1
        tied = np.flatnonzero(value == np.nanmax(value))
        return int(tied[np.argmin((self.weights[tied] ** 2).sum(axis=1))])


def search_weights(factors: np.ndarray, worthless: np.ndarray, *, pnl: np.ndarray | None = None,
                   ranks_within: np.ndarray | None = None, available: np.ndarray | None = None,
                   weights: np.ndarray | None = None, has_brier: bool = False, top_n: int = 20,
                   threads: int | None = None, progress: Progress | None = None) -> SearchResult:
    """Return what every weight vector achieves on these rows.

    factors : shape (n, n_factors), 0 ... 100, NaN missing; compared in tenths. A row that lacks a factor is scored by
        the factors it has, their weights rescaled; a row whose available factors all weigh nothing scores 50.
    worthless : shape (n,), 1, 0 or NaN (left out).
    pnl, ranks_within : return on capital and expiry of each row; with both, `top_return` is the mean over expiries of
        the mean return of the `top_n` best scores, options tied at the edge sharing the places left.
    available : bool, shape (n_factors,); a factor that is not available weighs nothing. Default: those with data.
    weights : percent in multiples of 5, shape (n_vectors, n_factors); default all 41,118.
    has_brier : also the Brier score of the score mapped to a probability by the best rising step function.
    threads : default one per processor; the result does not depend on it.
    Area under the curve: pairs won plus half the ties over all pairs of a worthless and an assigned row, counted in
    whole numbers. Memory: about 40 bytes per row, and per thread 2 bytes per row and the counts.

    Examples
    --------
    >>> factors = np.array([[90.0, 10.0], [80.0, 30.0], [20.0, 60.0], [10.0, 55.0]])
    >>> found = search_weights(factors, np.array([1, 1, 0, 0]), weights=np.array([[50, 50], [100, 0], [20, 80]]))
    >>> found.weights.tolist(), found.auc.tolist()
    ([[50.0, 50.0], [100.0, 0.0], [20.0, 80.0]], [1.0, 1.0, 0.0])
    """
    rows = ranked_rows(factors, worthless)
    known = rows.available if available is None else np.asarray(available, dtype=bool)
    grid = all_weights(rows.tenths.shape[0]) if weights is None else np.asarray(weights)
    distinct = distinct_weights(_units_of(grid), known)
    found = evaluate_units(rows, distinct.units, has_brier=has_brier, threads=threads, progress=progress)
    top = np.full(len(distinct.units), np.nan)
    if pnl is not None and ranks_within is not None:
        top = top_return_of_units(rows, distinct.units, np.asarray(pnl, dtype=float), np.asarray(ranks_within), top_n,
                                  threads=threads)
    return SearchResult(distinct.percent(), distinct.units, *found, top, grid, distinct.vector_of_grid)


def evaluate_units(rows: RankedRows, units: np.ndarray, *, has_brier: bool = False, threads: int | None = None,
                   progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return area and Brier score (NaN unless wanted) of weight vectors in whole units, each of shape (n_vectors,)."""
    areas, briers = np.full(len(units), np.nan), np.full(len(units), np.nan)
    if len(rows.row) == 0 or len(units) == 0:
        return areas, briers
    from backtrader_system.puts.weights import kernel

    units = np.ascontiguousarray(units, dtype=np.int64)
    segments, patterns = rows.segments(), np.ascontiguousarray(rows.patterns)
    bounds = np.array([rows.tenths.min(axis=1), rows.tenths.max(axis=1)], dtype=np.int64)

    def run(part: slice) -> None:
        kernel.search(rows.tenths, segments, patterns, bounds, units[part], areas[part], briers[part], has_brier)

    _in_threads(run, len(units), threads, progress)
    return areas, briers


def top_return_of_units(rows: RankedRows, units: np.ndarray, returns: np.ndarray, groups: np.ndarray, top_n: int, *,
                        threads: int | None = None) -> np.ndarray:
    """Return the mean over groups of the mean return of the best `top_n` rows, shape (n_vectors,).

    returns, groups : per row of the input; rows without a return are left out.
    """
    found = np.full(len(units), np.nan)
    kept = np.flatnonzero(np.isfinite(returns[rows.row]))
    if len(kept) == 0 or len(units) == 0:
        return found
    from backtrader_system.puts.weights import kernel

    group = np.unique(groups[rows.row[kept]], return_inverse=True)[1]
    order = kept[np.argsort(group, kind="stable")]
    starts = np.append(0, np.cumsum(np.bincount(group)))
    tenths, pattern = np.ascontiguousarray(rows.tenths[:, order]), rows.pattern[order]
    units, gains = np.ascontiguousarray(units, dtype=np.int64), returns[rows.row[order]]

    def run(part: slice) -> None:
        kernel.top_returns(tenths, pattern, rows.patterns, starts, gains, units[part], top_n, found[part])

    _in_threads(run, len(units), threads, None)
    return found


def _units_of(grid: np.ndarray) -> np.ndarray:
    units = np.rint(grid / STEP).astype(np.int64)
    is_whole = (units >= 0).all() and (np.abs(units * STEP - grid) < 1e-9).all()
    fits = is_whole and units.sum(axis=1).max() <= HIGHEST_UNITS
    if not fits:
        raise DataError(f"weights of the search must be multiples of {STEP} percent, not negative and at most "
                        f"{HIGHEST_UNITS * STEP} together; found values from {grid.min():g} to {grid.max():g}")
    return units


def _in_threads(run: Callable[[slice], None], n_vectors: int, threads: int | None, progress: Progress | None) -> None:
    parts = [slice(start, min(start + VECTORS_AT_ONCE, n_vectors)) for start in range(0, n_vectors, VECTORS_AT_ONCE)]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for _ in (progress or Silent()).track(pool.map(run, parts), "weights", len(parts)):
            pass
