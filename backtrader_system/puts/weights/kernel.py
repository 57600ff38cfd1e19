"""Compiled loops of the weight search: counts per score instead of sorting, exact in whole numbers."""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 4096                 # scores held at once: they stay in the fastest cache
HIGHEST, NEUTRAL = 1000, 500


@numba.njit(cache=True, nogil=True)
def add_prefix(tenths, weights, prefix):
    """Write the weighted sum of all factors but the last two."""
    for place in range(prefix.shape[0]):
        prefix[place] = 0
    for factor in range(weights.shape[0] - 2):
        weight = np.uint16(weights[factor])
        if weight > 0:
            values = tenths[factor]
            for place in range(prefix.shape[0]):
                prefix[place] += weight * values[place]


@numba.njit(cache=True, nogil=True)
def count_scores(prefix, before_last, last, weight_before, weight_last, start, end, counts, scores):
    """Add one to `counts` at the score of each row from `start` to `end`."""
    first = np.uint16(weight_before)
    second = np.uint16(weight_last)
    while start < end:
        size = min(scores.shape[0], end - start)
        for place in range(size):
            scores[place] = (prefix[start + place] + first * before_last[start + place]
                             + second * last[start + place])
        for place in range(size):
            counts[scores[place]] += 1
        start += size


@numba.njit(cache=True, nogil=True)
def take_groups(assigned, worthless, divisors, n_slots, group_assigned, group_worthless):
    """Empty the counts into groups of equal score, rising; return how many groups there are.

    The score of slot s at position p is p / divisors[s]. Scores of two slots are compared as fractions.
    """
    position = np.zeros(n_slots, np.int64)
    n_groups = 0
    while True:
        lowest = -1
        for slot in range(n_slots):
            top = divisors[slot] * HIGHEST
            while position[slot] <= top and assigned[slot, position[slot]] + worthless[slot, position[slot]] == 0:
                position[slot] += 1
            if position[slot] <= top and (
                    lowest < 0 or position[slot] * divisors[lowest] < position[lowest] * divisors[slot]):
                lowest = slot
        if lowest < 0:
            return n_groups
        numerator, divisor = position[lowest], divisors[lowest]
        group_assigned[n_groups] = 0
        group_worthless[n_groups] = 0
        for slot in range(n_slots):
            here = position[slot]
            if here <= divisors[slot] * HIGHEST and here * divisor == numerator * divisors[slot]:
                group_assigned[n_groups] += assigned[slot, here]
                group_worthless[n_groups] += worthless[slot, here]
                assigned[slot, here] = 0
                worthless[slot, here] = 0
                position[slot] += 1
        n_groups += 1


@numba.njit(cache=True, nogil=True)
def area_of_groups(assigned, worthless, n_groups):
    """Return the area under the ROC curve of groups in rising order of score; NaN with one class."""
    below = np.int64(0)
    twice_won = np.int64(0)
    n_worthless = np.int64(0)
    for group in range(n_groups):
        twice_won += worthless[group] * (2 * below + assigned[group])
        below += assigned[group]
        n_worthless += worthless[group]
    if below == 0 or n_worthless == 0:
        return np.nan
    return twice_won / (2.0 * below * n_worthless)


@numba.njit(cache=True, nogil=True)
def brier_of_groups(assigned, worthless, n_groups):
    """Return the least mean squared error of any probability that never falls as the score rises.

    Pools neighbours that fall (pool adjacent violators); a block of a assigned and w worthless rows that are all
    given w / (a + w) leaves a squared error of a w / (a + w). The arrays are used up.
    """
    n_blocks = 0
    total = 0.0
    for group in range(n_groups):
        a, w = assigned[group], worthless[group]
        total += a + w
        while n_blocks > 0 and worthless[n_blocks - 1] * a >= w * assigned[n_blocks - 1]:
            n_blocks -= 1
            a += assigned[n_blocks]
            w += worthless[n_blocks]
        assigned[n_blocks] = a
        worthless[n_blocks] = w
        n_blocks += 1
    error = 0.0
    for block in range(n_blocks):
        error += assigned[block] * worthless[block] / (assigned[block] + worthless[block])
    return error / total if total > 0 else np.nan


@numba.njit(cache=True, nogil=True)
def rising_fit(assigned, worthless):
    """Return the rising probabilities nearest to the outcomes of groups in rising order of score, shape (n_groups,)."""
    n_groups = assigned.shape[0]
    fitted = np.empty(n_groups, np.float64)
    block_assigned = np.empty(n_groups, np.int64)
    block_worthless = np.empty(n_groups, np.int64)
    block_end = np.empty(n_groups, np.int64)
    n_blocks = 0
    for group in range(n_groups):
        a, w = assigned[group], worthless[group]
        while n_blocks > 0 and block_worthless[n_blocks - 1] * a >= w * block_assigned[n_blocks - 1]:
            n_blocks -= 1
            a += block_assigned[n_blocks]
            w += block_worthless[n_blocks]
        block_assigned[n_blocks] = a
        block_worthless[n_blocks] = w
        block_end[n_blocks] = group + 1
        n_blocks += 1
    start = 0
    for block in range(n_blocks):
        fitted[start:block_end[block]] = block_worthless[block] / (block_assigned[block] + block_worthless[block])
        start = block_end[block]
    return fitted


@numba.njit(cache=True, nogil=True)
def area_of_counts(assigned, worthless, lowest, highest):
    """Return the area as `area_of_groups` does, of one slot, and empty its counts."""
    below = np.int64(0)
    twice_won = np.int64(0)
    n_worthless = np.int64(0)
    for score in range(lowest, highest + 1):
        w = np.int64(worthless[score])
        a = np.int64(assigned[score])
        twice_won += w * (2 * below + a)
        below += a
        n_worthless += w
        worthless[score] = 0
        assigned[score] = 0
    if below == 0 or n_worthless == 0:
        return np.nan
    return twice_won / (2.0 * below * n_worthless)


@numba.njit(cache=True, nogil=True)
def slot_of(divisors, n_slots, divisor):
    """Return the slot of a divisor, or `n_slots` if none has it yet."""
    for slot in range(n_slots):
        if divisors[slot] == divisor:
            return slot
    return n_slots


@numba.njit(cache=True, nogil=True)
def fill_slots(tenths, segments, patterns, weights, prefix, divisors, assigned, worthless, scores):
    """Count all rows under one weight vector; return how many slots (distinct sums of available weights) it took."""
    n_slots = 0
    n_factors = weights.shape[0]
    for pattern in range(patterns.shape[0]):
        divisor = np.int64(0)
        for factor in range(n_factors):
            divisor += patterns[pattern, factor] * weights[factor]
        is_neutral = divisor == 0
        slot = slot_of(divisors, n_slots, 1 if is_neutral else divisor)
        if slot == n_slots:
            divisors[slot] = 1 if is_neutral else divisor
            n_slots += 1
        start, middle, end = segments[pattern]
        if is_neutral:
            assigned[slot, NEUTRAL] += middle - start
            worthless[slot, NEUTRAL] += end - middle
            continue
        before, last = tenths[n_factors - 2], tenths[n_factors - 1]
        one, two = weights[n_factors - 2], weights[n_factors - 1]
        count_scores(prefix, before, last, one, two, start, middle, assigned[slot], scores)
        count_scores(prefix, before, last, one, two, middle, end, worthless[slot], scores)
    return n_slots


@numba.njit(cache=True, nogil=True)
def search(tenths, segments, patterns, bounds, weights, areas, briers, has_brier):
    """Write area and, if wanted, Brier score of each weight vector; see `search_weights`.

    bounds : int64, shape (2, n_factors), lowest and highest value of each factor. The sum of the factors before the
    last two is kept from one vector to the next, which usually differ in the last two only.
    """
    n_rows = tenths.shape[1]
    n_factors = weights.shape[1]
    most = np.int64(0)
    for vector in range(weights.shape[0]):
        most = max(most, weights[vector].sum())
    n_patterns = patterns.shape[0]
    assigned = np.zeros((n_patterns, most * HIGHEST + 1), np.int32)
    worthless = np.zeros((n_patterns, most * HIGHEST + 1), np.int32)
    divisors = np.ones(n_patterns, np.int64)
    n_groups_at_most = min(n_rows, n_patterns * (most * HIGHEST + 1)) + n_patterns
    group_assigned = np.zeros(n_groups_at_most, np.int64)
    group_worthless = np.zeros(n_groups_at_most, np.int64)
    prefix = np.empty(n_rows, np.uint16)
    scores = np.empty(BLOCK, np.uint16)
    for vector in range(weights.shape[0]):
        one = weights[vector]
        is_new = vector == 0
        for factor in range(n_factors - 2):
            is_new = is_new or one[factor] != weights[vector - 1, factor]
        if is_new:
            add_prefix(tenths, one, prefix)
        n_slots = fill_slots(tenths, segments, patterns, one, prefix, divisors, assigned, worthless, scores)
        if n_patterns == 1 and not has_brier:
            lowest = NEUTRAL if one.sum() == 0 else (bounds[0] * one).sum()
            highest = NEUTRAL if one.sum() == 0 else (bounds[1] * one).sum()
            areas[vector] = area_of_counts(assigned[0], worthless[0], lowest, highest)
            continue
        n_groups = take_groups(assigned, worthless, divisors, n_slots, group_assigned, group_worthless)
        areas[vector] = area_of_groups(group_assigned, group_worthless, n_groups)
        if has_brier:
            briers[vector] = brier_of_groups(group_assigned, group_worthless, n_groups)


@numba.njit(cache=True, nogil=True)
def nth_largest(scores, n):
    """Return the n-th largest of the scores (the smallest if there are fewer)."""
    n = min(n, scores.shape[0])
    heap = np.sort(scores[:n])
    for place in range(n, scores.shape[0]):
        if scores[place] > heap[0]:
            slot = 0
            while slot + 1 < n and heap[slot + 1] < scores[place]:
                heap[slot] = heap[slot + 1]
                slot += 1
            heap[slot] = scores[place]
    return heap[0]


@numba.njit(cache=True, nogil=True)
def top_mean(scores, returns, n):
    """Return the mean return of the n best scores; options tied at the edge share the places left."""
    edge = nth_largest(scores, n)
    above = 0.0
    n_above = 0
    at_edge = 0.0
    n_at_edge = 0
    for place in range(scores.shape[0]):
        if scores[place] > edge:
            above += returns[place]
            n_above += 1
        elif scores[place] == edge:
            at_edge += returns[place]
            n_at_edge += 1
    n = min(n, scores.shape[0])
    return (above + (n - n_above) * at_edge / n_at_edge) / n


@numba.njit(cache=True, nogil=True)
def top_returns(tenths, pattern, patterns, starts, returns, weights, top_n, found):
    """Write the mean over groups of rows (`starts`) of the mean return of the best `top_n` of each group."""
    n_rows = tenths.shape[1]
    scores = np.empty(n_rows, np.float64)
    divisors = np.empty(patterns.shape[0], np.int64)
    for vector in range(weights.shape[0]):
        one = weights[vector]
        for place in range(patterns.shape[0]):
            divisors[place] = (patterns[place] * one).sum()
        for row in range(n_rows):
            total = np.int64(0)
            for factor in range(one.shape[0]):
                total += one[factor] * tenths[factor, row]
            divisor = divisors[pattern[row]]
            scores[row] = total / divisor if divisor > 0 else float(NEUTRAL)
        mean = 0.0
        for group in range(starts.shape[0] - 1):
            first, last = starts[group], starts[group + 1]
            mean += top_mean(scores[first:last], returns[first:last], top_n)
        found[vector] = mean / (starts.shape[0] - 1)
