"""What the study of weights reads from the rows of evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.weights.tenths import NEUTRAL, TENTHS, RankedRows, ranked_rows
from backtrader_system.settings.puts import FactorWeights

FACTOR_NAMES = tuple(FactorWeights.model_fields)
NEEDED = ("expiry", "quote_date", "worthless", *FACTOR_NAMES)
# Weights of a user may have decimals; the score stays exact when they are counted in hundredths of a percent.
UNITS_PER_PERCENT = 100


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Rows with a known outcome and at least one factor.

    table : the rows, index 0 ... n - 1. factors : float, shape (n, 6), NaN missing unless a fixed value stands in.
    available : bool, shape (6,): factors with any data.
    """

    table: pd.DataFrame
    factors: np.ndarray
    available: np.ndarray

    def take(self, places: np.ndarray) -> RankedRows:
        """Return some of the rows, ready for the search; `row` counts within `places`."""
        return ranked_rows(self.factors[places], self.table["worthless"].to_numpy(dtype=float)[places])

    def column(self, name: str, places: np.ndarray) -> np.ndarray:
        return self.table[name].to_numpy()[places]

    def returns(self, places: np.ndarray) -> np.ndarray:
        """Return the return on capital of some rows, NaN where the table has none."""
        if "return_on_capital" not in self.table:
            return np.full(len(places), np.nan)
        return self.table["return_on_capital"].to_numpy(dtype=float)[places]


def judged_rows(rows: pd.DataFrame, missing: str = "renormalise") -> JudgedRows:
    """Return the rows that a study of weights can use.

    rows : columns expiry, quote_date, worthless (1, 0, NaN) and the six factors (0 ... 100, NaN missing); optional
        return_on_capital and expiry_session.
    missing : what stands in for a missing factor, as in the score: "renormalise" nothing, "neutral" 50, "zero" 0.
    Raises: DataError if a column is missing.
    """
    absent = [name for name in NEEDED if name not in rows]
    if absent:
        raise DataError(f"rows of evidence lack {absent}; found {list(rows.columns)}")
    factors = rows[list(FACTOR_NAMES)].to_numpy(dtype=float)
    kept = np.isfinite(rows["worthless"].to_numpy(dtype=float)) & np.isfinite(factors).any(axis=1)
    table, factors = rows[kept].reset_index(drop=True), factors[kept]
    available = np.isfinite(factors).any(axis=0)
    if missing != "renormalise":
        factors = np.where(np.isnan(factors), NEUTRAL / TENTHS if missing == "neutral" else 0.0, factors)
    return JudgedRows(table, factors, available)


def percent_of(weights: FactorWeights | np.ndarray) -> np.ndarray:
    """Return weights rescaled to sum 100, float64, shape (6,); all zero stays all zero.

    Examples
    --------
    >>> percent_of(FactorWeights()).tolist()
    [25.0, 20.0, 15.0, 15.0, 15.0, 10.0]
    """
    values = [getattr(weights, name) for name in FACTOR_NAMES] if isinstance(weights, FactorWeights) else weights
    percent = np.asarray(values, dtype=float)
    return 100 * percent / percent.sum() if percent.sum() > 0 else percent


def whole_units(percent: np.ndarray) -> np.ndarray:
    """Return percent as whole hundredths of a percent, for exact scores."""
    return np.rint(np.asarray(percent) * UNITS_PER_PERCENT).astype(np.int64)
