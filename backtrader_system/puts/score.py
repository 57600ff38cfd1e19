"""The composite score of a put: six factors on one scale, weighted; which options a recommendation page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.settings.puts import FactorWeights

if TYPE_CHECKING:
    from backtrader_system.puts.chain import OptionChain
    from backtrader_system.settings.puts import ScoreSettings

FACTORS = tuple(FactorWeights.model_fields)     # the order of every (n, 6) array of factors and of weights

BELOW_THRESHOLD = 30.0          # of a peak that never reached the threshold, and of days without a usable gap
NEAR_LOW_DAY_BONUS = 10.0
NEUTRAL = 50.0
GREEN_FROM, YELLOW_FROM = 70.0, 50.0

NO_SUPPORT, STRIKE_TOO_HIGH, BREAK_TOO_FRESH = "no support known", "strike above the rolling low", "broke too recently"
TOO_NEAR, TOO_FAR = "expires too soon", "expires too late"
FILTER_REASONS = ("", TOO_NEAR, TOO_FAR, NO_SUPPORT, STRIKE_TOO_HIGH, BREAK_TOO_FRESH)


def normalise_recovery_advantage(recovery_rate: np.ndarray) -> np.ndarray:
    """Return 100 * rate in [0, 100]; `recovery_rate` is the worthless share of past recovery candidates, a fraction.

    NaN stays NaN here and in the five functions below: what a missing factor means is decided by `composite_score`.
    """
    return np.clip(100.0 * np.asarray(recovery_rate, dtype=float), 0.0, 100.0)


def normalise_support_strength(strength: np.ndarray) -> np.ndarray:
    """Return the support strength itself, kept within [0, 100]."""
    return np.clip(np.asarray(strength, dtype=float), 0.0, 100.0)


def normalise_days_since_break(days_since_break: np.ndarray, trading_days_per_break: np.ndarray) -> np.ndarray:
    """Return 50 * days / gap in [0, 100]; 30 where no gap is known.

    days_since_break : calendar days, NaN: never broken, or nothing known. trading_days_per_break : sessions. That the
    ratio mixes calendar days with sessions, and so is inflated by about 365 / 252, is the owner's definition.
    """
    days = np.asarray(days_since_break, dtype=float)
    gap = np.asarray(trading_days_per_break, dtype=float)
    has_gap = gap > 0
    with np.errstate(over="ignore"):
        ratio = np.clip(50.0 * days / np.where(has_gap, gap, 1.0), 0.0, 100.0)
    return np.where(has_gap | np.isnan(days), ratio, BELOW_THRESHOLD)


def normalise_historical_peak(
    peak: np.ndarray, current: np.ndarray, threshold: float, *, keep_negative: bool = False,
) -> np.ndarray:
    """Return 50 + 200 * (peak - current), at most 100; 30 where the peak never reached the threshold.

    peak : the highest probability of the contract strictly before the day; current : that of the day; both in [0, 1].
    A current probability above the strictly past peak takes the value below 50 and, from a quarter on, below zero: kept
    at zero, since a factor runs from 0 to 100. keep_negative : as the original has it, without that limit.
    """
    peak, current = np.asarray(peak, dtype=float), np.asarray(current, dtype=float)
    value = np.minimum(100.0, NEUTRAL + 200.0 * (peak - current))
    if not keep_negative:
        value = np.maximum(value, 0.0)
    return np.where(peak < threshold, np.where(np.isnan(current), np.nan, BELOW_THRESHOLD), value)


def normalise_monthly_seasonality(positive_share: np.ndarray, is_near_low_day: np.ndarray) -> np.ndarray:
    """Return the share of past months of this name that did not fall, in percent, ten more near the usual low day."""
    bonus = np.where(np.asarray(is_near_low_day, dtype=bool), NEAR_LOW_DAY_BONUS, 0.0)
    return np.clip(np.asarray(positive_share, dtype=float) + bonus, 0.0, 100.0)


def normalise_current_performance(mean_return: np.ndarray, month_to_date: np.ndarray) -> np.ndarray:
    """Return 50 + 10 * (mean return of this month's name - return of this month so far), both in percent, in [0, 100].

    A month that lags its history scores high: the original expects it to catch up.
    """
    lag = np.asarray(mean_return, dtype=float) - np.asarray(month_to_date, dtype=float)
    return np.clip(NEUTRAL + 10.0 * lag, 0.0, 100.0)


def composite_score(
    factors: np.ndarray, weights: np.ndarray, missing: Literal["renormalise", "neutral", "zero"] = "renormalise",
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean of the factors, and the share of the weight that had a factor.

    factors : shape (n, 6), columns in the order of `FACTORS`, NaN missing. weights : shape (6,), or (n, 6) where they
        change from row to row; not negative, of any sum.
    missing : "renormalise" spreads the weight over the factors that are there; "neutral" puts 50, "zero" 0 in.
    Returns: score, shape (n,), NaN where nothing is known and nothing is put in; coverage, shape (n,), in [0, 1].
        Weights that are all zero give a score of 0, as in the original.
    Raises: DataError if shapes do not fit, a weight is negative or not finite, or a factor is infinite.

    Examples
    --------
    >>> weights = np.array([25, 20, 15, 15, 15, 10.0])
    >>> score, coverage = composite_score(np.array([[75, 80, 78, 70, 65, 60.0]]), weights)
    >>> round(float(score[0]), 2), float(coverage[0])
    (72.7, 1.0)
    >>> score, coverage = composite_score(np.array([[np.nan, 80, 80, np.nan, 50, 50]]), weights)
    >>> round(float(score[0]), 2), float(coverage[0])
    (67.5, 0.6)
    """
    factors, weights = np.asarray(factors, dtype=float), np.asarray(weights, dtype=float)
    _check(factors, weights)
    is_known = ~np.isnan(factors)
    total = _weighted_sum(np.ones_like(factors), weights)
    known_weight = _weighted_sum(is_known.astype(float), weights)
    filled = NEUTRAL if missing == "neutral" else 0.0
    weighted = _weighted_sum(np.where(is_known, factors, filled), weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage = np.where(total > 0, known_weight / total, 0.0)
        score = weighted / (known_weight if missing == "renormalise" else total)
    return np.where(total > 0, score, 0.0), coverage


def option_scores(
    factors: pd.DataFrame, settings: ScoreSettings, weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return score and coverage of every row of a factor table.

    weights : shape (6,) or (n, 6); None takes those of the settings. The original arithmetic ("compat") counts a
    missing factor as zero whatever `missing` says.
    """
    chosen = np.array([getattr(settings.weights, name) for name in FACTORS]) if weights is None else weights
    missing = "zero" if settings.arithmetic == "compat" else settings.missing
    return composite_score(factors[list(FACTORS)].to_numpy(dtype=float), chosen, missing)


def score_band(score: np.ndarray) -> np.ndarray:
    """Return "green" (from 70), "yellow" (from 50), "red", or "" where there is no score.

    Examples
    --------
    >>> score_band(np.array([70, 69.9, 50, 49.9, np.nan])).tolist()
    ['green', 'yellow', 'yellow', 'red', '']
    """
    score = np.asarray(score, dtype=float)
    return np.select([score >= GREEN_FROM, score >= YELLOW_FROM, score < YELLOW_FROM], ["green", "yellow", "red"], "")


def page_filter(
    chain: OptionChain, factors: pd.DataFrame, settings: ScoreSettings,
) -> tuple[np.ndarray, pd.Categorical]:
    """Return which quotes the recommendation page shows, and why the others are not shown.

    factors : table of `option_factors`, aligned with chain.quotes. Rules, in this order: days to expiry within the
        window; support known; strike not above the rolling low; the support not broken for `min_days_since_break`
        calendar days (a support that never broke counts from the first bar). An unknown low or unknown days fail; the
        original ("compat") lets both pass.
    Returns: bool, shape (n_quotes,), and the first rule that a quote breaks, "" where it passes.
    """
    days_left = chain.days_to_expiry()
    low = factors["rolling_low"].to_numpy()
    unbroken = factors["calendar_days_since_break"].to_numpy()
    is_compat = settings.arithmetic == "compat"
    if not is_compat:
        unbroken = np.where(np.isnan(unbroken), factors["days_of_history"].to_numpy(), unbroken)
    is_high = (chain.of_contract("strike") > low) & settings.strike_below_rolling_low
    broken = [
        days_left < settings.min_days_to_expiry,
        days_left > settings.max_days_to_expiry,
        np.isnan(low) & (not is_compat),
        is_high,
        unbroken < settings.min_days_since_break,
    ]
    codes = np.select(broken, np.arange(1, len(FILTER_REASONS)), 0)
    return codes == 0, pd.Categorical.from_codes(codes, categories=list(FILTER_REASONS))


def _weighted_sum(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sum over the columns; one order of summation for all, so that full coverage is exactly 1."""
    return np.einsum("...j,...j->...", values, weights)


def _check(factors: np.ndarray, weights: np.ndarray) -> None:
    faults = []
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        faults.append(f"factors have shape {factors.shape}; must be (n, {len(FACTORS)})")
    elif weights.shape not in ((len(FACTORS),), factors.shape):
        faults.append(f"weights have shape {weights.shape}; must be ({len(FACTORS)},) or that of the factors")
    if np.isinf(factors).any():
        faults.append(f"{int(np.isinf(factors).sum())} factors are infinite; a missing factor is NaN")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        faults.append(f"weights must be finite and not negative; the lowest is {weights.min()}")
    if faults:
        raise DataError("the composite score cannot be computed:", faults=faults)
