"""Scores from 1 to 10 made of probabilities and rules."""

from __future__ import annotations

import numpy as np

from backtrader_system.errors import DataError

LOWEST_SCORE, HIGHEST_SCORE = 1.0, 10.0
BANDS = ("<7", "7", "8", "9", "10")
_BAND_EDGES = (7.0, 8.0, 9.0, 10.0)


def score_of_probability(probability: np.ndarray) -> np.ndarray:
    """Return the score 1 to 10 of a probability: ten times it, rounded half to even, at least 1.

    Returns: float64 whole numbers, NaN for NaN. Ten levels tie often: rank by the probability, show the score.
    Raises: DataError for a value outside [0, 1].

    Examples
    --------
    >>> score_of_probability(np.array([0.0, 0.65, 0.75, 0.85, 1.0, np.nan])).tolist()
    [1.0, 6.0, 8.0, 8.0, 10.0, nan]
    """
    return np.clip(np.rint(10.0 * _checked(probability)), LOWEST_SCORE, HIGHEST_SCORE)


def hybrid_score(rule_score: np.ndarray, probability: np.ndarray, ml_weight: float) -> np.ndarray:
    """Return the weighted mean of a rule score and ten times a probability, each cut to 1..10 first.

    rule_score : any range, with the validator they reach 14; NaN where the rules ignore the signal.
    ml_weight : share of the model, 0 to 1.
    Returns: float64, 1 to 10, not rounded, so that it ranks; NaN where a part with weight is NaN.
    Raises: DataError for a probability or weight outside [0, 1].

    Examples
    --------
    >>> hybrid_score(np.array([12.0, 0.0]), np.array([0.5, 0.05]), 0.7).round(6).tolist()
    [6.5, 1.0]
    """
    if not 0.0 <= ml_weight <= 1.0:
        raise DataError(f"the weight of the model must be between 0 and 1, was {ml_weight}")
    rule = np.clip(np.asarray(rule_score, dtype=float), LOWEST_SCORE, HIGHEST_SCORE)
    model = np.clip(10.0 * _checked(probability), LOWEST_SCORE, HIGHEST_SCORE)
    if ml_weight in (0.0, 1.0):
        return model if ml_weight else rule
    return (1.0 - ml_weight) * rule + ml_weight * model


def band_of_score(score: np.ndarray) -> np.ndarray:
    """Return the band of a score: "<7", "7", "8", "9" or "10"; 8.4 lies in "8"; "" for NaN.

    Examples
    --------
    >>> band_of_score(np.array([6.9, 7.0, 8.4, 12.0, np.nan])).tolist()
    ['<7', '7', '8', '10', '']
    """
    score = np.asarray(score, dtype=float)
    band = np.array(BANDS, dtype=object)[np.searchsorted(_BAND_EDGES, score, side="right").clip(0, len(BANDS) - 1)]
    return np.where(np.isnan(score), "", band)


def _checked(probability: np.ndarray) -> np.ndarray:
    probability = np.asarray(probability, dtype=float)
    outside = np.flatnonzero((probability < 0) | (probability > 1))
    if outside.size:
        raise DataError(f"{outside.size} probabilities lie outside 0 to 1, the first is "
                        f"{probability.flat[outside[0]]:.6g}")
    return probability
