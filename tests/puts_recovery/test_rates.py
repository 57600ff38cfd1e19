"""The recovery table as it was known on each day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.history import probability_history
from backtrader_system.puts.recovery.rates import recovery_rates
from backtrader_system.settings.puts import ScoreSettings

TWO = ScoreSettings(min_recovery_expiries=2)


def rates(rows, settings=TWO, mode="causal"):
    """Return the rates of rows (contract, day of 2024, probability) with threshold 0.9.

    Contracts: 0 and 1 expire on 31 January, 2 on 1 March, 3 and 4 on 31 May; 0, 1 and 2 end worthless, in the money,
    worthless; 3 is unknown, 4 worthless.
    """
    expiry = pd.to_datetime(["2024-01-31", "2024-01-31", "2024-03-01", "2024-05-31", "2024-05-31"])
    quotes = pd.DataFrame(rows, columns=["number", "quote_date", "bayesian"])
    quotes["quote_date"] = pd.to_datetime("2024-" + quotes["quote_date"])
    chain = OptionChain(pd.DataFrame({"underlying": "A", "expiry": expiry}), quotes)
    outcomes = pd.DataFrame({"number": range(5), "expiry_session": expiry, "worthless": [1, 0, 1, np.nan, 1.0]})
    history = probability_history(chain, quotes, "bayesian", 0.9)
    return recovery_rates(chain, history, outcomes, settings, mode).tolist()


# Three puts that had been at 95 % are at 75 % three weeks before their expiry.
PAST = [(0, "01-02", 0.95), (1, "01-02", 0.95), (0, "01-10", 0.75), (1, "01-10", 0.74), (2, "01-31", 0.95),
        (2, "02-09", 0.72)]


def test_rate_is_known_once_enough_expiry_dates_lie_before_the_day():
    found = rates([*PAST, (3, "05-10", 0.78)])
    assert np.isnan(found[:-1]).all()
    assert found[-1] == pytest.approx(2 / 3)


def test_outcome_of_the_day_itself_is_not_used():
    # Contract 0 was a candidate 29 days before 31 January; 31 January and 1 February lie 30 and 29 days before March.
    one = ScoreSettings(min_recovery_expiries=1)
    found = rates([(0, "01-01", 0.95), (0, "01-02", 0.75), (2, "01-31", 0.75), (2, "02-01", 0.75)], one)
    assert np.isnan(found[:3]).all()
    assert found[3] == 1.0


def test_put_that_never_was_above_the_threshold_is_not_counted():
    rows = [*PAST[:-2], (2, "01-31", 0.85), (2, "02-09", 0.72), (3, "05-10", 0.78)]
    assert np.isnan(rates(rows)[-1])


def test_other_cell_is_unknown():
    assert np.isnan(rates([*PAST, (3, "05-10", 0.68)])[-1])
    assert np.isnan(rates([*PAST, (3, "05-25", 0.78)])[-1])
    assert np.isnan(rates([*PAST, (3, "05-10", np.nan)])[-1])


def test_whole_life_knows_the_future():
    # Contract 4 is at 75 % before it reaches 95 %: flagged on its first day, and its own outcome is in the table.
    found = rates([(4, "05-10", 0.75), (4, "05-20", 0.95)], mode="whole_life")
    assert found[0] == 1.0
    assert np.isnan(rates([(4, "05-10", 0.75), (4, "05-20", 0.95)])[0])


def test_cells_outside_the_original_table_are_unknown_in_compat_arithmetic():
    high = [(0, "01-02", 0.97), (0, "01-10", 0.93), (2, "01-31", 0.97), (2, "02-09", 0.92), (3, "05-10", 0.95)]
    assert rates(high)[-1] == 1.0
    assert np.isnan(rates(high, ScoreSettings(min_recovery_expiries=2, arithmetic="compat"))[-1])
    inside = [*PAST, (3, "05-10", 0.78)]
    assert rates(inside, ScoreSettings(min_recovery_expiries=2, arithmetic="compat"))[-1] == pytest.approx(2 / 3)


@pytest.mark.parametrize("day", ["2017-06-15", "2018-02-13", "2019-01-01"])     # 2018-02-13 is an expiry date
def test_poisoned_future_changes_no_causal_rate(martingale, day):
    chain, probabilities, outcomes = martingale
    after, is_open = chain.quotes["quote_date"] > day, outcomes["expiry_session"] >= day
    rng = np.random.default_rng(1)
    poisoned = probabilities.mask(after, pd.Series(np.where(rng.random(len(after)) < 0.5, np.nan, 1000.0)), axis=0)
    future = outcomes.assign(worthless=outcomes["worthless"].mask(is_open, rng.integers(0, 2, len(outcomes))))
    assert (outcomes["expiry_session"] == "2018-02-13").any()
    settings = ScoreSettings()

    def known(values, results, mode):
        history = probability_history(chain, values, "bayesian", 0.9)
        return recovery_rates(chain, history, results, settings, mode)[~after]

    before = known(probabilities, outcomes, "causal")
    assert np.isfinite(before).sum() > 1_000
    np.testing.assert_array_equal(known(poisoned, future, "causal"), before)
    assert not np.array_equal(known(poisoned, future, "whole_life"), known(probabilities, outcomes, "whole_life"))
