"""Hit rate, premium and loss by score, probability, days to expiry, market and fifth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.errors_by_cluster import Resampling, mean_estimate, share_estimate
from backtrader_system.metrics.puts.sample import EvidenceSample
from backtrader_system.metrics.puts.selection import fifth_of_all, fifth_within_expiry

COLUMNS = ("analysis", "bucket", "options", "expiries", "worthless", "hit_rate", "low", "high", "mean_score",
           "mean_premium", "mean_pnl", "expectancy_low", "expectancy_high", "worst_pnl", "tail_loss",
           "priced", "priced_hit_rate", "break_even_rate", "note")
SCORE_BUCKETS = ("90-100", "80-90", "70-80", "60-70", "50-60", "<50")
PROBABILITY_BUCKETS = (">=90 %", "80-90 %", "70-80 %", "60-70 %", "50-60 %", "<50 %")
DAY_BUCKETS = ("0-7", "8-14", "15-21", "22-28", "29-35", "36+")
FIFTHS = ("5 (highest)", "4", "3", "2", "1 (lowest)")
TAIL_SHARE = 0.05


def hit_rate_table(sample: EvidenceSample, draws: Resampling) -> pd.DataFrame:
    """Return one row per analysis and bucket; the columns `COLUMNS`.

    Analyses: score_bucket (90-100 holds 100, all others end below their upper limit), probability_bucket,
    days_to_expiry, regime, quintile (fifths among the options of the same expiry date), quintile_pooled (among all).
    low, high : Wilson interval for clustered options; expectancy_low, expectancy_high : of mean_pnl, bootstrap by
    months of expiry. NaN with a note below 10 months in the bucket. Empty buckets stay, with 0 options.
    priced, priced_hit_rate : options with a known P&L, and how many of these expired worthless; an option without a bid
    could not be sold, so compare break_even_rate, premium and P&L with these and not with hit_rate.
    """
    rows = [_row(analysis, bucket, place == number, sample, draws)
            for analysis, buckets, place in _groupings(sample) for number, bucket in enumerate(buckets)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def score_bucket(score: np.ndarray) -> np.ndarray:
    """Return the place in SCORE_BUCKETS; shape (n,)."""
    return np.where(score < 50, 5, np.clip(9 - np.floor(np.nan_to_num(score) / 10), 0, 4)).astype(np.int64)


def tail_loss(pnl: np.ndarray) -> float:
    """Return the mean P&L of the worst 5 % of options, at least one; NaN without options.

    Also called expected shortfall at 95 %; a loss is negative.

    Examples
    --------
    >>> tail_loss(np.array([10.0] * 39 + [-50.0]))       # 2 of 40: (10 - 50) / 2
    -20.0
    """
    pnl = np.sort(pnl[~np.isnan(pnl)])
    return float(pnl[:math.ceil(TAIL_SHARE * len(pnl))].mean()) if len(pnl) else float("nan")


def priced_share(worthless: np.ndarray, pnl: np.ndarray) -> tuple[int, float]:
    """Return how many options have a known P&L, and the worthless share of these; NaN without one.

    Examples
    --------
    >>> priced_share(np.array([1.0, 1.0, 0.0]), np.array([np.nan, 10.0, -80.0]))
    (2, 0.5)
    """
    known = ~np.isnan(pnl)
    return int(known.sum()), float(worthless[known].mean()) if known.any() else float("nan")


def break_even_rate(worthless: np.ndarray, pnl: np.ndarray) -> float:
    """Return the worthless share at which the mean P&L is zero: loss / (gain + loss).

    gain : mean P&L of options that expired worthless; loss : minus that of the others, so 1 - gain / (gain + loss).
    NaN without both kinds, and where options earn or lose in both cases: no share breaks even then.

    Examples
    --------
    >>> break_even_rate(np.array([1.0, 1.0, 0.0]), np.array([10.0, 30.0, -80.0]))        # 80 / (20 + 80)
    0.8
    """
    known = ~np.isnan(pnl)
    won, lost = pnl[known & (worthless > 0.5)], pnl[known & (worthless < 0.5)]
    if not len(won) or not len(lost) or won.mean() <= 0 or lost.mean() >= 0:
        return float("nan")
    return float(-lost.mean() / (won.mean() - lost.mean()))


def _groupings(sample: EvidenceSample) -> list[tuple[str, tuple[str, ...], np.ndarray]]:
    probability = sample.rows["probability"].to_numpy(float)
    by_probability = np.where(np.isnan(probability), -1, score_bucket(100 * np.nan_to_num(probability)))
    days = sample.rows["days_to_expiry"].to_numpy(float)
    regime = sample.rows["regime"].fillna("unknown").astype(str).to_numpy(dtype=object)
    regimes = tuple(sorted(set(regime)))
    return [
        ("score_bucket", SCORE_BUCKETS, score_bucket(sample.score)),
        ("probability_bucket", PROBABILITY_BUCKETS, by_probability),
        ("days_to_expiry", DAY_BUCKETS, np.searchsorted([7, 14, 21, 28, 35], days)),
        ("regime", regimes, np.array([regimes.index(name) for name in regime], dtype=np.int64)),
        ("quintile", FIFTHS, 5 - fifth_within_expiry(sample.score, sample)),
        ("quintile_pooled", FIFTHS, 5 - fifth_of_all(sample.score)),
    ]


def _row(analysis: str, bucket: str, is_in: np.ndarray, sample: EvidenceSample, draws: Resampling) -> tuple:
    part = sample.part(is_in)
    n = len(part.worthless)
    if n == 0:
        return (analysis, bucket, 0, 0, 0, *[np.nan] * 10, 0, np.nan, np.nan, "no option")
    pnl = part.rows["pnl"].to_numpy(float)
    rate = share_estimate(is_in, sample, draws.confidence)
    expectancy = mean_estimate(sample.rows["pnl"].to_numpy(float), is_in.astype(float), sample, draws)
    worst = float(np.nanmin(pnl)) if not np.isnan(pnl).all() else np.nan
    return (analysis, bucket, n, part.n_strata, int(part.worthless.sum()), rate.value, rate.low, rate.high,
            float(part.score.mean()), float(part.rows["premium"].mean()), expectancy.value, expectancy.low,
            expectancy.high, worst, tail_loss(pnl), *priced_share(part.worthless, pnl),
            break_even_rate(part.worthless, pnl), part.why_no_error or "")
