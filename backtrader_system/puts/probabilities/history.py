"""A contract's probability day by day, and the highest it had been before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityHistory:
    """Probabilities of one method and their peaks; arrays aligned with the chain's quotes.

    current : in [0, 1], NaN unknown. peak : highest probability of the contract, NaN where there is none.
    is_candidate : recovery candidate, peak >= threshold and current < peak.
    threshold : in [0, 1].

    Examples
    --------
    >>> history = peaks_before(np.array([0, 0, 0]), np.array([0.95, 0.7, 0.99]), threshold=0.9)
    >>> history.peak.tolist(), history.is_candidate.tolist()
    ([nan, 0.95, 0.95], [False, True, False])
    """

    current: np.ndarray
    peak: np.ndarray
    is_candidate: np.ndarray
    threshold: float


def probability_history(
    chain: OptionChain, probabilities: pd.DataFrame, method: str, threshold: float
) -> ProbabilityHistory:
    """Return the history of a method of `probability_methods`; peaks lie strictly before the day of the quote."""
    return peaks_before(chain.quotes["number"].to_numpy(), probabilities[method].to_numpy(dtype=float), threshold)


def peaks_before(number: np.ndarray, current: np.ndarray, threshold: float) -> ProbabilityHistory:
    """Return the history with the running maximum of the days strictly before; NaN on a contract's first day.

    number : of the contract; rows of one contract in the order of time. current : probabilities, NaN passed over.
    """
    contract = pd.Series(np.where(np.isnan(current), -np.inf, current)).groupby(number, sort=False)
    highest = contract.cummax().groupby(number, sort=False).shift(1).to_numpy()
    return _history(current, highest, threshold)


def peaks_of_whole_life(number: np.ndarray, current: np.ndarray, threshold: float) -> ProbabilityHistory:
    """Return the history with the maximum of each contract's whole life: it looks ahead, as the original does.

    Only for comparison with `peaks_before`, and for reproducing the owner's recovery report.
    """
    highest = pd.Series(current).groupby(number, sort=False).transform("max").to_numpy()
    return _history(current, highest, threshold)


def _history(current: np.ndarray, highest: np.ndarray, threshold: float) -> ProbabilityHistory:
    peak = np.where(np.isfinite(highest), highest, np.nan)
    return ProbabilityHistory(current, peak, (peak >= threshold) & (current < peak), threshold)
