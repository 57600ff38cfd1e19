"""A group that tells is missed, one that does not is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from backtrader_system.models.conviction.ablation import ABLATION_COLUMNS, ablation
from backtrader_system.models.conviction.walk_forward import walk_forward_scores

GROUPS = {"telling": ["told"], "noise": ["noise_a", "noise_b"], "absent": ["elsewhere"]}


@pytest.fixture(scope="module")
def rows(make_rows):
    return make_rows(600, n_days=500)


@pytest.fixture(scope="module")
def walk(rows, quick):
    return walk_forward_scores(rows, quick)


@pytest.fixture(scope="module")
def table(rows, walk, quick):
    return ablation(walk, rows, quick, GROUPS)


def test_what_tells_is_missed_and_noise_is_not(table):
    assert list(table["group"]) == ["telling", "noise"]
    assert tuple(table.columns) == ABLATION_COLUMNS
    telling, noise = table.iloc[0], table.iloc[1]
    assert telling["low"] > 0.1
    assert noise["low"] < 0 < noise["high"]


def test_figures_are_scikit_learns_on_a_walk_without_the_group(table, rows, walk, quick):
    reduced = replace(rows, features=rows.features.drop(columns="told"))
    without = walk_forward_scores(reduced, quick)
    scored = walk.is_trained

    assert table["auc_full"][0] == pytest.approx(roc_auc_score(rows.label[scored], walk.margin[scored]))
    assert table["auc_without"][0] == pytest.approx(roc_auc_score(rows.label[scored], without.margin[scored]))
    assert table["difference"][0] == pytest.approx(table["auc_full"][0] - table["auc_without"][0])


def test_without_a_trained_month_nothing_is_known(rows, quick):
    settings = quick.model_copy(update={"min_training_signals": 100_000})
    table = ablation(walk_forward_scores(rows, settings), rows, settings, GROUPS)

    assert table[["auc_full", "auc_without", "difference", "low", "high"]].isna().all(axis=None)


def test_a_group_that_is_all_there_is_leaves_no_model(rows, walk, quick):
    table = ablation(walk, rows, quick, {"all": list(rows.features.columns)})

    assert np.isnan(table["difference"][0])
    assert np.isfinite(table["auc_full"][0])


def test_other_rows_than_the_walk_s_are_refused(rows, walk, quick):
    with pytest.raises(ValueError, match="which these rows and settings do not allow"):
        ablation(walk, rows, quick.model_copy(update={"min_training_signals": 100_000}), GROUPS)
