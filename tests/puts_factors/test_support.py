"""Support in small cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.factors.support import support_metrics, support_of_bars


def days(count, start="2024-01-01"):
    return pd.date_range(start, periods=count)


def test_window_holds_the_day_exactly_one_period_ago():
    sessions = pd.to_datetime(["2024-01-01", "2024-01-31", "2024-02-01"])       # 30 and 31 days after the first

    panel = support_metrics(np.array([[5.0], [9.0], [9.0]]), sessions, (30,))

    assert panel.rolling_low[0, :, 0].tolist() == [5, 5, 9]


def test_first_bar_is_no_break():
    panel = support_metrics(np.array([[5.0], [6.0]]), days(2), (30,))

    assert panel.total_breaks[0, :, 0].tolist() == [0, 0]
    assert np.isnan(panel.days_since_break).all()


def test_equal_low_is_no_break():
    panel = support_metrics(np.array([[5.0], [5.0], [4.9]]), days(3), (30,))

    assert panel.total_breaks[0, :, 0].tolist() == [0, 0, 1]


def test_drops_are_percent_of_the_low_before():
    panel = support_metrics(np.array([[100.0], [90.0], [95.0], [81.0]]), days(4), (30,))

    assert panel.mean_drop[0, -1, 0] == pytest.approx(-10)            # 90 after 100, 81 after 90
    assert panel.drop_deviation[0, -1, 0] == pytest.approx(0, abs=1e-6)
    assert panel.deepest_drop[0, -1, 0] == pytest.approx(-10)


def test_support_that_never_broke_has_full_days_and_no_gap():
    panel = support_metrics(np.full((4, 1), 7.0), days(4), (30,))

    # stability 100, days 100, 4 sessions of 365, evenness 100
    assert panel.strength()[0, -1, 0] == pytest.approx(30 + 25 + 0.25 * 100 * 4 / 365 + 20)
    assert panel.break_probability(30)[0, -1, 0] == 0
    assert panel.patterns()[0, -1, 0] == "never_breaks"


def test_breaks_more_than_thirty_days_apart_are_two_clusters():
    sessions = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01", "2024-03-03", "2024-04-02",
                               "2024-04-03"])
    low = np.array([[9.0], [8.0], [7.0], [6.0], [9.0], [9.0]])   # breaks on Jan 2, 30 days later, 31 days later

    panel = support_metrics(low, sessions, (365,))

    assert panel.clusters[0, :, 0].tolist() == [0, 1, 1, 2, 2, 2]
    assert panel.largest_cluster[0, :, 0].tolist() == [0, 1, 2, 2, 2, 2]
    assert panel.current_cluster[0, :, 0].tolist() == [0, 1, 2, 1, 1, 0]   # 30 and 31 days after the last break


def test_symbol_knows_nothing_before_its_first_bar_in_holes_and_after_its_last():
    low = np.array([[np.nan], [9.0], [np.nan], [8.0], [np.nan]])

    panel = support_metrics(low, days(5), (30,))

    np.testing.assert_array_equal(panel.rolling_low[0, :, 0], [np.nan, 9, np.nan, 8, np.nan])
    np.testing.assert_array_equal(panel.bars[:, 0], [np.nan, 1, np.nan, 2, np.nan])
    np.testing.assert_array_equal(panel.days_of_history[:, 0], [np.nan, 0, np.nan, 2, np.nan])
    np.testing.assert_array_equal(panel.strength()[0, :, 0] > 0, [False, True, False, True, False])
    assert panel.patterns()[0, :, 0].tolist() == ["", "never_breaks", "", "exhausted_cascade", ""]
    assert panel.trends()[0, :, 0].tolist() == ["", "stable", "", "weakening", ""]


def test_symbol_without_any_bar_knows_nothing():
    panel = support_metrics(np.array([[np.nan, 5.0], [np.nan, 5.0]]), days(2), (30,))

    assert np.isnan(panel.rolling_low[0, :, 0]).all()
    assert np.isnan(panel.strength()[0, :, 0]).all()


def test_later_half_more_stable_than_the_earlier_is_improving():
    low = np.array([[9.0], [8.0], [7.0], [7.5], [7.5], [7.5]])      # two breaks in the first three bars

    assert support_metrics(low, days(6), (30,)).trends()[0, -1, 0] == "improving"


def test_split_is_no_break(make_bars):
    bars = make_bars(days(4), [100.0, 102, 51, 49], split_ratio=[1.0, 1, 2, 1])

    panel = support_of_bars(bars, (30,))

    assert panel.rolling_low[0, :, 0].tolist() == [100, 100, 50, 49]
    assert panel.total_breaks[0, :, 0].tolist() == [0, 0, 0, 1]
    assert panel.mean_drop[0, -1, 0] == pytest.approx(-2)             # 49 after 50


def test_period_that_was_not_measured_is_refused():
    panel = support_metrics(np.full((2, 1), 7.0), days(2), (30, 90))

    assert panel.of_period(90) == 1
    with pytest.raises(DataError, match=r"365 calendar days; measured: \[30, 90\]"):
        panel.of_period(365)


def test_all_faults_of_the_input_are_told_at_once():
    with pytest.raises(DataError) as caught:
        support_metrics(np.array([[5.0], [-1.0]]), pd.to_datetime(["2024-01-02", "2024-01-02"]), (0,))

    assert [fault.split(" ")[0] for fault in caught.value.faults] == ["sessions", "1", "periods"]


def test_no_session_is_refused():
    with pytest.raises(DataError, match=r"shape \(0, 1\) for 0 sessions"):
        support_metrics(np.empty((0, 1)), pd.DatetimeIndex([]), (30,))
