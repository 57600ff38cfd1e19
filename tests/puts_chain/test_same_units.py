"""Bars in other units than the strikes are refused before they settle anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.same_units import with_checked_units

DAYS = pd.bdate_range("2024-01-02", periods=20).as_unit("ns")


def bars(factor: np.ndarray | float = 1.0):
    close = np.full(len(DAYS), 100.0) * factor
    return panel_from_table(pd.DataFrame({
        "session": DAYS, "symbol": "A", "open": close, "high": close, "low": close, "close": close, "volume": 1.0}))


def chain(price: float = 100.0) -> OptionChain:
    contracts = pd.DataFrame({
        "contract": ["A 2024-02-16 P 90"], "underlying": ["A"], "strike": [90.0],
        "expiry": [pd.Timestamp("2024-02-16")],
        "multiplier": [100.0], "first_seen": DAYS[0], "last_seen": DAYS[-1], "is_adjusted": [False]})
    quotes = pd.DataFrame({"quote_date": DAYS, "number": 0, "bid": 1.0, "ask": 1.2, "last": 1.1, "iv": np.nan,
                           "underlying_price": price})
    return OptionChain(contracts, quotes)


def test_equal_units_pass_without_a_word():
    assert with_checked_units(chain(), bars(1.005)).issues == ()


@pytest.mark.parametrize("factor", [1 / 7, 1.4, 0.97])
def test_adjusted_bars_are_refused_with_the_ratio(factor):
    with pytest.raises(DataError, match="different units") as caught:
        with_checked_units(chain(), bars(factor))
    assert f"A: bars over quotes {factor:.3f} on the median of 20 days, as on 2024-01-02: 100 by the quotes" in str(
        caught.value)


def test_a_single_odd_day_is_reported():
    factor = np.ones(len(DAYS))
    factor[5] = 0.5
    issue, = with_checked_units(chain(), bars(factor)).issues
    assert (issue.rule, issue.count) == ("underlying_mismatch", 1)
    assert "A on 2024-01-09: 100 by the quotes, 50 by the bars" in issue.example


def test_a_chain_without_prices_of_its_underlyings_says_that_nothing_was_checked():
    issue, = with_checked_units(chain(np.nan), bars(7.0)).issues
    assert issue.rule == "unchecked_units"
