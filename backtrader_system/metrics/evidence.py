"""How sure the figures are: intervals and the excess over the baseline."""

from __future__ import annotations

import numpy as np

from backtrader_system.metrics.figure import Figure, Scalar, missing
from backtrader_system.metrics.returns import DAYS_TO_ANNUALISE, total_return
from backtrader_system.metrics.risk_ratios import probabilistic_sharpe_ratio
from backtrader_system.metrics.uncertainty import (
    bootstrap_statistics,
    default_block,
    percentile_interval,
    wilson_interval,
)
from backtrader_system.metrics.verdict import verdict
from backtrader_system.metrics.volatility import varies
from backtrader_system.settings.output import EvidenceSettings

MIN_SESSIONS = 20
EXCESSES = ("excess_total_return", "excess_mean_return", "excess_sharpe_ratio")
NO_VARIATION = "resampled returns do not vary"

Figures = dict[str, Figure | Scalar]


def evidence_figures(
    returns: np.ndarray,
    baseline: np.ndarray | None,
    *,
    days: int,
    settings: EvidenceSettings,
    periods_per_year: int,
) -> Figures:
    """Return intervals of Sharpe ratio, total return, CAGR and of the excess over the baseline, and the verdict.

    returns, baseline : fractions per session, of the same sessions; baseline None if there is none.
    days : calendar days of the period. The seed of `settings` makes the same intervals every time.
    """
    fault = _impossible(returns, baseline)
    reason = fault or _too_little(returns)
    samples: dict[str, np.ndarray] = {}
    block = settings.block_sessions or default_block(len(returns))
    if reason is None:
        samples = bootstrap_statistics(
            returns, baseline, n_samples=settings.bootstrap_samples, mean_block=block,
            rng=np.random.default_rng(settings.seed), periods_per_year=periods_per_year,
            risk_free_rate=settings.risk_free_rate, days=days,
        )
    figures: Figures = {
        "confidence": settings.confidence,
        "bootstrap_samples": missing(reason) if reason else settings.bootstrap_samples,
        "bootstrap_block_sessions": missing(reason) if reason else block,
        "probabilistic_sharpe_ratio": missing(fault) if fault else probabilistic_sharpe_ratio(
            returns, periods_per_year, settings.risk_free_rate),
    }
    under_a_year = f"under one year: not annualised ({days} calendar days)"
    if days < DAYS_TO_ANNUALISE:
        samples.pop("cagr", None)
    for name in ("sharpe_ratio", "total_return", "cagr"):
        without = reason or (under_a_year if name == "cagr" else NO_VARIATION)
        figures |= _interval(name, samples.get(name), settings.confidence, without)
    figures |= _excess(returns, baseline, periods_per_year, fault)
    for name in EXCESSES:
        without = "no baseline" if baseline is None else reason or NO_VARIATION
        figures |= _interval(name, samples.get(name), settings.confidence, without)
    figures["verdict"] = verdict(
        _ends(figures, "sharpe_ratio"), _ends(figures, "excess_mean_return"), n_sessions=len(returns),
        confidence=settings.confidence, reason=reason, has_baseline=baseline is not None,
    )
    return figures


def win_rate_interval(winning_trades: int, closed_trades: int, confidence: float) -> Figures:
    """Return the Wilson interval of the win rate over closed trades."""
    ends = wilson_interval(winning_trades, closed_trades, confidence)
    if ends is None:
        return dict.fromkeys(("win_rate_low", "win_rate_high"), missing("no closed trade"))
    return {"win_rate_low": ends[0], "win_rate_high": ends[1]}


def _impossible(returns: np.ndarray, baseline: np.ndarray | None) -> str | None:
    """Return why these returns describe nothing, or None."""
    for name, values in (("equity", returns), ("equity of the baseline", baseline)):
        if values is not None and not np.all(values > -1):
            return f"{name} was not always positive"
    return None


def _too_little(returns: np.ndarray) -> str | None:
    """Return why no interval can be given, or None."""
    if len(returns) < MIN_SESSIONS:
        return f"{len(returns)} sessions; an interval needs {MIN_SESSIONS}"
    return None if varies(returns) else "returns do not vary"


def _excess(
    returns: np.ndarray, baseline: np.ndarray | None, periods_per_year: int, fault: str | None
) -> Figures:
    if fault or baseline is None:
        return dict.fromkeys(EXCESSES[:2], missing(fault or "no baseline"))
    return {
        "excess_total_return": total_return(returns) - total_return(baseline),
        "excess_mean_return": float(np.mean(returns - baseline)) * periods_per_year,
    }


def _interval(name: str, samples: np.ndarray | None, confidence: float, without: str) -> Figures:
    ends = None if samples is None else percentile_interval(samples, confidence)
    if ends is None:
        return dict.fromkeys((f"{name}_low", f"{name}_high"), missing(without))
    return {f"{name}_low": ends[0], f"{name}_high": ends[1]}


def _ends(figures: Figures, name: str) -> tuple[float, float] | None:
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    return None if isinstance(low, Figure) or isinstance(high, Figure) else (low, high)
