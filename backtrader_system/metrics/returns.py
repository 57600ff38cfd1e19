"""Returns and their growth rate per calendar year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.figure import Figure, missing

DAYS_PER_YEAR = 365.25
DAYS_TO_ANNUALISE = 365


def session_returns(equity: np.ndarray, initial_capital: float) -> np.ndarray:
    """Return the return of each session, the first one included.

    equity : dollars at each close, shape (n_sessions,), > 0. initial_capital : dollars before the first session.
    Returns: fractions, shape (n_sessions,); the first is equity[0] / initial_capital - 1. Many libraries drop it
        and so lose a loss of the first session.

    Examples
    --------
    >>> session_returns(np.array([110.0, 99.0]), 100.0).round(4).tolist()
    [0.1, -0.1]
    """
    levels = np.concatenate([[initial_capital], np.asarray(equity, dtype=float)])
    return levels[1:] / levels[:-1] - 1


def total_return(returns: np.ndarray) -> float:
    """Return the compounded return of `returns` (fractions), a fraction; 0.0 for none.

    A simple return, not a log return: the two differ by 0.6 points at 11.8 %.

    Examples
    --------
    >>> round(total_return(np.array([0.10, -0.10])), 4)
    -0.01
    """
    return float(np.prod(1 + np.asarray(returns, dtype=float)) - 1)


def calendar_days(sessions: pd.DatetimeIndex) -> int:
    """Return the days from the first to the last session, both included; 0 for none.

    Both are included because the return of the first session counts too: 2024-08-23 to 2025-08-22 are 365 days.
    """
    return (sessions[-1] - sessions[0]).days + 1 if len(sessions) else 0


def cagr(growth: float, days: int) -> Figure:
    """Return the compound annual growth rate by calendar days, a fraction.

    growth : total return over the period, a fraction. days : calendar days, see `calendar_days`.
    Formula: (1 + growth) ** (365.25 / days) - 1. Counting bars / 252 instead differs (6.02 % against 5.78 % in one
    measured case). Missing below 365 days: a return of some weeks is not a yearly rate.

    Examples
    --------
    >>> round(cagr(0.21, 731).value, 3)
    0.1
    >>> cagr(0.21, 90).note
    'under one year: not annualised (90 calendar days)'
    """
    if days < DAYS_TO_ANNUALISE:
        return missing(f"under one year: not annualised ({days} calendar days)")
    if growth <= -1:
        return missing("the final equity is not positive")
    return Figure((1 + growth) ** (DAYS_PER_YEAR / days) - 1)


def rate_per_period(annual_rate: float, periods_per_year: int) -> float:
    """Return the rate per session that compounds to `annual_rate` (a fraction) in a year of sessions.

    Examples
    --------
    >>> round(252 * rate_per_period(0.02, 252), 5)
    0.0198
    """
    return (1 + annual_rate) ** (1 / periods_per_year) - 1
