"""Options of an invented market, where it is known whether the score knows anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from backtrader_system.metrics.puts.sample import FACTORS

_LIFE_YEARS = 35 / 365
_CAPITAL_PER_UNIT = 100.0


def simulated_rows(
    seed: int, *, n_expiries: int = 24, n_underlyings: int = 20, n_strikes: int = 4, skill: float = 0.0,
    is_clumped: bool = True, lasting: float = 0.1
) -> pd.DataFrame:
    """Return evidence rows of puts on invented stocks, monthly expiries, the score useless where `skill` is 0.

    Half the variance of a stock's return until expiry is the market's, shared by all options of an expiry; the share
    `lasting` is the stock's own in all months; the rest is of stock and month. Stocks differ in volatility, premiums
    are fair before `lasting` is known. is_clumped : the score has a part of its stock that stays, one of its expiry and
    one of stock and expiry, as support levels have; else it is drawn for every option anew. skill : points that the
    score moves with a standard deviation of the stock's return of that month.
    """
    rng = np.random.default_rng(seed)
    shape = (n_expiries, n_underlyings, n_strikes)
    sigma = 0.25 * np.exp(0.3 * rng.standard_normal(n_underlyings))
    own = rng.standard_normal(shape[:2])
    shock = (np.sqrt(0.5) * rng.standard_normal(n_expiries)[:, None] + np.sqrt(0.5 - lasting) * own
             + np.sqrt(lasting) * rng.standard_normal(n_underlyings))
    deviation = sigma * np.sqrt(_LIFE_YEARS)
    log_return = deviation * shock - deviation**2 / 2
    moneyness = np.linspace(-0.10, 0.0, n_strikes) + rng.uniform(-0.01, 0.01, shape)
    distance = (-np.log1p(moneyness) - (deviation**2 / 2)[None, :, None]) / deviation[None, :, None]
    payoff = np.maximum(0.0, 1 + moneyness - np.exp(log_return)[..., None])
    premium = (1 + moneyness) * ndtr(-distance) - ndtr(-distance - deviation[None, :, None])
    score = np.clip(60 + _noise(rng, shape, is_clumped) + skill * own[..., None], 0, 100)
    factors = {name: np.clip(60 + _noise(rng, shape, is_clumped) + skill * own[..., None], 0, 100).ravel()
               for name in FACTORS}
    return _table(shape, score, factors, moneyness, distance, np.broadcast_to(sigma[None, :, None], shape),
                  np.broadcast_to(premium, shape), payoff, rng)


def _noise(rng: np.random.Generator, shape: tuple[int, int, int], is_clumped: bool) -> np.ndarray:
    if not is_clumped:
        return 12 * rng.standard_normal(shape)
    expiry, stock = rng.standard_normal((shape[0], 1, 1)), rng.standard_normal((1, shape[1], 1))
    both = rng.standard_normal((*shape[:2], 1))
    return 5 * (expiry + 1.2 * stock + 1.8 * both + 0.6 * rng.standard_normal(shape))


def _table(shape, score, factors, moneyness, distance, sigma, premium, payoff, rng) -> pd.DataFrame:
    expiry, stock, strike = (axis.ravel() for axis in np.indices(shape))
    dates = np.array(pd.date_range("2010-01-01", periods=shape[0], freq="WOM-3FRI"), dtype="datetime64[s]")
    pnl = (_CAPITAL_PER_UNIT * (premium - payoff)).ravel()
    capital = _CAPITAL_PER_UNIT * (1 + moneyness).ravel()
    worthless = (payoff == 0).astype(float).ravel()
    return pd.DataFrame({
        "contract": [f"S{s:03d} {e:03d} {k}" for e, s, k in zip(expiry, stock, strike, strict=True)],
        "number": np.arange(expiry.size), "underlying": [f"S{s:03d}" for s in stock], "expiry": dates[expiry],
        "expiry_session": dates[expiry], "quote_date": dates[expiry] - np.timedelta64(35, "D"),
        "days_to_expiry": np.full(expiry.size, 35) - rng.integers(0, 5, expiry.size), "strike": capital,
        "underlying_price": _CAPITAL_PER_UNIT, "moneyness": moneyness.ravel(), "iv": sigma.ravel(),
        "market_probability": ndtr(distance).ravel(), "probability": ndtr(distance).ravel(), "score": score.ravel(),
        "coverage": 1.0, **factors, "passes_filter": True, "worthless": worthless,
        "outcome": np.where(worthless > 0, "worthless", "assigned"), "premium": _CAPITAL_PER_UNIT * premium.ravel(),
        "pnl": pnl, "capital": capital, "return_on_capital": pnl / capital,
        "regime": np.where(rng.random(shape[0]) < 0.5, "rising, calm", "falling, stormy")[expiry],
    })
