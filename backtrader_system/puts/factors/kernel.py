"""The compiled pass over the lows. Importing this file loads numba, so `support_metrics` does so when it runs."""

from __future__ import annotations

import math

import numba
import numpy as np

CLUSTER_DAYS = 30      # calendar days; breaks no further apart are one cluster, and a cluster younger is current

# Rows of the output of `measure_support`, one per quantity.
QUANTITIES = (
    "rolling_low", "total_breaks", "days_since_break", "breaks_in_first_half", "mean_drop", "median_drop",
    "deepest_drop", "drop_deviation", "mean_gap_days", "median_gap_days", "clusters", "largest_cluster",
    "current_cluster",
)


@numba.njit(cache=True, nogil=True)
def _insert(values, count, value):
    """Insert `value` into the first `count` sorted values."""
    place = count
    while place > 0 and values[place - 1] > value:
        values[place] = values[place - 1]
        place -= 1
    values[place] = value


@numba.njit(cache=True, nogil=True)
def _median(values, count):
    if count == 0:
        return math.nan
    middle = count // 2
    return values[middle] if count % 2 else (values[middle - 1] + values[middle]) / 2


@numba.njit(cache=True, nogil=True)
def measure_support(low, days, periods, measured):
    """Fill `measured`, shape (quantities, periods, symbols, sessions), from `low`, shape (symbols, sessions).

    days : whole days since an epoch, rising. Rows without a low are left as they are.
    """
    n_symbols, n_sessions = low.shape
    queue = np.empty(n_sessions, np.int64)              # rows of the window whose low no later low undercuts
    drops, gaps = np.empty(n_sessions), np.empty(n_sessions)
    breaks_until = np.empty(n_sessions, np.int64)       # of the stock's n-th bar, that bar included
    for symbol in range(n_symbols):
        for number in range(len(periods)):
            period = periods[number]
            head = tail = bars = breaks = n_clusters = cluster = largest = 0
            first = last = 0
            previous = math.nan
            mean = spread = median_drop = median_gap = deepest = 0.0
            median_gap = math.nan
            for row in range(n_sessions):
                value = low[symbol, row]
                if math.isnan(value):
                    continue
                day = days[row]
                if value < previous:                    # never true for the first bar, whose previous is NaN
                    drop = 100.0 * (value - previous) / previous
                    if breaks == 0:
                        first = day
                    else:
                        _insert(gaps, breaks - 1, float(day - last))
                        median_gap = _median(gaps, breaks)
                    if breaks == 0 or day - last > CLUSTER_DAYS:
                        n_clusters += 1
                        cluster = 0
                    cluster += 1
                    largest = max(largest, cluster)
                    _insert(drops, breaks, drop)
                    breaks += 1
                    last = day
                    step = drop - mean                  # Welford (1962): a sum of squares would lose the digits
                    mean += step / breaks
                    spread += step * (drop - mean)
                    median_drop = _median(drops, breaks)
                    deepest = drops[0]
                while tail > head and low[symbol, queue[tail - 1]] >= value:
                    tail -= 1
                queue[tail] = row
                tail += 1
                while days[queue[head]] < day - period:
                    head += 1
                previous = low[symbol, queue[head]]
                breaks_until[bars] = breaks
                bars += 1
                half = bars // 2
                measured[0, number, symbol, row] = previous
                measured[1, number, symbol, row] = breaks
                measured[2, number, symbol, row] = day - last if breaks else math.nan
                measured[3, number, symbol, row] = breaks_until[half - 1] if half else 0
                measured[4, number, symbol, row] = mean
                measured[5, number, symbol, row] = median_drop
                measured[6, number, symbol, row] = deepest
                measured[7, number, symbol, row] = math.sqrt(spread / breaks) if breaks else 0.0
                measured[8, number, symbol, row] = (last - first) / (breaks - 1) if breaks > 1 else math.nan
                measured[9, number, symbol, row] = median_gap
                measured[10, number, symbol, row] = n_clusters
                measured[11, number, symbol, row] = largest
                measured[12, number, symbol, row] = cluster if breaks and day - last <= CLUSTER_DAYS else 0
