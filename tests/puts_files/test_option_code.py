"""Option codes of Nasdaq Stockholm."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.files.option_code import parse_option_code, third_friday


@pytest.mark.parametrize(("code", "seen", "ticker", "strike", "expiry"), [
    ("AAK5X250", "2025-11-28", "AAK", 250.0, "2025-12-19"),
    ("AAK5V245", "2025-10-14", "AAK", 245.0, "2025-10-17"),
    ("AAK6M240", "2025-11-28", "AAK", 240.0, "2026-01-16"),
    ("8TRA6U370", "2026-07-20", "8TRA", 370.0, "2026-09-18"),
    ("ABB6T28Y900", "2026-08-20", "ABB", 900.0, "2026-08-28"),
    ("ABB6M23Y650", "2026-01-13", "ABB", 650.0, "2026-01-23"),
    ("AAK6U177.34X", "2026-08-27", "AAK", 177.34, "2026-09-18"),
    ("T2B6U100", "2026-08-27", "T2B", 100.0, "2026-09-18"),
    ("AAK0M240", "2029-11-28", "AAK", 240.0, "2030-01-18"),
    # Good Friday 2025-04-18 and Midsummer's Eve 2026-06-19: Stockholm is closed on the third Friday.
    ("AAK5P240", "2025-03-03", "AAK", 240.0, "2025-04-17"),
    ("AAK6R240", "2026-05-04", "AAK", 240.0, "2026-06-18"),
])
def test_a_put_code_says_ticker_strike_and_expiry(code, seen, ticker, strike, expiry):
    parsed = parse_option_code(code)
    assert (parsed.ticker, parsed.strike, parsed.right) == (ticker, strike, "P")
    assert parsed.expiry(pd.Timestamp(seen)) == pd.Timestamp(expiry)


def test_months_m_to_x_are_puts_and_a_to_l_calls():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWX"
    codes = [parse_option_code(f"AAK6{letter}100") for letter in letters]
    assert [code.month for code in codes] == [*range(1, 13), *range(1, 13)]
    assert "".join(code.right for code in codes) == "C" * 12 + "P" * 12


def test_suffix_x_means_adjusted():
    assert [parse_option_code(code).is_adjusted for code in ("AAK6U180X", "AAK6X180")] == [True, False]


def test_a_code_seen_after_its_expiry_is_of_the_next_decade():
    assert parse_option_code("AAK5X250").expiry(pd.Timestamp("2025-12-20")).year == 2035


@pytest.mark.parametrize("code", ["", "AAK", "AAK5Z250", "AAK5X", "5X250", "AAK-5X-250", "AAK5X250Y"])
def test_other_texts_are_refused(code):
    with pytest.raises(DataError, match="is no option code"):
        parse_option_code(code)


def test_a_weekly_day_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match="2026-02-30 is no date"):
        parse_option_code("ABB6N30Y650").expiry(pd.Timestamp("2026-01-13"))


def test_third_fridays():
    assert [str(third_friday(2025, month)) for month in (8, 10, 11, 12)] == [
        "2025-08-15", "2025-10-17", "2025-11-21", "2025-12-19"]
