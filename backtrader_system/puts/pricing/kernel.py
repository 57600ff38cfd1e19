"""Binomial trees for American puts, compiled: one put after the other, so memory stays flat."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LOWEST_VOLATILITY = 1e-6
_ITERATIONS = 80
_PRICE_ERROR = 1e-12            # of the strike
_VOLATILITY_ERROR = 1e-11
_ROUNDING = 1e-11               # of the strike, on the way back through a tree


@njit(cache=True, nogil=True)
def _normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True, nogil=True)
def _european(spot, strike, years, rate, volatility, dividend_yield):
    """Return price and vega of a European put."""
    deviation = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - dividend_yield) * years) / deviation + deviation / 2
    discounted_spot = spot * math.exp(-dividend_yield * years)
    price = strike * math.exp(-rate * years) * _normal(deviation - d1) - discounted_spot * _normal(-d1)
    return price, discounted_spot * math.sqrt(years) * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)


@njit(cache=True, nogil=True)
def _american(spot, strike, years, rate, volatility, dividend_yield, steps, european, held, terminal):
    """Return an American put's price; `european`, `held`, `terminal` are scratch arrays of enough room.

    The tree's error is nearly the same for the European put, whose exact price is known: it is taken off.
    """
    intrinsic = max(strike - spot, 0.0)
    if years <= 0:
        return intrinsic
    volatility = max(volatility, LOWEST_VOLATILITY)
    drift = rate - dividend_yield
    # With fewer steps the tree would need a probability above 1.
    least = years * (drift / volatility) ** 2 + 2
    if least > terminal.size - 1:
        # All but certain: nothing is gained between exercise now and at the end.
        return max(intrinsic, _european(spot, strike, years, rate, volatility, dividend_yield)[0])
    steps = max(steps, int(least))
    step_years = years / steps
    up = math.exp(volatility * math.sqrt(step_years))
    chance = (math.exp(drift * step_years) - 1 / up) / (up - 1 / up)
    discount = math.exp(-rate * step_years)
    rise, fall = discount * chance, discount * (1 - chance)
    for node in range(steps + 1):
        terminal[node] = spot * up ** (2 * node - steps)
        european[node] = held[node] = max(strike - terminal[node], 0.0)
    scale = 1.0
    for level in range(steps - 1, -1, -1):
        scale *= up
        for node in range(level + 1):
            european[node] = rise * european[node + 1] + fall * european[node]
            value = rise * held[node + 1] + fall * held[node]
            exercised = strike - terminal[node] * scale
            held[node] = max(value, exercised)
    exact, _ = _european(spot, strike, years, rate, volatility, dividend_yield)
    if held[0] <= intrinsic + _ROUNDING * strike:
        return max(intrinsic, exact)        # exercised at once: the tree makes no error to take off
    return max(held[0] + exact - european[0], intrinsic, exact)


@njit(cache=True, nogil=True)
def american_prices(spot, strike, years, rate, volatility, dividend_yield, steps, room):
    """Return the prices of American puts; all inputs float arrays of one length, `room` nodes for the largest tree."""
    count = spot.size
    prices = np.full(count, np.nan)
    european, held, terminal = np.empty(room), np.empty(room), np.empty(room)
    for put in range(count):
        known = spot[put] * strike[put] * years[put] * rate[put] * volatility[put] * dividend_yield[put]
        if not math.isnan(known) and spot[put] > 0 and strike[put] > 0:
            prices[put] = _american(spot[put], strike[put], years[put], rate[put], volatility[put],
                                    dividend_yield[put], steps, european, held, terminal)
    return prices


@njit(cache=True, nogil=True)
def american_volatilities(price, spot, strike, years, rate, dividend_yield, highest, steps, room):
    """Return the volatility at which the tree gives `price`; `highest` is the European one, which lies above it.

    NaN where `highest` is NaN or no volatility gives the price.
    """
    count = price.size
    found = np.full(count, np.nan)
    european, held, terminal = np.empty(room), np.empty(room), np.empty(room)
    for put in range(count):
        if not math.isnan(highest[put]) and price[put] > strike[put] - spot[put]:
            found[put] = _volatility(price[put], spot[put], strike[put], years[put], rate[put], dividend_yield[put],
                                     highest[put], steps, european, held, terminal)
    return found


@njit(cache=True, nogil=True)
def _volatility(price, spot, strike, years, rate, dividend_yield, highest, steps, european, held, terminal):
    """Return the volatility in (lowest, highest] of an American put: by secants that stay inside the bracket."""
    low, high = LOWEST_VOLATILITY, highest
    guess = highest
    excess = _american(spot, strike, years, rate, guess, dividend_yield, steps, european, held, terminal) - price
    _, slope = _european(spot, strike, years, rate, guess, dividend_yield)
    for _ in range(_ITERATIONS):
        if abs(excess) <= _PRICE_ERROR * strike:
            break
        following = guess - excess / slope if slope > 0 else low
        if not (low < following < high):
            following = (low + high) / 2
        value = _american(spot, strike, years, rate, following, dividend_yield, steps, european, held, terminal)
        slope = (value - price - excess) / (following - guess)
        excess, guess = value - price, following
        if excess > 0:
            high = guess
        else:
            low = guess
        if high - low < _VOLATILITY_ERROR:
            break
    return guess
