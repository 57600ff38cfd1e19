"""The re-implemented methods: hand arithmetic, what they are good for, and what they must not know."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.methods import METHODS, method_sources, probability_methods
from backtrader_system.settings.puts import PutsSettings

SETTINGS = PutsSettings()
TWO_EXPIRIES = PutsSettings(score={"min_recovery_expiries": 2})


def test_bias_corrected_draws_the_past_rate_towards_the_probability(half_year):
    # 3 expiry dates, 21 of 36 quotes worthless: (3 * 21 / 36 + 20 * 0.55) / 23.
    found = probability_methods(*half_year, SETTINGS)["bias_corrected"]
    assert found.iloc[-1] == pytest.approx((3 * 21 / 36 + 20 * 0.55) / 23)


def test_bayesian_draws_the_past_rate_of_the_cell_towards_the_probability(half_year):
    found = probability_methods(*half_year, SETTINGS)["bayesian"]
    assert found.iloc[-1] == pytest.approx((3 * 21 / 36 + 20 * 0.55) / 23)


def test_bayesian_cell_of_other_days_to_expiry_is_the_probability_itself(half_year):
    chain, outcomes = half_year
    quotes = chain.quotes.copy()
    quotes.loc[36, "quote_date"] = pd.Timestamp("2024-04-20")      # 6 days to expiry instead of 21
    found = probability_methods(dataclasses.replace(chain, quotes=quotes), outcomes, SETTINGS)["bayesian"]
    # No quote was seen in that cell: the middle of the bin from 0.5 to 0.6.
    assert found.iloc[-1] == pytest.approx(0.55)


def test_historical_iv_is_the_plain_past_frequency(half_year):
    # January does not count: what volatility was usual is not known yet.
    assert probability_methods(*half_year, TWO_EXPIRIES)["historical_iv"].iloc[-1] == pytest.approx(14 / 24)


def test_historical_iv_of_another_volatility_is_unknown(half_year):
    chain, outcomes = half_year
    quotes = chain.quotes.copy()
    quotes.loc[36, "iv"] = 0.45        # 12 % above the usual 0.40
    found = probability_methods(dataclasses.replace(chain, quotes=quotes), outcomes, TWO_EXPIRIES)
    assert np.isnan(found["historical_iv"].iloc[-1])


@pytest.mark.parametrize("method", ["bias_corrected", "bayesian", "historical_iv"])
def test_methods_are_silent_before_the_third_expiry_date(half_year, method):
    assert probability_methods(*half_year, SETTINGS)[method].iloc[:36].isna().all()


def test_weighted_is_the_average_by_votes(half_year):
    found = probability_methods(*half_year, TWO_EXPIRIES)
    # Nothing was judged by all three before April: one vote each.
    assert found["weighted"].iloc[-1] == pytest.approx(
        (0.55 + (3 * 21 / 36 + 20 * 0.55) / 23 + 21 / 36) / 3)
    assert found["weighted"].iloc[0] == pytest.approx(0.55)


def test_columns_of_the_source_are_taken_as_they_are(half_year):
    chain, outcomes = half_year
    quotes = chain.quotes.assign(bayesian=np.append(0.123, np.full(36, np.nan)), weighted=np.nan)
    chain = OptionChain(chain.contracts, quotes)
    found = probability_methods(chain, outcomes, SETTINGS)
    assert found["bayesian"].dropna().tolist() == [0.123]
    assert found["weighted"].notna().all()
    assert method_sources(chain) == {
        "black_scholes": "given", "bias_corrected": "re-implementation", "historical_iv": "re-implementation",
        "weighted": "re-implementation", "bayesian": "given"}


def test_missing_average_of_an_old_file_takes_the_weights_of_its_vintage(half_year):
    chain, outcomes = half_year
    chain = OptionChain(chain.contracts, chain.quotes.assign(bias_corrected=0.65, historical_iv=0.75))
    settings = PutsSettings(quotes={"clock": "november_2025"})
    # (2 * 0.55 + 32 * 0.65 + 24 * 0.75) / 58
    assert probability_methods(chain, outcomes, settings)["weighted"].iloc[0] == pytest.approx(39.9 / 58)


def test_chain_without_quotes_has_no_probabilities(half_year):
    chain, outcomes = half_year
    empty = OptionChain(chain.contracts, chain.quotes.iloc[:0])
    assert probability_methods(empty, outcomes, SETTINGS).shape == (0, 5)


def test_probabilities_too_high_are_corrected(random_chain):
    chain, outcomes = random_chain
    exact = probability_methods(chain, outcomes, SETTINGS)["black_scholes"]
    boastful = OptionChain(chain.contracts, chain.quotes.assign(black_scholes=exact ** 0.3))
    found = probability_methods(boastful, outcomes, SETTINGS)
    worthless = outcomes["worthless"].to_numpy()[chain.quotes["number"]]
    late = (chain.quotes["quote_date"] >= "2020-09-01").to_numpy()
    brier = {name: ((found[name] - worthless)[late] ** 2).mean() for name in METHODS}
    assert max(brier["bias_corrected"], brier["bayesian"]) < brier["black_scholes"] - 0.02


def test_bias_corrected_rises_with_the_probability(random_chain):
    chain, outcomes = random_chain
    found = probability_methods(chain, outcomes, SETTINGS)
    one_month = (chain.quotes["quote_date"].dt.to_period("M") == "2020-11") & (chain.of_contract("underlying") == "B")
    ordered = found[one_month].sort_values("black_scholes")["bias_corrected"]
    assert ordered.notna().all()
    assert (ordered.diff().dropna() > -1e-12).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("day", ["2020-08-31", "2020-09-01", "2020-10-15", "2020-10-18"])
def test_poisoned_future_changes_no_probability(random_chain, method, day):
    chain, outcomes = random_chain
    before = probability_methods(chain, outcomes, SETTINGS)[method]
    after = chain.quotes["quote_date"] > pd.Timestamp(day)
    quotes = chain.quotes.copy()
    quotes.loc[after, "iv"] *= 1000
    quotes.loc[after, "underlying_price"] = np.nan
    # The outcome of a put that expires on the day itself is known after its close, but is not used for that day.
    poisoned = outcomes.copy()
    is_open = poisoned["expiry_session"] >= pd.Timestamp(day)
    poisoned.loc[is_open, "worthless"] = np.where(poisoned.loc[is_open, "number"] % 2, np.nan, 0.0)
    poisoned.loc[is_open & (poisoned["number"] % 3 == 0), "expiry_session"] = pd.NaT
    now = probability_methods(OptionChain(chain.contracts, quotes), poisoned, SETTINGS)[method]
    known = before[~after]
    assert known.notna().sum() > 500
    pd.testing.assert_series_equal(now[~after], known, check_exact=True)
