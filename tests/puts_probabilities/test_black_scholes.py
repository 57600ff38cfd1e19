"""N(d2) from quotes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.probabilities.methods import black_scholes
from backtrader_system.settings.puts import QuoteSettings


def one_put(make_chain, **quote):
    return make_chain({"underlying": ["A"], "strike": [100.0], "expiry": ["2024-01-01"]},
                      {"quote_date": ["2023-01-01"], "number": [0], "underlying_price": [100.0]} | quote)


def test_probability_is_solved_from_the_middle_where_no_volatility_is_quoted(make_chain):
    # Textbook: S = K = 100, one year, 5 %, 20 % costs 5.573526; d2 = (0.05 - 0.02) / 0.2 = 0.15; N(0.15) = 0.559618.
    chain = one_put(make_chain, bid=[5.473526], ask=[5.673526])
    settings = QuoteSettings(style="european", risk_free_rate=0.05)
    assert black_scholes(chain, settings)[0] == pytest.approx(0.559618, abs=1e-6)


def test_american_price_implies_a_lower_volatility_and_another_probability(make_chain):
    chain = one_put(make_chain, bid=[5.473526], ask=[5.673526])
    european = black_scholes(chain, QuoteSettings(style="european", risk_free_rate=0.05))[0]
    american = black_scholes(chain, QuoteSettings(style="american", risk_free_rate=0.05))[0]
    assert american > european + 0.01


def test_probability_without_volatility_and_price_is_unknown(make_chain):
    assert np.isnan(black_scholes(one_put(make_chain), QuoteSettings())[0])


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "clock", "rate", "day", "spot", "tolerance"), [
    ("data_csv_aak_sample.csv", "october_2025", 0.025, "2025-10-14", 248.2, 1e-4),
    ("data_csv_aak_2025-11-28_sample.csv", "november_2025", 0.0269, "2025-11-28", 266.0, 1e-13),
])
def test_owners_rows_are_met(make_chain, data_folder, name, clock, rate, day, spot, tolerance):
    rows = pd.read_csv(data_folder / "reference" / "putoptions" / name, sep="|")
    n, year = len(rows), 365 if clock == "october_2025" else 252
    chain = make_chain({"underlying": ["AAK"] * n, "strike": rows["StrikePrice"], "expiry": rows["ExpiryDate"]},
                       {"quote_date": [day] * n, "number": np.arange(n), "underlying_price": spot,
                        "iv": rows["ImpliedVolatility"] * np.sqrt(365 / year)})
    found = black_scholes(chain, QuoteSettings(clock=clock, risk_free_rate=rate))
    assert np.abs(found - rows["1_ProbOfWorthless_Original"]).max() < tolerance
