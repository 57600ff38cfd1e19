"""Historical IV: how often puts as far below the price, at an implied volatility as high as now, expired worthless."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.probabilities.bins import bin_of
from backtrader_system.puts.probabilities.option_days import OptionDays
from backtrader_system.puts.probabilities.past_counts import PastCounts, months_of, past_counts

# Implied standard deviations to expiry by which the price lies above the strike.
_DISTANCE_EDGES = np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0])
# Implied volatility of the name on the day, over what was usual for it before.
_LEVEL_EDGES = np.array([0.9, 1.1])


def historical_iv(
    days: OptionDays, spot: np.ndarray, strike: np.ndarray, years: np.ndarray, volatility: np.ndarray,
    min_expiries: int,
) -> np.ndarray:
    """Return the past worthless frequency of each quote's IV-implied bucket, shape (n_quotes,).

    Bucket: ln(spot / strike) / (volatility * sqrt(years)) and whether the name's mean implied volatility of the day is
    low, usual or high against its days before the month. The name's own frequency where the bucket has `min_expiries`
    past expiry dates, else that of all names, else NaN. Few levels and often missing, as in the owner's file.
    Re-implementation: the owner's procedure is not published.
    """
    month, _ = months_of(days)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.log(spot / strike) / (volatility * np.sqrt(years))
    level = _level(days, month, volatility)
    n_buckets = (len(_DISTANCE_EDGES) + 1) * (len(_LEVEL_EDGES) + 1)
    bucket = bin_of(distance, _DISTANCE_EDGES) * (len(_LEVEL_EDGES) + 1) + level
    is_placed = np.isfinite(distance) & (level >= 0)
    cell = np.where(is_placed, days.underlying * n_buckets + bucket, -1)
    own = past_counts(days, cell, days.n_underlyings * n_buckets)
    everyone = own.of_all_names(days.n_underlyings)
    everyone_rate = _rate(everyone, np.maximum(bucket, 0), month, min_expiries)
    own_rate = _rate(own, np.maximum(cell, 0), month, min_expiries)
    return np.where(is_placed, np.where(np.isfinite(own_rate), own_rate, everyone_rate), np.nan)


def _rate(counts: PastCounts, cell: np.ndarray, month: np.ndarray, min_expiries: int) -> np.ndarray:
    rate = np.full(counts.quotes.shape, np.nan)
    np.divide(counts.worthless, counts.quotes, out=rate, where=counts.expiries >= min_expiries)
    return rate[cell, month]


def _level(days: OptionDays, month: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    """Return 0, 1 or 2 for a low, usual or high day of the name; -1 in its first month and without a volatility."""
    is_quoted = np.isfinite(volatility) & (volatility > 0)
    day, _ = pd.factorize(days.underlying * np.int64(10**7) + days.quote_day)
    n_days = int(day.max(initial=-1)) + 1
    count = np.bincount(day[is_quoted], minlength=n_days)
    mean = np.full(n_days, np.nan)
    np.divide(np.bincount(day[is_quoted], weights=volatility[is_quoted], minlength=n_days), count, out=mean,
              where=count > 0)
    _, first_row = np.unique(day, return_index=True)
    usual = _usual(mean, days.underlying[first_row], month[first_row], days.n_underlyings)
    return bin_of((mean / usual)[day], _LEVEL_EDGES)


def _usual(mean: np.ndarray, name: np.ndarray, month: np.ndarray, n_names: int) -> np.ndarray:
    """Return for each day of a name the average of its daily means in the months before."""
    is_known, n_months = np.isfinite(mean), int(month.max(initial=-1)) + 1
    place = (name * n_months + month)[is_known]

    def before(weights: np.ndarray | None) -> np.ndarray:
        sums = np.bincount(place, weights=weights, minlength=n_names * n_months).reshape(n_names, n_months)
        return np.cumsum(sums, axis=1) - sums

    total, count = before(mean[is_known]), before(None)
    average = np.full(total.shape, np.nan)
    np.divide(total, count, out=average, where=count > 0)
    return average[name, month]
