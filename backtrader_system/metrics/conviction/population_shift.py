"""Whether two samples of a score or feature come from the same population."""

from __future__ import annotations

import math

import numpy as np

from backtrader_system.metrics.conviction.distributions import chi_square_quantile, kolmogorov_survival

N_BINS = 10


def population_stability(expected: np.ndarray, live: np.ndarray, n_bins: int = N_BINS) -> tuple[float, int]:
    """Return the population stability index (PSI) and the number of bins it was summed over.

    expected, live : values of the backtest and of now, NaN a bin of its own (a feed that stops is a shift).
    Formula: sum over bins of (share live - share expected) * log(share live / share expected), bins between the
    quantiles of `expected`, a quantile that several signals share being a bin of its own (flags, counts, scores), half
    a signal added to each bin of either sample so that an empty one stays finite. Rule of thumb: above 0.2 is a shift;
    but see `stability_null`.

    Examples
    --------
    >>> value, bins = population_stability(np.arange(100.0), np.arange(100.0))
    >>> round(value, 3), bins
    (0.0, 10)
    """
    known = np.sort(expected[~np.isnan(expected)])
    edges = np.unique(np.quantile(known, np.linspace(0, 1, n_bins + 1)[1:-1])) if len(known) else np.zeros(0)
    is_shared = np.searchsorted(known, edges, side="right") - np.searchsorted(known, edges, side="left") > 1
    counts = [np.bincount(_bins(values, edges, is_shared), minlength=2 * len(edges) + 2) for values in (expected, live)]
    is_used = (counts[0] + counts[1]) > 0
    shares = [(count[is_used] + 0.5) / (count[is_used] + 0.5).sum() for count in counts]
    value = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    return value, int(is_used.sum())


def stability_null(n_expected: int, n_live: int, n_bins: int, confidence: float = 0.95) -> float:
    """Return the value the PSI stays below with `confidence` where nothing has shifted.

    The PSI is then about (1 / n + 1 / m) times a chi-square number with bins - 1 degrees of freedom (Yurdakul 2018).
    With 30 live signals and 10 bins luck alone gives 0.6, three times the rule of thumb.

    Examples
    --------
    >>> round(stability_null(1000, 30, 10), 2)
    0.58
    """
    if n_bins < 2 or not n_expected or not n_live:
        return math.inf
    return chi_square_quantile(confidence, n_bins - 1) * (1 / n_expected + 1 / n_live)


def stability_of_stretches(values: np.ndarray, cluster: np.ndarray, at_least: int) -> np.ndarray:
    """Return the PSI of each stretch of time against all others, for stretches of `at_least` signals.

    What moves with the market differs from month to month without any fault of the source; a live month must differ
    by more than these did.

    Examples
    --------
    >>> stability_of_stretches(np.tile([1.0, 2.0], 20), np.repeat([0, 1], 20), 10).round(3).tolist()
    [0.0, 0.0]
    """
    numbers, sizes = np.unique(cluster, return_counts=True)
    return np.array([population_stability(values[cluster != number], values[cluster == number])[0]
                     for number in numbers[sizes >= at_least] if len(numbers) > 1])


def largest_gap(expected: np.ndarray, live: np.ndarray) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov statistic of two samples without NaN, and its asymptotic p-value, two-sided.

    With ties the p-value is too large rather than too small.

    Examples
    --------
    >>> largest_gap(np.array([1.0, 2.0]), np.array([3.0, 4.0]))[0]
    1.0
    """
    expected, live = np.sort(expected), np.sort(live)
    points = np.concatenate([expected, live])
    gaps = np.searchsorted(expected, points, side="right") / len(expected) \
        - np.searchsorted(live, points, side="right") / len(live)
    statistic = float(np.max(np.abs(gaps)))
    n = len(expected) * len(live) / (len(expected) + len(live))
    return statistic, kolmogorov_survival(statistic * math.sqrt(n))


def _bins(values: np.ndarray, edges: np.ndarray, is_shared: np.ndarray) -> np.ndarray:
    """Return even numbers between edges, odd ones at a shared edge, and the last number for NaN."""
    if len(edges) == 0:
        return np.isnan(values).astype(np.int64)
    left, right = np.searchsorted(edges, values, side="left"), np.searchsorted(edges, values, side="right")
    at_shared = (left < right) & is_shared[np.minimum(left, len(edges) - 1)]
    return np.where(np.isnan(values), 2 * len(edges) + 1, np.where(at_shared, 2 * left + 1, 2 * right))
