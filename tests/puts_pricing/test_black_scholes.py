"""Prices and probabilities of European puts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from backtrader_system.puts.pricing.black_scholes import black_scholes_put, put_delta, worthless_probability

DAYS = ql.Actual365Fixed()
TODAY = ql.Date(2, 1, 2024)
DRAWS = np.random.default_rng(5)
CASES = [(DRAWS.uniform(50, 150), int(DRAWS.integers(2, 700)), DRAWS.uniform(-0.01, 0.08), DRAWS.uniform(0.05, 1.2),
          DRAWS.choice([0.0, 0.03])) for _ in range(40)]


def quantlib_put(strike, days, rate, volatility, dividend_yield):
    ql.Settings.instance().evaluationDate = TODAY
    flat = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, value, DAYS)) for value in (dividend_yield, rate)]
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)), *flat,
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)))
    put = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, strike), ql.EuropeanExercise(TODAY + days))
    put.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return put


@pytest.mark.parametrize("case", CASES)
def test_price_and_delta_equal_quantlib(case):
    strike, days, rate, volatility, dividend_yield = case
    put = quantlib_put(*case)
    inputs = (100.0, strike, days / 365, rate, volatility, dividend_yield)
    assert float(black_scholes_put(*inputs)) == pytest.approx(put.NPV(), abs=1e-11)
    assert float(put_delta(*inputs)) == pytest.approx(put.delta(), abs=1e-11)


@pytest.mark.parametrize("case", CASES[:10])
def test_probability_is_the_discounted_price_of_a_digital_call(case):
    strike, days, rate, volatility, dividend_yield = case
    ql.Settings.instance().evaluationDate = TODAY
    digital = ql.VanillaOption(ql.CashOrNothingPayoff(ql.Option.Call, strike, 1.0),
                               ql.EuropeanExercise(TODAY + days))
    flat = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, value, DAYS)) for value in (dividend_yield, rate)]
    digital.setPricingEngine(ql.AnalyticEuropeanEngine(ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)), *flat,
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)))))
    probability = float(worthless_probability(100.0, strike, days / 365, rate, volatility, dividend_yield))
    assert probability == pytest.approx(digital.NPV() * math.exp(rate * days / 365), abs=1e-11)


def test_probability_of_a_hand_calculation():
    # d2 = (ln(100/90) + (.02 - .045) * .25) / (.3 * .5) = .6607368, N(.6607368) = .745609
    assert float(worthless_probability(100.0, 90.0, 0.25, 0.02, 0.3)) == pytest.approx(0.745609, abs=1e-6)


@pytest.mark.parametrize(("spot", "probability", "price"), [(101.0, 1.0, 0.0), (99.0, 0.0, 1.0), (100.0, 0.0, 0.0)])
def test_without_time_the_close_decides_and_at_the_strike_a_put_is_in_the_money(spot, probability, price):
    assert float(worthless_probability(spot, 100.0, 0.0, 0.02, 0.3)) == probability
    assert float(black_scholes_put(spot, 100.0, 0.0, 0.02, 0.3)) == price


def test_without_volatility_the_forward_decides():
    # The forward of 99 at 2 % over a year is 101.0.
    assert float(worthless_probability(99.0, 100.0, 1.0, 0.02, 0.0)) == 1.0
    assert float(black_scholes_put(95.0, 100.0, 1.0, 0.02, 0.0)) == pytest.approx(100 * math.exp(-0.02) - 95)


def test_missing_inputs_give_missing_prices():
    spots = np.array([np.nan, 100.0])
    assert np.isnan(black_scholes_put(spots, 100.0, [0.0, np.nan], 0.02, 0.3)).all()
    assert np.isnan(worthless_probability(100.0, 90.0, 0.1, 0.02, np.nan))
    assert np.isnan(worthless_probability(np.nan, 90.0, 0.0, 0.02, 0.3))


def test_shapes_broadcast():
    assert black_scholes_put(100.0, np.array([90.0, 100.0]), np.array([[0.1], [0.2]]), 0.02, 0.3).shape == (2, 2)


@settings(max_examples=50, deadline=None)
@given(st.floats(50, 150), st.floats(0.01, 2), st.floats(-0.02, 0.1), st.floats(0.01, 2))
def test_price_lies_between_its_bounds_and_rises_with_the_strike(strike, years, rate, volatility):
    low, high = black_scholes_put(100.0, np.array([strike, strike + 1]), years, rate, volatility)
    assert max(strike * math.exp(-rate * years) - 100, 0) - 1e-9 <= low <= strike * math.exp(-rate * years) + 1e-9
    assert low <= high + 1e-12
