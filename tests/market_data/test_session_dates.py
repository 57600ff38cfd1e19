"""Dates as files hold them, turned into session dates."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.market_data.session_dates import session_dates

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(("text", "day"), [
    ("2024-07-03", "2024-07-03"),
    ("20240703", "2024-07-03"),
    (" 2024-07-03T00:00:00 ", "2024-07-03"),
    ("2024-07-03 00:00:00-04:00", "2024-07-03"),
    ("2024-07-03 00:00:00+00:00", "2024-07-03"),      # the date itself stamped as midnight UTC
    ("2024-07-03 04:00:00+00:00", "2024-07-03"),      # midnight in New York, written in UTC
    ("2024-07-02T22:00:00Z", ""),                     # midnight in Stockholm: not that of this exchange
    ("2024-07-03 09:30:00", ""),
    ("2024-07-03 09:30:00-04:00", ""),
    ("07/03/2024", ""),
    ("2024-02-30", ""),
    ("3024-01-01", ""),
    ("soon", ""),
], ids=str)
def test_a_text_is_a_session_or_a_fault(text, day):
    read = session_dates(pd.Series([text]), NEW_YORK)

    assert (str(read.sessions[0])[:10] == day) if day else pd.isna(read.sessions[0])
    assert bool(read.fault[0]) == (day == "")


def test_faults_quote_what_was_found():
    read = session_dates(pd.Series(["07/03/2024", "2024-07-03 09:30:00", None, "3024-01-01"]), NEW_YORK)

    assert read.fault.tolist() == [
        "'07/03/2024' is not a date of the form YYYY-MM-DD",
        "'2024-07-03 09:30:00' is a time within a day; daily bars are dated at midnight",
        "has no date", "'3024-01-01' lies outside the years 1800 to 2200"]


def test_aware_timestamps_become_the_date_of_the_exchange():
    midnights = pd.Series(pd.DatetimeIndex(["2024-01-03", "2024-07-03"]).tz_localize(NEW_YORK).tz_convert("UTC"))

    read = session_dates(midnights, NEW_YORK)

    assert [str(day)[:10] for day in read.sessions] == ["2024-01-03", "2024-07-03"]
    assert read.was_aware.all()


def test_an_aware_time_that_is_midnight_nowhere_is_a_fault():
    read = session_dates(pd.Series(pd.to_datetime(["2024-07-03 20:00"]).tz_localize("UTC")), NEW_YORK)

    assert "is a time within a day" in read.fault[0]


def test_naive_timestamps_must_be_midnight():
    read = session_dates(pd.Series(pd.to_datetime(["2024-07-03 00:00", "2024-07-03 16:00", None])), NEW_YORK)

    assert [bool(fault) for fault in read.fault] == [False, True, True]
    assert not read.was_aware.any()


def test_numbers_are_no_dates():
    assert session_dates(pd.Series([20240703]), NEW_YORK).fault[0] == "holds int64, not dates"
