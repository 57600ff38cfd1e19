from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.factors.option_days import option_factors
from backtrader_system.puts.factors.seasonality import seasonal_factors
from backtrader_system.puts.factors.support import support_of_bars
from backtrader_system.puts.score import FACTORS
from backtrader_system.settings.puts import ScoreSettings

SESSIONS = pd.to_datetime(["2023-02-28", "2023-03-15", "2023-03-31", "2024-02-29", "2024-03-14"])
CLOSES = [[100.0, 50], [95, 50], [110, 50], [100, np.nan], [107, 60]]
NAN = float("nan")


@pytest.fixture
def bars(make_bars):
    return make_bars(SESSIONS, CLOSES)


def factors_of(chain, bars, settings=None, **known):
    settings = settings or ScoreSettings(min_seasonal_years=1, rolling_period=30)
    return option_factors(chain, bars, support_of_bars(bars, (30, 365)), seasonal_factors(bars, min_years=1), settings,
                          **known)


def test_price_based_factors_of_an_option_worked_out_by_hand(bars, make_chain):
    chain = make_chain(("A", 90, "2024-04-19", "2024-03-14"))

    row = factors_of(chain, bars).iloc[0]

    # Rolling lows of 100, 95, 95, 100 and 100: one break of 5 %, on 2023-03-15, five bars so far.
    assert row["rolling_low"] == 100
    assert (row["calendar_days_since_break"], row["trading_days_per_break"]) == (365, 5)
    assert row["days_since_break"] == 100                          # 50 * 365 / 5
    assert row["support_strength"] == pytest.approx(0.3 * 80 + 0.25 * 100 + 0.25 * 100 * 5 / 365 + 0.2 * 100)
    assert row["monthly_seasonality"] == 100                       # March 2023 rose; the bonus does not go further
    assert row["current_performance"] == pytest.approx(50 + 10 * (10 - 7))
    assert row["is_near_low_day"]                                  # the 14th, after a low on the 15th


def test_columns_begin_with_the_six_factors_in_order(bars, make_chain):
    chain = make_chain(("A", 90, "2024-04-19", "2024-03-14"))

    assert tuple(factors_of(chain, bars).columns[:6]) == FACTORS


def test_rows_follow_the_quotes(bars, make_chain):
    chain = make_chain(("B", 45, "2024-04-19", "2024-03-14"), ("A", 90, "2024-04-19", "2023-03-15"),
                       ("A", 90, "2024-04-19", "2024-03-14"))

    old_enough = ScoreSettings(min_seasonal_years=1, rolling_period=30, min_history_days=0)
    assert factors_of(chain, bars, old_enough)["rolling_low"].tolist() == [95, 60, 100]


def test_support_without_a_past_is_unknown_but_in_the_original(bars, make_chain):
    chain = make_chain(("A", 90, "2024-04-19", "2023-03-15"), ("A", 90, "2024-04-19", "2024-03-14"))
    # The bars begin on 28 February 2023.
    for arithmetic, known in (("point_in_time", [False, True]), ("compat", [True, True])):
        settings = ScoreSettings(min_seasonal_years=1, rolling_period=30, arithmetic=arithmetic)
        found = factors_of(chain, bars, settings)
        for name in ("support_strength", "rolling_low"):
            assert found[name].notna().tolist() == known, (arithmetic, name)


def test_probabilities_make_the_other_two_factors(bars, make_chain):
    chain = make_chain(*[("A", 90, "2024-04-19", "2024-03-14")] * 3)
    history = SimpleNamespace(current=np.array([0.85, 0.85, 0.99]), peak=np.array([0.95, 0.8, 0.9]))

    table = factors_of(chain, bars, history=history, recovery_rate=np.array([0.8, NAN, 0.5]))

    np.testing.assert_allclose(table["historical_peak"], [50 + 200 * 0.1, 30, 50 - 200 * 0.09])
    np.testing.assert_array_equal(table["recovery_advantage"], [80, NAN, 50])


def test_without_probabilities_the_other_two_factors_are_missing(bars, make_chain):
    table = factors_of(make_chain(("A", 90, "2024-04-19", "2024-03-14")), bars)

    assert table[["recovery_advantage", "historical_peak", "probability"]].isna().all(axis=None)


@pytest.mark.parametrize(("underlying", "day"), [("B", "2024-02-29"), ("A", "2024-03-02"), ("Z", "2024-03-14")],
                         ids=["hole", "no session", "unknown underlying"])
def test_day_without_a_bar_knows_no_price_based_factor(bars, make_chain, underlying, day):
    row = factors_of(make_chain((underlying, 45, "2024-04-19", day)), bars).iloc[0]

    assert row[list(FACTORS)].isna().all()
    assert np.isnan(row["rolling_low"])
    assert not row["is_near_low_day"]


def test_original_arithmetic_knows_no_bonus_and_no_lower_limit_of_the_peak(make_bars, make_chain):
    bars = make_bars(SESSIONS, [100.0, 95, 99, 100, 102])           # March 2023 fell: share 0
    history = SimpleNamespace(current=np.array([0.95]), peak=np.array([0.6]))
    chain = make_chain(("A", 90, "2024-04-19", "2024-03-14"))

    def row(arithmetic):
        settings = ScoreSettings(min_seasonal_years=1, rolling_period=30, peak_threshold=0.5, arithmetic=arithmetic)
        table = factors_of(chain, bars, settings, history=history)
        return table[["monthly_seasonality", "historical_peak"]].iloc[0].tolist()

    assert row("point_in_time") == [10, 0]
    assert row("compat") == pytest.approx([0, 50 + 200 * (0.6 - 0.95)])


def test_rolling_period_is_that_of_the_settings(bars, make_chain):
    chain = make_chain(("A", 90, "2024-04-19", "2024-03-14"))

    year = factors_of(chain, bars, ScoreSettings(rolling_period=365)).iloc[0]

    assert year["rolling_low"] == 95                               # 2023-03-15 is exactly 365 days ago


def test_window_that_was_not_measured_is_refused(bars, make_chain):
    with pytest.raises(DataError, match="180 calendar days"):
        factors_of(make_chain(("A", 90, "2024-04-19", "2024-03-14")), bars, ScoreSettings(rolling_period=180))


def test_arrays_and_panels_that_do_not_fit_are_refused_at_once(bars, make_bars, make_chain):
    other = make_bars(SESSIONS[:2], CLOSES[:2])
    history = SimpleNamespace(current=np.zeros(2), peak=np.zeros(1))

    with pytest.raises(DataError) as caught:
        option_factors(make_chain(("A", 90, "2024-04-19", "2024-03-14")), bars, support_of_bars(other),
                       seasonal_factors(other, min_years=1), ScoreSettings(), history=history,
                       recovery_rate=np.zeros(3))

    assert [fault.split(" ")[0] for fault in caught.value.faults] == ["support", "seasonal", "recovery_rate",
                                                                      "history.current"]
