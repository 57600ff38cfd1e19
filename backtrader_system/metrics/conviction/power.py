"""What a sample could have shown, and how many more trades would show it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from backtrader_system.metrics.conviction.distributions import student_t_cdf
from backtrader_system.metrics.conviction.proportions import Share, weighted_sum_interval

TRUE_DIFFERENCES = (0.20, 0.30, 0.40)
MOST_TRADES = 100_000


def rollout_power(
    shares: Sequence[Share], reach: float, critical: float, degrees_of_freedom: int, margin: float
) -> dict[float, float]:
    """Return true difference d -> chance that the lower end of the interval exceeds `margin` in a sample like this.

    shares : only-A, only-B and common signals with their weights in the difference. reach : measured difference minus
        the lower end of its interval. critical : its t quantile.
    Formula: F_t((d - margin) / s - t), with s = reach / t at the sample's own standard error, corrected for the shares
    at d: only-A must win as often as d asks, which changes Newcombe's part of the reach in proportion. A sample where
    nobody has won has a small error, yet a true difference of 30 points would not.

    Examples
    --------
    >>> shares = (Share(20, 50, 1.0), Share(5, 50, -1.0))
    >>> power = rollout_power(shares, 0.16, 1.96, 1000, margin=0.10)
    >>> [round(chance, 2) for chance in power.values()]
    [0.26, 0.69, 0.94]
    """
    only_a, *others = shares
    if only_a.n == 0 or only_a.weight == 0 or reach <= 0:
        return dict.fromkeys(TRUE_DIFFERENCES, 0.0)
    inflation = reach / _reach_below(shares, critical)
    rest = sum(share.weight * share.rate for share in others if share.n > 0)
    chances = {}
    for true in TRUE_DIFFERENCES:
        rate = min(max((true - rest) / only_a.weight, 0.0), 1.0)
        assumed = [Share(rate * only_a.n, only_a.n, only_a.weight), *others]
        error = inflation * _reach_below(assumed, critical) / critical
        chances[true] = student_t_cdf((true - margin) / error - critical, degrees_of_freedom)
    return chances


def more_trades_for_verdict(n: int, difference: float, low: float, high: float, margin: float) -> int:
    """Return how many more trades of each kind bring a verdict if the measured difference stays.

    The interval shrinks with 1 / sqrt(n), so n * (reach / distance)^2 trades bring its end to the threshold. With the
    difference between -margin and margin both ends must come inside. 100,001 stands for "more than 100,000".

    Examples
    --------
    >>> more_trades_for_verdict(50, 0.30, 0.0, 0.60, margin=0.10)    # 50 * (0.30 / 0.20)^2 = 112.5
    63
    """
    below, above = difference - low, high - difference
    to_upper, to_lower = margin - difference, difference + margin
    if to_upper < 0:
        gaps = [(below, -to_upper)]
    elif to_lower < 0:
        gaps = [(above, -to_lower)]
    else:
        gaps = [(above, to_upper), (below, to_lower)]
    if any(gap <= 1e-9 for _, gap in gaps):
        return MOST_TRADES + 1
    factor = max(reach / gap for reach, gap in gaps)
    # One part in a million is rounding, not a trade.
    return min(max(math.ceil(n * (factor * factor - 1) - 1e-6), 1), MOST_TRADES + 1)


def _reach_below(shares: Sequence[Share], critical: float) -> float:
    value = sum(share.weight * share.rate for share in shares if share.n > 0)
    return value - weighted_sum_interval(shares, critical)[0]
