"""An option chain: contracts and what was quoted of them, day by day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtrader_system.tables.frame_schema import Column, FrameSchema

# How the five probabilities that a put expires worthless are called, by us and in the owner's files.
PROBABILITY_COLUMNS = {
    "weighted": "1_2_3_ProbOfWorthless_Weighted",
    "bayesian": "ProbWorthless_Bayesian_IsoCal",
    "black_scholes": "1_ProbOfWorthless_Original",
    "bias_corrected": "2_ProbOfWorthless_Calibrated",
    "historical_iv": "3_ProbOfWorthless_Historical_IV",
}

# One row per contract; its position is the contract's `number`. Strikes in units of the underlying's price.
CONTRACTS = FrameSchema("contracts", (
    Column("contract", "text"),
    Column("underlying", "text"),
    Column("strike", "number", minimum=0.0),
    Column("expiry", "session"),                    # the last day of the contract, as its listing says
    Column("multiplier", "number", minimum=0.0),
    Column("first_seen", "session"),
    Column("last_seen", "session"),
    Column("is_adjusted", "flag"),                  # changed by a corporate action
), key=("contract",))

# One row per day and contract. Prices per unit of the underlying; iv per year of 365 days; NaN: not quoted.
QUOTES = FrameSchema("option quotes", (
    Column("quote_date", "session"),
    Column("number", "count", minimum=0),
    Column("bid", "number", nullable=True, minimum=0.0),
    Column("ask", "number", nullable=True, minimum=0.0),
    Column("last", "number", nullable=True, minimum=0.0),
    Column("iv", "number", nullable=True, minimum=0.0),
    Column("underlying_price", "number", nullable=True, minimum=0.0),
), key=("quote_date", "number"))


@dataclass(frozen=True, slots=True)
class ChainIssue:
    """One kind of fault in the source of a chain.

    severity : "excluded" (rows left out), "warning" (kept, but look at them) or "info" (usual in such files).
    rule : a short name such as `crossed_quote`. count : rows it concerns. example : file, line, contract and value of
    the first.
    """

    severity: str
    rule: str
    source: str
    count: int
    example: str
    advice: str


@dataclass(frozen=True, slots=True, eq=False)
class OptionChain:
    """Put options and their quotes.

    contracts : table of `CONTRACTS`, sorted by underlying, expiry, strike, contract.
    quotes : table of `QUOTES`, sorted by quote_date and number; further columns of `PROBABILITY_COLUMNS`' keys where
        the source gives probabilities (in [0, 1], NaN unknown). A quote is known after the close of its quote_date.
    issues : what was left out or is odd. is_synthetic : made up over real bars, prices are model prices.
    underlying_closes : session, symbol, close of every day the source knows, calls and rows left out included; None
        where the quotes say it all.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-02")
    >>> contracts = pd.DataFrame({"contract": ["A 2024-01-19 P 90"], "underlying": ["A"], "strike": [90.0],
    ...     "expiry": [pd.Timestamp("2024-01-19")], "multiplier": [100.0], "first_seen": [day], "last_seen": [day],
    ...     "is_adjusted": [False]})
    >>> quotes = pd.DataFrame({"quote_date": [day], "number": [0], "bid": [1.0], "ask": [1.2], "last": [1.1],
    ...     "iv": [0.3], "underlying_price": [100.0]})
    >>> chain = OptionChain(contracts, quotes)
    >>> chain.mid().tolist(), chain.days_to_expiry().tolist()
    ([1.1], [17])
    """

    contracts: pd.DataFrame
    quotes: pd.DataFrame
    issues: tuple[ChainIssue, ...] = ()
    is_synthetic: bool = False
    underlying_closes: pd.DataFrame | None = None

    def of_underlyings(self, underlyings: Collection[str]) -> OptionChain:
        """Return the chain of these underlyings only, contracts numbered anew."""
        kept = self.contracts["underlying"].isin(list(underlyings)).to_numpy()
        number = np.cumsum(kept) - 1
        quotes = self.quotes[kept[self.quotes["number"].to_numpy()]]
        contracts = self.contracts[kept].reset_index(drop=True)
        if "replaced_by" in contracts:
            heir = contracts["replaced_by"].to_numpy()
            contracts["replaced_by"] = np.where(heir >= 0, number[np.maximum(heir, 0)], -1)
        closes = self.underlying_closes
        closes = None if closes is None else closes[closes["symbol"].isin(list(underlyings))].reset_index(drop=True)
        return replace(self, contracts=contracts, underlying_closes=closes, quotes=quotes.assign(
            number=number[quotes["number"].to_numpy()]).reset_index(drop=True))

    def of_contract(self, name: str) -> np.ndarray:
        """Return a contract's column for every quote, shape (n_quotes,)."""
        return self.contracts[name].to_numpy()[self.quotes["number"].to_numpy()]

    def mid(self) -> np.ndarray:
        """Return the price per unit of each quote: middle of bid and ask, else the last price; NaN without both."""
        bid, ask, last = (self.quotes[name].to_numpy(dtype=float) for name in ("bid", "ask", "last"))
        return np.where(np.isfinite(bid) & np.isfinite(ask), (bid + ask) / 2, last)

    def days_to_expiry(self) -> np.ndarray:
        """Return calendar days from each quote to the expiry of its contract."""
        days = self.of_contract("expiry").astype("datetime64[D]") - self.quotes["quote_date"].to_numpy("datetime64[D]")
        return days.astype(int)
