"""The two methods that correct the Black-Scholes probability by past outcomes: bias corrected and Bayesian.

Re-implementations: the owner's fitting procedures are not published. Each month is fitted on contracts that had
expired before it began.
"""

from __future__ import annotations

import numpy as np

from backtrader_system.puts.probabilities.bins import (
    CALIBRATION_EDGES,
    DAYS_BINS,
    N_CALIBRATION_BINS,
    bin_of,
    days_bin,
)
from backtrader_system.puts.probabilities.option_days import OptionDays
from backtrader_system.puts.probabilities.past_counts import PastCounts, monotone, months_of, past_counts

# A cell's own rate counts half once it has seen this many contracts: contracts of one expiry fare alike, so a handful
# says little.
PRIOR_CONTRACTS = 20.0
_BOUNDS = np.concatenate([[0.0], CALIBRATION_EDGES, [1.0]])
_CENTRES = (_BOUNDS[:-1] + _BOUNDS[1:]) / 2


def bias_corrected(days: OptionDays, black_scholes: np.ndarray, min_expiries: int) -> np.ndarray:
    """Return the Black-Scholes probability after a monotone calibration on past expiries, shape (n_quotes,).

    Per name and month: worthless rate by bin of the probability, drawn towards the rate of all names (and that towards
    the probability itself) by `PRIOR_CONTRACTS`, made rising, and interpolated between the bins' mean probabilities.
    A name with fewer than `min_expiries` past expiry dates takes the curve of all names; NaN until all names together
    have so many.
    """
    month, n_months = months_of(days)
    bins = bin_of(black_scholes, CALIBRATION_EDGES)
    counts = past_counts(days, np.where(bins < 0, -1, days.underlying * N_CALIBRATION_BINS + bins),
                         days.n_underlyings * N_CALIBRATION_BINS, black_scholes)
    sizes = (days.n_underlyings, N_CALIBRATION_BINS)
    pooled, by_name = counts.summed(sizes, 0), counts.summed(sizes, 1)
    mean = pooled.drawn("value", _CENTRES[:, None], PRIOR_CONTRACTS)
    everyone = pooled.drawn("worthless", mean, PRIOR_CONTRACTS)
    own = counts.drawn("worthless", np.tile(everyone, (days.n_underlyings, 1)), PRIOR_CONTRACTS)
    shape = (*sizes, n_months)
    is_own = (by_name.expiries >= min_expiries)[:, None, :]
    rate = np.where(is_own, own.reshape(shape), everyone[None])
    weight = np.where(is_own, counts.contracts.reshape(shape), pooled.contracts[None]) + PRIOR_CONTRACTS
    curve = monotone(rate.swapaxes(1, 2), weight.swapaxes(1, 2))
    is_known = (bins >= 0) & (pooled.expiries.max(axis=0, initial=0) >= min_expiries)[month]
    return np.where(is_known, _between_bins(black_scholes, bins, month, days.underlying, mean, curve), np.nan)


def bayesian(days: OptionDays, black_scholes: np.ndarray, min_expiries: int) -> np.ndarray:
    """Return the posterior worthless rate of each quote's cell of name, days to expiry and probability.

    Beta-binomial: (contracts * rate + k * prior) / (contracts + k) with k = `PRIOR_CONTRACTS`; the prior of a cell is
    the same cell of all names, whose prior is the probability bin over all days to expiry, whose prior is the
    Black-Scholes probability. Made rising over the probability. A step function: quotes of one cell share a value. A
    cell with fewer than `min_expiries` past expiry dates takes that of all names; NaN until some cell of all names has
    so many.
    """
    month, n_months = months_of(days)
    bins, sizes = bin_of(black_scholes, CALIBRATION_EDGES), (days.n_underlyings, len(DAYS_BINS), N_CALIBRATION_BINS)
    cell = (days.underlying * sizes[1] + days_bin(days.days_to_expiry)) * sizes[2] + bins
    counts = past_counts(days, np.where(bins < 0, -1, cell), int(np.prod(sizes)), black_scholes)
    by_days = counts.summed(sizes, 0)
    rising = _posterior(counts, by_days, by_days.summed(sizes[1:], 0), sizes, n_months, min_expiries)
    is_known = (bins >= 0) & (by_days.expiries.max(axis=0, initial=0) >= min_expiries)[month]
    return np.where(is_known, rising.reshape(-1, sizes[2])[
        (days.underlying * sizes[1] + days_bin(days.days_to_expiry)) * n_months + month, np.maximum(bins, 0)], np.nan)


def _posterior(
    counts: PastCounts, by_days: PastCounts, by_bin: PastCounts, sizes: tuple[int, int, int], n_months: int,
    min_expiries: int,
) -> np.ndarray:
    """Return the rising posterior means, shape (n_names, n_days_bins, n_months, n_bins)."""
    mean = by_bin.drawn("value", _CENTRES[:, None], PRIOR_CONTRACTS)
    prior = np.tile(by_bin.drawn("worthless", mean, PRIOR_CONTRACTS), (sizes[1], 1))
    everyone = by_days.drawn("worthless", prior, PRIOR_CONTRACTS)
    own = counts.drawn("worthless", np.tile(everyone, (sizes[0], 1)), PRIOR_CONTRACTS)
    shape = (*sizes, n_months)
    is_own = counts.expiries.reshape(shape) >= min_expiries
    rate = np.where(is_own, own.reshape(shape), everyone.reshape(1, *shape[1:]))
    weight = np.where(is_own, counts.contracts.reshape(shape), by_days.contracts.reshape(1, *shape[1:]))
    return monotone(rate.swapaxes(2, 3), weight.swapaxes(2, 3) + PRIOR_CONTRACTS)


def _between_bins(
    probability: np.ndarray, bins: np.ndarray, month: np.ndarray, name: np.ndarray, mean: np.ndarray, curve: np.ndarray
) -> np.ndarray:
    """Return the curve of each row's name and month at its probability; level beyond the outermost bins' means."""
    here = np.maximum(bins, 0)
    left = np.clip(here - (probability < mean[here, month]), 0, N_CALIBRATION_BINS - 2)
    start, end = mean[left, month], mean[left + 1, month]
    share = np.clip((probability - start) / (end - start), 0, 1)
    low, high = curve[name, month, left], curve[name, month, left + 1]
    return low + share * (high - low)
