"""Years to expiry by the clocks of the owner's files."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.puts.pricing.clocks import rescaled_volatility, years_to_expiry


@pytest.mark.parametrize(("clock", "purpose", "years"), [
    ("calendar_365", "iv", 21 / 365), ("calendar_365", "probability", 21 / 365),
    ("october_2025", "iv", 21 / 365), ("october_2025", "probability", 19 / 365),
    ("november_2025", "iv", 21 / 252), ("november_2025", "probability", 20 / 252),
])
def test_three_weeks(clock, purpose, years):
    assert float(years_to_expiry("2025-11-28", "2025-12-19", clock, purpose)) == pytest.approx(years, abs=1e-15)


def test_time_never_runs_backwards():
    expiries = np.array(["2025-10-16", "2025-10-14", "2025-10-01"], dtype="datetime64[ns]")
    assert years_to_expiry("2025-10-14", expiries, "october_2025", "probability").tolist() == [0.0, 0.0, 0.0]


def test_volatility_of_the_252_day_clock_per_calendar_year():
    # sqrt(365 / 252) = 1.203504
    assert float(rescaled_volatility(0.2, "november_2025")) == pytest.approx(0.2407008, abs=1e-6)
    assert float(rescaled_volatility(0.2, "october_2025")) == 0.2
