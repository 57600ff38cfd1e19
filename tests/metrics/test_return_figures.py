"""Growth, volatility and ratios by written-out arithmetic and Hypothesis laws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backtrader_system.metrics.figure import Figure, flatten, missing
from backtrader_system.metrics.returns import cagr, calendar_days, session_returns, total_return
from backtrader_system.metrics.risk_ratios import (
    calmar_ratio,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    sharpe_standard_error,
    sortino_ratio,
)
from backtrader_system.metrics.turnover import turnover
from backtrader_system.metrics.volatility import kurtosis, skewness, volatility

RETURNS = np.array([0.02, -0.01, 0.03, -0.02])       # mean 0.005

some_returns = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=60).map(np.array)


def test_first_session_counts_towards_the_return() -> None:
    returns = session_returns(np.array([95.0, 104.5]), 100.0)

    assert returns == pytest.approx([-0.05, 0.10])
    assert total_return(returns) == pytest.approx(104.5 / 100 - 1)


def test_one_calendar_year_with_both_ends_is_365_days() -> None:
    sessions = pd.DatetimeIndex(["2024-08-23", "2025-08-22"])

    assert calendar_days(sessions) == 365
    assert cagr(0.10, 365).value == pytest.approx(1.10 ** (365.25 / 365) - 1)


def test_growth_of_two_years_is_annualised_by_calendar_days() -> None:
    assert cagr(0.44, 730).value == pytest.approx(math.exp(math.log(1.44) * 365.25 / 730) - 1)


def test_less_than_a_year_is_not_annualised() -> None:
    assert cagr(0.13, 364) == missing("under one year: not annualised (364 calendar days)")


def test_total_loss_has_no_growth_rate() -> None:
    assert cagr(-1.0, 800).note == "the final equity is not positive"
    assert cagr(-1.5, 800).value is None


def test_sharpe_takes_sample_deviation_and_compounded_risk_free_rate() -> None:
    # Squared distances from the mean 0.005: 0.015, 0.015, 0.025, 0.025.
    deviation = math.sqrt((2 * 0.015**2 + 2 * 0.025**2) / 3)
    hurdle = 1.05 ** (1 / 252) - 1

    assert sharpe_ratio(RETURNS, 252, 0.05).value == pytest.approx((0.005 - hurdle) / deviation * math.sqrt(252))
    assert volatility(RETURNS, 365).value == pytest.approx(deviation * math.sqrt(365))


def test_sharpe_error_and_probability_follow_the_published_formula() -> None:
    returns = np.random.default_rng(3).standard_t(4, 300) * 0.01 + 0.001
    per_session = returns.mean() / returns.std(ddof=1)
    g3, g4 = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    spread = 1 - g3 * per_session + (g4 - 1) / 4 * per_session**2

    assert sharpe_standard_error(returns).value == pytest.approx(math.sqrt(spread / 299) * math.sqrt(252))
    assert probabilistic_sharpe_ratio(returns, benchmark_sharpe=0.5).value == pytest.approx(
        stats.norm.cdf((per_session - 0.5 / math.sqrt(252)) * math.sqrt(299) / math.sqrt(spread)))
    assert (skewness(returns).value, kurtosis(returns).value) == pytest.approx((g3, g4))


def test_error_of_one_year_is_about_one() -> None:
    returns = np.random.default_rng(0).normal(0.0008, 0.01, 252)

    assert sharpe_standard_error(returns).value == pytest.approx(1.0, abs=0.05)


def test_sharpe_error_matches_the_spread_of_many_simulated_years() -> None:
    years = np.random.default_rng(1).standard_t(6, (4_000, 252)) * 0.01 + 0.0006
    ratios = years.mean(axis=1) / years.std(axis=1, ddof=1) * math.sqrt(252)
    errors = [sharpe_standard_error(year).value for year in years[:400]]

    assert np.mean(errors) == pytest.approx(ratios.std(), rel=0.04)


def test_sortino_divides_by_all_sessions() -> None:
    # Below 0: -0.01 and -0.02; over all 4 sessions, not over 2 and not about their own mean.
    downside = math.sqrt((0.01**2 + 0.02**2) / 4)

    assert sortino_ratio(RETURNS).value == pytest.approx(0.005 / downside * math.sqrt(252))


def test_sortino_measures_from_the_acceptable_return() -> None:
    bar = 1.20 ** (1 / 252) - 1
    downside = math.sqrt(((0.01 + bar) ** 2 + (0.02 + bar) ** 2) / 4)

    assert sortino_ratio(RETURNS, minimum_acceptable_return=0.20).value == pytest.approx(
        (0.005 - bar) / downside * math.sqrt(252))


@pytest.mark.parametrize("returns", [np.zeros(30), np.full(30, 0.001), np.cumprod(np.full(30, 1.001)) * 0 + 0.1],
                         ids=["zero", "constant", "constant by arithmetic"])
def test_returns_that_do_not_vary_have_no_ratio(returns: np.ndarray) -> None:
    for figure in (sharpe_ratio(returns), sharpe_standard_error(returns), probabilistic_sharpe_ratio(returns),
                   skewness(returns), kurtosis(returns)):
        assert figure == missing("returns do not vary")


def test_rounding_of_a_constant_growth_is_no_variation() -> None:
    equity = 100_000 * 1.0003 ** np.arange(1, 500)

    assert sharpe_ratio(session_returns(equity, 100_000)).note == "returns do not vary"


@pytest.mark.parametrize("ratio", [sharpe_ratio, sortino_ratio, volatility, sharpe_standard_error])
def test_one_session_has_no_ratio(ratio: object) -> None:
    assert ratio(np.array([0.01])).note == "needs two sessions, has 1"


def test_sortino_without_a_losing_session_is_missing() -> None:
    assert sortino_ratio(np.array([0.01, 0.02])).note == "no session below the minimum acceptable return"


def test_calmar_carries_the_reason_of_what_is_missing() -> None:
    assert calmar_ratio(Figure(0.2), Figure(0.1)).value == pytest.approx(2.0)
    assert calmar_ratio(missing("under one year"), Figure(0.1)).note == "under one year"
    assert calmar_ratio(Figure(0.2), Figure(0.0)).note == "no drawdown"


def test_turnover_counts_a_round_trip_once() -> None:
    # 100,000 bought and 100,000 sold on 100,000 of equity in half a year: twice a year.
    assert turnover(200_000, 100_000, 0.5).value == pytest.approx(2.0)
    assert turnover(200_000, 0.0, 0.5).note == "mean equity is not positive"


def test_what_is_not_finite_is_reported_as_missing() -> None:
    assert flatten({"a": math.inf, "b": np.float64(1.5), "c": Figure(None, "why")}) == {
        "a": None, "a_note": "the result is not a finite number", "b": 1.5, "c": None, "c_note": "why"}


@given(some_returns, st.floats(0.1, 5))
def test_sharpe_and_sortino_do_not_depend_on_leverage(returns: np.ndarray, leverage: float) -> None:
    for ratio in (sharpe_ratio, sortino_ratio):
        plain, geared = ratio(returns).value, ratio(returns * leverage).value
        if plain is not None and geared is not None:
            assert geared == pytest.approx(plain, rel=1e-6, abs=1e-6)


@given(some_returns)
def test_ratios_do_not_depend_on_the_order_of_sessions(returns: np.ndarray) -> None:
    for ratio in (sharpe_ratio, sortino_ratio, sharpe_standard_error):
        one, other = ratio(returns).value, ratio(returns[::-1]).value
        assert (one is None) == (other is None)
        assert one is None or other == pytest.approx(one, rel=1e-9, abs=1e-9)


@given(some_returns)
def test_no_figure_is_ever_nan_or_infinite(returns: np.ndarray) -> None:
    for function in (sharpe_ratio, sortino_ratio, sharpe_standard_error, probabilistic_sharpe_ratio, volatility):
        value = function(returns).value
        assert value is None or math.isfinite(value)
