"""Months of a stock: worked out by hand, and the owner's months of one stock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.factors.seasonality import seasonal_factors

NAN = float("nan")


def last_row(panel):
    names = ("positive_share", "mean_return", "typical_low_day", "n_years", "month_to_date")
    return {name: float(getattr(panel, name)[-1, 0]) for name in names}


def months_of(name, month, *rows):
    """Return a table of months of one name from (year, return, low day)."""
    return pd.DataFrame([{"name": name, "month": month, "year": year, "pct_return_month": value,
                          "day_low_day_of_month": day} for year, value, day in rows])


@pytest.fixture(scope="module")
def stored_months(data_folder):
    path = data_folder / "reference" / "putoptions" / "stocks_monthly_aak_sample.csv"
    return pd.read_csv(path, sep="|").assign(name="A")


@pytest.mark.real_data
@pytest.mark.parametrize(("day", "mean_return"), [("2016-01-04", 2.396), ("2016-10-03", 1.811)],
                         ids=["January", "October"])
def test_stored_months_give_the_owners_figures(stored_months, make_bars, day, mean_return):
    bars = make_bars(pd.to_datetime([day]), [10.0])

    row = last_row(seasonal_factors(bars, min_years=2, monthly=stored_months))

    assert row["positive_share"] == 62.5
    assert row["mean_return"] == pytest.approx(mean_return, abs=0.0005)
    assert row["n_years"] == 8                      # October 2007 has no return and does not count


@pytest.mark.real_data
def test_original_counts_the_month_without_a_return_as_one_that_did_not_fall(stored_months, make_bars):
    bars = make_bars(pd.to_datetime(["2016-10-03"]), [10.0])

    row = last_row(seasonal_factors(bars, min_years=2, monthly=stored_months, counts_missing=True))

    assert row["positive_share"] == pytest.approx(100 * 6 / 9)
    assert row["mean_return"] == pytest.approx(1.811 * 8 / 9, abs=0.0005)


def test_month_counts_from_the_close_before_it_to_its_last_close(make_bars):
    sessions = pd.to_datetime(["2022-02-28", "2022-03-01", "2022-03-31", "2022-04-01", "2023-02-28", "2023-03-01",
                               "2023-03-31", "2024-02-29", "2024-03-01", "2024-03-15"])
    bars = make_bars(sessions, [100.0, 90, 110, 200, 50, 60, 40, 80, 70, 100])

    row = last_row(seasonal_factors(bars, min_years=2))

    assert row["positive_share"] == 50                               # +10 % and -20 %
    assert row["mean_return"] == pytest.approx((10 - 20) / 2)
    assert row["typical_low_day"] == (1 + 31) / 2                    # lows of 90 on the 1st, of 40 on the 31st
    assert row["month_to_date"] == pytest.approx(25)                 # 100 after 80


def test_month_in_which_the_bars_begin_has_no_return(make_bars):
    sessions = pd.to_datetime(["2022-03-10", "2022-03-31", "2023-03-31"])

    panel = seasonal_factors(make_bars(sessions, [100.0, 110, 120]), min_years=1)

    assert panel.n_years[-1, 0] == 0
    assert np.isnan(panel.positive_share).all()


def test_lows_of_months_without_a_return_do_not_count(make_bars):
    sessions = pd.to_datetime(["2022-03-10", "2022-03-31", "2023-02-28", "2023-03-06", "2023-03-31", "2024-03-01"])
    bars = make_bars(sessions, [100.0, 90, 110, 90, 120, 120])       # low of the 31st, in the month the bars begin in
    table = months_of("A", "Mar", (2021, NAN, 1))

    assert last_row(seasonal_factors(bars, min_years=1))["typical_low_day"] == 6
    assert last_row(seasonal_factors(bars, min_years=1, monthly=table))["typical_low_day"] == 6


def test_month_after_a_month_without_a_bar_has_no_return(make_bars):
    sessions = pd.to_datetime(["2022-01-31", "2022-03-31", "2023-02-28", "2023-03-31"])

    panel = seasonal_factors(make_bars(sessions, [100.0, 110, 110, 120]), min_years=1)

    assert panel.n_years[-1, 0] == 0
    assert np.isnan(panel.month_to_date[1, 0])


def test_too_few_years_are_no_season(make_bars):
    bars = make_bars(pd.to_datetime(["2024-03-15"]), [10.0])
    table = months_of("A", "Mar", (2022, 0.1, 3), (2023, 0.1, 3))

    assert last_row(seasonal_factors(bars, min_years=2, monthly=table))["positive_share"] == 100
    assert np.isnan(last_row(seasonal_factors(bars, min_years=3, monthly=table))["positive_share"])


def test_month_of_the_day_itself_and_later_ones_are_not_used(make_bars):
    bars = make_bars(pd.to_datetime(["2024-03-15"]), [10.0])
    table = months_of("A", "Mar", (2022, 0.1, 3), (2024, -0.5, 30), (2025, -0.5, 30))

    row = last_row(seasonal_factors(bars, min_years=1, monthly=table))

    assert (row["n_years"], row["positive_share"], row["typical_low_day"]) == (1, 100, 3)


def test_bars_win_over_the_table(make_bars):
    sessions = pd.to_datetime(["2023-02-28", "2023-03-31", "2024-03-01"])

    row = last_row(seasonal_factors(make_bars(sessions, [100.0, 120, 130]), min_years=1,
                                    monthly=months_of("A", "Mar", (2023, -0.9, 8))))

    assert row["mean_return"] == pytest.approx(20)
    assert row["typical_low_day"] == 31


def test_infinite_return_of_the_table_is_unknown(make_bars):
    bars = make_bars(pd.to_datetime(["2024-03-15"]), [10.0])
    table = months_of("A", "Mar", (2022, np.inf, 3), (2023, 0.04, 5))

    assert last_row(seasonal_factors(bars, min_years=1, monthly=table))["mean_return"] == pytest.approx(4)


def test_names_that_have_no_bars_are_passed_over(make_bars):
    bars = make_bars(pd.to_datetime(["2024-03-15"]), [10.0])

    panel = seasonal_factors(bars, min_years=1, monthly=months_of("Z", "Mar", (2022, 0.1, 3)))

    assert panel.n_years[-1, 0] == 0


def test_split_is_no_return(make_bars):
    sessions = pd.to_datetime(["2022-02-28", "2022-03-31", "2023-02-28", "2023-03-01"])
    bars = make_bars(sessions, [100.0, 55, 55, 33], split_ratio=[1.0, 2, 1, 2])

    row = last_row(seasonal_factors(bars, min_years=1))

    assert row["mean_return"] == pytest.approx(10)                   # 2 * 55 after 100
    assert row["month_to_date"] == pytest.approx(20)                 # 2 * 33 after 55


def test_session_without_a_bar_knows_no_season(make_bars):
    sessions = pd.to_datetime(["2022-02-28", "2022-03-31", "2023-02-28", "2023-03-01"])

    panel = seasonal_factors(make_bars(sessions, [100.0, 110, 100, NAN]), min_years=1)

    assert np.isnan([panel.positive_share[-1, 0], panel.mean_return[-1, 0], panel.month_to_date[-1, 0]]).all()


def test_day_is_near_the_low_day_within_three_days(make_bars):
    sessions = pd.date_range("2024-03-10", "2024-03-20")
    bars = make_bars(sessions, np.full(len(sessions), 10.0))

    near = seasonal_factors(bars, min_years=1, monthly=months_of("A", "Mar", (2023, 0.1, 15))).is_near_low_day()

    assert sessions.day[near[:, 0]].tolist() == [12, 13, 14, 15, 16, 17, 18]


def test_faults_of_the_table_are_told(make_bars):
    bars = make_bars(pd.to_datetime(["2024-03-15"]), [10.0])
    table = months_of("A", "Mar", (2022, 0.1, 3), (2022, 0.2, 4))

    with pytest.raises(DataError, match="1 months twice, such as A Mar 2022;"):
        seasonal_factors(bars, min_years=1, monthly=table)
    with pytest.raises(DataError, match=r"names months \['Mrz'\]"):
        seasonal_factors(bars, min_years=1, monthly=table.assign(month="Mrz"))
    with pytest.raises(DataError, match="lacks the year of 1 rows"):
        seasonal_factors(bars, min_years=1, monthly=months_of("A", "Mar", (NAN, 0.1, 3), (2022, 0.2, 4)))
    with pytest.raises(DataError, match=r"lacks the columns \['year'\]"):
        seasonal_factors(bars, min_years=1, monthly=table.drop(columns="year"))
