"""Suspicious bars are let in and listed."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import pytest

from backtrader_system.market_data.suspicious import suspicious_issues
from backtrader_system.settings.data import DataSettings

SESSIONS = pd.bdate_range("2024-01-02", periods=12, unit="ns")
SOURCES = defaultdict(lambda: "bars.csv")


def bars(closes: list[float], symbol: str = "A", **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"session": SESSIONS[:len(closes)], "symbol": symbol, "close": closes, "volume": 100.0,
                          "split_ratio": 1.0, "dividend": 0.0})
    return frame.assign(**columns)


def found(*frames: pd.DataFrame, rule: str) -> list[tuple[str, str, str, str]]:
    table = pd.concat(frames, ignore_index=True)
    issues = suspicious_issues(table, DataSettings(), SESSIONS, SOURCES)
    assert all(issue.severity == "warning" for issue in issues)
    return [(i.symbol, str(i.session), i.value, i.advice) for i in issues if i.rule == rule]


def test_ordinary_bars_are_not_suspicious():
    table = pd.concat([bars([10, 11, 10, 11, 12], "A"), bars([5, 6, 5, 6, 5], "B")], ignore_index=True)

    assert suspicious_issues(table, DataSettings(), SESSIONS, SOURCES) == []
    assert suspicious_issues(table.head(0), DataSettings(), SESSIONS, SOURCES) == []


@pytest.mark.parametrize(("closes", "value", "advice"), [
    ([70, 10.2], "-85.4% since 2024-01-02: 70 to 10.2", "an unadjusted split? it is near a 7:1 split"),
    ([1, 19.5], "+1850.0% since 2024-01-02: 1 to 19.5", "an unadjusted split? it is near a 1:20 reverse split"),
    ([2, 200], "+9900.0% since 2024-01-02: 2 to 200",
     "an unadjusted split? it is near a 1:100 reverse split, or a wrong unit (cents for dollars)"),
    ([100, 43], "-57.0% since 2024-01-02: 100 to 43", "an unadjusted split, a spin-off, or real? check it"),
], ids=["split", "reverse", "unit", "other"])
def test_a_large_move_names_the_split_that_would_explain_it(closes, value, advice):
    assert found(bars(closes), rule="one_day_move") == [("A", "2024-01-03", value, advice)]


def test_moves_up_to_the_limit_are_let_through():
    assert found(bars([100, 140, 84]), rule="one_day_move") == []
    assert len(found(bars([100, 140.1]), rule="one_day_move")) == 1


def test_a_price_that_comes_back_is_called_a_bad_price():
    moves = found(bars([35, 17, 36]), rule="one_day_move")

    assert [(session, advice.split(":")[0]) for _, session, _, advice in moves] == [
        ("2024-01-03", "the next session goes back"),
        ("2024-01-04", "goes back from the move of the session before")]


def test_a_known_split_or_dividend_is_no_move():
    assert found(bars([70, 10], split_ratio=[1, 7]), rule="one_day_move") == []
    assert found(bars([100, 50], dividend=[0, 50]), rule="one_day_move") == []
    assert len(found(bars([10, 10], split_ratio=[1, 7]), rule="one_day_move")) == 1


def test_another_symbol_is_not_the_session_before():
    assert found(bars([10, 10], "A"), bars([900, 900], "B"), rule="one_day_move") == []


def test_a_run_of_equal_closes_is_stale():
    assert found(bars([9, 9, 9, 9, 8, 7, 7, 7, 7, 7, 6]), rule="stale_run") == [
        ("A", "2024-01-09", "5 closes of 7 until 2024-01-15",
         "halted, hardly traded or filled in by the source? check it")]


def test_equal_closes_of_two_symbols_are_no_run():
    assert found(bars([7, 7, 7], "A"), bars([7, 7, 7], "B"), rule="stale_run") == []


def test_a_gap_counts_the_sessions_without_a_bar():
    whole = bars([1, 2, 3, 4, 5, 6])
    allowed, too_long = whole.drop(index=[1, 2, 3]), whole.drop(index=[1, 2, 3, 4])

    assert found(allowed, rule="gap") == []
    assert [(session, value) for _, session, value, _ in found(too_long, rule="gap")] == [
        ("2024-01-09", "4 sessions without a bar since 2024-01-02")]


def test_zero_volume_is_counted_by_symbol():
    issues = found(bars([1, 2, 3, 4], "A"), bars([1, 2, 3, 4], "B", volume=[0, 5, 0, 5]), rule="zero_volume")

    assert [issue[:3] for issue in issues] == [("B", "2024-01-02", "2 bars without volume, the last 2024-01-04")]


def test_late_starts_and_early_ends_are_counted_from_the_data():
    whole, middle = bars([1, 2, 3, 4, 5, 6], "A"), bars([1, 2, 3, 4, 5, 6], "B").iloc[2:5]

    assert [issue[:3] for issue in found(whole, middle, rule="late_start")] == [
        ("B", "2024-01-04", "first bar 2 sessions after the first session of the data")]
    assert [issue[:3] for issue in found(whole, middle, rule="early_end")] == [
        ("B", "2024-01-08", "last bar 1 sessions before the last session of the data")]
