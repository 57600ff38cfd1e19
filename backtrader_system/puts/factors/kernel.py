"""The compiled pass over the lows. Importing this file loads numba, so `support_metrics` does so when it runs."""

from __future__ import annotations

import math

import numba
import numpy as np

CLUSTER_DAYS = 30      # calendar days; breaks no further apart are one cluster, and a cluster younger is current

# What is known of one support after each bar: one row of the output of `measure_support` per field, in this order.
KNOWN = np.dtype([(name, np.float64) for name in (
    "rolling_low", "total_breaks", "days_since_break", "breaks_in_first_half", "mean_drop", "median_drop",
    "deepest_drop", "drop_deviation", "mean_gap_days", "median_gap_days", "clusters", "largest_cluster",
    "current_cluster",
)])
QUANTITIES = KNOWN.names
# The breaks so far: days since an epoch, the size of the last cluster, sum of squared drops about their mean.
BREAKS = np.dtype([("first_day", np.int64), ("last_day", np.int64), ("count", np.int64), ("cluster", np.int64),
                   ("spread", np.float64)])


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
    middle = count // 2
    return values[middle] if count % 2 else (values[middle - 1] + values[middle]) / 2


@numba.njit(cache=True, nogil=True)
def _note_break(breaks, known, drops, gaps, day, drop):
    """Add a break of `drop` percent; drops and gaps are sorted."""
    gap = day - breaks.last_day
    if breaks.count == 0:
        breaks.first_day = day
    else:
        _insert(gaps, breaks.count - 1, float(gap))
        known.median_gap_days = _median(gaps, breaks.count)
        known.mean_gap_days = (day - breaks.first_day) / breaks.count
    if breaks.count == 0 or gap > CLUSTER_DAYS:
        known.clusters += 1
        breaks.cluster = 0
    breaks.cluster += 1
    known.largest_cluster = max(known.largest_cluster, float(breaks.cluster))
    _insert(drops, breaks.count, drop)
    breaks.count += 1
    breaks.last_day = day
    step = drop - known.mean_drop                       # Welford (1962): a plain sum of squares loses the digits
    known.mean_drop += step / breaks.count
    breaks.spread += step * (drop - known.mean_drop)
    known.drop_deviation = math.sqrt(breaks.spread / breaks.count)
    known.median_drop = _median(drops, breaks.count)
    known.deepest_drop = drops[0]
    known.total_breaks = breaks.count


@numba.njit(cache=True, nogil=True)
def _note_day(breaks, known, day):
    """Let the day pass on which a bar, with or without a break, was seen."""
    if breaks.count:
        age = day - breaks.last_day
        known.days_since_break = age
        known.current_cluster = breaks.cluster if age <= CLUSTER_DAYS else 0


@numba.njit(cache=True, nogil=True)
def _forget(breaks, known):
    breaks.count = breaks.cluster = 0
    breaks.spread = 0.0
    known.total_breaks = known.mean_drop = known.median_drop = known.deepest_drop = known.drop_deviation = 0.0
    known.clusters = known.largest_cluster = known.current_cluster = 0.0
    known.rolling_low = known.days_since_break = known.mean_gap_days = known.median_gap_days = math.nan


@numba.njit(cache=True, nogil=True)
def _write(known, measured, row):
    measured[0, row], measured[1, row] = known.rolling_low, known.total_breaks
    measured[2, row], measured[3, row] = known.days_since_break, known.breaks_in_first_half
    measured[4, row], measured[5, row] = known.mean_drop, known.median_drop
    measured[6, row], measured[7, row] = known.deepest_drop, known.drop_deviation
    measured[8, row], measured[9, row] = known.mean_gap_days, known.median_gap_days
    measured[10, row], measured[11, row] = known.clusters, known.largest_cluster
    measured[12, row] = known.current_cluster


@numba.njit(cache=True, nogil=True)
def _follow(low, days, period, breaks, known, queue, drops, gaps, breaks_until, measured):
    """Fill `measured`, shape (quantities, sessions), from one stock's lows.

    queue : rows of the window whose low no later low undercuts, so that the first one holds the rolling low.
    breaks_until : breaks up to the stock's n-th bar.
    """
    _forget(breaks, known)
    head = tail = bars = 0
    for row in range(len(low)):
        value, day = low[row], days[row]
        if math.isnan(value):
            continue
        if value < known.rolling_low:                   # never true of the first bar, which follows NaN
            _note_break(breaks, known, drops, gaps, day, 100.0 * (value - known.rolling_low) / known.rolling_low)
        while tail > head and low[queue[tail - 1]] >= value:
            tail -= 1
        queue[tail] = row
        tail += 1
        while days[queue[head]] < day - period:
            head += 1
        known.rolling_low = low[queue[head]]
        breaks_until[bars] = breaks.count
        bars += 1
        known.breaks_in_first_half = breaks_until[bars // 2 - 1] if bars > 1 else 0
        _note_day(breaks, known, day)
        _write(known, measured, row)


@numba.njit(cache=True, nogil=True)
def measure_support(low, days, periods, breaks, known, measured):
    """Fill `measured`, shape (periods, symbols, quantities, sessions), from `low`, shape (symbols, sessions).

    days : whole days since an epoch, rising. breaks, known : one record each of `BREAKS` and `KNOWN` to work in.
    Sessions without a low are left as they are.
    """
    n_symbols, n_sessions = low.shape
    drops, gaps = np.empty(n_sessions), np.empty(n_sessions)
    queue, breaks_until = np.empty(n_sessions, np.int64), np.empty(n_sessions, np.int64)
    for number in range(len(periods)):
        for symbol in range(n_symbols):
            _follow(low[symbol], days, periods[number], breaks[0], known[0], queue, drops, gaps, breaks_until,
                    measured[number, symbol])
