"""A figure of the report: a value, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Scalar = float | int | str | None



@dataclass(frozen=True, slots=True)
class Figure:
    """A value with an optional note; `value` None means "not computed" and the note says why.

    Examples
    --------
    >>> Figure(0.12).value, missing("no closed trade").note
    (0.12, 'no closed trade')
    """

    value: Scalar
    note: str | None = None

    @property
    def is_missing(self) -> bool:
        return self.value is None


def missing(reason: str) -> Figure:
    """Return a figure that was not computed, with its reason."""
    return Figure(None, reason)


def ratio(numerator: float, denominator: float, reason: str) -> Figure:
    """Return numerator / denominator, or `reason` where the denominator is zero."""
    return missing(reason) if denominator == 0 else Figure(numerator / denominator)


def flatten(figures: Mapping[str, Figure | Scalar]) -> dict[str, Scalar]:
    """Return plain JSON values; a note of figure `x` becomes `x_note`. Never NaN, never infinite."""
    flat: dict[str, Scalar] = {}
    for name, figure in figures.items():
        value, note = (figure.value, figure.note) if isinstance(figure, Figure) else (figure, None)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            value, note = None, "the result is not a finite number"
        flat[name] = value
        if note is not None:
            flat[f"{name}_note"] = note
    return flat
