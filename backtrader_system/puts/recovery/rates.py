"""The recovery table: worthless rate of recovery candidates by probability and days to expiry, as known each day."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.bins import DAYS_BINS, PROBABILITY_BINS, days_bin, probability_bin
from backtrader_system.puts.probabilities.history import ProbabilityHistory, peaks_of_whole_life
from backtrader_system.puts.probabilities.option_days import OptionDays, option_days
from backtrader_system.settings.puts import ScoreSettings

N_CELLS = len(PROBABILITY_BINS) * len(DAYS_BINS)


def recovery_rates(
    chain: OptionChain, history: ProbabilityHistory, outcomes: pd.DataFrame, settings: ScoreSettings,
    mode: Literal["causal", "whole_life"] = "causal",
) -> np.ndarray:
    """Return the worthless rate of recovery candidates in each quote's cell, a fraction; NaN unknown.

    A cell is a bin of the current probability and one of days to expiry. Every quote gets the rate of its cell,
    whether or not it is a candidate itself, as in the original.
    history : of `probability_history`. outcomes : per contract number, expiry_session, worthless (1.0, 0.0, NaN).
    mode : "causal" counts candidates by peaks strictly before their day, of contracts that expired strictly before the
        quote's day, NaN below `settings.min_recovery_expiries` past expiry dates. "whole_life" is the original: peaks
        of the contract's whole life and one table of all contracts, of which each looks ahead.
    With `settings.arithmetic` "compat" cells below 50 % and from 90 % on are unknown, as the original's table has none.

    Examples
    --------
    >>> contracts = pd.DataFrame({"underlying": "A", "expiry": pd.to_datetime(["2024-01-19", "2024-02-16"])})
    >>> quotes = pd.DataFrame({"quote_date": pd.to_datetime(["2024-01-02", "2024-01-08", "2024-02-05"]),
    ...                        "number": [0, 0, 1]})
    >>> chain = OptionChain(contracts, quotes)
    >>> history = ProbabilityHistory(np.array([0.95, 0.75, 0.72]), np.array([np.nan, 0.95, np.nan]),
    ...                              np.array([False, True, False]), 0.9)
    >>> outcomes = pd.DataFrame({"number": [0, 1], "expiry_session": contracts["expiry"], "worthless": [1.0, np.nan]})
    >>> recovery_rates(chain, history, outcomes, ScoreSettings(min_recovery_expiries=1)).tolist()
    [nan, nan, 1.0]
    """
    days, cell = option_days(chain, outcomes), recovery_cells(chain, history.current)
    if mode == "whole_life":
        rates = _rates_of_all(days, cell, peaks_of_whole_life(days.number, history.current, history.threshold))
    else:
        rates = _rates_before(days, cell, history.is_candidate, settings.min_recovery_expiries)
    if settings.arithmetic == "compat":
        rates[~in_original_table(cell)] = np.nan
    return rates


def recovery_cells(chain: OptionChain, current: np.ndarray) -> np.ndarray:
    """Return the cell of each quote, position of the probability's bin * 6 + that of days to expiry; -1 unknown."""
    bins = probability_bin(current)
    return np.where(bins < 0, -1, bins * len(DAYS_BINS) + days_bin(chain.days_to_expiry()))


def in_original_table(cell: np.ndarray) -> np.ndarray:
    """Return whether the probability of a cell lies from 50 to below 90 %."""
    return (cell >= len(DAYS_BINS)) & (cell < N_CELLS - len(DAYS_BINS))


def _rates_before(days: OptionDays, cell: np.ndarray, is_candidate: np.ndarray, min_expiries: int) -> np.ndarray:
    is_counted = is_candidate & days.is_evidence & (cell >= 0)
    expiries, expiry = np.unique(days.expiry_day[is_counted], return_inverse=True)
    shape, place = (N_CELLS, len(expiries)), cell[is_counted] * len(expiries) + expiry
    n = np.bincount(place, minlength=N_CELLS * len(expiries)).reshape(shape)
    worthless = np.bincount(place, weights=days.worthless[is_counted], minlength=N_CELLS * len(expiries)).reshape(shape)
    # Column k holds what the first k expiry dates tell.
    seen, total, dates = (np.concatenate([np.zeros((N_CELLS, 1)), np.cumsum(counts, axis=1)], axis=1)
                          for counts in (n, worthless, n > 0))
    rate = np.full(seen.shape, np.nan)
    np.divide(total, seen, out=rate, where=dates >= min_expiries)
    known = rate[np.maximum(cell, 0), np.searchsorted(expiries, days.quote_day, side="left")]
    return np.where(cell >= 0, known, np.nan)


def _rates_of_all(days: OptionDays, cell: np.ndarray, history: ProbabilityHistory) -> np.ndarray:
    is_counted = history.is_candidate & days.is_evidence & (cell >= 0)
    n = np.bincount(cell[is_counted], minlength=N_CELLS)
    rate = np.full(N_CELLS, np.nan)
    np.divide(np.bincount(cell[is_counted], weights=days.worthless[is_counted], minlength=N_CELLS), n, out=rate,
              where=n > 0)
    return np.where(cell >= 0, rate[np.maximum(cell, 0)], np.nan)
