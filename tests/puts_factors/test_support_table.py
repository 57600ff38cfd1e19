from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.factors.support import support_metrics, support_of_bars
from backtrader_system.puts.factors.support_table import support_table

SESSIONS = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-08", "2024-01-09"])
NAN = float("nan")


@pytest.mark.real_data
def test_table_has_the_columns_of_the_owners_file(data_folder, random_bars):
    stored = pd.read_csv(data_folder / "reference" / "putoptions" / "support_level_metrics_sample.csv")

    table = support_table(support_of_bars(random_bars), random_bars, "2018-01-02")

    assert list(table.columns) == list(stored.columns)
    assert table["rolling_period"].tolist() == [30, 90, 180, 270, 365] * 3


def test_row_of_a_stock_worked_out_by_hand(make_bars):
    bars = make_bars(SESSIONS, [101.0, 99, 97, 98], [100.0, 98, 96.04, 97])      # two breaks of 2 %

    row = support_table(support_of_bars(bars, (30,)), bars, "2024-01-09").iloc[0]

    assert row["distance_to_support_pct"] == -2.0                                # 100 * (96.04 - 98) / 98
    assert (row["total_breaks"], row["days_since_last_break"]) == (2, 1)
    assert row["last_break_date"] == pd.Timestamp("2024-01-08")
    assert row["support_stability_pct"] == 50.0
    assert (row["avg_drop_per_break_pct"], row["max_drop_pct"], row["drop_std_dev_pct"]) == (-2.0, -2.0, 0.0)
    assert (row["avg_days_between_breaks"], row["trading_days_per_break"]) == (5.0, 2.0)
    assert (row["num_clusters"], row["max_consecutive_breaks"], row["current_consecutive_breaks"]) == (1, 2, 2)
    assert row["support_strength_score"] == round(0.3 * 50 + 0.25 * 100 / 365 + 0.25 * 200 / 365 + 20, 2)
    # 0.5 * (1 + 1/5) / 2, horizons longer than the gap of five days
    assert (row["break_probability_30d"], row["break_probability_60d"]) == (0.3, 0.3)


def test_support_that_never_broke_has_no_day_of_a_break(make_bars):
    bars = make_bars(SESSIONS, [10.0, 11, 12, 13])

    table = support_table(support_of_bars(bars, (30,)), bars, "2024-01-09")

    assert table[["days_since_last_break", "last_break_date", "avg_days_between_breaks"]].isna().all(axis=None)


def test_delisted_stock_is_shown_as_of_its_last_bar_and_a_later_one_not_at_all(make_bars):
    bars = make_bars(SESSIONS, [[10.0, NAN, 7.0], [9.0, NAN, 7.0], [NAN, NAN, 7.0], [NAN, 5.0, 7.0]])

    table = support_table(support_of_bars(bars, (30,)), bars, "2024-01-08").set_index("stock_name")

    assert table.index.tolist() == ["A", "C"]
    assert table.loc["A", "data_through_date"] == pd.Timestamp("2024-01-03")
    assert table.loc["A", "days_since_last_break"] == 0
    assert set(table["last_calculated"]) == {pd.Timestamp("2024-01-08")}


def test_days_before_the_first_bar_are_refused(make_bars):
    bars = make_bars(SESSIONS, [10.0, 11, 12, 13])

    with pytest.raises(DataError, match="no stock has a bar on or before 2023-12-29; the first session is 2024-01-02"):
        support_table(support_of_bars(bars, (30,)), bars, "2023-12-29")


def test_panel_of_other_bars_is_refused(make_bars):
    bars = make_bars(SESSIONS, [10.0, 11, 12, 13])

    with pytest.raises(DataError, match=r"\(2, 1\); the bars are \(4, 1\)"):
        support_table(support_metrics(bars.low[:2], SESSIONS[:2], (30,)), bars, "2024-01-09")
