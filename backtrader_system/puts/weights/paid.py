"""What the puts that a score puts on top have paid, and whether two scores differ in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from backtrader_system.puts.weights.objectives import Part
from backtrader_system.puts.weights.search import top_return_of_units


@dataclass(frozen=True, slots=True)
class PaidDifference:
    """Mean return on capital of the top puts by two weight vectors, fractions, NaN unknown.

    low, high : interval of best less current over expiry dates (t, dates - 1 degrees of freedom); NaN below two dates.
    """

    best: float
    current: float
    low: float
    high: float

    @property
    def is_surely_less(self) -> bool:
        """Whether the best weights' puts paid less by more than chance explains."""
        return self.high < 0


NOTHING_PAID = PaidDifference(float("nan"), float("nan"), float("nan"), float("nan"))


def paid_difference(part: Part, best: np.ndarray, current: np.ndarray, top_n: int, confidence: float) -> PaidDifference:
    """Return what the top puts of each expiry date paid by either weights.

    best, current : whole units, shape (n_factors,). top_n : puts of each expiry date.
    """
    expiry = part.expiry[part.rows.row]
    units = np.vstack([best, current])
    by_date = []
    for date in np.unique(expiry):
        returns = np.where(part.expiry == date, part.returns, np.nan)
        by_date.append(top_return_of_units(part.rows, units, returns, part.expiry, top_n))
    table = np.array(by_date).reshape(-1, 2)
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < 2:
        return NOTHING_PAID
    difference = table[:, 0] - table[:, 1]
    reach = t.ppf((1 + confidence) / 2, len(table) - 1) * difference.std(ddof=1) / np.sqrt(len(table))
    return PaidDifference(*table.mean(axis=0), difference.mean() - reach, difference.mean() + reach)
