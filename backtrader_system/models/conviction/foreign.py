"""Classifiers made elsewhere, behind the same door as our own."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtrader_system.models.conviction.estimators import one_thread

_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class ForeignClassifier:
    """A fitted classifier with `predict_proba`, classes 0 and 1, and the scaler its features go through, if any.

    Examples
    --------
    >>> ForeignClassifier.kind
    'converted'
    """

    classifier: Any
    scaler: Any = None
    kind = "converted"

    def margin(self, values: np.ndarray) -> np.ndarray:
        """Return the log-odds of its probabilities, cut to one in a thousand million from 0 and 1."""
        with one_thread(), warnings.catch_warnings():
            # It may have been fitted on a table: the order of columns is the manifest's concern.
            warnings.filterwarnings("ignore", message=".*valid feature names.*")
            scaled = values if self.scaler is None else self.scaler.transform(values)
            probability = np.clip(self.classifier.predict_proba(scaled)[:, 1], _SMALLEST, 1 - _SMALLEST)
        return np.log(probability) - np.log1p(-probability)
