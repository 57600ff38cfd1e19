"""The same signal under two ids."""

from __future__ import annotations

import pandas as pd

from backtrader_system.signals.conviction.reading.duplicates import repost_issues, without_reposts
from backtrader_system.signals.conviction.reading.read_signals import read_signals

TEXT = "TAO looks strong to me, accumulating"


def said(name, time, text=TEXT):
    return (name, "message", time, True, {"message": text})


def removed(history):
    return [(issue.signal_id, issue.rule) for issue in repost_issues(history)]


def test_second_id_at_the_same_instant_is_removed_and_listed(make_history):
    history = make_history([("a", "TAO", "room", "2024-05-01 10:00"), ("b", "TAO", "room", "2024-05-01 10:00"),
                            ("c", "TAO", "other", "2024-05-01 10:00"), ("d", "SOL", "room", "2024-05-01 10:00")], [])
    assert removed(history) == [("b", "same_instant")]
    kept = without_reposts(history)
    assert kept.signals["signal_id"].tolist() == ["a", "c", "d"]
    assert [issue.value for issue in kept.issues] == ["repeats signal 'a' of 2024-05-01 10:00 UTC"]


def test_two_signals_of_one_day_without_times_are_both_kept(make_history):
    day = "2024-05-01 23:59:59"
    assert removed(make_history([("a", "TAO", "room", day), ("b", "TAO", "room", day)], [])) == []


def test_repost_within_24_hours_of_the_kept_one_is_removed(make_history):
    times = {"a": "2024-05-01 10:00", "b": "2024-05-02 09:00", "c": "2024-05-02 10:00", "d": "2024-05-02 10:01",
             "e": "2024-05-03 10:01"}
    signals = [(name, "TAO", f"room {name}", time) for name, time in times.items()]
    history = make_history(signals, [said(name, time) for name, time in times.items()])
    # d comes 24 hours and a minute after a, so it is kept; e comes 24 hours after d.
    assert removed(history) == [("b", "repost"), ("c", "repost"), ("e", "repost")]


def test_case_and_blanks_do_not_make_a_new_message(make_history):
    signals = [("a", "TAO", "x", "2024-05-01 10:00"), ("b", "TAO", "y", "2024-05-01 11:00")]
    history = make_history(signals, [said("a", "2024-05-01"), said("b", "2024-05-01", f"  {TEXT.upper()} \n")])
    assert removed(history) == [("b", "repost")]


def test_short_messages_and_other_tickers_are_no_reposts(make_history):
    signals = [("a", "TAO", "x", "2024-05-01 10:00"), ("b", "TAO", "y", "2024-05-01 11:00"),
               ("c", "SOL", "x", "2024-05-01 10:30")]
    short = make_history(signals, [said(name, "2024-05-01", "buy TAO") for name in "ab"])
    assert removed(short) == []
    other = make_history(signals, [said("a", "2024-05-01"), said("c", "2024-05-01")])
    assert removed(other) == []


def test_later_posts_never_remove_earlier_ones(make_history):
    """Adding signals behind leaves what was kept before unchanged."""
    early = [("b", "TAO", "x", "2024-05-01 10:00"), ("c", "TAO", "y", "2024-05-01 12:00")]
    late = [("a", "TAO", "z", "2024-05-01 13:00"), ("0", "TAO", "x", "2024-05-01 10:00:01")]
    texts = [said(name, "2024-05-01") for name in ("b", "c", "a", "0")]
    assert removed(make_history(early, texts[:2])) == [("c", "repost")]
    assert ("b", "repost") not in removed(make_history([*early, *late], texts))


def test_file_is_counted_once_but_a_store_may_keep_reposts(write, now):
    path = write(f'ticker,source,signal_time,message\nTAO,a,2026-02-01T10:00:00Z,"{TEXT}"\n'
                 f'TAO,b,2026-02-01T11:00:00Z,"{TEXT}"\n')
    assert [issue.source for issue in read_signals(path, now=now).issues if issue.rule == "repost"] == ["signals.csv:3"]
    everything = read_signals(path, now=now, keep_reposts=True)
    assert len(everything.signals) == 2
    assert everything.issues == ()
    assert isinstance(everything.signals["signal_time"].dtype, pd.DatetimeTZDtype)
