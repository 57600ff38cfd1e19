"""What a model's opinion does to the strength of a rule's signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST_TOTAL, HIGHEST_TOTAL = 0.5, 1.8
LARGEST_SHIFT = 0.5


@dataclass(frozen=True, slots=True)
class Enhanced:
    """Scores after the models spoke; arrays of one shape.

    score : in [0, 1]. multiplier : what the strength was multiplied by; NaN where not enhanced. is_enhanced : bool.
    """

    score: np.ndarray
    multiplier: np.ndarray
    is_enhanced: np.ndarray


def enhance(
    direction: np.ndarray, strength: np.ndarray, p_trending: np.ndarray, predicted: np.ndarray, kind: str,
) -> Enhanced:
    """Return the scores of signals that a model has an opinion on; all others keep their strength.

    direction : +1, -1 or 0. strength : of the rule, in [0, 1]. p_trending : in [0, 1]. predicted : of the strength
        model. kind : forward or original, the labels the models learnt. All of one shape; NaN: no opinion.

    Both kinds: boost = 0.8 + 0.4 * p_trending, 1 without a regime model; score = clip(strength * total, 0, 1).

    forward, where `predicted` is signed: a = clip(direction * predicted, -0.5, 0.5);
        total = clip(1 + boost * a, 0.5, 1.8). A prediction against the signal always shrinks the score, one in its
        favour always raises it, and the more so the likelier a large move is. One standard deviation is a = 0.5.
    original, where it has no sign: m = clip(clip(predicted, 0.3, 1) / max(strength, 0.1), 0.5, 1.5);
        total = clip(m * boost, 0.5, 1.8).

    A hold is never enhanced, nor is a signal without a strength model.

    Timing: row by row; needs nothing that the predictions and signals of the row did not need.
    """
    boost = np.where(np.isfinite(p_trending), 0.8 + 0.4 * p_trending, 1.0)
    if kind == "original":
        wanted = np.clip(predicted, 0.3, 1.0)
        raw = np.clip(wanted / np.maximum(strength, 0.1), 0.5, 1.5) * boost
    else:
        raw = 1.0 + boost * np.clip(direction * predicted, -LARGEST_SHIFT, LARGEST_SHIFT)
    total = np.clip(raw, LOWEST_TOTAL, HIGHEST_TOTAL)
    is_enhanced = (direction != 0) & np.isfinite(predicted) & np.isfinite(strength)
    return Enhanced(
        score=np.where(is_enhanced, np.clip(strength * total, 0.0, 1.0), strength),
        multiplier=np.where(is_enhanced, total, np.nan),
        is_enhanced=is_enhanced,
    )
