"""Which of two selections of the same signals wins or earns more, and whether the sample can tell."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from backtrader_system.metrics.conviction.clusters import (
    cluster_variance,
    rate_difference_residual,
    time_clusters,
)
from backtrader_system.metrics.conviction.distributions import student_t_quantile
from backtrader_system.metrics.conviction.power import (
    MOST_TRADES,
    TRUE_DIFFERENCES,
    more_trades_for_verdict,
    rollout_power,
)
from backtrader_system.metrics.conviction.proportions import Interval, Share, weighted_sum_interval

ROLLOUT, HYBRID, ITERATE, NOT_ENOUGH = "rollout", "hybrid", "iterate", "not_enough_evidence"
_MEANING = {
    ROLLOUT: "roll out {a}", HYBRID: "keep the hybrid", ITERATE: "iterate on the features of {a}",
    NOT_ENOUGH: "not enough evidence",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Win rate of selection A minus that of B, its interval and what may be concluded.

    rate_a, rate_b : win rates of resolved signals, None without any. difference, low, high : fractions, None where
    not computed. n_a, n_b, n_common : resolved signals selected by A, by B, by both. n_censored : selected by either,
    outcome unknown. n_clusters : stretches of time with a selected resolved signal. verdict : rollout | hybrid |
    iterate | not_enough_evidence. more_trades_needed : of each kind, for a verdict; None if there is one, nothing can
    be said, or win rates below the margin cannot decide; 100,001 stands for "more than 100,000". power : true
    difference -> chance of the verdict `rollout`, empty where power_text says why.

    Examples
    --------
    >>> days = np.datetime64("2024-01-01") + np.arange(400)
    >>> is_a = np.arange(400) % 2 == 0
    >>> compare_selections(is_a * 1.0, is_a, ~is_a, days).verdict
    'rollout'
    """

    rate_a: float | None
    rate_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_a: int
    n_b: int
    n_common: int
    n_censored: int
    n_clusters: int
    verdict: str
    text: str
    more_trades_needed: int | None = None
    power: dict[float, float] = field(default_factory=dict)
    power_text: str = ""


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """Mean net return per signal of selection A minus that of B, fractions; None where not computed.

    n_a, n_b : signals of A and of B with a known net return. n_clusters : stretches of time they fall into.

    Examples
    --------
    >>> days = np.datetime64("2024-01-01") + np.arange(4)
    >>> is_a = np.array([True, True, False, False])
    >>> mean_difference(np.array([0.05, -0.01, -0.02, np.nan]), is_a, ~is_a, days).difference
    0.04
    """

    mean_a: float | None
    mean_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_a: int
    n_b: int
    n_clusters: int
    text: str


@dataclass(frozen=True, slots=True)
class _Rule:
    margin: float
    confidence: float
    cluster_days: int
    min_clusters: int
    name_a: str
    name_b: str


def compare_selections(
    won: np.ndarray,
    is_a: np.ndarray,
    is_b: np.ndarray,
    decided_at: object,
    *,
    margin: float = 0.10,
    confidence: float = 0.95,
    cluster_days: int = 30,
    min_clusters: int = 10,
    name_a: str = "ML",
    name_b: str = "rules",
) -> Comparison:
    """Return whether selection A wins more often than B by more than `margin`, paired on the same signals and prices.

    won : 1.0, 0.0 or NaN (censored: left out, counted), shape (n_signals,). is_a, is_b : bool. decided_at : instants.
    Pairing: both rates use the same outcomes, so a signal in both adds to both and cancels where A and B are equally
    large. Interval: the wider, at each end, of
    1. difference +- t * s, s^2 the cluster-robust variance over stretches of `cluster_days` (`cluster_variance`), t the
       Student quantile with G - 1 degrees of freedom;
    2. Newcombe's score interval for only-A, only-B and common signals (`weighted_sum_interval`) at the same t. It
       keeps the interval open where s is 0 or tiny, as when nobody has won.
    Verdict: rollout if low > margin; hybrid if low >= -margin and high <= margin; iterate if high < -margin;
    else not_enough_evidence, as always below `min_clusters`. Never hybrid where the win rate of the two selections
    taken together, (winners of A + of B) / (n_a + n_b), is below the margin: there two equally rare rates lie within
    it whatever the skill, so the verdict would say nothing.
    Power: chance of the verdict rollout at a true difference of 20, 30, 40 points (`rollout_power`), as far as the
    rate of B leaves room for it; none where the rates are below the margin.
    """
    rule = _Rule(margin, confidence, cluster_days, min_clusters, name_a, name_b)
    won, is_a, is_b = np.asarray(won, dtype=float), np.asarray(is_a, dtype=bool), np.asarray(is_b, dtype=bool)
    is_used = (is_a | is_b) & ~np.isnan(won)
    cluster = time_clusters(decided_at, cluster_days)[is_used]
    n_censored = int(((is_a | is_b) & np.isnan(won)).sum())
    won, is_a, is_b = won[is_used], is_a[is_used], is_b[is_used]
    n_a, n_b, n_clusters = int(is_a.sum()), int(is_b.sum()), len(np.unique(cluster))
    counts = {"n_a": n_a, "n_b": n_b, "n_common": int((is_a & is_b).sum()), "n_censored": n_censored,
              "n_clusters": n_clusters}
    if n_a == 0 or n_b == 0:
        return _nothing(won, is_a, is_b, counts, rule)
    rate_a, rate_b = float(won[is_a].mean()), float(won[is_b].mean())
    difference = rate_a - rate_b
    degrees = max(n_clusters - 1, 1)
    critical = student_t_quantile(0.5 + confidence / 2, degrees)
    shares = _shares(won, is_a, is_b)
    low, high = _interval(rate_difference_residual(won, is_a, is_b), cluster, difference, shares, critical)
    is_enough, is_rare = n_clusters >= min_clusters, _is_rare((rate_a, rate_b), counts, margin)
    verdict = _verdict(low, high, margin) if is_enough else NOT_ENOUGH
    verdict = NOT_ENOUGH if verdict == HYBRID and is_rare else verdict
    more = _more_trades(difference, (low, high), counts, rule) if verdict == NOT_ENOUGH and not is_rare else None
    power = rollout_power(shares, difference - low, critical, degrees, margin) if is_enough and not is_rare else {}
    power = {true: chance for true, chance in power.items() if true <= 1 - rate_b + 1e-9}
    return Comparison(
        rate_a, rate_b, difference, low, high, **counts, verdict=verdict,
        text=_text((rate_a, rate_b), (low, high), counts, verdict, more, rule),
        more_trades_needed=more, power=power, power_text=_power_text(power, rate_b, n_clusters, is_rare, rule),
    )


def mean_difference(
    values: np.ndarray,
    is_a: np.ndarray,
    is_b: np.ndarray,
    decided_at: object,
    *,
    confidence: float = 0.95,
    cluster_days: int = 30,
    min_clusters: int = 10,
    name_a: str = "ML",
    name_b: str = "rules",
) -> MeanDifference:
    """Return how much more the signals of A earned on average than those of B, paired on the same signals.

    values : net return per signal as a fraction, NaN (no closed trade) left out, shape (n_signals,). is_a, is_b : bool.
    Interval: difference +- t * s as in `compare_selections`, 1.; none below `min_clusters`, nor where the stretches do
    not differ at all. It rests on means being nearly normal: where none of many signals has reached its target
    yet, the interval knows nothing of the gain that is missing.
    """
    values, is_a, is_b = np.asarray(values, dtype=float), np.asarray(is_a, dtype=bool), np.asarray(is_b, dtype=bool)
    is_used = (is_a | is_b) & ~np.isnan(values)
    cluster = time_clusters(decided_at, cluster_days)[is_used]
    values, is_a, is_b = values[is_used], is_a[is_used], is_b[is_used]
    counts = (int(is_a.sum()), int(is_b.sum()), len(np.unique(cluster)))
    means = [float(values[rows].mean()) if rows.any() else None for rows in (is_a, is_b)]
    if None in means:
        empty = " and ".join(name for name, mean in zip((name_a, name_b), means, strict=True) if mean is None)
        return MeanDifference(*means, None, None, None, *counts, text=(
            f"Mean net return per signal cannot be compared: {empty} selected no signal with a closed trade."))
    difference = means[0] - means[1]
    head = (f"Mean net return per signal: {name_a} {means[0]:+.1%}, {name_b} {means[1]:+.1%}: "
            f"difference {100 * difference:+.1f} points")
    variance, n_clusters = cluster_variance(rate_difference_residual(values, is_a, is_b), cluster)
    if n_clusters < min_clusters or not variance > 0:
        why = "the stretches do not differ" if n_clusters >= min_clusters else \
            f"{_stretches(n_clusters, cluster_days)}, {min_clusters} are needed"
        return MeanDifference(*means, difference, None, None, *counts, text=f"{head}; no interval: {why}.")
    half = student_t_quantile(0.5 + confidence / 2, n_clusters - 1) * math.sqrt(variance)
    low, high = difference - half, difference + half
    return MeanDifference(*means, difference, low, high, *counts, text=(
        f"{head}, {confidence:.0%} interval {100 * low:+.1f} to {100 * high:+.1f}."))


def _shares(won: np.ndarray, is_a: np.ndarray, is_b: np.ndarray) -> list[Share]:
    """Return only-A, only-B and common signals with the weights that make their sum the difference of the rates."""
    in_a, in_b = 1 / is_a.sum(), 1 / is_b.sum()
    groups = ((is_a & ~is_b, in_a), (is_b & ~is_a, -in_b), (is_a & is_b, in_a - in_b))
    return [Share(float(won[rows].sum()), int(rows.sum()), float(rows.sum() * each)) for rows, each in groups]


def _interval(
    residual: np.ndarray, cluster: np.ndarray, difference: float, shares: list[Share], critical: float
) -> Interval:
    low, high = weighted_sum_interval(shares, critical)
    variance, n_clusters = cluster_variance(residual, cluster)
    half = critical * math.sqrt(variance) if n_clusters >= 2 else 0.0
    return max(min(low, difference - half), -1.0), min(max(high, difference + half), 1.0)


def _verdict(low: float, high: float, margin: float) -> str:
    if low > margin:
        return ROLLOUT
    if high < -margin:
        return ITERATE
    return HYBRID if low >= -margin and high <= margin else NOT_ENOUGH


def _is_rare(rates: Interval, counts: dict[str, int], margin: float) -> bool:
    """Return whether winners are so rare that the two rates lie within the margin of each other, skill or not."""
    n_a, n_b = counts["n_a"], counts["n_b"]
    is_within = abs(rates[0] - rates[1]) <= margin
    return is_within and (rates[0] * n_a + rates[1] * n_b) / (n_a + n_b) < margin


def _more_trades(difference: float, ends: Interval, counts: dict[str, int], rule: _Rule) -> int:
    n, lacking = max(counts["n_a"], counts["n_b"]), rule.min_clusters - counts["n_clusters"]
    more = more_trades_for_verdict(n, difference, *ends, rule.margin)
    for_clusters = math.ceil(n * lacking / counts["n_clusters"])
    return min(max(more, for_clusters), MOST_TRADES + 1)


def _nothing(won: np.ndarray, is_a: np.ndarray, is_b: np.ndarray, counts: dict[str, int], rule: _Rule) -> Comparison:
    empty = " and ".join(name for name, n in ((rule.name_a, counts["n_a"]), (rule.name_b, counts["n_b"])) if n == 0)
    rates = [float(won[rows].mean()) if rows.any() else None for rows in (is_a, is_b)]
    return Comparison(
        *rates, None, None, None, **counts, verdict=NOT_ENOUGH,
        text=f"Not enough evidence: {empty} selected no signal with a known outcome.",
        power_text="No power can be computed without an interval.",
    )


def _text(rates: Interval, ends: Interval, counts: dict[str, int], verdict: str, more: int | None, rule: _Rule) -> str:
    n_clusters = counts["n_clusters"]
    head = (f"{rule.name_a} won {rates[0]:.1%} of {counts['n_a']}, {rule.name_b} {rates[1]:.1%} of {counts['n_b']} "
            f"({counts['n_common']} signals in both): a difference of {100 * (rates[0] - rates[1]):+.1f} points")
    stretches = _stretches(n_clusters, rule.cluster_days)
    interval = f", {rule.confidence:.0%} interval {100 * ends[0]:+.1f} to {100 * ends[1]:+.1f} over {stretches}"
    is_enough = n_clusters >= rule.min_clusters
    if verdict == NOT_ENOUGH and more is None:
        return (f"{head}{interval if is_enough else ''}. Cannot be decided by win rates: {rates[0]:.1%} and "
                f"{rates[1]:.1%}, taken together, lie below the margin of {100 * rule.margin:.0f} points.")
    if not is_enough:
        return (f"{head}. Not enough evidence: the signals fall into {stretches}, an interval needs "
                f"{rule.min_clusters}" + (f": about {more:,} more trades of each kind at this rate" if more else "")
                + ". Only then can be told how many a verdict needs.")
    meaning = _MEANING[verdict].format(a=rule.name_a)
    tail = f"{meaning}: {_more_text(more)}" if verdict == NOT_ENOUGH else f"verdict: {meaning}"
    return f"{head}{interval}. {tail[0].upper()}{tail[1:]}."


def _stretches(n_clusters: int, cluster_days: int) -> str:
    return f"{n_clusters} stretch{'es' if n_clusters != 1 else ''} of {cluster_days} days"


def _more_text(more: int | None) -> str:
    number = f"more than {MOST_TRADES:,}" if more is not None and more > MOST_TRADES else f"about {more:,}"
    return f"{number} more trades of each kind are needed, if this difference stays"


def _power_text(power: dict[float, float], rate_b: float, n_clusters: int, is_rare: bool, rule: _Rule) -> str:
    if is_rare:
        return (f"No power is given: where win rates lie below the margin of {100 * rule.margin:.0f} points, a "
                f"difference of {100 * TRUE_DIFFERENCES[0]:.0f} points or more is not to be expected.")
    if n_clusters < rule.min_clusters:
        return f"No power is given: {n_clusters} stretches of time, {rule.min_clusters} are needed."
    if not power:
        return (f"No power is given: {rule.name_b} won {rate_b:.1%}, which leaves no room for a difference of "
                f"{100 * TRUE_DIFFERENCES[0]:.0f} points.")
    chances = ", ".join(f"{chance:.0%} at {100 * true:.0f}" for true, chance in power.items())
    return (f"Chance that the verdict 'roll out {rule.name_a}' appears in a sample like this, by the true difference "
            f"in points: {chances}.")
