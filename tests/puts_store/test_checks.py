"""The checklist over a store."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from backtrader_system.puts.files.schemas import DATA
from backtrader_system.puts.store.checks import check_store
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.recording import record_outcomes

DAYS = ("2025-11-27", "2025-11-28", "2025-12-01", "2025-12-02")


@pytest.fixture
def collected(day_files, tmp_path, now):
    """Return a function that collects days, each with changes to its files, and returns the store."""

    def take(**changes):
        for day in DAYS:
            given = changes.get(f"on_{day[5:].replace('-', '_')}", {})
            if given is not None:
                collect(day_files(day, **given), tmp_path / "store", now=now)
        return tmp_path / "store"

    return take


def found(store, now, rule):
    return [(issue.severity, issue.count, issue.example) for issue in check_store(store, now=now) if issue.rule == rule]


def test_a_complete_store_has_nothing_odd(collected, now):
    assert check_store(collected(), now=now) == []


def test_a_session_without_snapshot_is_missing(collected, now):
    store = collected(on_11_28=None)
    assert found(store, now, "missing_day") == [("warning", 1, "2025-11-28")]


def test_weekends_and_todays_session_are_not_missing(collected):
    store = collected()
    assert found(store, datetime(2025, 12, 3, 23, tzinfo=UTC), "missing_day") == []
    # 3 December closed at 16:30 UTC; a day later it is missing.
    assert found(store, datetime(2025, 12, 4, 16, 29, tzinfo=UTC), "missing_day") == []
    assert found(store, datetime(2025, 12, 4, 16, 30, tzinfo=UTC), "missing_day") == [("warning", 1, "2025-12-03")]


def test_a_session_without_probabilities_is_missing(collected, day_files, tmp_path, now):
    for day in DAYS:
        folder = day_files(day)
        path = folder / "probability_history.csv"
        path.write_text("\n".join(line for line in path.read_text().splitlines() if "2025-12-01" not in line) + "\n")
        collect(folder, tmp_path / "store", now=now)
    assert found(tmp_path / "store", now, "missing_probabilities") == [("warning", 1, "2025-12-01")]


def test_an_outcome_is_due_24_hours_after_the_close(collected):
    store = collected()
    # Stockholm closes at 17:30 local time, 16:30 UTC in December.
    assert found(store, datetime(2025, 12, 20, 16, 29, tzinfo=UTC), "outcome_overdue") == []
    [(severity, count, example)] = found(store, datetime(2025, 12, 20, 16, 30, tzinfo=UTC), "outcome_overdue")
    assert (severity, count) == ("warning", 4)
    assert example.startswith("AAK5X240 expired 2025-12-19; AAK5X250")


def test_recorded_outcomes_are_not_overdue_but_may_be_late(collected):
    store = collected()
    table = pd.DataFrame({"contract": ["AAK5X240", "AAK5X250", "ABB5X600"], "expiry": pd.Timestamp("2025-12-19"),
                          "strike": [240.0, 250.0, 600.0], "final_price": [266.0, 266.0, None],
                          "outcome": ["worthless", "worthless", "unknown"], "final_premium": 0.05})
    record_outcomes(store, table[:1], datetime(2025, 12, 20, 9, tzinfo=UTC))
    record_outcomes(store, table[1:], datetime(2025, 12, 23, 9, tzinfo=UTC))
    now = datetime(2025, 12, 23, 10, tzinfo=UTC)
    assert found(store, now, "outcome_late") == [("warning", 1, "AAK5X250 expired 2025-12-19")]
    assert [count for _, count, _ in found(store, now, "outcome_overdue")] == [2]


def test_new_and_lost_columns_are_changes_of_the_schema(collected, now):
    store = collected(on_11_28={"header": (*DATA.names, "Rank")}, on_12_01={"header": DATA.names[:-1]},
                      on_12_02={"header": DATA.names[:-1][::-1]})
    assert found(store, now, "schema_changed") == [(
        "warning", 2, "data.csv on 2025-11-28: +Rank; data.csv on 2025-12-01: -2008_50DaysWorstDecline -Rank")]
    assert found(store, now, "column_order") == [("warning", 1, "data.csv on 2025-12-02")]


def test_a_change_of_the_unit_of_days_to_expiry_is_told(collected, now):
    # 28 November to 19 December and 16 January: 21 and 49 calendar days.
    calendar = {(f"{ticker}{letter}{strike}", "DaysToExpiry"): days
                for ticker, strikes in (("AAK", (240, 250)), ("ABB", (600, 650))) for strike in strikes
                for letter, days in (("5X", "21"), ("6M", "49"))}
    store = collected(on_11_28={"changes": calendar})
    assert found(store, now, "unit_changed") == [(
        "warning", 2, "2025-11-28: sessions became calendar; 2025-12-01: calendar became sessions")]


def test_empty_fields_are_told(collected, now):
    store = collected(on_12_01={"changes": {("AAK5X250", "StockPrice"): "", ("AAK5X240", "X-Day"): "Y"}})
    assert found(store, now, "field_empty") == [(
        "warning", 1, "data.csv on 2025-12-01: StockPrice in 1 of 8 rows")]


def test_a_day_with_fewer_options_and_an_option_that_was_away(collected, now):
    gone = ("AAK5X240", "AAK5X250", "AAK6M240")
    store = collected(on_12_01={"drop": gone})
    assert found(store, now, "fewer_options") == [("warning", 1, "2025-12-01: 5 options, 8 before")]
    [(_, count, example)] = found(store, now, "option_missing")
    assert count == 3
    assert example.startswith("AAK5X240 in 1 snapshots before 2025-12-02")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1")])
def test_damage_is_told_and_not_to_be_trusted(collected, now, damage):
    store = collected()
    damage(store / "stocks" / "date=2025-11-28.parquet")
    [issue] = check_store(store, now=now)
    assert (issue.severity, issue.rule, issue.count) == ("excluded", "damaged", 1)
    assert "stocks/date=2025-11-28.parquet" in issue.example


def test_a_registry_without_its_triggers_is_not_to_be_trusted(collected, now):
    from backtrader_system.puts.store.registry import open_registry

    store = collected()
    with open_registry(store) as registry:
        registry.connection.execute("DROP TRIGGER outcomes_no_update")
    assert [(issue.rule, issue.example) for issue in check_store(store, now=now)] == [
        ("guard_missing", "outcomes_no_update")]
