"""Puts on random walks whose probability is exactly right: whoever knew no future has no advantage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from backtrader_system.puts.chain import OptionChain

EXPIRIES, STRIKES, DAYS, DAILY = 60, 12, 40, 0.02


@pytest.fixture(scope="session")
def martingale():
    """Return chain, probabilities and outcomes; each expiry date has a walk of its own, 40 days long."""
    rng = np.random.default_rng(11)
    expiries = pd.date_range("2015-03-01", periods=EXPIRIES, freq="30D")
    path = np.repeat(rng.normal(0, DAILY, (EXPIRIES, DAYS)).cumsum(axis=1), STRIKES, axis=0)
    strike = np.tile(np.linspace(-0.2, 0.05, STRIKES), EXPIRIES)[:, None]
    left = np.arange(DAYS)[::-1]
    with np.errstate(divide="ignore"):
        probability = np.where(left > 0, ndtr((path - strike) / (DAILY * np.sqrt(np.maximum(left, 1)))), path > strike)
    n = len(path)
    expiry = np.repeat(expiries, STRIKES)
    quotes = pd.DataFrame({"quote_date": (expiry.to_numpy()[:, None] - left * np.timedelta64(1, "D")).ravel(),
                           "number": np.repeat(np.arange(n), DAYS), "bayesian": probability.ravel()})
    chain = OptionChain(pd.DataFrame({"underlying": "A", "strike": np.exp(strike[:, 0]), "expiry": expiry}),
                        quotes.sort_values(["quote_date", "number"], ignore_index=True))
    outcomes = pd.DataFrame({"number": np.arange(n), "expiry_session": expiry,
                             "worthless": (path[:, -1] > strike[:, 0]).astype(float)})
    return chain, chain.quotes[["bayesian"]].astype(float), outcomes
