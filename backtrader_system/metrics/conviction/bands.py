"""Win rate by conviction, and whether it rises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.distributions import normal_cdf, normal_quantile
from backtrader_system.metrics.conviction.proportions import score_interval

BANDS = ("<7", "7", "8", "9", "10")
_FEW = 10


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether the win rate rises with the score; z and p_value None where nothing can be tested.

    Examples
    --------
    >>> score_trend(np.repeat([6, 9], 50), np.repeat([0.0, 1.0], 50)).p_value < 0.001
    True
    """

    z: float | None
    p_value: float | None
    rises_in_every_band: bool
    text: str


def band_of(score: np.ndarray) -> np.ndarray:
    """Return the place in BANDS of scores 1-10, -1 for NaN; shape (n_signals,)."""
    score = np.asarray(score, dtype=float)
    return np.where(np.isnan(score), -1, np.clip(np.nan_to_num(score).astype(np.int64), 6, 10) - 6)


def win_rate_by_band(
    score: np.ndarray, won: np.ndarray, probability: np.ndarray | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Return one row per band of the score, lowest first.

    score : 1-10, NaN is in no band. won : 1.0, 0.0, NaN (censored: in `signals` only). probability : in [0, 1].
    Columns: score (BANDS), signals, resolved, winners, win_rate, low, high (Wilson; NaN without a resolved signal),
        mean_probability (of resolved signals, so that it compares with the win rate).

    Examples
    --------
    >>> win_rate_by_band(np.array([9, 9, 3]), np.array([1.0, 0.0, np.nan]))["signals"].tolist()
    [1, 0, 0, 2, 0]
    """
    band, won = band_of(score), np.asarray(won, dtype=float)
    chance = np.full(len(won), np.nan) if probability is None else np.asarray(probability, dtype=float)
    critical = normal_quantile(0.5 + confidence / 2)
    rows = []
    for place, name in enumerate(BANDS):
        is_resolved = (band == place) & ~np.isnan(won)
        n, winners = int(is_resolved.sum()), int(won[is_resolved].sum())
        ends = score_interval(winners, n, critical) if n else (np.nan, np.nan)
        known = chance[is_resolved & ~np.isnan(chance)]
        rows.append((name, int((band == place).sum()), n, winners, winners / n if n else np.nan, *ends,
                     float(known.mean()) if len(known) else np.nan))
    return pd.DataFrame(rows, columns=[
        "score", "signals", "resolved", "winners", "win_rate", "low", "high", "mean_probability"])


def score_trend(
    score: np.ndarray, won: np.ndarray, stratum: np.ndarray | None = None, confidence: float = 0.95
) -> Trend:
    """Return whether winners have higher scores, compared within strata only.

    stratum : whole numbers, such as `time_clusters`: a good month with high scores is then no evidence. None: one.
    Formula: Mantel's (1963) extension test; the sum over strata of scores of winners, minus what a random order within
    each stratum would give, over its permutation deviation. One stratum is the Cochran-Armitage test. Two-sided.
    """
    score, won = np.asarray(score, dtype=float), np.asarray(won, dtype=float)
    is_used = ~np.isnan(score) & ~np.isnan(won)
    table = win_rate_by_band(score, won)
    rates = table.loc[table["resolved"] > 0, "win_rate"].to_numpy()
    rises = len(rates) > 1 and bool(np.all(np.diff(rates) > 0))
    groups = np.zeros(len(won), dtype=np.int64) if stratum is None else np.asarray(stratum)
    z = _mantel(score[is_used], won[is_used], groups[is_used])
    if z is None:
        return Trend(None, None, rises, "Whether the win rate rises with the score cannot be said: "
                     "scores or outcomes do not vary.")
    p_value = 2 * (1 - normal_cdf(abs(z)))
    return Trend(z, p_value, rises, _trend_text(z, p_value, rises, table, confidence))


def _mantel(score: np.ndarray, won: np.ndarray, stratum: np.ndarray) -> float | None:
    total = variance = 0.0
    for number in np.unique(stratum):
        rows = stratum == number
        n = int(rows.sum())
        if n < 2:
            continue
        s, y = score[rows] - score[rows].mean(), won[rows] - won[rows].mean()
        total += float(s @ y)
        variance += float(s @ s) * float(y @ y) / (n - 1)
    return total / variance**0.5 if variance > 0 else None


def _trend_text(z: float, p_value: float, rises: bool, table: pd.DataFrame, confidence: float) -> str:
    if p_value > 1 - confidence:
        text = f"Not enough evidence that the win rate changes with the score (p = {p_value:.2f})"
    else:
        verb = "rises" if z > 0 else "falls"
        text = f"The win rate {verb} with the score (p {'< 0.001' if p_value < 0.001 else f'= {p_value:.3f}'})"
        text += ", in every band" if rises and z > 0 else ", though not from every band to the next" if z > 0 else ""
    thin = table.loc[(table["resolved"] < _FEW) & (table["signals"] > 0), "score"].tolist()
    return f"{text}; fewer than {_FEW} known outcomes at score {', '.join(thin)}." if thin else f"{text}."
