"""Whether outcomes go with a number among the options of one expiry, by shuffling outcomes within expiries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backtrader_system.metrics.puts.sample import EvidenceSample

_CELLS_AT_ONCE = 4_000_000
_MOST_CELLS = 60_000_000        # of large samples fewer shuffles, at least 999: the p-value then steps by a thousandth


@dataclass(frozen=True, slots=True, eq=False)
class Shuffled:
    """Sums of the data, shape (K,), and of every shuffle, shape (n_shuffles, K); t, the sums over their own errors.

    Examples
    --------
    >>> made = Shuffled(np.zeros(1), np.array([2.0]), np.zeros((3, 1)), np.array([[-1.0], [0.5], [3.0]]))
    >>> made.two_sided().tolist(), made.one_sided().tolist()       # (1 + 1) / (1 + 3): one of three reaches 2
    ([0.5], [0.5])
    """

    total: np.ndarray
    t: np.ndarray
    shuffled_total: np.ndarray
    shuffled_t: np.ndarray

    def two_sided(self) -> np.ndarray:
        """Return (1 + shuffles with |t| as large) / (1 + shuffles), shape (K,); NaN where nothing varies."""
        return self._p_value(np.abs(self.shuffled_t) >= np.abs(self.t) - 1e-9)

    def one_sided(self) -> np.ndarray:
        """Return (1 + shuffles with t as large) / (1 + shuffles), shape (K,); NaN where nothing varies."""
        return self._p_value(self.shuffled_t >= self.t - 1e-9)

    def _p_value(self, reaches: np.ndarray) -> np.ndarray:
        share = (1 + reaches.sum(axis=0)) / (1 + len(self.shuffled_t))
        return np.where(np.isnan(self.t), np.nan, share)


def shuffle_within(
    value: np.ndarray, coefficient: np.ndarray, sample: EvidenceSample, n_shuffles: int, rng: np.random.Generator
) -> Shuffled:
    """Return sum over options of coefficient * value, both as deviations from their expiry's mean, and its shuffles.

    value : shape (n,). coefficient : shape (n, K).
    Value is shuffled within each expiry date, all K columns with the same shuffle. t = sum / error, the error from sums
    by month of expiry and, with 10 underlyings, by underlying (as `clustered_variance`), at mean 0. Dividing each
    shuffle by its own error keeps the p-value exact where options of an expiry are exchangeable and, with many months,
    right where those of one underlying go together (Janssen 1997; Chung and Romano 2013); shuffled sums alone would
    then claim too much. With the score as coefficient the sum is Cochran-Armitage's, by strata Mantel's (1963).
    """
    n_shuffles = min(n_shuffles, max(999, _MOST_CELLS // max(len(value), 1)))
    first = np.searchsorted(sample.stratum, np.arange(sample.n_strata + 1))
    mean = _stratum_mean(coefficient, first)
    deviation = coefficient - mean[sample.stratum]
    centred = value - _stratum_mean(value[:, None], first)[sample.stratum, 0]
    largest = int(np.diff(first).max(initial=1))
    step = max(min(n_shuffles, _CELLS_AT_ONCE // largest), 1)
    sizes = [step] * (n_shuffles // step) + ([n_shuffles % step] if n_shuffles % step else [])
    own = _statistics(1, centred, deviation, sample, first, None)
    parts = [_statistics(size, centred, deviation, sample, first, rng) for size in sizes]
    return Shuffled(own[0][0], own[1][0], np.concatenate([one[0] for one in parts]),
                    np.concatenate([one[1] for one in parts]))


def _stratum_mean(value: np.ndarray, first: np.ndarray) -> np.ndarray:
    if len(first) < 2:
        return np.zeros((0, value.shape[1]))
    return np.add.reduceat(value, first[:-1], axis=0) / np.diff(first)[:, None]


def _statistics(
    n_shuffles: int, centred: np.ndarray, deviation: np.ndarray, sample: EvidenceSample, first: np.ndarray,
    rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums and t, shape (n_shuffles, K); without a generator those of the data."""
    shape = (n_shuffles, deviation.shape[1])
    groups = sample.n_underlyings if sample.is_two_way else 1
    by_stock, month = np.zeros((groups, *shape)), np.zeros((groups, *shape))
    months, both = np.zeros(shape), np.zeros(shape)
    for start, end in pairwise(first):
        block = np.broadcast_to(centred[start:end], (n_shuffles, end - start))
        if rng is not None:
            block = rng.permuted(block, axis=1)
        _add(month, block, deviation[start:end], sample.underlying[start:end] if groups > 1 else None)
        is_last = end == len(centred) or sample.cluster[end] != sample.cluster[start]
        if is_last:
            by_stock += month
            months += month.sum(axis=0) ** 2
            both += (month**2).sum(axis=0)
            month = np.zeros_like(month)
    total, variance = by_stock.sum(axis=0), months
    if groups > 1:
        variance = np.maximum(months, months + (by_stock**2).sum(axis=0) - both)
    with np.errstate(divide="ignore", invalid="ignore"):
        return total, np.where(variance > 1e-18, total / np.sqrt(variance), np.nan)


def _add(month: np.ndarray, block: np.ndarray, deviation: np.ndarray, underlying: np.ndarray | None) -> None:
    """Add the products of a stratum to the sums of its month, by underlying where these are given."""
    if underlying is None:
        month[0] += block @ deviation
        return
    starts = np.flatnonzero(np.r_[True, underlying[1:] != underlying[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(underlying)], strict=True):
        month[underlying[start]] += block[:, start:end] @ deviation[start:end]
