"""Figures as text: rounded here and nowhere else, always with their unit, never a silent gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

NOT_COMPUTED = "not computed"


@dataclass(frozen=True, slots=True)
class FigureSheet:
    """The sections of a run's metrics, asked by name of figure whatever the section.

    Examples
    --------
    >>> sheet = FigureSheet({"risk": {"cagr": None, "cagr_note": "under one year: not annualised"}})
    >>> sheet.text("cagr"), sheet.text("win_rate")
    ('not computed: under one year: not annualised', 'not computed')
    """

    sections: Mapping[str, Mapping[str, object]]

    def value(self, name: str) -> object:
        """Return the figure, or None if it is missing or was not computed."""
        return next((section[name] for section in self.sections.values() if name in section), None)

    def note(self, name: str) -> str | None:
        note = self.value(f"{name}_note")
        return None if note is None else str(note)

    def text(self, name: str) -> str:
        """Return the figure with its unit, or why there is none."""
        value, note = self.value(name), self.note(name)
        if is_missing(value):
            return f"{NOT_COMPUTED}: {note}" if note else NOT_COMPUTED
        return format_of(name)(value) + (f" ({note})" if note else "")

    def interval(self, name: str) -> str:
        """Return `low to high` of a figure that has an interval, or an empty text."""
        low, high = self.value(f"{name}_low"), self.value(f"{name}_high")
        if is_missing(low) or is_missing(high):
            return ""
        form = format_of(name)
        return f"{form(low)} to {form(high)}"

    def names(self, section: str) -> list[str]:
        """Return the single figures of a section: no notes, no ends of intervals, no lists or nested figures."""
        extra = ("_note", "_low", "_high")
        return [name for name, value in self.sections.get(section, {}).items()
                if not name.endswith(extra) and not isinstance(value, Mapping | list | tuple)]


def is_missing(value: object) -> bool:
    """Whether a figure has no value: None or NaN."""
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def percent(fraction: object) -> str:
    """Return a fraction as percent: 0.1234 as `12.34 %`."""
    return f"{_unsigned_zero(float(fraction) * 100, 2):,.2f} %"


def signed_percent(fraction: object) -> str:
    """Return a fraction as percent with its sign: 0.1234 as `+12.34 %`."""
    number = _unsigned_zero(float(fraction) * 100, 2)
    return f"{number:+,.2f} %" if number else "0.00 %"


def dollars(amount: object) -> str:
    """Return dollars, whole from 100 up: -1234.6 as `-$1,235`, 2.5 as `$2.50`."""
    decimals = 0 if abs(float(amount)) >= 100 else 2
    value = _unsigned_zero(float(amount), decimals)
    return f"{'-' if value < 0 else ''}${abs(value):,.{decimals}f}"


def price(amount: object) -> str:
    """Return a price in dollars with cents; below one dollar with four decimals."""
    return f"{float(amount):,.2f}" if abs(float(amount)) >= 1 else f"{float(amount):.4f}"


def number(value: object) -> str:
    """Return a plain number with two decimals."""
    return f"{_unsigned_zero(float(value), 2):,.2f}"


def precise(value: object) -> str:
    """Return a score in [0, 1] or an R2 with three decimals."""
    return f"{_unsigned_zero(float(value), 3):,.3f}"


def count(value: object) -> str:
    """Return a whole number with thousands separated."""
    return f"{int(value):,}"


def sessions(value: object) -> str:
    """Return a number of sessions with its unit; means keep one decimal."""
    amount = float(value)
    return f"{amount:,.0f} sessions" if amount == int(amount) else f"{amount:,.1f} sessions"


def words(name: str) -> str:
    """Return a figure's name in words: `win_rate` as `win rate`."""
    return _LABELS.get(name, name.replace("_", " "))


def label(name: str) -> str:
    """Return a figure's name in words at the start of a line: `win_rate` as `Win rate`."""
    return words(name)[:1].upper() + words(name)[1:]


def format_of(name: str) -> Callable[[object], str]:
    """Return how a figure is written, by its name; one that nobody described is written as it is."""
    name = name.removeprefix("baseline_")
    if name in _FORMATS:
        return _FORMATS[name]
    if name.endswith("_dollars") or name.endswith("_paid") or name.endswith("_received"):
        return dollars
    if name.endswith("_sessions"):
        return sessions
    return generic


def generic(value: object) -> str:
    """Return a value nobody described: four digits of a float, anything else as it is."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
    return f"{int(value):,}" if float(value).is_integer() else f"{float(value):,.4g}"


def _unsigned_zero(value: float, decimals: int) -> float:
    """Return the rounded value, and 0 instead of -0."""
    return round(value, decimals) + 0.0


_LABELS = {
    "cagr": "CAGR", "max_drawdown": "maximum drawdown", "avg_win": "average win", "avg_loss": "average loss",
    "avg_win_dollars": "average win in money", "avg_loss_dollars": "average loss in money",
    "total_trades": "closed trades", "exposure": "average exposure", "turnover": "turnover per year, one-sided",
    "volatility": "volatility per year", "enhancement_rate": "trades enhanced by ML",
    "enhanced_signal_rate": "signals enhanced by ML",
    "costs_fraction": "costs as a share of the initial capital",
    "excess_total_return": "total return minus the baseline's",
    "excess_mean_return": "mean return per year minus the baseline's",
    "excess_sharpe_ratio": "Sharpe ratio minus the baseline's",
    "probabilistic_sharpe_ratio": "probability that the true Sharpe ratio is above zero",
    "avg_regime_accuracy": "mean over symbols: regime accuracy", "avg_regime_auc": "mean over symbols: regime AUC",
    "avg_regime_balanced_accuracy": "mean over symbols: regime balanced accuracy",
    "avg_strength_r2": "mean over symbols: strength R2",
    "avg_strength_ic": "mean over symbols: strength rank correlation", "n_predictions": "predictions",
    "n": "predictions with known outcome",
    "naive_accuracy": "accuracy of the class commoner in training", "accuracy_gain": "accuracy above that",
    "accuracy_gain_standard_error": "standard error of that difference",
    "base_rate": "share of trending", "brier": "Brier score", "auc": "AUC", "r2": "R2", "ic": "rank correlation",
    "ic_standard_error": "standard error of the rank correlation",
}
_FORMATS: dict[str, Callable[[object], str]] = {
    **dict.fromkeys(("total_return", "cagr", "avg_win", "avg_loss", "expectancy", "best_trade", "worst_trade",
                     "excess_total_return", "excess_mean_return", "mean_session_return", "best_session",
                     "worst_session"), signed_percent),
    **dict.fromkeys(("volatility", "session_volatility", "max_drawdown", "average_drawdown",
                     "average_drawdown_episode", "win_rate", "enhancement_rate", "enhanced_signal_rate", "exposure",
                     "max_exposure",
                     "final_exposure", "net_exposure", "sessions_invested", "confidence", "costs_fraction",
                     "risk_free_rate", "minimum_acceptable_return"), percent),
    **dict.fromkeys(("sharpe_ratio", "sharpe_ratio_standard_error", "sortino_ratio", "calmar_ratio", "profit_factor",
                     "win_loss_ratio", "turnover", "average_positions", "excess_sharpe_ratio",
                     "skewness", "kurtosis"), number),
    **dict.fromkeys(("initial_value", "final_value", "net_profit", "traded_volume", "average_equity"), dollars),
    **dict.fromkeys(("probabilistic_sharpe_ratio", "avg_regime_accuracy", "avg_regime_balanced_accuracy",
                     "avg_regime_auc", "avg_strength_r2", "avg_strength_ic", "accuracy", "balanced_accuracy", "brier",
                     "auc", "base_rate", "naive_accuracy", "accuracy_gain", "accuracy_gain_standard_error", "r2", "ic",
                     "ic_standard_error"), precise),
    "sessions": sessions,
}
