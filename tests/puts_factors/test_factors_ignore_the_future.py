"""Garbage in everything after a day changes no factor at or before it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.factors.option_days import option_factors
from backtrader_system.puts.factors.seasonality import seasonal_factors
from backtrader_system.puts.factors.support import support_of_bars
from backtrader_system.puts.factors.support_table import support_table
from backtrader_system.puts.score import option_scores, page_filter
from backtrader_system.settings.puts import ScoreSettings

POISONS = {"times a thousand": lambda values: values * 1000, "next to nothing": lambda values: values / 1000,
           "missing": lambda values: np.full_like(values, np.nan)}
CUTS = [400, 611, 750]      # two of them within a month


def poisoned(bars, cut, poison):
    def spoiled(values):
        return np.concatenate([values[:cut + 1], poison(values[cut + 1:])])
    split = bars.split_ratio.copy()
    split[cut + 1::50] = 3
    return replace(bars, split_ratio=split, **{
        name: spoiled(getattr(bars, name)) for name in ("open", "high", "low", "close", "volume")})


@pytest.fixture(params=POISONS, ids=str)
def poison(request):
    return POISONS[request.param]


@pytest.mark.parametrize("cut", CUTS)
def test_support_ignores_the_future(random_bars, cut, poison):
    known = support_of_bars(random_bars)
    found = support_of_bars(poisoned(random_bars, cut, poison))

    for field in fields(known)[2:]:
        name, axis = field.name, getattr(known, field.name).ndim - 2
        values = [np.moveaxis(getattr(panel, name), axis, 0)[:cut + 1] for panel in (known, found)]
        np.testing.assert_array_equal(*values, err_msg=name)
    for name in ("stability", "strength", "trends", "patterns"):
        np.testing.assert_array_equal(getattr(known, name)()[:, :cut + 1], getattr(found, name)()[:, :cut + 1])
    np.testing.assert_array_equal(known.break_probability(30)[:, :cut + 1], found.break_probability(30)[:, :cut + 1])


@pytest.mark.parametrize("cut", CUTS)
def test_support_table_ignores_the_future(random_bars, cut, poison):
    spoiled, day = poisoned(random_bars, cut, poison), random_bars.sessions[cut]

    pd.testing.assert_frame_equal(support_table(support_of_bars(spoiled), spoiled, day),
                                  support_table(support_of_bars(random_bars), random_bars, day))


@pytest.mark.parametrize("cut", CUTS)
def test_seasonality_ignores_the_future(random_bars, cut, poison):
    known = seasonal_factors(random_bars, min_years=1)
    found = seasonal_factors(poisoned(random_bars, cut, poison), min_years=1)

    assert np.isfinite(known.positive_share[:cut + 1]).any()
    for field in fields(known)[1:]:
        np.testing.assert_array_equal(getattr(known, field.name)[:cut + 1], getattr(found, field.name)[:cut + 1],
                                      err_msg=field.name)


@pytest.mark.parametrize("cut", CUTS)
def test_factors_scores_and_filter_of_options_ignore_the_future(random_bars, make_chain, cut, poison):
    sessions = random_bars.sessions
    chain = make_chain(*[(symbol, 40.0, sessions[row] + pd.Timedelta(days=20), sessions[row])
                         for row in range(300, 760, 5) for symbol in "ABC"])
    now = (chain.quotes["quote_date"] <= sessions[cut]).to_numpy()
    settings = ScoreSettings(min_seasonal_years=1)

    def judged(bars):
        factors = option_factors(chain, bars, support_of_bars(bars, (365,)), seasonal_factors(bars, min_years=1),
                                 settings)
        score, coverage = option_scores(factors, settings)
        passes, reason = page_filter(chain, factors, settings)
        return factors.assign(score=score, coverage=coverage, passes=passes, reason=reason)[now]

    known = judged(random_bars)
    assert known["score"].notna().sum() > 30
    pd.testing.assert_frame_equal(known, judged(poisoned(random_bars, cut, poison)))
