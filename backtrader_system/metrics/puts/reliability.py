"""Whether probabilities can be taken at their word, and how large their squared error is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.errors_by_cluster import share_estimate
from backtrader_system.metrics.puts.sample import EvidenceSample

N_BINS = 10
COLUMNS = ("method", "bin", "n", "expiries", "predicted", "actual", "low", "high", "note")


@dataclass(frozen=True, slots=True)
class Brier:
    """Mean squared error of probabilities, and what share of a constant's error they save; NaN where not defined.

    Examples
    --------
    >>> brier(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    Brier(error=0.25, skill=0.0)
    """

    error: float
    skill: float


def brier(worthless: np.ndarray, probability: np.ndarray) -> Brier:
    """Return Brier's (1950) score and 1 - score / that of the worthless share of the same options.

    The constant knows the share of the whole sample, which nobody did in advance: skill errs on the low side.
    """
    known = ~np.isnan(probability)
    if not known.any():
        return Brier(float("nan"), float("nan"))
    error, constant = float(np.mean((probability[known] - worthless[known]) ** 2)), float(np.var(worthless[known]))
    return Brier(error, 1 - error / constant if constant > 0 else float("nan"))


def probabilities_of(sample: EvidenceSample) -> dict[str, np.ndarray]:
    """Return what is read as a probability: score / 100, the chosen method's, the market's; shape (n,), NaN unknown."""
    return {"score": sample.score / 100, "probability": sample.rows["probability"].to_numpy(float),
            "market_probability": sample.rows["market_probability"].to_numpy(float)}


def reliability_table(sample: EvidenceSample, confidence: float) -> pd.DataFrame:
    """Return one row per method and tenth of the probability scale that holds options; the columns `COLUMNS`.

    Tenths [0, 0.1), ..., [0.9, 1]. predicted : mean probability; actual : worthless share with its interval by months
    of expiry, NaN with a note below 10 months in the bin.
    """
    rows = []
    for method, probability in probabilities_of(sample).items():
        known = ~np.isnan(probability)
        place = np.clip(np.floor(np.nan_to_num(probability) * N_BINS + 1e-9), 0, N_BINS - 1)
        for number in range(N_BINS):
            is_in = known & (place == number)
            if is_in.any():
                part, rate = sample.part(is_in), share_estimate(is_in, sample, confidence)
                rows.append((method, f"{number / N_BINS:.1f}-{(number + 1) / N_BINS:.1f}", int(is_in.sum()),
                             part.n_strata, float(probability[is_in].mean()), rate.value, rate.low, rate.high,
                             part.why_no_error or ""))
    return pd.DataFrame(rows, columns=list(COLUMNS))
