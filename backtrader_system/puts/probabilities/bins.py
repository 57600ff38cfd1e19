"""The bins of probability and of days to expiry in which options are counted."""

from __future__ import annotations

import numpy as np

# As the owner's recovery report names them; the upper edge belongs to the next bin.
PROBABILITY_BINS = ("<50%", "50-60%", "60-70%", "70-80%", "80-90%", ">=90%")
DAYS_BINS = ("0-7", "8-14", "15-21", "22-28", "29-35", "36+")
_PROBABILITY_EDGES = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
_DAYS_EDGES = np.array([8, 15, 22, 29, 36])
# Most puts quoted are likely to expire worthless: a correction needs more bins there.
CALIBRATION_EDGES = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95,
                              0.97, 0.98, 0.99, 0.995])
N_CALIBRATION_BINS = len(CALIBRATION_EDGES) + 1


def probability_bin(probability: np.ndarray) -> np.ndarray:
    """Return the position in `PROBABILITY_BINS` of probabilities in [0, 1]; -1 where NaN.

    Examples
    --------
    >>> probability_bin(np.array([0.3, 0.5, 0.9, np.nan])).tolist()
    [0, 1, 5, -1]
    """
    return bin_of(probability, _PROBABILITY_EDGES)


def days_bin(days_to_expiry: np.ndarray) -> np.ndarray:
    """Return the position in `DAYS_BINS` of calendar days to expiry.

    Examples
    --------
    >>> days_bin(np.array([0, 7, 8, 35, 36])).tolist()
    [0, 0, 1, 4, 5]
    """
    return bin_of(days_to_expiry, _DAYS_EDGES)


def bin_of(value: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return how many of the rising `edges` lie at or below each value; -1 where it is NaN."""
    value = np.asarray(value, dtype=float)
    return np.where(np.isnan(value), -1, np.searchsorted(edges, value, side="right"))
