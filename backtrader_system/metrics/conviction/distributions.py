"""Tail functions that intervals and tests need; scipy is no dependency of the program."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return _NORMAL.inv_cdf(probability)


def normal_cdf(value: float) -> float:
    """Return the chance that a standard normal number is at most `value`."""
    return _NORMAL.cdf(value)


def student_t_cdf(value: float, degrees_of_freedom: float) -> float:
    """Return the chance that a Student t number is at most `value`.

    Formula: half of the regularised incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + value^2) is the
    upper tail (Abramowitz and Stegun 26.7.1).

    Examples
    --------
    >>> round(student_t_cdf(2.0, 10), 4)
    0.9633
    """
    x = degrees_of_freedom / (degrees_of_freedom + value * value)
    tail = 0.5 * _incomplete_beta(x, degrees_of_freedom / 2, 0.5)
    return 1 - tail if value > 0 else tail


def student_t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the quantile of the Student t distribution, to about 1e-10; probability in (0, 1).

    Examples
    --------
    >>> round(student_t_quantile(0.975, 9), 3)
    2.262
    """
    if probability < 0.5:
        return -student_t_quantile(1 - probability, degrees_of_freedom)
    low, high = 0.0, 1.0
    while student_t_cdf(high, degrees_of_freedom) < probability:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if student_t_cdf(middle, degrees_of_freedom) < probability else (low, middle)
        if high - low <= 1e-13 * high:
            break
    return (low + high) / 2


def chi_square_quantile(probability: float, degrees_of_freedom: int) -> float:
    """Return the quantile of the chi-square distribution within 1 %, for probabilities from 0.8 upwards.

    Wilson and Hilferty (1931): the cube root of a mean square is nearly normal.

    Examples
    --------
    >>> round(chi_square_quantile(0.95, 9), 1)
    16.9
    """
    spread = 2 / (9 * degrees_of_freedom)
    return degrees_of_freedom * (1 - spread + normal_quantile(probability) * spread**0.5) ** 3


def kolmogorov_survival(value: float) -> float:
    """Return the chance that the limit of Kolmogorov's statistic exceeds `value` (Kolmogorov 1933).

    Examples
    --------
    >>> round(kolmogorov_survival(1.3581), 3)
    0.05
    """
    if value < 0.2:
        return 1.0    # the alternating series needs ever more terms; the chance differs from 1 by less than 1e-12
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * value * value) for k in range(1, 101))
    return min(max(2 * sum(terms), 0.0), 1.0)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function by its continued fraction (Lentz's algorithm)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    # The fraction converges quickly only on this side of the mean; the other side is the complement.
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    ratio = c = 1.0
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    ratio = d
    for m in range(1, 500):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            ratio *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return ratio


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
