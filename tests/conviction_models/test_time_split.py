"""Folds by dates written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from backtrader_system.models.conviction.time_split import latest_slice, purged_folds
from backtrader_system.models.conviction.training_rows import ended_before

DECIDED = np.array(["2024-01-01T20", "2024-01-11T20", "2024-01-21T20", "2024-02-10T20", "2024-02-20T20",
                    "2024-03-25T20"], "M8[ns]")
ENDS = np.array(["2024-01-31", "2024-02-08", "2024-02-20", "2024-03-11", "2024-03-21", "2024-04-24"], "M8[ns]")


def sides(folds):
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


def test_a_label_that_reaches_the_test_stretch_does_not_train():
    # Thirds: rows 0-1 train only; the test of 2-3 begins on 21 January, before any label has ended: no fold.
    # The test of 4-5 begins on 20 February: labels of 31 January and 8 February have ended, 20 February's has not.
    assert sides(purged_folds(DECIDED, ENDS, 2, 0)) == [([0, 1], [4, 5])]


def test_the_embargo_leaves_out_labels_that_ended_just_before():
    # 12 days before 20 February is 8 February, and the label of that day has not ended before it.
    assert sides(purged_folds(DECIDED, ENDS, 2, 11)) == [([0, 1], [4, 5])]
    assert sides(purged_folds(DECIDED, ENDS, 2, 12)) == [([0], [4, 5])]


def test_a_label_of_the_day_of_the_decision_is_not_known_yet():
    ends = np.array(["2024-02-19", "2024-02-20"], "M8[ns]")

    assert ended_before(ends, np.datetime64("2024-02-20T23:59"), 0).tolist() == [True, False]


def test_rows_of_one_instant_stay_together():
    decided = np.array(["2024-01-01", "2024-02-01", "2024-02-01", "2024-02-01"], "M8[ns]")

    assert sides(purged_folds(decided, decided, 1, 0)) == [([0], [1, 2, 3])]


def test_one_instant_gives_no_fold():
    decided = np.full(5, np.datetime64("2024-01-01", "ns"))

    assert purged_folds(decided, decided, 4, 0) == []


def test_the_latest_slice_is_the_end_and_purges_what_reaches_into_it():
    # A third of six rows: the last two, from 20 February on.
    slice_ = latest_slice(DECIDED, ENDS, 1 / 3, 0)

    assert (slice_.train.tolist(), slice_.test.tolist()) == ([0, 1], [4, 5])


@pytest.mark.parametrize("seed", range(20))
def test_no_ticker_is_on_both_sides_with_labels_that_overlap(seed):
    rng = np.random.default_rng(seed)
    decided = np.datetime64("2024-01-01", "ns") + np.sort(rng.integers(0, 300, 80)) * np.timedelta64(1, "D")
    ends = decided + rng.integers(0, 60, 80) * np.timedelta64(1, "D")
    ticker = rng.integers(0, 5, 80)
    folds = purged_folds(decided, ends, 5, 1)

    assert folds
    for fold in folds:
        assert decided[fold.train].max() < decided[fold.test].min()
        for row in fold.train:
            same = fold.test[ticker[fold.test] == ticker[row]]
            assert (ends[row] < decided[same]).all()
