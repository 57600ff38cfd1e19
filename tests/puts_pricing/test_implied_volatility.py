"""Volatilities found from prices."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib as ql

from backtrader_system.puts.pricing.american import american_put
from backtrader_system.puts.pricing.black_scholes import black_scholes_put
from backtrader_system.puts.pricing.implied_volatility import implied_volatility

DRAWS = np.random.default_rng(3)


def random_puts(count):
    return (100 * DRAWS.uniform(0.5, 1.6, count), DRAWS.uniform(1, 800, count) / 365,
            DRAWS.uniform(-0.01, 0.08, count), DRAWS.uniform(0.04, 2.5, count), DRAWS.choice([0.0, 0.04], count))


def test_european_volatility_comes_back_from_its_price():
    strikes, years, rates, volatilities, yields = random_puts(20_000)
    prices = black_scholes_put(100.0, strikes, years, rates, volatilities, yields)
    found = implied_volatility(prices, 100.0, strikes, years, rates, yields)
    least = np.maximum(strikes * np.exp(-rates * years) - 100 * np.exp(-yields * years), 0)
    has_value = prices - least > 1e-6
    assert has_value.mean() > 0.9
    np.testing.assert_allclose(found[has_value], volatilities[has_value], rtol=0, atol=1e-7)


def test_volatility_equals_quantlibs():
    strikes, years, rates, volatilities, _ = random_puts(100)
    prices = black_scholes_put(100.0, strikes, years, rates, volatilities)
    least = np.maximum(strikes * np.exp(-rates * years) - 100, 0)
    found = implied_volatility(prices, 100.0, strikes, years, rates)
    for put in np.flatnonzero(prices - least > 0.01):
        discount = float(np.exp(-rates[put] * years[put]))
        deviation = ql.blackFormulaImpliedStdDev(ql.Option.Put, float(strikes[put]), 100.0 / discount,
                                                 float(prices[put]), discount, 0.0, 0.3, 1e-12)
        assert found[put] == pytest.approx(deviation / np.sqrt(years[put]), abs=1e-7)


def test_price_of_the_found_volatility_is_the_price_given_even_if_tiny():
    strikes = np.array([50.0, 60.0, 70.0])
    prices = np.array([1e-12, 1e-9, 1e-6])
    found = implied_volatility(prices, 100.0, strikes, 0.1, 0.02)
    np.testing.assert_allclose(black_scholes_put(100.0, strikes, 0.1, 0.02, found), prices, rtol=1e-6)


def test_american_volatility_comes_back_from_its_price():
    strikes, years, rates, volatilities, yields = random_puts(400)
    prices = american_put(100.0, strikes, years, rates, volatilities, yields)
    found = implied_volatility(prices, 100.0, strikes, years, rates, yields, "american")
    # At the edge of early exercise the price hardly depends on volatility: no one can tell it there.
    is_told = (prices > 1e-6) & (prices - np.maximum(strikes - 100, 0) > 0.02)
    assert is_told.mean() > 0.8
    np.testing.assert_allclose(found[is_told], volatilities[is_told], rtol=1e-4)


def test_american_volatility_lies_at_or_below_the_european_one():
    strikes = np.linspace(80, 115, 8)
    prices = american_put(100.0, strikes, 0.5, 0.06, 0.25)
    european = implied_volatility(prices, 100.0, strikes, 0.5, 0.06)
    american = implied_volatility(prices, 100.0, strikes, 0.5, 0.06, style="american")
    np.testing.assert_allclose(american, 0.25, rtol=0, atol=1e-6)
    assert (european > american).all()


@pytest.mark.parametrize("style", ["european", "american"])
@pytest.mark.parametrize(("price", "spot", "years", "why"), [
    (0.0, 100.0, 0.5, "no price"), (-1.0, 100.0, 0.5, "negative"), (101.0, 100.0, 0.5, "dearer than the strike"),
    (np.nan, 100.0, 0.5, "missing"), (9.0, 80.0, 0.5, "below what exercise pays"), (5.0, 100.0, 0.0, "no time"),
    (5.0, np.nan, 0.5, "no underlying"), (5.0, 0.0, 0.5, "worthless underlying"), (np.inf, 100.0, 0.5, "infinite"),
])
def test_no_volatility_where_there_is_none(style, price, spot, years, why):
    assert np.isnan(implied_volatility(price, spot, 100.0, years, 0.02, style=style)), why


def test_european_put_may_cost_less_than_exercise_pays_an_american_may_not():
    # K exp(-rT) - S = 100 exp(-.05) - 90 = 5.123; exercise pays 10.
    assert np.isfinite(implied_volatility(8.0, 90.0, 100.0, 1.0, 0.05))
    assert np.isnan(implied_volatility(8.0, 90.0, 100.0, 1.0, 0.05, style="american"))


def test_more_puts_than_one_chunk_keep_their_order():
    strikes = np.tile(np.array([80.0, 90.0, 100.0, 110.0]), 30_000)
    found = implied_volatility(black_scholes_put(100.0, strikes, 0.3, 0.02, strikes / 400), 100.0, strikes, 0.3, 0.02)
    np.testing.assert_allclose(found, strikes / 400, rtol=0, atol=1e-9)


def test_shape_is_kept():
    assert implied_volatility(np.full((2, 3), 5.0), 100.0, 100.0, 0.5, 0.02, style="american").shape == (2, 3)
