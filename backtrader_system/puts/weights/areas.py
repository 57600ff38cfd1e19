"""Area under the ROC curve of single scores, and how much of a difference the expiry dates leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, t

MIN_CLUSTERS = 10


def area(scores: np.ndarray, worthless: np.ndarray) -> float:
    """Return pairs won plus half the ties over all pairs of a worthless and an assigned row; NaN with one class.

    scores : shape (n,). worthless : bool, shape (n,).

    Examples
    --------
    >>> area(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]))      # 3.5 of 4 pairs
    0.875
    """
    n_worthless = int(np.count_nonzero(worthless))
    n_assigned = len(worthless) - n_worthless
    if n_worthless == 0 or n_assigned == 0:
        return float("nan")
    won = rankdata(scores)[worthless].sum() - n_worthless * (n_worthless + 1) / 2
    return float(won / (n_worthless * n_assigned))


@dataclass(frozen=True, slots=True)
class Difference:
    """Area of one score less that of another, with an interval by expiry date; NaN and a note if there are too few."""

    value: float
    low: float
    high: float
    n_clusters: int
    note: str


def area_difference(one: np.ndarray, other: np.ndarray, worthless: np.ndarray, cluster: np.ndarray, *,
                    confidence: float, samples: int, seed: int) -> Difference:
    """Return the area of `one` less that of `other` on the same rows.

    cluster : shape (n,), the expiry date of each row. Whole dates are drawn with replacement; the interval is the
        difference plus and minus t (dates - 1 degrees of freedom) times the spread of the draws, widened by
        sqrt(C / (C - 1)), because a percentile interval of a dozen dates is too short.
    """
    name = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    value = area(one, worthless) - area(other, worthless)
    n_clusters = int(name.max()) + 1 if len(name) else 0
    if n_clusters < MIN_CLUSTERS or not np.isfinite(value):
        few = f"{n_clusters} expiry dates, fewer than {MIN_CLUSTERS}"
        note = few if n_clusters < MIN_CLUSTERS else "one outcome only"
        return Difference(value, float("nan"), float("nan"), n_clusters, note)
    won = _wins(one, worthless, name, n_clusters) - _wins(other, worthless, name, n_clusters)
    n_worthless, n_assigned = (np.bincount(name[part], minlength=n_clusters) for part in (worthless, ~worthless))
    drawn = np.random.default_rng(seed).multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=samples)
    pairs = (drawn @ n_worthless) * (drawn @ n_assigned)
    won_pairs = ((drawn @ won) * drawn).sum(axis=1)[pairs > 0]
    spread = np.std(won_pairs / pairs[pairs > 0], ddof=1) * np.sqrt(n_clusters / (n_clusters - 1))
    reach = t.ppf((1 + confidence) / 2, n_clusters - 1) * spread
    return Difference(value, value - reach, value + reach, n_clusters, "")


def _wins(scores: np.ndarray, worthless: np.ndarray, cluster: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return pairs won by worthless rows of one cluster over assigned rows of another, shape (clusters, clusters)."""
    good, home = scores[worthless], cluster[worthless]
    wins = np.zeros((n_clusters, n_clusters))
    for other in range(n_clusters):
        bad = np.sort(scores[~worthless & (cluster == other)])
        won = (np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")) / 2
        wins[:, other] = np.bincount(home, weights=won, minlength=n_clusters)
    return wins
