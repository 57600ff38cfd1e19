"""Window calculations down the rows of an array, each symbol a column.

All of them give NaN until a window is full, and NaN where a window holds NaN. A value depends on the rows of its
window only, bit for bit: no running total carries rounding errors, or garbage, from earlier rows into later ones.
"""

from __future__ import annotations

import numpy as np


def shift(values: np.ndarray, lag: int) -> np.ndarray:
    """Return the values of `lag` rows earlier; NaN in the first `lag` rows."""
    shifted = np.full(values.shape, np.nan)
    if lag < len(values):
        shifted[lag:] = values[:len(values) - lag]
    return shifted


def rolling_sum(values: np.ndarray, window: int) -> np.ndarray:
    """Return the sum of the last `window` rows, this one included.

    Sums of 1, 2, 4, ... rows are built from each other and joined by the binary digits of `window`, so 50 rows take
    seven additions instead of fifty.
    """
    total: np.ndarray | None = None
    block, width, covered = values, 1, 0
    while True:
        if window & width:
            total = shift(block, covered) if total is None else total + shift(block, covered)
            covered += width
        if covered == window:
            return total
        block = block + shift(block, width)
        width *= 2


def rolling_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of the last `window` rows, this one included."""
    return rolling_sum(values, window) / window


def rolling_std(values: np.ndarray, window: int) -> np.ndarray:
    """Return the sample standard deviation (ddof 1) of the last `window` rows, this one included."""
    mean = rolling_mean(values, window)
    # Squares of deviations from the window's own mean: the difference of two large sums would cancel for prices.
    squares = np.zeros(values.shape)
    for lag in range(window):
        deviation = -mean
        deviation[lag:] += values[:max(len(values) - lag, 0)]
        squares += deviation * deviation
    return np.sqrt(squares / (window - 1))


def rolling_extreme(values: np.ndarray, window: int, *, largest: bool) -> np.ndarray:
    """Return the largest or smallest of the last `window` rows, this one included."""
    choose = np.maximum if largest else np.minimum
    result = values.copy()
    for lag in range(1, window):
        result = choose(result, shift(values, lag))
    return result


def weighted_mean(values: np.ndarray, span: int, skip: int = 0) -> np.ndarray:
    """Return the exponentially weighted mean since a column's first value, weights normalised.

    The value k rows back weighs (1 - 2 / (span + 1))^k, divided by the sum of all weights: pandas' ewm with
    adjust=True. NaN is allowed at the top of a column only.

    skip : rows after a column's first value whose result is NaN, because too little history stands behind them.
    """
    keep = 1.0 - 2.0 / (span + 1.0)
    total, weight = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    result = np.empty(values.shape)
    for row, value in enumerate(values):
        has_value = np.isfinite(value)
        total = np.where(has_value, total * keep + value, total)
        weight = np.where(has_value, weight * keep + 1.0, weight)
        with np.errstate(invalid="ignore"):
            result[row] = total / weight
    age = np.cumsum(np.isfinite(values), axis=0)
    return np.where(np.isfinite(values) & (age > skip), result, np.nan)
