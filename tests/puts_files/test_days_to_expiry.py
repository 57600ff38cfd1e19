"""The unit of DaysToExpiry and the day of a snapshot, by hand from the calendar of Stockholm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.files.days_to_expiry import count_days, infer_snapshot, unit_of

# Between 28 November 2025 and 16 January 2026 lie 35 weekdays, of which six are Swedish holidays:
# 24, 25, 26 and 31 December, 1 and 6 January.
NOVEMBER = (pd.Timestamp("2025-11-28"), np.array(["2025-12-19", "2026-01-16", "2026-02-20"], dtype="datetime64[ns]"))
OCTOBER = (pd.Timestamp("2025-10-14"), np.array(["2025-10-17", "2025-11-21"], dtype="datetime64[ns]"))


@pytest.mark.parametrize(("unit", "days"), [
    ("sessions", [15, 29, 54]), ("calendar", [21, 49, 84]), ("weekdays", [15, 35, 60]),
    ("floor_calendar", [20, 48, 83]), ("five_sevenths", [15, 35, 60])])
def test_units_count(unit, days):
    assert count_days(unit, *NOVEMBER).tolist() == days


def test_the_vintages_of_october_and_november_are_told_apart():
    october = infer_snapshot(np.array([3.0, 38.0]), OCTOBER[1], "data.csv")
    november = infer_snapshot(np.array([15.0, 29.0, 54.0]), NOVEMBER[1], "data.csv")
    assert (october.day, october.unit) == (OCTOBER[0], "calendar")
    assert (november.day, november.unit) == (NOVEMBER[0], "sessions")


def test_one_expiry_fits_two_days_and_is_refused():
    expiry = np.array(["2025-09-19"] * 3, dtype="datetime64[ns]")
    with pytest.raises(DataError, match=r"several fit: 2025-09-10 \(sessions\), 2025-09-12 \(calendar\).*--date"):
        infer_snapshot(np.full(3, 7.0), expiry, "data.csv")


def test_stock_prices_decide_between_two_days():
    expiry = np.array(["2025-09-19"], dtype="datetime64[ns]")
    known = frozenset({pd.Timestamp("2025-09-12"), pd.Timestamp("2024-01-02")})
    assert infer_snapshot(np.array([7.0]), expiry, "data.csv", known_days=known).unit == "calendar"


@pytest.mark.parametrize("stated", [[3.0, 20.0], [np.nan, np.nan]])
def test_days_that_fit_no_date_are_refused(stated):
    with pytest.raises(DataError, match="no session fits"):
        infer_snapshot(np.array(stated), OCTOBER[1], "data.csv")


@pytest.mark.parametrize(("unit", "days"), [
    ("sessions", [15, 29, 54]), ("calendar", [21, 49, 84]), ("floor_calendar", [20, 48, 83]),
    ("weekdays", [15, 35, 60]), ("unknown", [1, 2, 3])])
def test_the_unit_of_a_known_day(unit, days):
    assert unit_of(np.array(days, dtype=float), NOVEMBER[1], NOVEMBER[0]).unit == unit


def test_one_stale_row_in_forty_is_forgiven():
    expiry = np.repeat(OCTOBER[1], 20)
    stated = np.repeat([3.0, 38.0], 20)
    stated[5] = 4.0
    assert infer_snapshot(stated, expiry, "data.csv").share == pytest.approx(39 / 40)


def test_five_sevenths_is_recognised_where_weekdays_differ():
    # Monday 1 December to Friday 19 December: 18 calendar days, 14 weekdays, int(18 * 5 / 7) = 12.
    expiry = np.array(["2025-12-19"], dtype="datetime64[ns]")
    assert unit_of(np.array([12.0]), expiry, pd.Timestamp("2025-12-01")).unit == "five_sevenths"
