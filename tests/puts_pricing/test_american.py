"""Prices of American puts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import QuantLib as ql

from backtrader_system.puts.pricing.american import american_put
from backtrader_system.puts.pricing.black_scholes import black_scholes_put

DAYS = ql.Actual365Fixed()
TODAY = ql.Date(2, 1, 2024)
DRAWS = np.random.default_rng(9)
CASES = [(DRAWS.uniform(70, 130), int(DRAWS.integers(5, 500)), DRAWS.uniform(0, 0.08), DRAWS.uniform(0.1, 0.8),
          DRAWS.choice([0.0, 0.03])) for _ in range(60)]


def quantlib_american(strike, days, rate, volatility, dividend_yield):
    ql.Settings.instance().evaluationDate = TODAY
    flat = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, value, DAYS)) for value in (dividend_yield, rate)]
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)), *flat,
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)))
    put = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, strike),
                           ql.AmericanExercise(TODAY, TODAY + days))
    put.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.accurateScheme()))
    return put.NPV()


@pytest.mark.parametrize(("steps", "largest_error"), [(200, 0.025), (1_000, 0.005)])
def test_tree_approaches_quantlibs_quadrature(steps, largest_error):
    ours = [float(american_put(100.0, strike, days / 365, rate, volatility, dividend_yield, steps=steps))
            for strike, days, rate, volatility, dividend_yield in CASES]
    errors = np.abs(np.subtract(ours, [quantlib_american(*case) for case in CASES]))
    assert errors.max() < largest_error
    assert errors.mean() < largest_error / 8


def test_textbook_put():
    # Longstaff and Schwartz (2001), table 1: S 36, K 40, one year, 6 %, volatility .2: 4.478 by finite differences,
    # which exercise 50 times a year; with continuous exercise 4.486.
    assert float(american_put(36.0, 40.0, 1.0, 0.06, 0.2, steps=2_000)) == pytest.approx(4.486, abs=0.001)


def test_two_steps_by_hand():
    # One year, two steps, S = K = 100, r = 5 %, s = 20 %: u = exp(.2 sqrt(.5)) = 1.15191, p = (exp(.025) - 1/u) /
    # (u - 1/u) = .553906, discount .975310. European tree: leaves 0, 0, 24.6362 -> (1-p)^2 d^2 24.6362 = 4.66345;
    # American: at the lower node exercise pays 13.1877 > .975310 * .446094 * 24.6362 = 10.7188, so the root is
    # .975310 * .446094 * 13.1877 = 5.73774. Black-Scholes 5.573526 takes off the tree's error:
    # 5.73774 + 5.573526 - 4.66345 = 6.64782.
    assert float(american_put(100.0, 100.0, 1.0, 0.05, 0.2, steps=2)) == pytest.approx(6.64782, abs=1e-4)


def test_without_interest_early_exercise_is_worth_nothing():
    strikes = np.linspace(60, 140, 9)
    np.testing.assert_allclose(american_put(100.0, strikes, 0.5, 0.0, 0.3),
                               black_scholes_put(100.0, strikes, 0.5, 0.0, 0.3), rtol=0, atol=2e-3)


def test_deep_in_the_money_it_costs_what_exercise_pays():
    assert float(american_put(20.0, 100.0, 0.5, 0.05, 0.2)) == 80.0


@pytest.mark.parametrize("volatility", [0.0, 1e-4, 0.004])
def test_calm_underlying_does_not_break_the_tree(volatility):
    # With r > q waiting costs interest, so the put is exercised at once.
    assert float(american_put(95.0, 100.0, 1.0, 0.08, volatility)) == pytest.approx(5.0, abs=1e-3)


def test_where_exercise_at_once_is_best_volatility_does_not_matter():
    # Quadrature says the same: at 1.5 years, 7.36 % and these volatilities the put at 120.33 is exercised.
    volatilities = np.linspace(0.06, 0.18, 13)
    assert quantlib_american(120.33, 548, 0.0736, 0.18, 0.0) == pytest.approx(20.33, abs=1e-4)
    np.testing.assert_allclose(american_put(100.0, 120.33, 548 / 365, 0.0736, volatilities), 20.33, rtol=0, atol=1e-12)


def test_without_time_it_pays_the_intrinsic_value():
    np.testing.assert_array_equal(american_put([90.0, 110.0], 100.0, 0.0, 0.05, 0.2), [10.0, 0.0])


def test_missing_or_impossible_inputs_give_missing_prices():
    prices = american_put([np.nan, 0.0, 100.0, 100.0], [100.0, 100.0, -1.0, 100.0], 1.0, 0.05, 0.2)
    assert np.isnan(prices[:3]).all()
    assert math.isfinite(prices[3])


def test_price_never_lies_below_the_european_one_nor_below_exercise():
    strikes = DRAWS.uniform(50, 150, 300)
    years, volatility = DRAWS.uniform(0.01, 2, 300), DRAWS.uniform(0.05, 1, 300)
    prices = american_put(100.0, strikes, years, 0.04, volatility)
    assert (prices >= black_scholes_put(100.0, strikes, years, 0.04, volatility) - 1e-12).all()
    assert (prices >= np.maximum(strikes - 100, 0)).all()
