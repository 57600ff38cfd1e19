"""How much returns vary."""

from __future__ import annotations

import numpy as np

from backtrader_system.metrics.figure import Figure, missing


def volatility(returns: np.ndarray, periods_per_year: int = 252) -> Figure:
    """Return the annualised standard deviation of session returns, a fraction per square root of a year.

    returns : fractions, shape (n_sessions,). The sample deviation (ddof 1) times sqrt(periods_per_year): 252 for
    equities, 365 for crypto. Missing below two sessions.

    Examples
    --------
    >>> round(volatility(np.array([0.01, -0.01]), 252).value, 4)
    0.2245
    """
    if len(returns) < 2:
        return missing(f"needs two sessions, has {len(returns)}")
    return Figure(float(np.std(returns, ddof=1)) * periods_per_year**0.5)


def skewness(returns: np.ndarray) -> Figure:
    """Return the third standardised moment (population moments, as in Mertens 2002)."""
    return _standardised_moment(returns, 3)


def kurtosis(returns: np.ndarray) -> Figure:
    """Return the raw fourth standardised moment: 3 for a normal distribution, not 0 (population moments)."""
    return _standardised_moment(returns, 4)


def varies(returns: np.ndarray) -> bool:
    """Return whether the returns differ by more than rounding."""
    # Far above the rounding of a quotient of two equities (2e-16), far below any return worth a ratio.
    return len(returns) >= 2 and bool(np.std(returns, ddof=1) > 1e-12)


def _standardised_moment(returns: np.ndarray, order: int) -> Figure:
    if not varies(returns):
        return missing("returns do not vary")
    centred = returns - np.mean(returns)
    return Figure(float(np.mean(centred**order) / np.mean(centred**2) ** (order / 2)))
