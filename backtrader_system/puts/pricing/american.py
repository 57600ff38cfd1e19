"""Puts that may be exercised on any day until expiry (Cox, Ross, Rubinstein)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

STEPS = 200
# Room for the trees of calm underlyings at high rates, which need more steps than asked for.
MAX_STEPS = 4_000


def american_put(spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, volatility: ArrayLike,
                 dividend_yield: ArrayLike = 0.0, *, steps: int = STEPS) -> np.ndarray:
    """Return the price per unit of American puts, shape of the inputs broadcast.

    Inputs as for `black_scholes_put`; `dividend_yield` is continuous. steps : of the binomial tree, whose error is
    corrected by that of the European put in the same tree (control variate, Hull and White 1988).

    Examples
    --------
    >>> float(american_put(36.0, 40.0, 1.0, 0.06, 0.2).round(2))
    4.49
    """
    from backtrader_system.puts.pricing.kernel import american_prices

    arrays, shape = flat_arrays(spot, strike, years, rate, volatility, dividend_yield)
    return american_prices(*arrays, steps, max(steps, MAX_STEPS) + 1).reshape(shape)


def american_implied_volatility(price: ArrayLike, spot: ArrayLike, strike: ArrayLike, years: ArrayLike,
                                rate: ArrayLike, dividend_yield: ArrayLike, european: ArrayLike,
                                *, steps: int = STEPS) -> np.ndarray:
    """Return the volatility at which American puts cost `price`.

    european : the volatility at which a European put would cost it; NaN gives NaN. An American put costs at least
        as much, so its volatility lies at or below that.
    """
    from backtrader_system.puts.pricing.kernel import american_volatilities

    arrays, shape = flat_arrays(price, spot, strike, years, rate, dividend_yield, european)
    return american_volatilities(*arrays, steps, max(steps, MAX_STEPS) + 1).reshape(shape)


def flat_arrays(*values: ArrayLike) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Return the values broadcast to one shape, each flat and contiguous float64, and that shape."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))
    return [np.array(array, order="C").reshape(-1) for array in arrays], arrays[0].shape
