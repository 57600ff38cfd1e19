"""Impossible rows: each is an error, or repaired as a setting says and listed."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.impossible import repair_impossible
from backtrader_system.market_data.quality import DataIssue, DataReport, stop_on_errors
from backtrader_system.settings.data import RepairSettings

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]).as_unit("ns")
SOURCES = defaultdict(lambda: "bars.csv")


def bars(*symbols: str) -> pd.DataFrame:
    parts = [pd.DataFrame({"session": DAYS, "symbol": symbol, "open": 10.0, "high": 12.0, "low": 9.0,
                           "close": [10.0, 10.5, 11.0, 11.5], "volume": 100.0}) for symbol in symbols]
    return pd.concat(parts, ignore_index=True)


def with_cell(row: int, **cells: object) -> pd.DataFrame:
    frame = bars("A", "B")
    for name, value in cells.items():
        frame.loc[row, name] = value
    return frame


def check(frame: pd.DataFrame, **repair: str):
    return repair_impossible(frame, RepairSettings(**repair), DAYS, SOURCES)


def found(issues: list[DataIssue]) -> list[tuple[str, str, str, str]]:
    return [(issue.severity, issue.rule, f"{issue.symbol} {issue.session}", issue.value) for issue in issues]


def test_good_bars_pass_unchanged():
    clean, issues = check(bars("A", "B"))

    pd.testing.assert_frame_equal(clean, bars("A", "B"))
    assert issues == []


CASES = [
    ("not_finite", "not_finite", {"open": np.nan, "volume": np.inf}, "open is nan, volume is inf"),
    ("not_positive", "not_positive", {"low": 0.0}, "open 10 high 12 low 0 close 11"),
    ("negative_volume", "not_positive", {"volume": -5.0}, "volume -5"),
    ("high_below_low", "high_below_low", {"high": 8.0}, "open 10 high 8 low 9 close 11"),
    ("outside_high_low", "outside_high_low", {"close": 12.5}, "open 10 high 12 low 9 close 12.5"),
    ("outside_high_low", "outside_high_low", {"open": 8.5}, "open 8.5 high 12 low 9 close 11"),
    ("off_calendar", "off_calendar", {"session": pd.Timestamp("2024-01-06")}, "no session (Saturday)"),
]


@pytest.mark.parametrize(("rule", "setting", "cells", "value"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_each_rule_reports_an_error_or_drops_the_row(rule, setting, cells, value):
    frame = with_cell(2, **cells)
    where = f"A {frame['session'][2].date()}"

    _, issues = check(frame, **{setting: "error"})
    kept, repairs = check(frame, **{setting: "drop"})

    assert found(issues) == [("error", rule, where, value)]
    assert f"set data.repair.{setting} to " in issues[0].advice
    assert found(repairs) == [("repair", rule, where, value)]
    pd.testing.assert_frame_equal(kept, bars("A", "B").drop(index=2).reset_index(drop=True))


def test_high_and_low_can_be_swapped_and_the_result_is_checked_again():
    clean, issues = check(with_cell(2, high=9.0, low=12.0), high_below_low="swap")
    _, still_bad = check(with_cell(2, high=9.0, low=10.5), high_below_low="swap")

    assert clean.loc[2, ["high", "low"]].tolist() == [12.0, 9.0]
    assert [issue.rule for issue in issues] == ["high_below_low"]
    assert [(issue.severity, issue.rule) for issue in still_bad] == [
        ("repair", "high_below_low"), ("error", "outside_high_low")]


def test_the_range_can_be_widened():
    clean, issues = check(with_cell(2, open=8.5, close=12.5), outside_high_low="widen")

    assert clean.loc[2, ["open", "high", "low", "close"]].tolist() == [8.5, 12.5, 8.5, 12.5]
    assert [issue.severity for issue in issues] == ["repair"]


@pytest.mark.parametrize(("excess", "is_fault"), [(1e-7, False), (1e-5, True)], ids=["rounding", "fault"])
def test_rounding_of_stored_prices_is_no_fault(excess, is_fault):
    for cells in ({"close": 12 * (1 + excess)}, {"open": 9 * (1 - excess)}):
        _, issues = check(with_cell(2, **cells))

        assert bool(issues) == is_fault


@pytest.mark.parametrize(("setting", "close"), [("keep_first", 11.0), ("keep_last", 11.25)], ids=["first", "last"])
def test_one_of_two_bars_of_a_session_can_be_kept(setting, close):
    frame = bars("A", "B")
    frame = pd.concat([frame.head(3), frame.iloc[[2]].assign(close=11.25), frame.tail(-3)], ignore_index=True)

    _, errors = check(frame)
    clean, repairs = check(frame, duplicates=setting)

    assert [issue.rule for issue in errors] == ["duplicate"]
    assert clean["close"].tolist()[:4] == [10.0, 10.5, close, 11.5]
    dropped = 11.25 if setting == "keep_first" else 11
    assert repairs[0].value == f"close {dropped:g} volume 100 beside close {close:g} volume 100"


def test_the_same_bar_twice_is_still_an_error():
    frame = bars("A")

    _, issues = check(pd.concat([frame.head(2), frame.tail(-1)], ignore_index=True))

    assert found(issues) == [("error", "duplicate", "A 2024-01-03", "the same bar again")]


def test_bars_against_time_are_one_error_per_symbol_or_sorted():
    backward = bars("A", "B").iloc[::-1]

    _, errors = check(backward)
    clean, repairs = check(backward, unsorted="sort")

    assert found(errors) == [("error", "unsorted", "B 2024-01-04", "3 bars come after a later date"),
                             ("error", "unsorted", "A 2024-01-04", "3 bars come after a later date")]
    assert [issue.severity for issue in repairs] == ["repair", "repair"]
    pd.testing.assert_frame_equal(clean, bars("A", "B"))


def test_bars_ordered_by_session_across_symbols_are_in_order():
    assert check(bars("B", "A").sort_values("session", kind="stable"))[1] == []


def test_a_row_that_is_dropped_is_reported_once_and_frees_its_session():
    frame = bars("A")
    frame = pd.concat([frame.assign(close=frame["close"].where(frame.index != 1)), frame.iloc[[1]]])
    frame = frame.sort_values("session", kind="stable")

    clean, issues = check(frame, not_finite="drop")

    assert [issue.rule for issue in issues] == ["not_finite"]
    pd.testing.assert_frame_equal(clean, bars("A"))


def test_the_error_lists_all_faults_and_what_would_handle_them():
    frame = with_cell(6, close=20.0)
    frame.loc[1, "open"] = np.nan

    with pytest.raises(DataError, match="the data hold 2 impossible bars or dates") as caught:
        stop_on_errors(check(frame)[1])

    assert caught.value.faults == (
        "bars.csv: A 2024-01-03: not_finite: open is nan",
        "bars.csv: B 2024-01-04: outside_high_low: open 10 high 12 low 9 close 20",
        "not_finite (1): mend the source, or set data.repair.not_finite to drop",
        "outside_high_low (1): mend the source, or set data.repair.outside_high_low to drop or widen")


def test_a_flood_of_faults_is_cut_and_counted():
    frame = pd.concat([bars("A")] * 30, ignore_index=True).assign(open=np.nan)

    with pytest.raises(DataError) as caught:
        stop_on_errors(check(frame)[1])

    assert caught.value.faults[50] == "... and 70 more"
    assert len(caught.value.faults) == 52


def test_the_report_becomes_json_values_and_a_table():
    _, issues = check(with_cell(2, close=12.5), outside_high_low="drop")
    report = DataReport((), (), tuple(issues), "f" * 64, 2, 4, 7)

    assert report.to_dict()["repairs"][0]["session"] == "2024-01-04"
    assert report.to_table()[["severity", "rule", "symbol"]].to_numpy().tolist() == [
        ["repair", "outside_high_low", "A"]]
    assert DataReport((), (), (), "", 0, 0, 0).to_table().empty
