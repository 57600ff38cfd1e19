"""The six factors of every quote of a chain, with what they were made of."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.factors.seasonality import SeasonalPanel
from backtrader_system.puts.factors.support import SupportPanel
from backtrader_system.puts.score import (
    normalise_current_performance,
    normalise_days_since_break,
    normalise_historical_peak,
    normalise_monthly_seasonality,
    normalise_recovery_advantage,
    normalise_support_strength,
)
from backtrader_system.settings.puts import ScoreSettings

_OF_SUPPORT = ("rolling_low", "strength", "calendar_days_since_break", "trading_days_per_break")


class PeakHistory(Protocol):
    """The probability of each quote's contract and its highest value strictly before, each shape (n_quotes,)."""

    current: np.ndarray
    peak: np.ndarray


def option_factors(
    chain: OptionChain, underlyings: BarPanel, support: SupportPanel, seasonal: SeasonalPanel, settings: ScoreSettings,
    *, history: PeakHistory | None = None, recovery_rate: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the factors of every quote, one row per row of `chain.quotes`.

    support, seasonal : of the panel `underlyings`. history : None where no probability is known. recovery_rate :
        worthless share of the recovery candidates of each quote's cell, shape (n_quotes,), a fraction.
    Returns: the columns of `score.FACTORS`, 0 to 100, NaN missing (the original arithmetic, "compat", lets the peak
        fall below 0 and knows no bonus near the low day); then what they come from: rolling_low, strength,
        calendar_days_since_break, trading_days_per_break, days_of_history, seasonal_share, seasonal_return,
        month_to_date, is_near_low_day (bool), peak, probability, recovery_rate.
    Support needs `settings.min_history_days` of lows, but in the original arithmetic.
    Timing: of the quote's own day, after its close. A day on which the underlying has no bar knows none of the four
        price-based factors.
    Raises: DataError if the panels do not belong together or an array does not fit the quotes.
    """
    _check(chain, underlyings, support, seasonal, history, recovery_rate)
    n_quotes = len(chain.quotes)
    is_compat = settings.arithmetic == "compat"
    raw = _price_inputs(chain, underlyings, support, seasonal, settings.rolling_period) | {
        "peak": _given(None if history is None else history.peak, n_quotes),
        "probability": _given(None if history is None else history.current, n_quotes),
        "recovery_rate": _given(recovery_rate, n_quotes),
    }
    if not is_compat:
        # One bar never broke its low: without a past, support would look perfect.
        is_young = raw["days_of_history"] < settings.min_history_days
        raw |= {name: np.where(is_young, np.nan, raw[name]) for name in _OF_SUPPORT}
    bonus = np.zeros(n_quotes, dtype=bool) if is_compat else raw["is_near_low_day"]
    factors = {
        "recovery_advantage": normalise_recovery_advantage(raw["recovery_rate"]),
        "support_strength": normalise_support_strength(raw["strength"]),
        "days_since_break": normalise_days_since_break(
            raw["calendar_days_since_break"], raw["trading_days_per_break"]),
        "historical_peak": normalise_historical_peak(
            raw["peak"], raw["probability"], settings.peak_threshold, keep_negative=is_compat),
        "monthly_seasonality": normalise_monthly_seasonality(raw["seasonal_share"], bonus),
        "current_performance": normalise_current_performance(raw["seasonal_return"], raw["month_to_date"]),
    }
    return pd.DataFrame(factors | raw, copy=False)      # every array is ours; a copy would double the memory


def _given(values: np.ndarray | None, n_quotes: int) -> np.ndarray:
    return np.full(n_quotes, np.nan) if values is None else np.array(values, dtype=float)


def _price_inputs(
    chain: OptionChain, underlyings: BarPanel, support: SupportPanel, seasonal: SeasonalPanel, period: int,
) -> dict[str, np.ndarray]:
    """Return what the panels hold of each quote's underlying and day, NaN where they have neither."""
    row = underlyings.sessions.get_indexer(pd.DatetimeIndex(chain.quotes["quote_date"]))
    names = pd.Index(underlyings.symbols)
    column = names.get_indexer(chain.contracts["underlying"])[chain.quotes["number"].to_numpy()]
    is_known = (row >= 0) & (column >= 0)
    panels = _panels(support, seasonal, support.of_period(period))
    inputs = {name: np.where(is_known, values[row, column], np.nan) for name, values in panels.items()}
    near = seasonal.is_near_low_day()
    return inputs | {"is_near_low_day": is_known & near[row, column]}


def _panels(support: SupportPanel, seasonal: SeasonalPanel, place: int) -> dict[str, np.ndarray]:
    return {
        "rolling_low": support.rolling_low[place], "strength": support.strength()[place],
        "calendar_days_since_break": support.days_since_break[place],
        "trading_days_per_break": support.trading_days_per_break()[place],
        "days_of_history": support.days_of_history, "seasonal_share": seasonal.positive_share,
        "seasonal_return": seasonal.mean_return, "month_to_date": seasonal.month_to_date,
    }


def _check(
    chain: OptionChain, underlyings: BarPanel, support: SupportPanel, seasonal: SeasonalPanel,
    history: PeakHistory | None, recovery_rate: np.ndarray | None,
) -> None:
    faults = []
    for name, panel in (("support", support.bars), ("seasonal", seasonal.month_to_date)):
        if panel.shape != underlyings.shape:
            faults.append(f"{name} was measured on a panel of shape {panel.shape}; that of the underlyings is "
                          f"{underlyings.shape}")
    arrays = {"recovery_rate": recovery_rate}
    if history is not None:
        arrays |= {"history.peak": history.peak, "history.current": history.current}
    faults += [f"{name} has shape {np.shape(values)}; must be ({len(chain.quotes)},), one for each quote"
               for name, values in arrays.items() if values is not None and np.shape(values) != (len(chain.quotes),)]
    if faults:
        raise DataError("the factors of the options cannot be computed:", faults=faults)
