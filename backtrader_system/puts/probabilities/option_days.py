"""Quotes with what is known of them later: when each outcome becomes known, and what it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class OptionDays:
    """One row per quote of a chain, in its order; arrays of shape (n_quotes,).

    number : of the contract. underlying : its position among the `n_underlyings` names, sorted. days_to_expiry :
        calendar days. quote_month, quote_day : when the probability is asked for. expiry_day : the session on whose
        close the outcome is known. Months and days are whole numbers since 1970.
    worthless : 1.0, 0.0 or NaN, a fact of the future; it may be used for quotes after expiry_day only.
    is_evidence : the outcome is known at last and was open on the day of the quote.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-02")
    >>> contracts = pd.DataFrame({"underlying": ["A"], "expiry": [pd.Timestamp("2024-01-19")], "strike": [90.0]})
    >>> quotes = pd.DataFrame({"quote_date": [day], "number": [0]})
    >>> outcomes = pd.DataFrame({"number": [0], "expiry_session": [pd.Timestamp("2024-01-19")], "worthless": [1.0]})
    >>> option_days(OptionChain(contracts, quotes), outcomes).is_evidence.tolist()
    [True]
    """

    number: np.ndarray
    underlying: np.ndarray
    n_underlyings: int
    days_to_expiry: np.ndarray
    quote_day: np.ndarray
    quote_month: np.ndarray
    expiry_day: np.ndarray
    worthless: np.ndarray
    is_evidence: np.ndarray

    @property
    def expiry_month(self) -> np.ndarray:
        """Month of `expiry_day`; only meaningful where `is_evidence`."""
        day = np.where(self.is_evidence, self.expiry_day, 0)
        return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def option_days(chain: OptionChain, outcomes: pd.DataFrame) -> OptionDays:
    """Return the quotes of `chain` beside the outcomes of their contracts.

    outcomes : one row per contract: number, expiry_session (last session up to expiry; NaT beyond the data),
        worthless (1.0, 0.0, NaN unknown).
    """
    number = chain.quotes["number"].to_numpy().astype(np.int64)
    quote_day = chain.quotes["quote_date"].to_numpy().astype("datetime64[D]")
    by_number = outcomes.set_index("number").reindex(np.arange(len(chain.contracts)))
    session = by_number["expiry_session"].to_numpy().astype("datetime64[D]")
    expiry_day = np.where(np.isnat(session), _NEVER, session.astype(np.int64))[number]
    worthless = by_number["worthless"].to_numpy(dtype=float)[number]
    day = quote_day.astype(np.int64)
    underlying, names = pd.factorize(chain.contracts["underlying"], sort=True)
    return OptionDays(
        number, underlying[number], len(names), chain.days_to_expiry(), day,
        quote_day.astype("datetime64[M]").astype(np.int64), expiry_day, worthless,
        np.isfinite(worthless) & (expiry_day < _NEVER) & (day < expiry_day))
