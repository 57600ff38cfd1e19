"""Puts of the European kind: price, probability of expiring worthless, and how both move (Black, Scholes, Merton)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr


def black_scholes_put(spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, volatility: ArrayLike,
                      dividend_yield: ArrayLike = 0.0) -> np.ndarray:
    """Return the price per unit of European puts, shape of the inputs broadcast.

    spot, strike : in the same money, > 0. years : to expiry, >= 0. rate, dividend_yield : per year, continuous.
    volatility : per year of the same clock as `years`, >= 0. NaN in any input gives NaN.
    K exp(-rT) N(-d2) - S exp(-qT) N(-d1); without time or volatility the discounted intrinsic value.

    Examples
    --------
    >>> float(black_scholes_put(100.0, 100.0, 1.0, 0.05, 0.2).round(6))
    5.573526
    """
    d1, d2 = _d1_d2(spot, strike, years, rate, volatility, dividend_yield)
    years = np.asarray(years, dtype=float)
    return (np.asarray(strike) * np.exp(-np.asarray(rate) * years) * ndtr(-d2)
            - np.asarray(spot) * np.exp(-np.asarray(dividend_yield) * years) * ndtr(-d1))


def worthless_probability(spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike,
                          volatility: ArrayLike, dividend_yield: ArrayLike = 0.0) -> np.ndarray:
    """Return N(d2), the risk-neutral probability that the underlying ends above the strike; inputs as for the price.

    Without time or volatility 1 where the forward lies above the strike, else 0: at the strike a put counts as in
    the money.

    Examples
    --------
    >>> float(worthless_probability(100.0, 90.0, 0.25, 0.02, 0.3).round(6))
    0.745609
    """
    return ndtr(_d1_d2(spot, strike, years, rate, volatility, dividend_yield)[1])


def put_delta(spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, volatility: ArrayLike,
              dividend_yield: ArrayLike = 0.0) -> np.ndarray:
    """Return the change of a European put's price per unit of change of the underlying, in [-1, 0].

    Examples
    --------
    >>> float(put_delta(100.0, 100.0, 1.0, 0.05, 0.2).round(6))
    -0.363169
    """
    d1, _ = _d1_d2(spot, strike, years, rate, volatility, dividend_yield)
    return -np.exp(-np.asarray(dividend_yield) * np.asarray(years, dtype=float)) * ndtr(-d1)


def _d1_d2(spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, volatility: ArrayLike,
           dividend_yield: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    years = np.asarray(years, dtype=float)
    deviation = np.asarray(volatility, dtype=float) * np.sqrt(years)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_forward = (np.log(np.asarray(spot, dtype=float) / strike)
                       + (np.asarray(rate) - np.asarray(dividend_yield)) * years)
        d1 = log_forward / deviation + deviation / 2
    certain = np.where(log_forward > 0, np.inf, -np.inf)
    d1 = np.where((deviation == 0) & ~np.isnan(log_forward), certain, d1)
    return d1, d1 - deviation
