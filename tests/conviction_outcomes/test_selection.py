"""Which signals are chosen, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.signals.conviction.selection import select_best, select_threshold, select_top

NAN = np.nan


def days(*numbers):
    return pd.DatetimeIndex(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(list(numbers), unit="D"))


def causal(score, decided, **options):
    options = {"fraction": 0.25, "trailing_days": 90, "min_earlier": 4} | options
    when = days(*decided)
    return select_top(np.array(score, dtype=float), when, when, np.array(["T"] * len(when)), causal=True, **options)


def test_score_is_compared_with_earlier_closes_only():
    """Four earlier scores 1 to 4, a quarter of them is 1: chosen with fewer than one above, so from 4 on."""
    chosen = causal([1, 2, 3, 4, 5, 4, 3.5, 9], [0, 1, 2, 3, 4, 4, 4, 4])
    assert chosen.is_selected.tolist() == [False] * 4 + [True, True, False, True]      # 4 has half a score above it
    assert chosen.threshold[4:].tolist() == [4.0] * 4


def test_too_few_earlier_scores_choose_nothing_and_say_so():
    chosen = causal([1, 2, 3, 9], [0, 1, 2, 3])
    assert not chosen.is_selected.any()
    assert chosen.reason[3] == "only 3 earlier scores within 90 days, 4 needed"


def test_old_scores_are_forgotten():
    """A fifth of five scores is one: with the 9 among them, one is above the 5."""
    scores, options = [9, 1, 1, 1, 1, 5], {"trailing_days": 50, "fraction": 0.2}
    assert causal(scores, [49, 50, 60, 70, 80, 100], **options).is_selected[-1]
    assert not causal(scores, [50, 50, 60, 70, 80, 100], **options).is_selected[-1]


def test_equal_scores_are_not_all_chosen():
    """Ten equal scores earlier: half of them, five, is not below a quarter of ten."""
    assert not causal([7.0] * 11, [0] * 10 + [1]).is_selected.any()


def test_signals_without_any_score_choose_nothing():
    chosen = causal([NAN, NAN], [0, 1])
    assert not chosen.is_selected.any()
    assert np.isnan(chosen.threshold).all()


def test_missing_score_is_neither_chosen_nor_counted():
    chosen = causal([1, 2, 3, NAN, NAN, 9], [0, 1, 2, 3, 4, 5])
    assert chosen.reason[[4, 5]].tolist() == ["no score", "only 3 earlier scores within 90 days, 4 needed"]


@pytest.mark.parametrize("seed", range(4))
def test_causal_choice_is_that_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    score = np.where(rng.random(300) < 0.1, NAN, rng.integers(0, 30, 300) / 10)
    decided = rng.integers(0, 200, 300)
    chosen = causal(score, decided, fraction=0.1, trailing_days=40, min_earlier=10)
    for n in range(300):
        earlier = [score[m] for m in range(300) if score[m] == score[m] and 0 < decided[n] - decided[m] <= 40]
        above = sum(value > score[n] for value in earlier) + sum(value == score[n] for value in earlier) / 2
        expected = score[n] == score[n] and len(earlier) >= 10 and above / len(earlier) < 0.1
        assert chosen.is_selected[n] == expected, n
        if expected or chosen.reason[n] == "score below the threshold":
            assert score[n] >= chosen.threshold[n] if expected else score[n] <= chosen.threshold[n]


def test_causal_choice_does_not_depend_on_later_scores():
    rng = np.random.default_rng(0)
    score, decided = rng.normal(size=500), np.sort(rng.integers(0, 300, 500))
    before = causal(score, decided, fraction=0.1)
    later = decided >= 200
    after = causal(np.where(later, rng.normal(5, 3, 500), score), decided, fraction=0.1)
    assert (before.is_selected[~later] == after.is_selected[~later]).all()
    assert (before.is_selected[later] != after.is_selected[later]).any()


@pytest.mark.parametrize(("n_signals", "expected"), [(87, 9), (30, 3), (90, 9), (1, 1), (9, 1), (11, 2)])
def test_whole_sample_takes_the_ceiling_and_at_least_one(n_signals, expected):
    when = days(*range(n_signals))
    chosen = select_top(np.arange(n_signals) / 10, when, when, np.array(["T"] * n_signals), fraction=0.1, causal=False)
    assert chosen.is_selected.sum() == expected
    assert chosen.is_selected[-expected:].all()


def test_last_bit_of_a_product_adds_no_signal():
    """0.07 * 100 is 7.000000000000001 to a computer."""
    chosen = select_top(np.arange(100.0), days(*range(100)), days(*range(100)), np.array(["T"] * 100), fraction=0.07,
                        causal=False)
    assert chosen.is_selected.sum() == 7


def test_ties_go_to_the_earlier_signal_then_by_ticker():
    chosen = select_best(np.array([5.0, 5, 5, 4]), days(2, 1, 1, 0), np.array(["A", "C", "B", "A"]), 2)
    assert chosen.is_selected.tolist() == [False, True, True, False]
    chosen = select_best(np.array([5.0, 5, 5, 4]), days(2, 1, 1, 0), np.array(["A", "C", "B", "A"]), 1)
    assert chosen.is_selected.tolist() == [False, False, True, False]


def test_missing_scores_are_never_among_the_best():
    chosen = select_best(np.array([NAN, 1.0, NAN]), days(0, 1, 2), np.array(["A", "B", "C"]), 3)
    assert chosen.is_selected.tolist() == [False, True, False]
    assert chosen.reason.tolist() == ["no score", "", "no score"]


def test_nothing_to_choose_from():
    chosen = select_best(np.array([NAN]), days(0), np.array(["A"]), 3)
    assert not chosen.is_selected.any()
    assert np.isnan(chosen.threshold).all()


def test_threshold_is_included():
    assert select_threshold(np.array([7.0, 6.9, 8, NAN]), 7).is_selected.tolist() == [True, False, True, False]
