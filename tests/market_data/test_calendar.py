"""Sessions of an exchange and their closing instants."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import (
    exchange_timezone,
    missing_sessions,
    session_close_instant,
    sessions_between,
    sessions_from,
)


def days(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts).as_unit("ns")


def test_holidays_and_weekends_are_no_sessions():
    found = sessions_between("XNYS", date(2024, 7, 3), date(2024, 7, 8))

    assert found.tolist() == days("2024-07-03", "2024-07-05", "2024-07-08").tolist()
    assert str(found.dtype) == "datetime64[ns]"
    assert found.tz is None


def test_a_calendar_reaches_further_back_than_twenty_years():
    assert sessions_between("XNYS", date(1987, 10, 16), date(1987, 10, 19)).tolist() == \
        days("1987-10-16", "1987-10-19").tolist()


def test_crypto_trades_every_day():
    assert len(sessions_between("24/7", date(2023, 1, 1), date(2023, 12, 31))) == 365


def test_a_period_without_session_is_empty():
    assert sessions_between("XNYS", date(2024, 7, 6), date(2024, 7, 7)).empty


def test_warm_up_counts_sessions_before_the_first():
    found = sessions_from("XNYS", pd.Timestamp("2024-07-05"), date(2024, 7, 8), warmup=3)

    assert found.tolist() == days("2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08").tolist()


def test_warm_up_of_years():
    found = sessions_from("XNYS", pd.Timestamp("2024-07-05"), date(2024, 7, 5), warmup=2_000)

    assert len(found) == 2_001
    assert found[-1] == pd.Timestamp("2024-07-05")


def test_half_days_close_early_and_summer_time_counts():
    closes = session_close_instant("XNYS", days("2024-07-02", "2024-07-03", "2024-12-02"))

    # 16:00 in New York is 20:00 UTC in summer and 21:00 in winter; on the eve of July 4 the close is 13:00.
    assert [str(close) for close in closes] == [
        "2024-07-02 20:00:00+00:00", "2024-07-03 17:00:00+00:00", "2024-12-02 21:00:00+00:00"]
    assert session_close_instant("XNYS", days()).empty


def test_the_close_of_a_holiday_is_an_error():
    with pytest.raises(DataError, match="1 dates are no session: 2024-07-04"):
        session_close_instant("XNYS", days("2024-07-03", "2024-07-04"))


@pytest.mark.parametrize(("name", "hint"), [("nysse", "did you mean 'NYSE'"), ("???", "for example XNYS")],
                         ids=["near", "far"])
def test_an_unknown_calendar_names_the_nearest(name, hint):
    with pytest.raises(DataError, match=f"unknown calendar .*{hint}"):
        sessions_between(name, date(2024, 1, 1), date(2024, 2, 1))


def test_a_calendar_that_does_not_reach_back_says_so():
    with pytest.raises(DataError, match="calendar XKRX cannot be made for 1950 to 1951"):
        sessions_between("XKRX", date(1950, 1, 1), date(1951, 1, 1))


def test_the_time_zone_is_that_of_the_exchange():
    assert exchange_timezone("XSTO") == "Europe/Stockholm"


def test_missing_sessions_are_those_strictly_between():
    sessions = days("2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05")
    earlier, later = days("2024-07-01", "2024-07-01", "2024-07-02"), days("2024-07-02", "2024-07-05", "2024-07-05")

    assert missing_sessions(sessions, earlier.to_numpy(), later.to_numpy()).tolist() == [0, 2, 1]
    assert missing_sessions(sessions, earlier[:0].to_numpy(), later[:0].to_numpy()).dtype == np.int64
