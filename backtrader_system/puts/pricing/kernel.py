"""Binomial trees for American puts, compiled: one put after the other, so memory stays flat."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LOWEST_VOLATILITY = 1e-3
HIGHEST_VOLATILITY = 10.0
_ITERATIONS = 60


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
    # Below so many steps the tree would need a probability above 1.
    least = int(years * (drift / volatility) ** 2) + 2
    steps = min(max(steps, least), terminal.size - 1)
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
        if math.isnan(highest[put]) or price[put] <= strike[put] - spot[put]:
            continue
        low, high, guess = LOWEST_VOLATILITY, highest[put] * 1.001 + 1e-6, highest[put]
        for _ in range(_ITERATIONS):
            value = _american(spot[put], strike[put], years[put], rate[put], guess, dividend_yield[put], steps,
                              european, held, terminal)
            excess = value - price[put]
            if excess > 0:
                high = guess
            else:
                low = guess
            _, vega = _european(spot[put], strike[put], years[put], rate[put], guess, dividend_yield[put])
            step = excess / vega if vega > 0 else math.inf
            guess = guess - step
            if not (low < guess < high):
                guess = (low + high) / 2
            if abs(step) < 1e-9 or high - low < 1e-10:
                break
        found[put] = guess
    return found
