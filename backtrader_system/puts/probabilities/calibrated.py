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

# A cell's own rate counts half once it has seen this many independent outcomes (`PastCounts.independent`).
PRIOR_OUTCOMES = 20.0
# What a bin without outcomes weighs when the curve is made rising: it gives way to bins that have some.
_EMPTY_BIN = 1.0
_BOUNDS = np.concatenate([[0.0], CALIBRATION_EDGES, [1.0]])
_CENTRES = (_BOUNDS[:-1] + _BOUNDS[1:]) / 2


def bias_corrected(days: OptionDays, black_scholes: np.ndarray, min_expiries: int) -> np.ndarray:
    """Return the Black-Scholes probability after a monotone calibration on past expiries, shape (n_quotes,).

    Per name and month: worthless rate by bin of the probability, drawn towards the rate of the other names, and that
    towards the probability itself (`PRIOR_OUTCOMES`); made rising, and interpolated between the bins' mean
    probabilities. A name with fewer than `min_expiries` past expiry dates takes the curve of all names; NaN until some
    bin of a name has so many.
    """
    month, n_months = months_of(days)
    bins = bin_of(black_scholes, CALIBRATION_EDGES)
    counts = past_counts(days, np.where(bins < 0, -1, days.underlying * N_CALIBRATION_BINS + bins),
                         days.n_underlyings * N_CALIBRATION_BINS, black_scholes)
    expiries = counts.expiries.reshape(days.n_underlyings, N_CALIBRATION_BINS, n_months).max(axis=1, keepdims=True)
    curve = _rising_rates(counts, expiries >= min_expiries)
    mean = _mean_probability(counts.of_all_names(days.n_underlyings))
    is_known = (bins >= 0) & (expiries.max(axis=(0, 1), initial=0) >= min_expiries)[month]
    return np.where(is_known, _between_bins(black_scholes, bins, month, days.underlying, mean, curve), np.nan)


def bayesian(days: OptionDays, black_scholes: np.ndarray, min_expiries: int) -> np.ndarray:
    """Return the posterior worthless rate of each quote's cell of name, days to expiry and probability.

    Beta-binomial: (n * rate + k * prior) / (n + k) with k = `PRIOR_OUTCOMES` and n independent outcomes; the prior of a
    cell is the same cell of the other names, whose prior is the Black-Scholes probability. Made rising over the
    probability. A step function: quotes of one cell share a value. A cell with fewer than `min_expiries` past expiry
    dates takes that of all names; NaN until some cell has so many.
    """
    month, n_months = months_of(days)
    bins = bin_of(black_scholes, CALIBRATION_EDGES)
    row = days.underlying * len(DAYS_BINS) + days_bin(days.days_to_expiry)
    shape = (days.n_underlyings, len(DAYS_BINS) * N_CALIBRATION_BINS, n_months)
    counts = past_counts(days, np.where(bins < 0, -1, row * N_CALIBRATION_BINS + bins), shape[0] * shape[1],
                         black_scholes)
    rising = _rising_rates(counts, counts.expiries.reshape(shape) >= min_expiries).reshape(
        -1, n_months, N_CALIBRATION_BINS)
    is_known = (bins >= 0) & (counts.expiries.max(axis=0, initial=0) >= min_expiries)[month]
    return np.where(is_known, rising[row, month, np.maximum(bins, 0)], np.nan)


def _rising_rates(counts: PastCounts, is_own: np.ndarray) -> np.ndarray:
    """Return the worthless rates of cells, rising over the probability, shape (n_names, n_days_bins, n_months, n_bins).

    counts : of cells numbered by name, bin of days to expiry (where there is one) and bin of probability.
    is_own : shape (n_names, n_cells of a name or 1, n_months); where False the rate of all names is taken.
    """
    n_names, n_months = is_own.shape[0], is_own.shape[-1]
    everyone = counts.of_all_names(n_names)
    mean = _mean_probability(everyone)
    others = counts.of_other_names(n_names).drawn(np.tile(mean, (n_names, 1)), PRIOR_OUTCOMES)
    shape = (n_names, -1, n_months)
    rate = np.where(is_own, counts.drawn(others, PRIOR_OUTCOMES).reshape(shape), everyone.drawn(mean, PRIOR_OUTCOMES))
    weight = np.where(is_own, counts.independent().reshape(shape), everyone.independent()) + _EMPTY_BIN
    by_bin = (n_names, -1, N_CALIBRATION_BINS, n_months)
    return monotone(rate.reshape(by_bin).swapaxes(2, 3), weight.reshape(by_bin).swapaxes(2, 3))


def _mean_probability(counts: PastCounts) -> np.ndarray:
    """Return the mean probability of each cell, the middle of its bin where nothing was seen; shape of the counts."""
    centre = np.tile(_CENTRES, len(counts.quotes) // N_CALIBRATION_BINS)[:, None]
    return np.where(counts.quotes > 0, counts.value / np.maximum(counts.quotes, 1), centre)


def _between_bins(
    probability: np.ndarray, bins: np.ndarray, month: np.ndarray, name: np.ndarray, mean: np.ndarray, curve: np.ndarray
) -> np.ndarray:
    """Return the curve of each row's name and month at its probability; level beyond the outermost bins' means."""
    here = np.maximum(bins, 0)
    left = np.clip(here - (probability < mean[here, month]), 0, N_CALIBRATION_BINS - 2)
    start, end = mean[left, month], mean[left + 1, month]
    share = np.clip((probability - start) / (end - start), 0, 1)
    low, high = curve[name, 0, month, left], curve[name, 0, month, left + 1]
    return low + share * (high - low)
