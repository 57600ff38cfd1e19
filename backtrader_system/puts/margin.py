"""The owner's margin of a short put, and what the premium returns on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.settings.puts import SellingSettings

DAYS_PER_YEAR = 365.0
NORMAL_DEVIATIONS = 2.0


def margin_per_contract(underlying_price: np.ndarray, strike: np.ndarray, worst_decline: np.ndarray,
                        settings: SellingSettings, *, has_event: np.ndarray | bool = False,
                        multiplier: np.ndarray | float = 100.0) -> np.ndarray:
    """Return the margin of one short put in money: the largest of three amounts.

    worst_decline : fraction >= 0 that the underlying may fall until expiry; see `past_worst_decline`.
    has_event : whether a report or an ex-day comes before expiry; adds `margin_event_buffer` to the decline.
    Formula of the owner's margin file: the loss of that decline less the distance to the strike,
    `margin_safety_factor` times the decline of the strike, and `margin_floor_fraction` of the strike.
    All arguments broadcast.

    Examples
    --------
    >>> round(float(margin_per_contract(100.0, 90.0, 0.30, SellingSettings())), 2)    # 1.2 * 0.30 * 90 * 100
    3240.0
    """
    decline = np.asarray(worst_decline) + settings.margin_event_buffer * np.asarray(has_event)
    broker = decline * underlying_price - (np.asarray(underlying_price) - strike)
    historical = settings.margin_safety_factor * np.asarray(worst_decline) * strike
    floor = settings.margin_floor_fraction * np.asarray(strike)
    return multiplier * np.maximum(np.maximum(broker, historical), floor)


def return_on_margin(premium: np.ndarray, margin: np.ndarray, days_to_expiry: np.ndarray) -> np.ndarray:
    """Return the yearly return on margin as a fraction; premium and margin of the same number of contracts.

    days_to_expiry : calendar days, > 0.
    """
    return premium / margin * DAYS_PER_YEAR / days_to_expiry


def past_worst_decline(close: np.ndarray, sessions_ahead: int) -> np.ndarray:
    """Return how far each price may fall within `sessions_ahead` sessions, judged by its past.

    close : shape (n_sessions, n_symbols), > 0, NaN where there is no bar.
    Returns: fraction in [0, 1], same shape: the larger of the worst fall so far within so many sessions and two
        standard deviations of past daily log returns times sqrt(sessions_ahead); NaN before the second close.
    Timing: uses closes up to and including t.
    """
    prices = pd.DataFrame(close).ffill()
    fall = 1 - prices / prices.rolling(sessions_ahead + 1, min_periods=1).max()
    worst = fall.cummax()
    deviation = np.log(prices).diff().expanding(min_periods=2).std()
    usual = 1 - np.exp(-NORMAL_DEVIATIONS * deviation * np.sqrt(sessions_ahead))
    worst = np.fmax(worst, usual).where(prices.notna().cumsum() >= 2)
    return worst.to_numpy()
