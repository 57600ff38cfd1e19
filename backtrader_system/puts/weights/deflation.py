"""How good the best of so many weight vectors would look if the factors said nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

from backtrader_system.puts.weights.areas import area
from backtrader_system.puts.weights.tenths import RankedRows

RANKS_AT_ONCE = 2_000_000
MOST_RANKS = 100_000_000       # ranks computed at most; more rows are judged on fewer vectors
EULER_GAMMA = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SearchNull:
    """The best area of a search over factors whose outcomes were shuffled within each expiry date.

    best : best area of the true outcomes over the same vectors. null_best, null_mean : mean over the shuffles of the
    best and of the average area. p_value : share of shuffles whose best is as good, the truth counted among them.
    effective_trials : independent trials whose best would stand out as far. shrinkage : share of the best vector's
    advantage that the search itself does not explain, 0 ... 1.
    """

    best: float
    null_best: float
    null_mean: float
    p_value: float
    effective_trials: float
    n_vectors: int
    n_shuffles: int

    @property
    def optimism(self) -> float:
        """Area that choosing the best adds even to factors that say nothing."""
        return self.null_best - self.null_mean

    @property
    def shrinkage(self) -> float:
        advantage = self.best - self.null_mean
        return float(np.clip(1 - self.optimism / advantage, 0.0, 1.0)) if advantage > 0 else 0.0


def search_null(rows: RankedRows, expiry: np.ndarray, units: np.ndarray, *, shuffles: int, seed: int) -> SearchNull:
    """Return what the search finds where there is nothing to find.

    expiry : of each row of `rows`. units : weight vectors, whole numbers, shape (n_vectors, n_factors). Shuffling
    within an expiry date keeps the number of worthless options of each date, so that a date on which everything
    expired worthless counts for nothing.
    """
    units = units[::max(1, -(-len(units) * len(rows.row) // MOST_RANKS))]
    outcomes = _shuffled(rows.worthless, expiry, shuffles, seed)
    n_worthless = int(rows.worthless.sum())
    pairs = n_worthless * (len(rows.row) - n_worthless)
    if pairs == 0 or len(units) == 0:
        return SearchNull(*(float("nan"),) * 5, len(units), shuffles)
    areas = np.empty((len(units), shuffles + 1))
    at_once = max(1, RANKS_AT_ONCE // len(rows.row))
    for start in range(0, len(units), at_once):
        part = units[start:start + at_once]
        ranks = rankdata(np.stack([rows.scores(one) for one in part]), axis=1)
        areas[start:start + len(part)] = (ranks @ outcomes - n_worthless * (n_worthless + 1) / 2) / pairs
    found = areas.max(axis=0)
    null = areas[:, 1:]
    p_value = (1 + np.count_nonzero(found[1:] >= found[0] - 1e-12)) / (shuffles + 1)
    return SearchNull(float(found[0]), float(found[1:].mean()), float(null.mean()), float(p_value),
                      effective_trials(null), len(units), shuffles)


def effective_trials(areas: np.ndarray) -> float:
    """Return how many independent trials have the expected maximum of these dependent ones.

    areas : under the null, shape (n_vectors, n_shuffles). Solves E[max of N standard normals] = mean over shuffles of
    the greatest standardised area, with the expected maximum of Bailey and Lopez de Prado (2014), eq. 6.
    """
    spread = areas.std(axis=1, ddof=1, keepdims=True)
    moved = spread[:, 0] > 0
    if not moved.any():
        return 1.0
    greatest = ((areas - areas.mean(axis=1, keepdims=True))[moved] / spread[moved]).max(axis=0).mean()

    def excess(log_trials: float) -> float:
        trials = np.exp(log_trials)
        expected = (1 - EULER_GAMMA) * norm.ppf(1 - 1 / trials) + EULER_GAMMA * norm.ppf(1 - 1 / (trials * np.e))
        return float(expected - greatest)

    low, high = np.log(1.01), np.log(1e6)
    if excess(low) >= 0:
        return 1.0
    return float(np.exp(brentq(excess, low, high))) if excess(high) > 0 else 1e6


def area_of(rows: RankedRows, weights: np.ndarray) -> float:
    """Return the area of one weight vector in whole units."""
    return area(rows.scores(weights), rows.worthless)


def _shuffled(worthless: np.ndarray, expiry: np.ndarray, shuffles: int, seed: int) -> np.ndarray:
    """Return the outcomes and their shuffles within expiry dates, float64, shape (n_rows, 1 + shuffles)."""
    random = np.random.default_rng(seed)
    outcomes = np.repeat(worthless[:, None].astype(float), shuffles + 1, axis=1)
    for date in np.unique(expiry):
        rows = np.flatnonzero(expiry == date)
        outcomes[rows, 1:] = random.permuted(outcomes[rows, 1:], axis=0)
    return outcomes
