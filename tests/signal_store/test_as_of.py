"""What was known of a signal at a moment: never a later revision."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import SignalHistory, as_of, block_counts, first_known_at

TWO = [("a", "TAO", "room", "2024-05-01 10:00"), ("b", "SOL", "room", "2024-05-02 10:00")]
COUNTS = [("a", "reactions", "2024-05-01 12:00", True, {"total_reactions": 5.0}),
          ("a", "reactions", "2024-05-01 20:00", True, {"total_reactions": 9.0, "comment_count": 2.0}),
          ("b", "reactions", "2024-05-02 12:00", True, {"total_reactions": 7.0})]


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True, format="ISO8601")


@pytest.mark.parametrize(("when", "expected"), [
    pytest.param("2024-05-01 11:59", np.nan, id="before-the-first"),
    pytest.param("2024-05-01 12:00", 5.0, id="at-the-instant"),
    pytest.param("2024-05-01 19:59", 5.0, id="before-the-second"),
    pytest.param("2024-06-01", 9.0, id="after-the-second")])
def test_last_revision_known_at_the_decision_counts(make_history, when, expected):
    known = as_of(make_history(TWO, COUNTS), ["a"], utc(when))
    np.testing.assert_equal(known["total_reactions"].tolist(), [expected])


def test_later_revision_replaces_the_whole_block(make_history):
    back = [*COUNTS, ("a", "reactions", "2024-05-03", True, {"total_reactions": 8.0})]
    known = as_of(make_history(TWO, back), ["a"], utc("2024-05-04"))
    assert known["total_reactions"].tolist() == [8.0]
    assert known["comment_count"].isna().all()


def test_rows_follow_the_order_asked_for_and_may_repeat(make_history):
    known = as_of(make_history(TWO, COUNTS), ["b", "a", "a"], utc("2024-06-01", "2024-06-01", "2024-05-01 13:00"))
    assert known["signal_id"].tolist() == ["b", "a", "a"]
    assert known["total_reactions"].tolist() == [7.0, 9.0, 5.0]


def test_signal_never_decided_knows_nothing(make_history):
    known = as_of(make_history(TWO, COUNTS), ["a", "b"], utc("NaT", "2024-06-01"))
    np.testing.assert_equal(known["total_reactions"].tolist(), [np.nan, 7.0])
    assert known["message"].tolist() == ["", ""]


def test_naive_instants_count_as_utc(make_history):
    naive = np.array(["2024-05-01T13:00"], dtype="datetime64[ns]")
    assert as_of(make_history(TWO, COUNTS), ["a"], naive)["total_reactions"].tolist() == [5.0]


def test_unstamped_reactions_can_be_left_out(make_history):
    history = make_history(TWO, [("a", "reactions", "2024-05-01 10:00", False, {"total_reactions": 5.0}),
                                 ("a", "scores", "2024-05-01 10:00", False, {"recorded_score": 8.0})])
    when = utc("2024-05-01 10:00")
    assert as_of(history, ["a"], when)["total_reactions"].tolist() == [5.0]
    strict = as_of(history, ["a"], when, unstamped="missing")
    assert strict["total_reactions"].isna().all()
    assert strict["recorded_score"].tolist() == [8.0]


def test_of_equal_stamps_the_last_recorded_counts(make_history):
    history = make_history(TWO, [COUNTS[0], ("a", "reactions", "2024-05-01 12:00", True, {"total_reactions": 6.0})])
    table = history.revisions["reactions"]
    table = table.assign(recorded_at=utc("2024-05-09", "2024-05-05").astype("datetime64[ns, UTC]"))
    swapped = SignalHistory(history.signals, dict(history.revisions) | {"reactions": table}, ())
    assert as_of(swapped, ["a"], utc("2024-06-01"))["total_reactions"].tolist() == [5.0]


def test_unknown_signal_is_refused(make_history):
    with pytest.raises(DataError, match=r"1 of the signals asked for\n  zz"):
        as_of(make_history(TWO, COUNTS), ["a", "zz"], utc("2024-05-01", "2024-05-01"))


def test_poisoned_future_leaves_the_past_byte_identical(make_history):
    """500 signals with three stamps each; every later stamp gets wild values and new ones are added behind."""
    generator = np.random.default_rng(5)
    start = pd.Timestamp("2024-01-01")
    signals, revisions = [], []
    for number in range(500):
        posted = start + pd.Timedelta(hours=int(generator.integers(0, 4000)))
        signals.append((f"s{number}", "TAO", "room", str(posted)))
        revisions += [(f"s{number}", block, str(posted + pd.Timedelta(hours=hours)), True, {field: hours * 1.0})
                      for hours in (1, 30, 60)
                      for block, field in (("reactions", "total_reactions"), ("trends", "trends_now"))]
    decided = utc(*(str(pd.Timestamp(time) + pd.Timedelta(hours=40)) for _, _, _, time in signals))
    ids = [name for name, *_ in signals]
    limit = dict(zip(ids, decided, strict=True))
    poisoned = [(name, block, known, stamped, {"message": "poison"} if block == "message" else
                 dict.fromkeys(values, -1e9)) if pd.Timestamp(known, tz="UTC") > limit[name] else
                (name, block, known, stamped, values) for name, block, known, stamped, values in revisions]
    late = [(name, "message", str(time.tz_localize(None) + pd.Timedelta(minutes=1)), True, {"message": "poison"})
            for name, time in limit.items()]
    before = as_of(make_history(signals, revisions), ids, decided)
    after = as_of(make_history(signals, [*late, *poisoned]), ids, decided)
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert before["total_reactions"].tolist() == [30.0] * 500


def test_message_is_never_known_before_it_was_posted(make_history):
    history = make_history(TWO, [("a", "message", "2024-04-30", True, {"message": "x"}),
                                 ("b", "message", "2024-05-03", True, {"message": "y"})])
    assert first_known_at(history).tolist() == utc("2024-05-01 10:00", "2024-05-03").tolist()


def test_block_counts_say_what_is_missing_and_unstamped(make_history):
    counts = block_counts(make_history(TWO, [*COUNTS, ("b", "trends", "2024-05-02", False, {"trends_now": 1.0})]))
    assert counts.loc["reactions"].tolist() == [2, 2, 0, 0]
    assert counts.loc["trends"].tolist() == [2, 1, 1, 1]
    assert counts.loc["onchain"].tolist() == [2, 0, 2, 0]
