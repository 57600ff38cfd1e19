"""How long a year is: the clock by which volatilities and probabilities are quoted."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Clock = Literal["calendar_365", "october_2025", "november_2025"]
Purpose = Literal["iv", "probability"]

# Calendar days taken off before the division, and days in a year. The two vintages are those of the owner's files,
# found by recomputing their rows; they took a shorter time for the probability than for the volatility behind it.
_DAYS_LESS_AND_YEAR: dict[tuple[str, str], tuple[int, int]] = {
    ("calendar_365", "iv"): (0, 365), ("calendar_365", "probability"): (0, 365),
    ("october_2025", "iv"): (0, 365), ("october_2025", "probability"): (2, 365),
    ("november_2025", "iv"): (0, 252), ("november_2025", "probability"): (1, 252),
}

# Continuous rates per year in those files.
VINTAGE_RATES = {"october_2025": 0.025, "november_2025": 0.0269}


def years_to_expiry(quote_date: ArrayLike, expiry: ArrayLike, clock: Clock = "calendar_365",
                    purpose: Purpose = "iv") -> np.ndarray:
    """Return the years from each quote to its expiry, never below 0.

    quote_date, expiry : dates, shapes that broadcast.
    clock : calendar_365 counts calendar days over 365. october_2025 and november_2025 are those of the owner's files.
    purpose : "iv" for the volatility implied by a price, "probability" for N(d2) at that volatility.
    Volatilities of different clocks do not mix: november_2025 divides calendar days by 252.

    Examples
    --------
    >>> years_to_expiry("2025-10-14", ["2025-10-17", "2025-10-15"], "october_2025", "probability") * 365
    array([1., 0.])
    """
    days_less, days_a_year = _DAYS_LESS_AND_YEAR[clock, purpose]
    days = _days(expiry) - _days(quote_date) - days_less
    return np.maximum(days, 0) / days_a_year


def rescaled_volatility(volatility: ArrayLike, clock: Clock) -> np.ndarray:
    """Return a volatility of `clock` per year of 365 calendar days."""
    return np.asarray(volatility, dtype=float) * np.sqrt(365 / _DAYS_LESS_AND_YEAR[clock, "iv"][1])


def _days(dates: ArrayLike) -> np.ndarray:
    return np.asarray(dates, dtype="datetime64[D]").astype("int64")
