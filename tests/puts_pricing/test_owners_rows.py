"""Rows of the owner's files, transcribed by hand: probabilities and volatilities must come out again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.pricing.american import american_put
from backtrader_system.puts.pricing.black_scholes import black_scholes_put, worthless_probability
from backtrader_system.puts.pricing.clocks import VINTAGE_RATES, years_to_expiry
from backtrader_system.puts.pricing.implied_volatility import implied_volatility

pytestmark = pytest.mark.real_data

VINTAGES = {"october_2025": ("data_csv_aak_sample.csv", "2025-10-14", 248.2, 21, 1e-4, 1e-4),
            "november_2025": ("data_csv_aak_2025-11-28_sample.csv", "2025-11-28", 266.0, 20, 1e-15, 2e-4)}


@pytest.fixture(params=VINTAGES)
def vintage(request, data_folder):
    name, quoted, spot, count, probability_error, iv_error = VINTAGES[request.param]
    path = data_folder / "reference" / "putoptions" / name
    if not path.is_file():
        pytest.skip(f"no {path}")
    rows = pd.read_csv(path, sep="|")
    assert len(rows) == count
    expiry = rows["ExpiryDate"].to_numpy(dtype="datetime64[D]")
    years = {purpose: years_to_expiry(quoted, expiry, request.param, purpose) for purpose in ("iv", "probability")}
    return rows, spot, years, VINTAGE_RATES[request.param], probability_error, iv_error


def test_probability_of_method_one(vintage):
    rows, spot, years, rate, error, _ = vintage
    found = worthless_probability(spot, rows["StrikePrice"], years["probability"], rate, rows["ImpliedVolatility"])
    np.testing.assert_allclose(found, rows["1_ProbOfWorthless_Original"], rtol=0, atol=error)


def test_american_price_at_the_stored_volatility_is_the_mid(vintage):
    rows, spot, years, rate, _, _ = vintage
    found = american_put(spot, rows["StrikePrice"], years["iv"], rate, rows["ImpliedVolatility"], steps=800)
    np.testing.assert_allclose(found, (rows["Bid"] + rows["Ask"]) / 2, rtol=0, atol=0.0055)


def test_european_price_is_not(vintage):
    rows, spot, years, rate, _, _ = vintage
    found = black_scholes_put(spot, rows["StrikePrice"], years["iv"], rate, rows["ImpliedVolatility"])
    assert np.abs(found - (rows["Bid"] + rows["Ask"]) / 2).max() > 0.03


def test_american_volatility_of_the_mid_is_the_stored_one(vintage):
    rows, spot, years, rate, _, error = vintage
    mid = (rows["Bid"] + rows["Ask"]) / 2
    found = implied_volatility(mid, spot, rows["StrikePrice"], years["iv"], rate, style="american", steps=800)
    np.testing.assert_allclose(found, rows["ImpliedVolatility"], rtol=0, atol=error)
