"""Nothing is found where nothing is, and better weights are found where they are planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted_rows import planted_rows
from scipy.stats import kstest
from sklearn.metrics import roc_auc_score

from backtrader_system.errors import DataError
from backtrader_system.puts.weights.evidence import FACTOR_NAMES
from backtrader_system.puts.weights.grid import all_weights
from backtrader_system.puts.weights.learned import learned_weights
from backtrader_system.puts.weights.study import WeightStudy, optimise_weights
from backtrader_system.settings.puts import FactorWeights, WeightSearchSettings

COARSE, FEW = all_weights(step=10), all_weights(step=25)
PLANTED = {"current_performance": 1.0}           # which weighs least in the weights of the owner


def study(rows: pd.DataFrame, seed: int = 1, **options: object) -> WeightStudy:
    settings = WeightSearchSettings(folds=2, **options.pop("settings", {}))
    return optimise_weights(rows, settings, FactorWeights(), seed, **{"vectors": COARSE, "samples": 400} | options)


@pytest.fixture(scope="module")
def planted() -> WeightStudy:
    return study(planted_rows(1, strength=PLANTED))


def test_useless_factors_never_change_the_weights():
    words = [study(planted_rows(seed, n_expiries=44, per_expiry=30), vectors=FEW).recommendation for seed in range(12)]
    assert set(words) <= {"keep", "not_enough_evidence"}


def test_better_weights_that_are_planted_are_found():
    words = [study(planted_rows(seed, strength=PLANTED), vectors=FEW).recommendation for seed in range(8)]
    assert words == ["change"] * 8


@pytest.mark.nightly
def test_over_200_seeds_useless_factors_change_nothing_and_their_p_value_is_uniform():
    found = [study(planted_rows(seed, n_expiries=44, per_expiry=30), vectors=FEW) for seed in range(200)]
    assert sum(one.recommendation == "change" for one in found) <= 2
    # Shuffles make p a multiple of 1/100; spreading it within its step makes it continuous.
    p = np.array([one.figures["search_p"] for one in found]) - np.random.default_rng(1).random(200) / 100
    assert kstest(p, "uniform").pvalue > 0.01


def test_the_planted_factor_gets_the_most_weight(planted):
    assert FACTOR_NAMES[int(np.argmax(planted.best))] == "current_performance"
    assert planted.figures["best_test_auc"] > planted.figures["current_test_auc"]


def test_weights_that_are_good_already_are_kept():
    alike = dict.fromkeys(FACTOR_NAMES, 0.4)
    found = optimise_weights(planted_rows(3, strength=alike), WeightSearchSettings(folds=2),
                             np.full(6, 100 / 6), 1, vectors=COARSE, samples=400)
    assert found.recommendation == "keep"


def test_six_expiry_dates_are_not_enough_however_good_they_look():
    found = study(planted_rows(1, strength={"current_performance": 3.0}, n_expiries=6))
    assert found.recommendation == "not_enough_evidence"
    assert found.figures["test_difference_low"] is None
    assert "fewer than 10" in found.figures["test_difference_low_note"]


def test_the_test_part_has_no_say_in_the_choice(planted):
    rows = planted_rows(1, strength=PLANTED)
    later = rows["expiry"] >= rows["expiry"].unique()[24]
    rows.loc[later, list(FACTOR_NAMES)] = rows.loc[later, list(FACTOR_NAMES)].to_numpy()[::-1]
    rows.loc[later, "worthless"] = 1 - rows.loc[later, "worthless"]
    poisoned = study(rows)
    assert poisoned.best.tolist() == planted.best.tolist()
    assert poisoned.figures["search_p"] == planted.figures["search_p"]
    assert poisoned.recommendation == "keep"


def test_the_listed_areas_are_those_of_scikit_learn(planted):
    rows = planted_rows(1, strength=PLANTED)
    place = pd.Index(rows["expiry"].unique()).get_indexer(rows["expiry"])
    chosen = {"train": place < 24, "validation": (place >= 24) & (place < 36), "test": place >= 36}
    tenths = np.rint(rows[list(FACTOR_NAMES)].to_numpy() * 10)
    for _, line in planted.tables["weight_optimization"].iloc[[0, 500, -4, -3, -2]].iterrows():
        score = tenths @ np.rint(line[list(FACTOR_NAMES)].astype(float) * 100)
        for part, kept in chosen.items():
            expected = roc_auc_score(rows["worthless"][kept], score[kept])
            assert line[f"{part}_auc"] == pytest.approx(expected, abs=1e-12)


def test_the_list_ends_with_the_weights_it_is_compared_with(planted):
    table = planted.tables["weight_optimization"]
    assert table["role"].tolist()[-4:] == ["best", "current", "equal", "shrunk"]
    assert table["rank"].iloc[0] == table.set_index("role").loc["best", "rank"] == 1
    assert table["train_auc"].iloc[:1000].is_monotonic_decreasing
    assert table.loc[table["role"] == "current", list(FACTOR_NAMES)].to_numpy().tolist() == [[25, 20, 15, 15, 15, 10]]
    assert table[list(FACTOR_NAMES)].sum(axis=1).to_numpy() == pytest.approx(100.0)


def test_a_step_of_the_surface_is_the_mean_of_its_vectors(planted):
    surface = planted.tables["weight_surface"]
    single = surface[(surface["factor_a"] == "current_performance") & (surface["factor_b"] == "")]
    assert single["weight_a"].tolist() == [0, 10, 20, 30, 40, 50]
    assert single["n_vectors"].sum() == len(COARSE)
    assert single["mean_auc"].is_monotonic_increasing
    assert single["best_auc"].max() == pytest.approx(planted.figures["best_train_auc"], abs=1e-12)
    assert len(surface[surface["factor_b"] != ""].groupby(["factor_a", "factor_b"])) == 15


def test_each_fold_is_judged_on_later_expiry_dates(planted):
    folds = planted.tables["weight_stability"]
    assert folds["fold"].tolist() == [1, 2]
    assert folds["first_test_expiry"].is_monotonic_increasing
    assert (folds["test_auc"] > folds["current_test_auc"]).all()


def test_the_same_seed_gives_the_same_study(planted):
    again = study(planted_rows(1, strength=PLANTED), threads=1)
    assert again.figures == planted.figures
    for name, table in planted.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])


@pytest.mark.parametrize("objective", ["auc", "brier", "top_n_return"])
def test_every_objective_finds_the_planted_factor(objective):
    found = study(planted_rows(2, strength={"current_performance": 2.0}), settings={"objective": objective})
    assert FACTOR_NAMES[int(np.argmax(found.best))] == "current_performance"
    assert found.tables["weight_optimization"]["rank"].iloc[0] == 1


def test_factors_without_data_are_not_weighed():
    without = ("recovery_advantage", "historical_peak")
    found = study(planted_rows(1, strength=PLANTED, without=without))
    assert found.best[[0, 3]].tolist() == [0.0, 0.0]
    assert found.figures["n_distinct_vectors"] < found.figures["n_vectors"]
    assert "recovery_advantage" not in set(found.tables["weight_surface"]["factor_a"])


@pytest.mark.parametrize("missing", ["neutral", "zero"])
def test_a_missing_factor_can_stand_at_a_value(missing):
    rows = planted_rows(1, strength=PLANTED)
    gaps = np.random.default_rng(1).random((len(rows), 6)) < 0.2
    rows[list(FACTOR_NAMES)] = rows[list(FACTOR_NAMES)].mask(gaps)
    filled = rows.assign(**rows[list(FACTOR_NAMES)].fillna(50.0 if missing == "neutral" else 0.0))
    assert study(rows, missing=missing, vectors=FEW).figures == study(filled, vectors=FEW).figures


def test_no_known_outcome_is_not_enough_evidence():
    found = study(planted_rows(1, n_expiries=3, per_expiry=4).assign(worthless=np.nan))
    assert found.recommendation == "not_enough_evidence"
    assert np.isnan(found.best).all()
    assert found.figures["n_rows"] == 0


def test_one_outcome_only_is_not_enough_evidence():
    found = study(planted_rows(1, n_expiries=48, per_expiry=4).assign(worthless=1.0))
    assert found.recommendation == "not_enough_evidence"
    assert "ended the same way" in found.text


def test_rows_without_a_factor_are_refused():
    with pytest.raises(DataError, match="historical_peak"):
        study(planted_rows(1).drop(columns="historical_peak"))


MONTHS = pd.date_range("2014-02-01", "2016-12-01", freq="12MS")


def test_learned_weights_wait_for_ten_expiry_dates():
    rows = planted_rows(1, strength=PLANTED, per_expiry=30)
    found = learned_weights(rows, MONTHS, WeightSearchSettings())
    assert found["is_learned"].tolist() == [False, True, True]
    assert found.loc[0, list(FACTOR_NAMES)].tolist() == [25, 20, 15, 15, 15, 10]
    assert found["n_expiries"].tolist() == [1, 14, 27]
    assert found["n_rows"].tolist() == [30, 14 * 30, 27 * 30]
    assert found.loc[2, "current_performance"] >= 40


def test_an_option_that_ends_on_the_first_of_the_month_is_not_known_before_it():
    rows = planted_rows(1, per_expiry=10, n_expiries=3)
    found = learned_weights(rows, pd.DatetimeIndex(["2014-02-14", "2014-02-15"]), WeightSearchSettings())
    assert found["n_expiries"].tolist() == [1, 2]


def test_garbage_after_a_month_began_changes_no_weights_up_to_it():
    rows = planted_rows(1, strength=PLANTED, per_expiry=30)
    poisoned = rows.copy()
    later = rows["expiry_session"] >= MONTHS[1]
    poisoned.loc[later, list(FACTOR_NAMES)] = 100.0
    poisoned.loc[later, "worthless"] = np.nan
    clean, dirty = (learned_weights(table, MONTHS[:2], WeightSearchSettings()) for table in (rows, poisoned))
    pd.testing.assert_frame_equal(clean, dirty)
