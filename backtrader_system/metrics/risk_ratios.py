"""Return per unit of risk: Sharpe with its uncertainty, Sortino, Calmar."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from backtrader_system.metrics.figure import Figure, missing
from backtrader_system.metrics.returns import rate_per_period
from backtrader_system.metrics.volatility import kurtosis, skewness, varies

_CONSTANT = "returns do not vary"


def sharpe_ratio(returns: np.ndarray, periods_per_year: int = 252, risk_free_rate: float = 0.0) -> Figure:
    """Return the annualised Sharpe ratio.

    returns : fractions per session. risk_free_rate : fraction per year, compounded down to one session.
    Formula: mean(r - rf) / sd(r - rf, ddof=1) * sqrt(periods_per_year); Sharpe (1994). Missing below two sessions
    and where returns do not vary; no small number is ever added to the denominator.

    Examples
    --------
    >>> round(sharpe_ratio(np.array([0.02, 0.00, 0.01])).value, 3)
    15.875
    """
    per_session = _session_sharpe(returns, periods_per_year, risk_free_rate)
    if per_session.is_missing:
        return per_session
    return Figure(per_session.value * periods_per_year**0.5)


def sharpe_standard_error(
    returns: np.ndarray, periods_per_year: int = 252, risk_free_rate: float = 0.0
) -> Figure:
    """Return the standard error of the annualised Sharpe ratio, allowing for skew and fat tails.

    Formula, on the Sharpe ratio SR per session with skewness g3 and raw kurtosis g4 (normal = 3):
    sqrt((1 - g3 * SR + (g4 - 1) / 4 * SR**2) / (n - 1)), times sqrt(periods_per_year). Mertens (2002); Lo (2002)
    for normal returns. The usual errors: an annualised SR with a count of sessions, excess kurtosis for raw.
    Returns are taken as independent; `metrics.uncertainty` has an interval that is not.

    Examples
    --------
    >>> round(sharpe_standard_error(np.tile([0.011, -0.009], 126)).value, 3)
    1.002
    """
    per_session = _session_sharpe(returns, periods_per_year, risk_free_rate)
    if per_session.is_missing:
        return per_session
    spread = _sharpe_spread(returns, per_session.value)
    return Figure((spread / (len(returns) - 1)) ** 0.5 * periods_per_year**0.5)


def probabilistic_sharpe_ratio(
    returns: np.ndarray, periods_per_year: int = 252, risk_free_rate: float = 0.0, benchmark_sharpe: float = 0.0
) -> Figure:
    """Return the probability that the true Sharpe ratio exceeds `benchmark_sharpe` (annualised), in [0, 1].

    Formula: Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR**2)) per session; Bailey and Lopez de
    Prado (2012), eq. 11. It speaks of one run; it knows nothing of other settings that were tried.

    Examples
    --------
    >>> round(probabilistic_sharpe_ratio(np.tile([0.011, -0.009], 126)).value, 3)
    0.943
    """
    per_session = _session_sharpe(returns, periods_per_year, risk_free_rate)
    if per_session.is_missing:
        return per_session
    spread = _sharpe_spread(returns, per_session.value)
    if spread <= 0:
        return missing("the spread of the Sharpe ratio is zero")
    distance = per_session.value - benchmark_sharpe / periods_per_year**0.5
    return Figure(NormalDist().cdf(distance * ((len(returns) - 1) / spread) ** 0.5))


def sortino_ratio(
    returns: np.ndarray, periods_per_year: int = 252, minimum_acceptable_return: float = 0.0
) -> Figure:
    """Return the annualised Sortino ratio.

    minimum_acceptable_return : fraction per year, compounded down to a session (MAR).
    Formula: mean(r - MAR) / sqrt(sum(min(r - MAR, 0)**2) / n) * sqrt(periods_per_year), with n all sessions;
    Sortino and Price (1994), Red Rock (2008). The standard deviation of the losing sessions alone, often used,
    measures something else. Missing without a session below MAR.

    Examples
    --------
    >>> round(sortino_ratio(np.array([0.03, -0.01, 0.01])).value, 3)
    27.495
    """
    if len(returns) < 2:
        return missing(f"needs two sessions, has {len(returns)}")
    excess = np.asarray(returns, dtype=float) - rate_per_period(minimum_acceptable_return, periods_per_year)
    downside = float(np.mean(np.minimum(excess, 0.0) ** 2)) ** 0.5
    if downside == 0:
        return missing("no session below the minimum acceptable return")
    return Figure(float(np.mean(excess)) / downside * periods_per_year**0.5)


def calmar_ratio(annual_growth: Figure, max_drawdown: Figure) -> Figure:
    """Return CAGR over the depth of the deepest drawdown, both of the whole period; Young (1991).

    Young's own ratio looks at 36 months; over a whole period it is also called MAR ratio.

    Examples
    --------
    >>> calmar_ratio(Figure(0.10), Figure(0.05)).value
    2.0
    """
    if annual_growth.is_missing:
        return missing(annual_growth.note or "no annual growth rate")
    if max_drawdown.is_missing:
        return missing(max_drawdown.note or "no drawdown figure")
    if max_drawdown.value == 0:
        return missing("no drawdown")
    return Figure(annual_growth.value / max_drawdown.value)


def _session_sharpe(returns: np.ndarray, periods_per_year: int, risk_free_rate: float) -> Figure:
    if len(returns) < 2:
        return missing(f"needs two sessions, has {len(returns)}")
    if not varies(returns):
        return missing(_CONSTANT)
    excess = np.asarray(returns, dtype=float) - rate_per_period(risk_free_rate, periods_per_year)
    return Figure(float(np.mean(excess) / np.std(excess, ddof=1)))


def _sharpe_spread(returns: np.ndarray, per_session: float) -> float:
    """Never negative, because kurtosis >= skewness**2 + 1; only rounding can make it so."""
    skew, kurt = skewness(returns).value, kurtosis(returns).value
    return max(1 - skew * per_session + (kurt - 1) / 4 * per_session**2, 0.0)
