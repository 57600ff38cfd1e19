"""The volatility that a put's price implies."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from backtrader_system.puts.pricing.american import STEPS, american_implied_volatility, flat_arrays

Style = Literal["american", "european"]

_LOWEST_DEVIATION, _HIGHEST_DEVIATION = 1e-6, 20.0      # volatility times square root of years
_CHUNK = 100_000                                        # puts solved together: working memory stays in the cache
_ITERATIONS = 60


def implied_volatility(price: ArrayLike, spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike,
                       dividend_yield: ArrayLike = 0.0, style: Style = "european", *,
                       steps: int = STEPS) -> np.ndarray:
    """Return the volatility per year at which each put costs `price`, shape of the inputs broadcast.

    price, spot, strike : per unit, in the same money. years : to expiry, of the clock the volatility is to have.
    style : "american" solves the binomial tree of `american_put` with `steps`.
    Returns: NaN where no volatility gives the price: at or below the intrinsic value, at or above the strike's value,
        no time left, or an input that is NaN. An American price hardly above what exercise pays tells little: any
        volatility that gives it may come back.
    Newton on the logarithm of the out-of-the-money price (for a put in the money, of the call by parity), with
    bisection where a step leaves the bracket.

    Examples
    --------
    >>> implied_volatility([5.573526022, 0.0], 100.0, 100.0, 1.0, 0.05).round(6)
    array([0.2, nan])
    """
    arrays, shape = flat_arrays(price, spot, strike, years, rate, dividend_yield)
    found = np.empty(arrays[0].size)
    for first in range(0, found.size, _CHUNK):
        rows = slice(first, first + _CHUNK)
        found[rows] = _european(*(array[rows] for array in arrays))
    if style == "american":
        found = american_implied_volatility(*arrays, found, steps=steps)
    return found.reshape(shape)


def _european(price: np.ndarray, spot: np.ndarray, strike: np.ndarray, years: np.ndarray, rate: np.ndarray,
              dividend_yield: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        forward_spot, forward_strike = spot * np.exp(-dividend_yield * years), strike * np.exp(-rate * years)
        smaller, larger = np.minimum(forward_spot, forward_strike), np.maximum(forward_spot, forward_strike)
        # Put and call share the time value, and by symmetry only the smaller of spot and strike matters.
        time_value = price - np.maximum(forward_strike - forward_spot, 0)
        target = time_value / smaller
        distance = np.log(larger / smaller)
        is_solvable = (target > 0) & (target < 1) & (years > 0) & (smaller > 0) & np.isfinite(distance)
        found = np.full(price.size, np.nan)
        rows = np.flatnonzero(is_solvable)
        found[rows] = _deviation(np.log(target[rows]), distance[rows]) / np.sqrt(years[rows])
    return found


def _deviation(log_target: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return s with N(-x/s + s/2) - exp(x) N(-x/s - s/2) = exp(log_target), x = `distance` >= 0."""
    low = np.full(log_target.size, _LOWEST_DEVIATION)
    high = np.full(log_target.size, _HIGHEST_DEVIATION)
    found = np.full(log_target.size, np.nan)
    guess = _first_guess(log_target, distance)
    active = np.arange(log_target.size)
    for _ in range(_ITERATIONS):
        x, s = distance[active], guess[active]
        log_value, slope = _log_value(x, s)
        excess = log_value - log_target[active]
        high[active] = np.where(excess > 0, s, high[active])
        low[active] = np.where(excess > 0, low[active], s)
        step = excess / slope
        following = s - step
        is_outside = ~((following > low[active]) & (following < high[active]))
        following = np.where(is_outside, (low[active] + high[active]) / 2, following)
        guess[active] = following
        is_done = (np.abs(following - s) <= 1e-13 + 1e-12 * s) | (excess == 0)
        found[active[is_done]] = np.where(excess == 0, s, following)[is_done]
        active = active[~is_done]
        if active.size == 0:
            break
    found[active] = guess[active]
    at_edge = (found < 2 * _LOWEST_DEVIATION) | (found > 0.999 * _HIGHEST_DEVIATION)
    return np.where(at_edge, np.nan, found)


def _log_value(x: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of the out-of-the-money value and its slope in s."""
    d1 = -x / s + s / 2
    d2 = d1 - s
    value = ndtr(d1) - np.exp(x) * ndtr(d2)
    log_value = np.log(value)
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    slope = density / value
    return log_value, slope


def _first_guess(log_target: np.ndarray, distance: np.ndarray) -> np.ndarray:
    target = np.exp(log_target)
    near = target * np.sqrt(2 * np.pi)
    far = distance / np.sqrt(2 * np.maximum(-log_target, 1e-3))
    return np.clip(near + far, 2 * _LOWEST_DEVIATION, _HIGHEST_DEVIATION / 2)
