"""Closes of underlyings from the rows of their options."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.chain_reading.underlying_bars import underlying_bars


def test_bars_of_two_underlyings(chain_of):
    panel = underlying_bars(chain_of(
        {"underlying": "B", "underlying_price": 50.0, "strike": 45.0}, {}, {"quote_date": "2024-01-03",
                                                                              "underlying_price": 101.0}))
    assert panel.symbols == ("A", "B")
    assert [str(day.date()) for day in panel.sessions] == ["2024-01-02", "2024-01-03"]
    np.testing.assert_array_equal(panel.close, [[100.0, 50.0], [101.0, np.nan]])
    for prices in (panel.open, panel.high, panel.low):
        np.testing.assert_array_equal(prices, panel.close)
    assert panel.has_bar.tolist() == [[True, True], [True, False]]


def test_calls_and_rows_left_out_tell_the_close_too(chain_of):
    panel = underlying_bars(chain_of(
        {}, {"right": "C", "quote_date": "2024-01-03", "underlying_price": 101.0},
        {"bid": None, "ask": None, "last": None, "quote_date": "2024-01-04", "underlying_price": 102.0}))
    assert panel.close[:, 0].tolist() == [100.0, 101.0, 102.0]


def test_one_wrong_price_does_not_make_the_close(chain_of):
    chain = chain_of({}, {"strike": 80.0}, {"strike": 70.0, "underlying_price": 9_999.0})
    assert underlying_bars(chain).close.tolist() == [[100.0]]


def test_chain_of_another_source_gives_the_prices_of_its_quotes():
    contracts = pd.DataFrame({"contract": ["A1", "B1"], "underlying": ["A", "B"]})
    quotes = pd.DataFrame({"quote_date": pd.to_datetime(["2024-01-02"] * 2), "number": [0, 1],
                           "underlying_price": [100.0, np.nan]})
    panel = underlying_bars(OptionChain(contracts, quotes))
    assert (panel.symbols, panel.close.tolist()) == (("A",), [[100.0]])
