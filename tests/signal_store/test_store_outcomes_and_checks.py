"""Outcomes of a store, and what a check of it finds."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.store.checks import check_store
from backtrader_system.signals.conviction.store.importing import import_history
from backtrader_system.signals.conviction.store.outcomes import outcomes, record_outcomes
from backtrader_system.signals.conviction.store.store import open_store

SIGNALS = [("a", "TAO", "room", "2026-01-01 10:00"), ("b", "SOL", "room", "2026-02-20 10:00")]


@pytest.fixture
def store(tmp_path, make_history, now):
    with open_store(tmp_path / "signals.sqlite") as opened:
        import_history(opened, make_history(SIGNALS, []), recorded_at=now - timedelta(days=1))
        yield opened


def outcome(name, result, **values):
    return {"signal_id": name, "outcome": result, "won": float("nan"), "ambiguous": False,
            "entry_session": pd.Timestamp("2026-01-02"), "exit_session": pd.NaT, "entry_price": 176.05} | values


def record(store, rows, now, fingerprint="f1"):
    return record_outcomes(store, pd.DataFrame(rows), bars_fingerprint=fingerprint, computed_at=now)


def rules(issues):
    return sorted((issue.rule, issue.ticker) for issue in issues if issue.rule != "missing_block")


def test_outcomes_come_back_as_they_were(store, now):
    record(store, [outcome("a", "target", won=1.0, exit_session=pd.Timestamp("2026-01-09"))], now)
    row = outcomes(store).iloc[0]
    names = ["signal_id", "outcome", "won", "ambiguous", "entry_price", "is_resolved", "bars_fingerprint"]
    assert row[names].tolist() == ["a", "target", 1.0, False, 176.05, True, "f1"]
    assert row["exit_session"] == pd.Timestamp("2026-01-09")
    assert row["computed_at"] == pd.Timestamp(now)


def test_same_outcome_is_kept_once_and_a_changed_one_is_added(store, now):
    waiting = [outcome("a", "censored"), outcome("b", "censored")]
    assert record(store, waiting, now) == 2
    assert record(store, waiting, now, "f2") == 0
    assert record(store, [outcome("a", "stop", won=0.0), waiting[1]], now + timedelta(days=1), "f3") == 1
    assert store.count("outcomes") == 3
    assert outcomes(store)[["signal_id", "outcome", "is_resolved"]].to_numpy().tolist() == [
        ["a", "stop", True], ["b", "censored", False]]


def test_no_outcomes_yet_is_an_empty_table(store):
    table = outcomes(store)
    assert len(table) == 0
    assert {"signal_id", "computed_at", "is_resolved"} <= set(table.columns)


def test_outcome_of_an_unknown_signal_is_refused(store, now):
    with pytest.raises(DataError, match=r"1 outcomes belong to no signal of the store\n  zz"):
        record(store, [outcome("a", "stop"), outcome("zz", "stop")], now)
    assert store.count("outcomes") == 0


def test_check_names_overdue_outcomes_until_they_are_resolved(store, now):
    """On 1 March, 35 days back is 25 January: the signal of 1 January is due, that of 20 February is not."""
    assert ("outcome_overdue", "TAO") in rules(check_store(store, now=now))
    assert ("outcome_overdue", "SOL") not in rules(check_store(store, now=now))
    record(store, [outcome("a", "censored")], now)
    assert ("outcome_overdue", "TAO") in rules(check_store(store, now=now))
    record(store, [outcome("a", "time", won=0.0)], now)
    assert ("outcome_overdue", "TAO") not in rules(check_store(store, now=now))


def test_check_names_edits_repeats_and_late_recordings(store, make_history, now):
    again = [*SIGNALS, ("c", "SOL", "room", "2026-02-20 10:00")]
    for price in (650.0, 176.05):
        import_history(store, make_history(again, [("c", "message", "2026-02-20 10:00", False,
                                                    {"price_at_signal": price})]), recorded_at=now)
    found = check_store(store, now=now)
    assert rules(found) == [("edited", "SOL"), ("outcome_overdue", "TAO"), ("recorded_late", ""),
                            ("same_instant", "SOL"), ("unstamped_block", "")]
    assert {issue.severity for issue in found} == {"warning"}
    values = {issue.rule: issue.value for issue in found}
    assert values["edited"] == "price_at_signal was '650', became '176.05' on 2026-03-01 12:00 UTC"
    assert values["recorded_late"].startswith("3 signals were recorded more than 7 days")


def test_check_counts_missing_blocks(store, now):
    values = [issue.value for issue in check_store(store, now=now) if issue.rule == "missing_block"]
    assert values == [f"2 of 2 signals have no {block}" for block in
                      ("message", "reactions", "trends", "onchain", "scores", "deployment")]


def test_check_finds_a_removed_guard_and_a_back_dated_revision(store, make_history, now):
    price = ("a", "message", "2026-01-01 10:00", False, {"price_at_signal": 5.0})
    import_history(store, make_history(SIGNALS, [price]), recorded_at=now)
    other = sqlite3.connect(store.path)
    other.execute("DROP TRIGGER revisions_no_update")
    other.execute("UPDATE revisions SET known_at = claimed_at")
    other.commit()
    other.close()
    found = [(issue.severity, issue.rule) for issue in check_store(store, now=now) if issue.severity == "excluded"]
    assert found == [("excluded", "guard_missing"), ("excluded", "back_dated")]


def test_check_finds_damage(store, now):
    other = sqlite3.connect(store.path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.execute("PRAGMA foreign_keys = OFF")
    other.execute("DROP TRIGGER signals_no_delete")
    other.execute("INSERT INTO outcomes (signal_id, computed_at, bars_fingerprint, is_resolved, content) "
                  "VALUES ('a', '', '', 1, '{}')")
    other.execute("DELETE FROM signals WHERE signal_id = 'a'")
    other.commit()
    other.close()
    assert [(issue.rule, issue.value) for issue in check_store(store, now=now)] == [
        ("damaged", "1 rows belong to no signal")]


def test_check_finds_overwritten_pages(store, now):
    other = sqlite3.connect(store.path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    pages = bytearray(store.path.read_bytes())
    pages[4096:] = b"\xff" * (len(pages) - 4096)
    store.path.write_bytes(pages)
    with open_store(store.path) as damaged:
        found = check_store(damaged, now=now)
    assert {(issue.severity, issue.rule) for issue in found} == {("excluded", "damaged")}


def test_history_with_few_blocks_and_whole_numbers_is_imported_once(store, make_history, now):
    history = make_history(SIGNALS, [("a", "reactions", "2026-01-01 10:00", False, {"total_reactions": 5.0})])
    whole = history.revisions["reactions"].assign(total_reactions=[5])
    import_history(store, SignalHistory(history.signals, {"reactions": history.revisions["reactions"]}, ()),
                   recorded_at=now)
    report = import_history(store, SignalHistory(history.signals, {"reactions": whole}, ()), recorded_at=now)
    assert (report.added, report.revised, report.unchanged) == (0, 0, 2)
