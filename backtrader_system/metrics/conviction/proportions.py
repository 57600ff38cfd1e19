"""Intervals of shares, of their weighted sums and of their ratio, for independent signals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from backtrader_system.metrics.conviction.distributions import normal_quantile

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """Winners among signals, and the weight the share has in a sum of shares.

    winners, n : counts; fractions are allowed, as after division by a design effect.

    Examples
    --------
    >>> Share(winners=3, n=12, weight=-1.0).rate
    0.25
    """

    winners: float
    n: float
    weight: float = 1.0

    @property
    def rate(self) -> float:
        return self.winners / self.n


def score_interval(winners: float, n: float, critical: float) -> Interval:
    """Return the Wilson (1927) score interval of a share at a given critical value, in [0, 1]; (0, 1) without signals.

    Same formula as `metrics.uncertainty.wilson_interval`; a Student t critical value and fractional counts widen it
    for clustered signals (Korn and Graubard 1998).

    Examples
    --------
    >>> [round(end, 2) for end in score_interval(6, 9, 1.96)]
    [0.35, 0.88]
    """
    if n <= 0:
        return 0.0, 1.0
    share, square = winners / n, critical**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = critical * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return (0.0 if winners <= 0 else centre - half), (1.0 if winners >= n else centre + half)


def weighted_sum_interval(shares: Sequence[Share], critical: float) -> Interval:
    """Return the interval of the sum of weight * share over independent groups of signals.

    Each end adds, in squares, how far the Wilson intervals reach in that direction: Zou and Donner (2008), "MOVER".
    With weights 1 and -1 it is method 10 of Newcombe (1998, Statistics in Medicine 17, 873-890) for the difference of
    two independent shares, which keeps its coverage with few signals and where no signal, or every one, has won.

    Examples
    --------
    >>> [round(end, 4) for end in weighted_sum_interval([Share(56, 70), Share(48, 80, -1.0)], 1.959964)]
    [0.0524, 0.3339]
    """
    used = [share for share in shares if share.n > 0 and share.weight != 0]
    value = sum(share.weight * share.rate for share in used)
    below = above = 0.0
    for share in used:
        ends = [share.weight * end for end in score_interval(share.winners, share.n, critical)]
        point = share.weight * share.rate
        below += (point - min(ends)) ** 2
        above += (max(ends) - point) ** 2
    return value - math.sqrt(below), value + math.sqrt(above)


def ratio_interval(first: Share, second: Share, confidence: float) -> Interval:
    """Return the score interval of the first share over the second, independent one; the upper end may be infinite.

    Koopman (1984), Biometrics 40: all ratios that a chi-square test does not reject. It needs no correction for
    groups without a winner; with none in both every ratio is possible.

    Examples
    --------
    >>> [round(end, 2) for end in ratio_interval(Share(36, 40), Share(16, 80), 0.95)]
    [2.94, 7.15]
    """
    limit = normal_quantile(0.5 + confidence / 2) ** 2
    if first.winners == 0 and second.winners == 0:
        return 0.0, math.inf
    centre = math.log(max(first.winners, 0.5) / first.n) - math.log(max(second.winners, 0.5) / second.n)
    low = 0.0 if first.winners == 0 else math.exp(_reach(first, second, limit, centre, -1))
    high = math.inf if second.winners == 0 else math.exp(_reach(first, second, limit, centre, 1))
    return low, high


def _reach(first: Share, second: Share, limit: float, centre: float, side: int) -> float:
    """Return the logarithm of the ratio, on one side of the centre, where the test begins to reject."""
    inside, outside = centre, centre + side
    while _chi_square(first, second, math.exp(outside)) < limit:
        outside += side
    for _ in range(100):
        middle = (inside + outside) / 2
        is_inside = _chi_square(first, second, math.exp(middle)) < limit
        inside, outside = (middle, outside) if is_inside else (inside, middle)
    return (inside + outside) / 2


def _chi_square(first: Share, second: Share, ratio: float) -> float:
    """Return the score statistic of first share = ratio * second share at the likeliest pair of shares."""
    n = first.n + second.n
    linear = ratio * (first.n + second.winners) + first.winners + second.n
    root = max(linear * linear - 4 * ratio * n * (first.winners + second.winners), 0.0)
    p_first = (linear - math.sqrt(root)) / (2 * n)
    p_first = min(max(p_first, 1e-15), 1 - 1e-15)
    p_second = min(p_first / ratio, 1 - 1e-15)
    return ((first.winners - first.n * p_first) ** 2 / (first.n * p_first * (1 - p_first))
            + (second.winners - second.n * p_second) ** 2 / (second.n * p_second * (1 - p_second)))
