"""The signal store: append-only, idempotent, safe to kill, safe to share."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import as_of
from backtrader_system.signals.conviction.reading.read_signals import read_signals
from backtrader_system.signals.conviction.store.importing import add_signal, import_history
from backtrader_system.signals.conviction.store.revisions import edits, history_of
from backtrader_system.signals.conviction.store.store import open_store

HEADER = "ticker,source,signal_time,price_at_signal,total_reactions,reactions_known_at\n"
TAO = "TAO,Room,2026-02-06T10:00:00Z,{price},{reactions},{stamp}\n"
FIRST = TAO.format(price=650, reactions=5, stamp="2026-02-06T12:00:00Z")


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "signals.sqlite") as opened:
        yield opened


@pytest.fixture
def imported(store, write):
    """Import rows at a moment."""
    def run(rows, moment):
        return import_history(store, read_signals(write(HEADER + rows), now=moment, keep_reposts=True),
                              recorded_at=moment)
    return run


def counts(report):
    return (report.added, report.revised, report.unchanged, report.excluded)


def prices_at(store, *moments):
    history = history_of(store)
    ids = [history.signals["signal_id"].iloc[0]] * len(moments)
    return as_of(history, ids, [pd.Timestamp(moment, tz="UTC") for moment in moments])


def test_same_import_twice_adds_nothing(imported, store, now):
    rows = FIRST + "SOL,Room,2026-02-07T10:00:00Z,,,\n"
    assert counts(imported(rows, now)) == (2, 0, 0, 0)
    assert counts(imported(rows, now + timedelta(days=1))) == (0, 0, 2, 0)
    assert store.count("revisions") == 2
    assert len(edits(store)) == 0


def test_history_survives_the_store_unchanged(imported, store, write, now):
    path = write("signal_id,ticker,asset_type,source,signal_time,message,reactions,reactions_known_at,trends_now,"
                 "deployed,notes\na,TAO,crypto,Room,2026-02-06T10:00:00.123456Z,buy \u00fc,\"{\"\"\U0001f525\"\": 3}\","
                 "2026-02-06T12:00:00Z,0.1,YES,x\nb,SOL,,Room,2026-02-05,,,,,,\n")
    history = read_signals(path, now=now)
    import_history(store, history, recorded_at=now)
    back = history_of(store)
    pd.testing.assert_frame_equal(back.signals, history.signals)
    for block, table in history.revisions.items():
        found = back.revisions[block]
        pd.testing.assert_frame_equal(found.drop(columns="recorded_at"), table.drop(columns="recorded_at"))
        assert (found["recorded_at"] == pd.Timestamp(now)).all()


def test_edited_price_counts_from_its_recording_on_and_is_visible(imported, store, now):
    """The original's own accident: the TAO entry of 650 was rewritten to 176.05 afterwards."""
    imported(FIRST, now)
    report = imported(FIRST.replace("650", "176.05"), now + timedelta(days=3))
    assert counts(report) == (0, 1, 0, 0)
    known = prices_at(store, "2026-02-06 10:00", "2026-03-04 11:59:59", "2026-03-04 12:00")
    assert known["price_at_signal"].tolist() == [650.0, 650.0, 176.05]
    change = edits(store).iloc[0]
    assert change[["ticker", "block", "field", "old", "new", "kind"]].tolist() == [
        "TAO", "message", "price_at_signal", "650", "176.05", "edit"]
    assert change["when"] == pd.Timestamp("2026-03-04 12:00", tz="UTC")


def test_editing_back_is_a_third_revision(imported, store, now):
    for day, price in enumerate(("650", "176.05", "650")):
        imported(FIRST.replace("650", price), now + timedelta(days=day))
    assert edits(store)[["old", "new"]].to_numpy().tolist() == [["650", "176.05"], ["176.05", "650"]]


def test_later_count_is_an_observation_known_when_recorded(imported, store, now):
    imported(FIRST, now)
    later = FIRST + TAO.format(price=650, reactions=9, stamp="2026-02-07T12:00:00Z")
    assert counts(imported(later, now + timedelta(days=1))) == (0, 1, 0, 0)
    known = prices_at(store, "2026-02-08", "2026-03-02 12:00")
    assert known["total_reactions"].tolist() == [5.0, 9.0]
    assert edits(store)[["field", "old", "new", "kind"]].to_numpy().tolist() == [
        ["total_reactions", "5", "9", "observation"]]
    assert counts(imported(later, now + timedelta(days=2))) == (0, 0, 1, 0)


def test_correction_of_an_old_count_never_hides_a_newer_one(imported, store, now):
    both = FIRST + TAO.format(price=650, reactions=9, stamp="2026-02-07T12:00:00Z")
    imported(both, now)
    imported(both.replace(",5,", ",6,"), now + timedelta(days=1))
    known = prices_at(store, "2026-02-06 13:00", "2026-02-08", "2026-04-01")
    assert known["total_reactions"].tolist() == [5.0, 9.0, 9.0]
    assert edits(store)[["old", "new", "kind"]].to_numpy().tolist() == [["5", "6", "edit"]]


def test_identity_of_a_signal_cannot_change(store, write, now):
    text = "signal_id,ticker,source,signal_time\na,{},Room,2026-02-06T10:00:00Z\n"
    import_history(store, read_signals(write(text.format("TAO")), now=now), recorded_at=now)
    report = import_history(store, read_signals(write(text.format("SOL")), now=now), recorded_at=now)
    assert counts(report) == (0, 0, 0, 1)
    assert report.issues[-1].rule == "id_of_another_signal"
    assert history_of(store).signals["ticker"].tolist() == ["TAO"]


def test_unknown_asset_type_may_be_filled_in_once(store, write, now):
    text = "signal_id,ticker,asset_type,source,signal_time\na,TAO,{},Room,2026-02-06T10:00:00Z\n"
    for kind, expected in (("", ""), ("crypto", "crypto"), ("stock", "crypto"), ("", "crypto")):
        import_history(store, read_signals(write(text.format(kind)), now=now), recorded_at=now)
        assert history_of(store).signals["asset_type"].tolist() == [expected]


@pytest.mark.parametrize("statement", [
    "UPDATE revisions SET content = '{}'", "DELETE FROM revisions", "DELETE FROM signals",
    "UPDATE signals SET ticker = 'SOL'", "UPDATE signals SET asset_type = 'crypto', ticker = 'SOL'",
    "INSERT OR REPLACE INTO revisions SELECT revision_id, signal_id, block, kind, claimed_at, known_at, recorded_at, "
    "is_stamped, '{}' FROM revisions",
    "INSERT OR REPLACE INTO signals SELECT signal_id, 'SOL', '', source, signal_time, recorded_at, 0 FROM signals"])
def test_any_program_is_refused_to_rewrite_the_past(imported, store, now, statement):
    imported(FIRST, now)
    other = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        other.execute(statement)
    other.close()


def test_revision_without_its_signal_is_refused(store):
    with pytest.raises(DataError, match="FOREIGN KEY"), store.transaction() as connection:
        connection.execute("INSERT INTO revisions (signal_id, block, kind, claimed_at, known_at, recorded_at, "
                           "is_stamped, content) VALUES ('ghost', 'message', 'first', '', '', '', 0, '{}')")


def test_clock_that_went_back_is_refused(imported, now):
    imported(FIRST, now)
    with pytest.raises(DataError, match="check the clock"):
        imported(FIRST, now - timedelta(minutes=6))


def test_writer_that_waited_records_no_earlier_than_the_one_before(imported, store, now):
    imported(FIRST, now)
    imported(FIRST.replace("650", "176.05"), now - timedelta(seconds=30))
    assert edits(store)["when"].tolist() == [pd.Timestamp(now)]


def test_simulated_and_real_signals_do_not_mix(imported, store, make_history, now):
    imported(FIRST, now)
    made_up = make_history([("x", "TAO", "room", "2026-01-01")], [], is_simulated=True)
    with pytest.raises(DataError, match="simulated and real"):
        import_history(store, made_up, recorded_at=now)


def test_store_is_read_like_any_file_whatever_its_name(imported, store, now):
    imported(FIRST, now)
    history = read_signals(store.path, now=now)
    assert history.signals["ticker"].tolist() == ["TAO"]
    assert not history.is_simulated


def test_empty_store_and_foreign_database_are_refused(tmp_path, store, now):
    with pytest.raises(DataError, match="is empty"):
        read_signals(store.path, now=now)
    foreign = sqlite3.connect(tmp_path / "other.db")
    foreign.execute("CREATE TABLE cats (name TEXT)")
    foreign.close()
    with pytest.raises(DataError, match="no signal store"):
        open_store(tmp_path / "other.db")
    with pytest.raises(DataError, match="no such signal store"):
        open_store(tmp_path / "none.db", must_exist=True)
    (tmp_path / "text.db").write_text("not a database at all, but long enough to look at")
    with pytest.raises(DataError, match="not a database"):
        open_store(tmp_path / "text.db")


def test_store_of_a_newer_version_is_refused(tmp_path, store):
    other = sqlite3.connect(store.path)
    other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(DataError, match="has version 2, this program knows 1"):
        open_store(store.path)


def many(make_history, count=3000):
    signals = [(f"s{number}", "TAO", "room", str(pd.Timestamp("2025-01-01") + timedelta(minutes=number)))
               for number in range(count)]
    return make_history(signals, [(name, "message", when, True, {"message": "x"}) for name, _, _, when in signals])


def test_error_in_the_middle_leaves_the_store_as_it_was(imported, store, make_history, now):
    imported(FIRST, now)
    seen = []
    # SQLite asks this after every 1,000 of its instructions; the tenth answer stops the statement.
    store.connection.set_progress_handler(lambda: seen.append(store.connection.in_transaction) or len(seen) > 9, 1000)
    with pytest.raises(DataError, match=r"interrupted.*Nothing was written"):
        import_history(store, many(make_history), recorded_at=now)
    store.connection.set_progress_handler(None, 0)
    assert seen[-1] is True
    assert (store.count("signals"), store.count("revisions")) == (1, 2)
    assert counts(import_history(store, many(make_history), recorded_at=now)) == (3000, 0, 0, 0)


KILLED = """
    import os, signal, sys
    from datetime import datetime, UTC
    from pathlib import Path
    from backtrader_system.signals.conviction.reading.read_signals import read_signals
    from backtrader_system.signals.conviction.store.store import open_store
    from backtrader_system.signals.conviction.store.importing import import_history

    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    store = open_store(Path(sys.argv[1]))
    history = read_signals(Path(sys.argv[2]), now=now)

    steps = []
    def count():
        steps.append(1)
        if len(steps) == 60:
            rows = store.connection.total_changes
            print(store.connection.in_transaction, 3000 < rows < 9001, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return 0
    store.connection.set_progress_handler(count, 1000)
    import_history(store, history, recorded_at=now)
"""


def test_killed_import_leaves_the_store_as_it_was(imported, store, write, now):
    imported(FIRST, now - timedelta(days=1))
    rows = "".join(f"s{number},TAO,room,{1_740_000_000 + number * 60},text {number}\n" for number in range(3000))
    path = write("signal_id,ticker,source,signal_time,message\n" + rows, "many.csv")
    program = textwrap.dedent(KILLED)
    done = subprocess.run([sys.executable, "-c", program, str(store.path), str(path)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.split() == [b"True", b"True"]       # in the transaction, after the first rows were written
    with open_store(store.path) as reopened:
        assert (reopened.count("signals"), reopened.count("revisions")) == (1, 2)
        history = read_signals(path, now=now)
        assert counts(import_history(reopened, history, recorded_at=now)) == (3000, 0, 0, 0)


def test_second_writer_waits_for_the_first(store, make_history, now):
    store.connection.execute("BEGIN IMMEDIATE")
    reports = []

    def second():
        with open_store(store.path) as other:
            reports.append(import_history(other, many(make_history, 5), recorded_at=now))

    writer = threading.Thread(target=second)
    writer.start()
    time.sleep(0.3)
    assert reports == []
    store.connection.execute("COMMIT")
    writer.join(timeout=30)
    assert [counts(report) for report in reports] == [(5, 0, 0, 0)]


def test_second_writer_gives_up_with_a_clear_message_and_readers_go_on(imported, store, make_history, now):
    imported(FIRST, now)
    store.connection.execute("BEGIN IMMEDIATE")
    with open_store(store.path, busy_seconds=0.1) as other:
        with pytest.raises(DataError, match="another process is writing"):
            import_history(other, many(make_history, 5), recorded_at=now)
        assert len(history_of(other).signals) == 1
    store.connection.execute("ROLLBACK")


def test_one_signal_is_added_like_a_row_of_a_file(store, now):
    values = {"ticker": "$tao", "signal_time": "2026-02-06T10:00:00Z", "source": "Room", "price": "176.05",
              "reactions": '{"fire": 3}', "deployed": "no"}
    report = add_signal(store, values, recorded_at=now)
    assert counts(report) == (1, 0, 0, 0)
    assert report.lines()[0] == "1 signals added, 0 revised (0 revisions), 0 unchanged, 0 rows excluded"
    known = prices_at(store, "2026-03-02")
    assert known[["ticker", "price_at_signal", "reactions", "deployed"]].to_numpy().tolist() == [
        ["TAO", 176.05, '{"fire": 3}', 0.0]]
    assert np.isnan(known["trends_now"].iloc[0])


def test_unknown_field_or_impossible_signal_is_not_added(store, now):
    with pytest.raises(DataError, match=r"no such fields\n  columns mood"):
        add_signal(store, {"ticker": "TAO", "signal_time": "2026-02-06", "mood": "good"}, recorded_at=now)
    with pytest.raises(DataError, match="no usable signal"):
        add_signal(store, {"ticker": "TAO", "signal_time": "2027-02-06"}, recorded_at=now)
    assert store.count("signals") == 0
