"""Whether live signals still behave as the backtest expects."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.metrics.conviction.clusters import instants, shared_correlation, time_clusters
from backtrader_system.metrics.conviction.distributions import normal_quantile, student_t_quantile
from backtrader_system.metrics.conviction.population_shift import (
    largest_gap,
    population_stability,
    stability_null,
    stability_of_stretches,
)
from backtrader_system.metrics.conviction.proportions import Share, score_interval, weighted_sum_interval

OK, WATCH, ALARM, NOT_ENOUGH = "ok", "watch", "alarm", "not enough evidence"
PSI_LIMIT, PSI_WATCH = 0.2, 0.1
FEATURE_SHARE_LIMIT = 0.20
HIT_RATE_LIMIT = -0.05
PRECISION_LIMIT, PRECISION_WEEKS = 0.55, 2
MIN_LIVE = 10
MIN_CLUSTERS = 10
REQUIRED = ("decided_at", "score", "probability", "won")
COLUMNS = ("name", "expected", "live", "difference", "low", "high", "n", "limit", "state", "text")


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One comparison of live with backtest; None where a figure does not apply or was not computed.

    Examples
    --------
    >>> DriftRow("hit_rate", 0.30, 0.20, -0.10, -0.30, 0.10, 25, -0.05, "watch", "...").state
    'watch'
    """

    name: str
    expected: float | None
    live: float | None
    difference: float | None
    low: float | None
    high: float | None
    n: int
    limit: float
    state: str
    text: str


def drift_report(
    backtest_signals: pd.DataFrame,
    live_signals: pd.DataFrame,
    *,
    now: object,
    days: int = 30,
    label_days: int = 30,
    features: tuple[str, ...] = (),
    confidence: float = 0.95,
    precision_limit: float = PRECISION_LIMIT,
) -> pd.DataFrame:
    """Return one row per comparison, columns COLUMNS.

    Both tables: decided_at, score, probability, won (1.0, 0.0, NaN), optionally selected (bool; absent: all), the
    columns `features`. now : the instant of the report.
    Timing: scores and features are those of signals decided in the last `days`; outcomes those of signals whose
    `label_days` ended in the last `days`. The outcomes of newer signals are left out even where known: a quick stop is
    known before a slow target, so the early ones are a biased sample.
    Rows: score_psi, score_ks_p_value, features_shifted, hit_rate, calibration, weekly_precision, mean_net_return (if
    both tables have net_return). The states are defined with each.
    Raises: DataError naming every missing column of either table.
    """
    _require_columns(backtest_signals, live_signals)
    end, live_at = instants([now])[0], instants(live_signals["decided_at"])
    window, horizon = np.timedelta64(days, "D"), np.timedelta64(label_days, "D")
    recent = live_signals[(live_at > end - window) & (live_at <= end)]
    is_mature = (live_at + horizon <= end) & (live_at + horizon > end - window)
    mature, before = _resolved(live_signals[is_mature]), _resolved(backtest_signals)
    matured = _resolved(live_signals[live_at + horizon <= end])
    chance = _chance(before, label_days, confidence)
    rows = [
        _score_psi(backtest_signals, recent, days, confidence), _score_ks(backtest_signals, recent, confidence),
        _features_shifted(backtest_signals, recent, features, days, confidence),
        _hit_rate(before, mature, chance), _calibration(mature, chance),
        _weekly_precision(matured, end - horizon, precision_limit, chance),
    ]
    if "net_return" in backtest_signals and "net_return" in live_signals:
        rows.append(_mean_net_return(before, mature, chance))
    return pd.DataFrame([asdict(row) for row in rows], columns=list(COLUMNS))


def _require_columns(backtest_signals: pd.DataFrame, live_signals: pd.DataFrame) -> None:
    faults = [f"{name} signals: no column {column!r}"
              for name, table in (("backtest", backtest_signals), ("live", live_signals))
              for column in REQUIRED if column not in table]
    if faults:
        raise DataError("drift cannot be measured: columns are missing; add them", faults=faults)


def _resolved(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the selected signals with a known outcome."""
    selected = signals[signals["selected"].astype(bool)] if "selected" in signals else signals
    return selected[selected["won"].notna()]


@dataclass(frozen=True, slots=True)
class _Chance:
    """How far luck reaches: critical value, and the correlation of outcomes within `days` (see shared_correlation)."""

    critical: float
    correlation: float
    n_per_stretch: float

    def live_effect(self, n: int) -> float:
        """Return the factor of the variance of n live signals; they all fall into one stretch."""
        return 1 + (n - 1) * self.correlation

    @property
    def past_effect(self) -> float:
        return 1 + max(self.n_per_stretch - 1, 0) * self.correlation

    @property
    def text(self) -> str:
        return "signals taken as independent" if self.correlation == 0 else \
            f"outcomes of the same weeks go together with a correlation of {self.correlation:.2f}"


def _chance(before: pd.DataFrame, label_days: int, confidence: float) -> _Chance:
    """Return what the backtest shows of shared weeks; independent signals where it has too few of them."""
    cluster = time_clusters(before["decided_at"], label_days)
    correlation, n_clusters = shared_correlation(before["won"].to_numpy(float), cluster)
    if n_clusters < MIN_CLUSTERS:
        return _Chance(normal_quantile(0.5 + confidence / 2), 0.0, 1.0)
    sizes = np.unique(cluster, return_counts=True)[1]
    critical = student_t_quantile(0.5 + confidence / 2, n_clusters - 1)
    return _Chance(critical, correlation, float((sizes**2).sum() / sizes.sum()))


def _score_psi(before: pd.DataFrame, recent: pd.DataFrame, days: int, confidence: float) -> DriftRow:
    """State: alarm above 0.2, watch above 0.1, if also above what luck and the months of the backtest gave."""
    before, live = before[before["score"].notna()], recent["score"].dropna().to_numpy(float)
    if before.empty or len(live) < MIN_LIVE:
        return _too_few("score_psi", len(live), PSI_LIMIT)
    expected = before["score"].to_numpy(float)
    value, n_bins = population_stability(expected, live)
    null = _usual_shift(expected, len(live), n_bins, _stretches(before, days), confidence)
    state = _psi_state(value, null)
    text = (f"Score drift: population stability index {value:.2f} over {len(live)} scores (alarm above {PSI_LIMIT}; "
            f"luck and the usual change from month to month give up to {null:.2f}): {state}.")
    return DriftRow("score_psi", 0.0, value, value, None, null, len(live), PSI_LIMIT, state, text)


def _stretches(before: pd.DataFrame, days: int) -> np.ndarray | None:
    """Return the stretch of time of each signal, None where they are too few to tell what is usual."""
    cluster = time_clusters(before["decided_at"], days)
    return cluster if len(np.unique(cluster)) >= MIN_CLUSTERS else None


def _usual_shift(expected: np.ndarray, n_live: int, n_bins: int, stretch: np.ndarray | None, level: float) -> float:
    """Return the PSI up to which nothing need have changed: by luck, and as past stretches differed."""
    luck = stability_null(len(expected), n_live, n_bins, level)
    past = np.zeros(0) if stretch is None else stability_of_stretches(expected, stretch, MIN_LIVE)
    return max(luck, float(np.quantile(past, min(level, 0.95), method="higher"))) if len(past) else luck


def _psi_state(value: float, null: float) -> str:
    if value <= PSI_WATCH:
        return OK
    if value <= null:
        return NOT_ENOUGH
    return ALARM if value > PSI_LIMIT else WATCH


def _score_ks(before: pd.DataFrame, recent: pd.DataFrame, confidence: float) -> DriftRow:
    """State: watch where the two distributions differ by more than luck; the size is for the PSI to judge."""
    expected, live = (table["score"].dropna().to_numpy(float) for table in (before, recent))
    limit = 1 - confidence
    if not len(expected) or len(live) < MIN_LIVE:
        return _too_few("score_ks_p_value", len(live), limit)
    gap, p_value = largest_gap(expected, live)
    state = WATCH if p_value < limit else OK
    text = (f"Score drift: the cumulative distributions differ by at most {gap:.2f} (p = {p_value:.3f}, "
            f"{len(expected)} and {len(live)} scores): {state}.")
    return DriftRow("score_ks_p_value", None, p_value, None, None, None, len(live), limit, state, text)


def _features_shifted(
    before: pd.DataFrame, recent: pd.DataFrame, features: tuple[str, ...], days: int, confidence: float
) -> DriftRow:
    """State: alarm where more than 20 % of the features have a PSI above 0.2 and above what is usual."""
    name, n = "features_shifted", len(recent)
    used = [feature for feature in features if feature in before and feature in recent]
    if not used or before.empty or n < MIN_LIVE:
        return _too_few(name, n, FEATURE_SHARE_LIMIT, "no feature in both tables" if not used else None)
    values, doubtful = {}, 0
    # Many features are looked at, so each must pass a stricter level for the whole to keep `confidence`.
    level, stretch = 1 - (1 - confidence) / len(used), _stretches(before, days)
    for feature in used:
        expected = before[feature].to_numpy(float)
        value, n_bins = population_stability(expected, recent[feature].to_numpy(float))
        if value > PSI_LIMIT:
            is_more = value > _usual_shift(expected, n, n_bins, stretch, level)
            values |= {feature: value} if is_more else {}
            doubtful += not is_more
    share, possible = len(values) / len(used), (len(values) + doubtful) / len(used)
    state = _feature_state(share, possible)
    worst = ", ".join(f"{feature} {value:.2f}" for feature, value in
                      sorted(values.items(), key=lambda item: -item[1])[:5])
    text = (f"Feature drift: {len(values)} of {len(used)} features have shifted (alarm above {FEATURE_SHARE_LIMIT:.0%})"
            f"{f': {worst}' if worst else ''}; {doubtful} more exceed {PSI_LIMIT} but no more than is usual with {n} "
            f"signals: {state}.")
    return DriftRow(name, 0.0, share, share, share, possible, n, FEATURE_SHARE_LIMIT, state, text)


def _feature_state(share: float, possible: float) -> str:
    if share > FEATURE_SHARE_LIMIT:
        return ALARM
    if possible > FEATURE_SHARE_LIMIT:
        return NOT_ENOUGH
    return WATCH if share > 0 else OK


def _hit_rate(before: pd.DataFrame, mature: pd.DataFrame, chance: _Chance) -> DriftRow:
    """State: 5 points below or more: alarm if the interval excludes 0, else watch. Otherwise ok if the interval
    excludes 5 points below, else not enough evidence."""
    n = len(mature)
    if before.empty or n < MIN_LIVE:
        return _too_few("hit_rate", n, HIT_RATE_LIMIT)
    expected, live = float(before["won"].mean()), float(mature["won"].mean())
    low, high = weighted_sum_interval(
        [_shrunk(live, n, chance.live_effect(n)), _shrunk(expected, len(before), chance.past_effect, -1.0)],
        chance.critical)
    difference = live - expected
    if difference <= HIT_RATE_LIMIT:
        state = ALARM if high < 0 else WATCH
    else:
        state = OK if low > HIT_RATE_LIMIT else NOT_ENOUGH
    text = (f"Hit rate: {live:.1%} of {n} live signals against {expected:.1%} of {len(before)} in the backtest, "
            f"{100 * difference:+.1f} points, interval {100 * low:+.1f} to {100 * high:+.1f} "
            f"({chance.text}; alarm at {100 * HIT_RATE_LIMIT:.0f} if the interval excludes 0): {state}.")
    return DriftRow("hit_rate", expected, live, difference, low, high, n, HIT_RATE_LIMIT, state, text)


def _calibration(mature: pd.DataFrame, chance: _Chance) -> DriftRow:
    """State: alarm where winners differ from the sum of probabilities by more than luck.

    Poisson-binomial: z = (winners - sum p) / sqrt(sum p (1 - p)), the variance raised by what weeks share.
    """
    known = mature[mature["probability"].notna()]
    n, limit = len(known), chance.critical
    if n < MIN_LIVE:
        return _too_few("calibration", n, limit)
    probability = known["probability"].to_numpy(float)
    expected, seen = float(probability.sum()), float(known["won"].sum())
    error = math.sqrt(chance.live_effect(n) * float(np.sum(probability * (1 - probability))))
    if error == 0:
        return _too_few("calibration", n, limit, "all probabilities are 0 or 1")
    z = (seen - expected) / error
    state = ALARM if abs(z) > limit else OK
    text = (f"Calibration: {seen:.0f} winners where the probabilities promise {expected:.1f} of {n}, z = {z:+.2f} "
            f"({chance.text}; alarm beyond {limit:.2f}): {state}.")
    return DriftRow("calibration", expected, seen, seen - expected, seen - expected - limit * error,
                    seen - expected + limit * error, n, limit, state, text)


def _weekly_precision(resolved: pd.DataFrame, end: np.datetime64, limit: float, chance: _Chance) -> DriftRow:
    """State: both of the last two matured weeks below the limit: alarm if their joint interval is too, else watch."""
    name = "weekly_precision"
    week = (end - instants(resolved["decided_at"])) // np.timedelta64(7, "D")
    outcomes = [resolved["won"].to_numpy(float)[week == number] for number in range(PRECISION_WEEKS)]
    n = sum(len(part) for part in outcomes)
    if any(len(part) == 0 for part in outcomes):
        return _too_few(name, n, limit, f"one of the last {PRECISION_WEEKS} matured weeks has no selected signal")
    rates = [float(part.mean()) for part in outcomes]
    winners = float(sum(part.sum() for part in outcomes))
    effect = chance.live_effect(n)
    low, high = score_interval(winners / effect, n / effect, chance.critical)
    is_below = all(rate < limit for rate in rates)
    state = OK if not is_below else ALARM if high < limit else WATCH
    weeks = ", ".join(f"{rate:.0%} of {len(part)}" for rate, part in zip(rates, outcomes, strict=True))
    text = (f"Precision of the last {PRECISION_WEEKS} matured weeks, latest first: {weeks}; together "
            f"{winners / n:.1%}, interval {low:.1%} to {high:.1%} (alarm if each, and the interval, is below "
            f"{limit:.0%}): {state}.")
    return DriftRow(name, limit, winners / n, winners / n - limit, low - limit, high - limit, n, limit, state, text)


def _mean_net_return(before: pd.DataFrame, mature: pd.DataFrame, chance: _Chance) -> DriftRow:
    """State: watch where live trades earn less than the backtest by more than luck."""
    expected, live = (table["net_return"].dropna().to_numpy(float) for table in (before, mature))
    n = len(live)
    if len(expected) < 2 or n < MIN_LIVE:
        return _too_few("mean_net_return", n, 0.0)
    difference = float(live.mean() - expected.mean())
    reach = chance.critical * math.sqrt(
        chance.live_effect(n) * live.var(ddof=1) / n + chance.past_effect * expected.var(ddof=1) / len(expected))
    state = WATCH if difference + reach < 0 else OK
    text = (f"Net return per trade: {live.mean():+.2%} in {n} live trades against {expected.mean():+.2%} in "
            f"{len(expected)}, interval of the difference {difference - reach:+.2%} to {difference + reach:+.2%} "
            f"({chance.text}): {state}.")
    return DriftRow("mean_net_return", float(expected.mean()), float(live.mean()), difference, difference - reach,
                    difference + reach, n, 0.0, state, text)


def _too_few(name: str, n: int, limit: float, reason: str | None = None) -> DriftRow:
    reason = reason or f"{n} live signals, {MIN_LIVE} are needed"
    text = f"{name.replace('_', ' ').capitalize()}: {reason}: {NOT_ENOUGH}."
    return DriftRow(name, None, None, None, None, None, n, limit, NOT_ENOUGH, text)


def _shrunk(rate: float, n: int, effect: float, weight: float = 1.0) -> Share:
    """Return the share of as many independent signals as tell the same."""
    return Share(rate * n / effect, n / effect, weight)
