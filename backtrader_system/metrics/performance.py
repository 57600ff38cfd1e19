"""All figures of one run from its ledgers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.metrics.drawdown import drawdown_figures, drawdown_series
from backtrader_system.metrics.evidence import Figures, evidence_figures, win_rate_interval
from backtrader_system.metrics.exposure import exposure_figures
from backtrader_system.metrics.figure import Scalar, flatten, missing, ratio
from backtrader_system.metrics.returns import cagr, calendar_days, session_returns
from backtrader_system.metrics.risk_ratios import (
    calmar_ratio,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
)
from backtrader_system.metrics.trades import trade_figures
from backtrader_system.metrics.turnover import traded_volume, turnover
from backtrader_system.metrics.volatility import kurtosis, skewness, volatility
from backtrader_system.settings.output import EvidenceSettings

_HEADLINES = ("total_return", "cagr", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown",
              "average_drawdown", "calmar_ratio")


def performance_metrics(
    equity: pd.DataFrame,
    trades: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    baseline_equity: pd.DataFrame | None,
    evidence: EvidenceSettings,
    periods_per_year: int = 252,
) -> dict[str, dict[str, Scalar]]:
    """Return the figures of a run in the sections summary, risk, trade and evidence.

    equity, trades, orders : tables of `ledgers.schemas`. The initial capital follows from the first row, whose
        return counts. baseline_equity : equity table of the baseline over the same sessions, or None.
    periods_per_year : sessions in a year, from the calendar: 252 equities, 365 crypto.
    Returns: plain JSON values; rates and returns are fractions. A figure that was not computed is None and
        `<name>_note` says why. No key is in two sections. `docs/metrics.md` defines each key.
    Raises: DataError if there is no session or the baseline has other sessions.
    """
    _check_sessions(equity, baseline_equity)
    sessions = pd.DatetimeIndex(equity["session"])
    days, capital = calendar_days(sessions), _initial_capital(equity)
    returns = _returns(equity)
    figures = _return_figures(equity, returns, days, evidence, periods_per_year)
    trade = trade_figures(trades)
    volume = traded_volume(orders)
    mean_equity = float(equity["equity"].mean())
    costs = trade["costs_paid"].value
    baseline = None if baseline_equity is None else _returns(baseline_equity)
    summary: Figures = {
        "start_session": f"{sessions[0]:%Y-%m-%d}",
        "end_session": f"{sessions[-1]:%Y-%m-%d}",
        "sessions": len(equity),
        "calendar_days": days,
        "periods_per_year": periods_per_year,
        "initial_value": capital,
        "final_value": float(equity["equity"].iloc[-1]),
        "net_profit": float(equity["equity"].iloc[-1]) - capital,
    }
    return {
        "summary": flatten(summary | {name: figures.pop(name) for name in _HEADLINES}),
        "risk": flatten(figures | exposure_figures(equity)),
        "trade": flatten(trade | {
            "costs_fraction": ratio(costs, capital, "the initial capital is zero"),
            "traded_volume": volume,
            "average_equity": mean_equity,
            "turnover": turnover(volume, mean_equity, len(equity) / periods_per_year),
        }),
        "evidence": flatten(
            evidence_figures(returns, baseline, days=days, settings=evidence, periods_per_year=periods_per_year)
            | win_rate_interval(trade["winning_trades"].value, trade["total_trades"].value, evidence.confidence)
            | _baseline_figures(baseline_equity, baseline, days, evidence, periods_per_year)),
    }


def _return_figures(
    equity: pd.DataFrame, returns: np.ndarray, days: int, evidence: EvidenceSettings, periods_per_year: int
) -> Figures:
    """Return what follows from the equity curve alone."""
    capital, fault = _initial_capital(equity), _equity_fault(equity)
    growth = float(equity["equity"].iloc[-1]) / capital - 1
    drawdown = drawdown_figures(drawdown_series(equity.set_index("session")["equity"], capital))
    rate = evidence.risk_free_rate
    of_returns: Figures = {
        "volatility": volatility(returns, periods_per_year),
        "sharpe_ratio": sharpe_ratio(returns, periods_per_year, rate),
        "sharpe_ratio_standard_error": sharpe_standard_error(returns, periods_per_year, rate),
        "sortino_ratio": sortino_ratio(returns, periods_per_year, evidence.minimum_acceptable_return),
        "mean_session_return": float(np.mean(returns)),
        "session_volatility": volatility(returns, 1),
        "best_session": float(np.max(returns)),
        "worst_session": float(np.min(returns)),
        "skewness": skewness(returns),
        "kurtosis": kurtosis(returns),
    }
    if fault:
        of_returns = dict.fromkeys(of_returns, missing(fault))
    annual = missing(fault) if fault else cagr(growth, days)
    return {
        "total_return": growth,
        "cagr": annual,
        "calmar_ratio": calmar_ratio(annual, drawdown["max_drawdown"]),
        "risk_free_rate": rate,
        "minimum_acceptable_return": evidence.minimum_acceptable_return,
        **of_returns,
        **drawdown,
    }


def _baseline_figures(
    equity: pd.DataFrame | None, returns: np.ndarray | None, days: int, evidence: EvidenceSettings,
    periods_per_year: int,
) -> Figures:
    names = ("baseline_total_return", "baseline_cagr", "baseline_volatility", "baseline_sharpe_ratio",
             "baseline_max_drawdown")
    if equity is None or returns is None:
        return dict.fromkeys(names, missing("no baseline"))
    figures = _return_figures(equity, returns, days, evidence, periods_per_year)
    return {name: figures[name.removeprefix("baseline_")] for name in names}


def _returns(equity: pd.DataFrame) -> np.ndarray:
    """Return the returns of the sessions; all NaN if equity was ever not positive, since none means anything then."""
    if _equity_fault(equity):
        return np.full(len(equity), np.nan)
    return session_returns(equity["equity"].to_numpy(dtype=float), _initial_capital(equity))


def _initial_capital(equity: pd.DataFrame) -> float:
    first, growth = float(equity["equity"].iloc[0]), 1 + float(equity["return"].iloc[0])
    if not growth > 0:
        raise DataError(f"the equity table starts with equity {first:,.2f} and return {growth - 1:.4f}: the initial "
                        "capital cannot be told from it")
    return first / growth


def _equity_fault(equity: pd.DataFrame) -> str | None:
    broke = equity.loc[equity["equity"] <= 0, "session"]
    return None if broke.empty else f"equity was not positive in session {broke.iloc[0]:%Y-%m-%d}"


def _check_sessions(equity: pd.DataFrame, baseline: pd.DataFrame | None) -> None:
    if equity.empty:
        raise DataError("the equity table has no session: no figure can be computed")
    if baseline is None:
        return
    ours, theirs = pd.DatetimeIndex(equity["session"]), pd.DatetimeIndex(baseline["session"])
    if not ours.equals(theirs):
        raise DataError(
            f"the baseline has other sessions than the strategy: {len(theirs)} from {theirs.min()} to "
            f"{theirs.max()} against {len(ours)} from {ours[0]} to {ours[-1]}; run both over the same period")
