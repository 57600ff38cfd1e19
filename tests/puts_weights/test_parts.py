"""Splits in time, differences of areas, the null of the search and the word that comes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from backtrader_system.puts.weights.areas import Difference, area, area_difference
from backtrader_system.puts.weights.deflation import SearchNull, effective_trials, search_null
from backtrader_system.puts.weights.recommendation import recommendation
from backtrader_system.puts.weights.tenths import ranked_rows
from backtrader_system.puts.weights.time_split import growing_folds, split_by_expiry


def dated(expiries: list[str], days_before: int) -> pd.DataFrame:
    expiry = pd.to_datetime(expiries)
    return pd.DataFrame({"expiry": expiry, "quote_date": expiry - pd.Timedelta(days=days_before)})


EIGHT = [str(day.date()) for day in pd.date_range("2024-01-05", periods=8, freq="28D")]


def test_the_earliest_expiries_choose_and_the_latest_test():
    split = split_by_expiry(dated(EIGHT[::-1], 20), 0.5, 0.25)
    assert (split.train.tolist(), split.validation.tolist(), split.test.tolist()) == ([4, 5, 6, 7], [2, 3], [0, 1])


def test_a_row_that_ends_after_the_next_part_began_is_left_out():
    split = split_by_expiry(dated(EIGHT, 28), 0.5, 0.25)          # the next expiry is judged on the day of this one
    assert (split.train.tolist(), split.validation.tolist(), split.test.tolist()) == ([0, 1, 2], [4], [6, 7])
    assert split.n_purged == 2


def test_options_of_one_expiry_stay_together():
    split = split_by_expiry(dated([day for day in EIGHT for _ in range(3)], 5), 0.5, 0.25)
    assert [len(split.train), len(split.validation), len(split.test)] == [12, 6, 6]


def test_a_fold_trains_on_all_that_came_before_it():
    pairs = growing_folds(dated(EIGHT[:6], 5), 2)
    assert [(train.tolist(), test.tolist()) for train, test in pairs] == [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]


def two_scores(n: int = 240, clusters: int = 12) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(5)
    truth = random.standard_normal(n)
    good, bad = np.round(truth + random.standard_normal(n), 1), np.round(random.standard_normal(n), 1)
    return good, bad, random.random(n) < 1 / (1 + np.exp(-truth)), np.repeat(np.arange(clusters), n // clusters)


def test_an_interval_is_that_of_drawing_whole_expiry_dates():
    good, bad, worthless, cluster = two_scores()
    found = area_difference(good, bad, worthless, cluster, confidence=0.95, samples=300, seed=9)
    drawn = np.random.default_rng(9).multinomial(12, np.full(12, 1 / 12), size=300)[:, cluster]
    gaps = [roc_auc_score(worthless, good, sample_weight=one) - roc_auc_score(worthless, bad, sample_weight=one)
            for one in drawn]
    reach = 2.200985 * np.std(gaps, ddof=1) * np.sqrt(12 / 11)           # t of 11 degrees of freedom, 97.5 %
    assert found.value == pytest.approx(roc_auc_score(worthless, good) - roc_auc_score(worthless, bad), abs=1e-12)
    assert [found.low, found.high] == pytest.approx([found.value - reach, found.value + reach], abs=1e-6)


def test_nine_expiry_dates_give_no_interval():
    good, bad, worthless, cluster = two_scores(clusters=12)
    kept = cluster < 9
    found = area_difference(good[kept], bad[kept], worthless[kept], cluster[kept], confidence=0.95, samples=50, seed=1)
    assert np.isnan(found.low)
    assert found.note == "9 expiry dates, fewer than 10"


def test_one_outcome_has_no_area():
    assert np.isnan(area(np.array([1.0, 2.0]), np.array([True, True])))


def test_independent_trials_count_as_many_as_they_are():
    areas = np.random.default_rng(1).standard_normal((50, 4000))
    assert effective_trials(areas) == pytest.approx(50, rel=0.15)


def test_the_same_trial_a_hundred_times_is_one():
    areas = np.repeat(np.random.default_rng(1).standard_normal((1, 2000)), 100, axis=0)
    assert effective_trials(areas) == pytest.approx(1.0, abs=0.6)


def test_between_expiries_luck_is_no_skill():
    # The factor separates a good date from a bad one perfectly and says nothing within either.
    random = np.random.default_rng(4)
    expiry = np.repeat([0, 1], 200)
    worthless = np.concatenate([np.ones(190), np.zeros(10), np.zeros(190), np.ones(10)])
    factors = np.column_stack([np.where(expiry == 0, 80.0, 20.0) + random.random(400), random.random(400)])
    rows = ranked_rows(factors, worthless)
    found = search_null(rows, expiry[rows.row], np.array([[1, 0], [1, 1]]), shuffles=99, seed=2)
    assert found.best > 0.9
    assert found.p_value > 0.05


def test_shrinkage_is_what_the_search_does_not_explain():
    null = SearchNull(best=0.60, null_best=0.54, null_mean=0.50, p_value=0.01, effective_trials=6.0, n_vectors=1,
                      n_shuffles=99)
    assert null.shrinkage == pytest.approx(1 - 0.04 / 0.10)


GOOD = SearchNull(0.62, 0.53, 0.50, 0.01, 6.0, 100, 99)
LUCKY = SearchNull(0.53, 0.53, 0.50, 0.40, 6.0, 100, 99)
BETTER = Difference(0.05, 0.02, 0.08, 15, "")


@pytest.mark.parametrize(("inputs", "word", "reason"), [
    pytest.param((30, GOOD, 0.02, BETTER), "change", "improved the test part by +0.050 of AUC", id="all-agree"),
    pytest.param((9, GOOD, 0.02, BETTER), "not_enough_evidence", "9 expiry dates to choose", id="few-to-choose"),
    pytest.param((30, GOOD, 0.02, Difference(0.05, np.nan, np.nan, 4, "few")), "not_enough_evidence", "4 to test them",
                 id="few-to-test"),
    pytest.param((30, LUCKY, 0.02, BETTER), "keep", "factors that say nothing reach 0.530 (p = 0.40)", id="luck"),
    pytest.param((30, GOOD, -0.01, BETTER), "keep", "0.010 of AUC worse", id="not-confirmed"),
    pytest.param((30, GOOD, 0.02, Difference(0.009, 0.001, 0.02, 15, "")), "keep", "too little", id="small"),
    pytest.param((30, GOOD, 0.02, Difference(0.05, -0.01, 0.11, 15, "")), "not_enough_evidence", "-0.010 to +0.110",
                 id="wide"),
    pytest.param((30, GOOD, np.nan, BETTER), "not_enough_evidence", "ended the same way", id="one-outcome"),
])
def test_weights_change_only_when_all_agree(inputs, word, reason):
    found, text = recommendation(*inputs, 0.01)
    assert found == word
    assert reason in text
