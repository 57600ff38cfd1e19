"""Small chains of puts with their outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain

NAMES, EXPIRIES, STRIKES, DAYS = 3, 14, 6, 26


def _chain(contracts, quotes):
    contracts = pd.DataFrame(contracts).assign(multiplier=100.0, is_adjusted=False)
    contracts["contract"] = [f"P{number}" for number in range(len(contracts))]
    contracts["expiry"] = pd.to_datetime(contracts["expiry"])
    quotes = pd.DataFrame({"bid": np.nan, "ask": np.nan, "last": np.nan, "iv": np.nan} | quotes)
    quotes["quote_date"] = pd.to_datetime(quotes["quote_date"])
    seen = quotes.groupby("number")["quote_date"]
    contracts = contracts.assign(first_seen=seen.min(), last_seen=seen.max())
    return OptionChain(contracts, quotes.sort_values(["quote_date", "number"], ignore_index=True))


@pytest.fixture
def make_chain():
    """Return a builder of chains from columns of contracts (underlying, strike, expiry) and of quotes."""
    return _chain


@pytest.fixture
def random_chain():
    """Return a chain of random walks, one expiry a month, and its outcomes; probabilities are N(d2) at a noisy iv."""
    rng = np.random.default_rng(7)
    expiries = pd.date_range("2020-02-21", periods=EXPIRIES, freq="30D")
    steps = rng.normal(0, 0.015, (NAMES, EXPIRIES, DAYS)) + rng.normal(0, 0.01, (1, EXPIRIES, DAYS))
    path = np.repeat(100 * np.exp(steps.cumsum(axis=2)).reshape(-1, DAYS), STRIKES, axis=0)
    n = len(path)
    contracts = {"underlying": np.repeat(list("ABC"), EXPIRIES * STRIKES),
                 "expiry": np.tile(np.repeat(expiries, STRIKES), NAMES),
                 "strike": np.tile(85.0 + 4 * np.arange(STRIKES), NAMES * EXPIRIES)}
    dates = contracts["expiry"][:, None] - np.arange(DAYS)[::-1] * np.timedelta64(1, "D")
    chain = _chain(contracts, {"quote_date": dates.ravel(), "number": np.repeat(np.arange(n), DAYS),
                               "underlying_price": path.ravel(), "iv": rng.uniform(0.25, 0.45, n * DAYS)})
    outcomes = pd.DataFrame({"number": np.arange(n), "expiry_session": contracts["expiry"],
                             "worthless": (path[:, -1] > contracts["strike"]).astype(float)})
    return chain, outcomes


@pytest.fixture
def half_year():
    """Return a chain whose probability is 0.55 in three months of 2024, with 7 of 12 puts worthless each, and a query.

    Of one name: quotes of 12 puts on day 5 of January, February and March, expiring on day 26; then one put quoted on
    5 April, expiring on 26 April, whose outcome is not known. Columns of `black_scholes` are given.
    """
    months = np.repeat([1, 2, 3, 4], [12, 12, 12, 1])
    expiry = [f"2024-{month:02d}-26" for month in months]
    chain = _chain({"underlying": ["A"] * 37, "strike": 90.0 + np.arange(37) / 100, "expiry": expiry},
                   {"quote_date": [f"2024-{month:02d}-05" for month in months], "number": np.arange(37),
                    "underlying_price": 100.0, "iv": 0.4, "black_scholes": 0.55})
    worthless = np.append(np.tile(np.arange(12) < 7, 3).astype(float), np.nan)
    return chain, pd.DataFrame({"number": np.arange(37), "expiry_session": pd.to_datetime(expiry),
                                "worthless": worthless})
