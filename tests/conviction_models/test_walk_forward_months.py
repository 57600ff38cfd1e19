"""Every month is scored by what was known before it began."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.synthetic import cold_start_model
from backtrader_system.models.conviction.training import train_model
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.models.conviction.walk_forward import (
    FOLD_COLUMNS,
    SYNTHETIC,
    walk_forward_contributions,
    walk_forward_scores,
)
from backtrader_system.settings.conviction import ConvictionModelSettings


@pytest.fixture(scope="module")
def rows(make_rows):
    return make_rows(500, n_days=365)


@pytest.fixture(scope="module")
def walk(rows, quick):
    return walk_forward_scores(rows, quick)


def hand_rows():
    """Twenty-four signals of April 2024 with labels to 29 May, then one each of June, July and August."""
    early = pd.date_range("2024-04-01", periods=24, freq="D").to_numpy().astype("M8[ns]")
    decided = np.concatenate([early, np.array(["2024-06-03", "2024-07-01", "2024-08-01"], "M8[ns]")])
    ends = np.concatenate([np.full(24, np.datetime64("2024-05-29", "ns")),
                           np.array(["2024-06-29", "2024-07-31", "2024-08-31"], "M8[ns]")])
    label = np.array([1.0, 0.0] * 12 + [1.0, 0.0, np.nan])
    features = pd.DataFrame({"mention_count": np.arange(27.0)})
    return TrainingRows(features, label, np.full(27, "TAO", dtype=object), decided, ends)


SMALL = ConvictionModelSettings(min_training_signals=24, min_training_winners=2, min_samples_leaf=2, n_estimators=10)


def test_the_embargo_and_the_label_decide_who_trains():
    walk = walk_forward_scores(hand_rows(), SMALL)
    table = walk.folds.set_index("fold")

    # June: 24 labels of 29 May lie before 31 May (1 June less a day). July: 29 June lies before 30 June. August:
    # 31 July does not lie before 31 July.
    assert table["n_train"].to_dict() == {"2024-04": 0, "2024-06": 24, "2024-07": 25, "2024-08": 25}
    assert table["trained_on"].to_dict() == {
        "2024-04": "", "2024-06": "24 signals to 2024-05-29", "2024-07": "25 signals to 2024-06-29",
        "2024-08": "25 signals to 2024-06-29"}
    assert table["train_winners"].tolist() == [0, 12, 13, 13]
    assert table["n_test"].tolist() == [24, 1, 1, 1]
    assert table["n_resolved"].tolist() == [24, 1, 1, 0]


def test_a_longer_embargo_knows_less():
    walk = walk_forward_scores(hand_rows(), SMALL.model_copy(update={"embargo_days": 2}))

    assert walk.folds.set_index("fold").loc["2024-07", "n_train"] == 24      # 29 June is not before 29 June


def test_few_signals_or_winners_are_left_to_the_cold_start():
    cold = cold_start_model(["mention_count"], ConvictionModelSettings(cold_start_signals=300))
    few_signals = SMALL.model_copy(update={"min_training_signals": 25})
    few_winners = SMALL.model_copy(update={"min_training_winners": 13})

    for settings in (few_signals, few_winners):
        walk = walk_forward_scores(hand_rows(), settings, cold_start=cold)
        assert walk.folds["trained_on"].tolist() == [SYNTHETIC, SYNTHETIC, *["25 signals to 2024-06-29"] * 2]
        assert walk.probability[:25].tolist() == cold.predict(hand_rows().features[:25]).tolist()
        assert walk.is_trained.tolist() == [False] * 25 + [True] * 2
    assert np.isnan(walk_forward_scores(hand_rows(), few_signals).probability[:25]).all()


def test_winners_only_make_no_model():
    rows = hand_rows()
    walk = walk_forward_scores(replace(rows, label=np.where(np.isnan(rows.label), np.nan, 1.0)), SMALL)

    assert set(walk.folds["trained_on"]) == {""}


def test_a_month_is_scored_as_by_a_model_trained_by_hand(rows, quick, walk):
    month = np.datetime64("2022-09", "M")
    known = rows.label_end < np.datetime64("2022-08-31")
    model = train_model(rows.take(known), quick)
    test = rows.decided_at.astype("M8[M]") == month

    assert walk.probability[test].tobytes() == model.predict(rows.features[test]).tobytes()
    assert set(walk.fold[test]) == {"2022-09"}


@pytest.mark.parametrize("learner", ["hist_gradient_boosting", "lightgbm"])
def test_the_future_changes_no_earlier_probability(rows, quick, learner):
    settings = quick.model_copy(update={"learner": learner})
    cold = cold_start_model(list(rows.features.columns.map({
        "told": "mention_count", "noise_a": "link_count", "noise_b": "volume_spike", "noise_c": "hype_ratio",
        "noise_d": "thesis_length"})), settings)
    rows = replace(rows, features=rows.features.set_axis(list(cold.features), axis=1))
    cut = np.datetime64("2022-09-01", "ns")
    late_label, late_row = rows.label_end >= cut, rows.decided_at >= cut
    poisoned = replace(
        rows, label=np.where(late_label, 1 - rows.label, rows.label),
        features=rows.features.mask(pd.Series(late_row, index=rows.features.index), 1e6),
        ticker=np.where(late_row, "POISON", rows.ticker))
    keep = ~late_row | (np.arange(len(rows)) % 3 == 0)

    before = walk_forward_scores(rows, settings, cold_start=cold).probability[~late_row]
    assert walk_forward_scores(poisoned, settings, cold_start=cold).probability[~late_row].tobytes() == before.tobytes()
    thinned = walk_forward_scores(poisoned.take(keep), settings, cold_start=cold)
    assert thinned.probability[~late_row[keep]].tobytes() == before.tobytes()


def test_a_planted_skill_is_found_month_by_month(rows, walk):
    scored = walk.is_trained

    assert scored.sum() > 250
    assert roc_auc_score(rows.label[scored], walk.probability[scored]) > 0.72


def test_the_table_of_months_is_scikit_learns(rows, walk):
    table = walk.folds.set_index("fold")
    test = walk.fold == "2022-10"

    assert tuple(walk.folds.columns) == FOLD_COLUMNS
    assert table.loc["2022-10", "auc"] == pytest.approx(roc_auc_score(rows.label[test], walk.probability[test]))
    assert table.loc["2022-10", "brier"] == pytest.approx(brier_score_loss(rows.label[test], walk.probability[test]))
    assert table.loc["2022-10", "base_rate"] == rows.label[test].mean()
    assert table["n_test"].sum() == len(rows)


def test_the_first_month_leaves_earlier_rows_to_training(rows, quick, walk):
    later = walk_forward_scores(rows, quick, first_month="2022-08")
    is_later = rows.decided_at >= np.datetime64("2022-08-01")

    assert later.probability[is_later].tobytes() == walk.probability[is_later].tobytes()
    assert np.isnan(later.probability[~is_later]).all()
    assert set(later.fold[~is_later]) == {""}
    assert min(later.models) == "2022-08"


def test_contributions_come_from_the_model_that_scored(rows, walk):
    made = walk_forward_contributions(walk, rows.features)
    test = walk.fold == "2022-11"

    assert made.values[test].equals(walk.models["2022-11"].contributions(rows.features[test]).values)
    assert made.values[~walk.is_trained].isna().all(axis=None)
    assert made.values[walk.is_trained].abs().mean().idxmax() == "told"


def test_a_cold_start_of_other_features_is_refused(rows, quick):
    cold = cold_start_model(["mention_count"], ConvictionModelSettings(cold_start_signals=300))

    with pytest.raises(DataError, match="do not have the features of the model"):
        walk_forward_scores(rows, quick, cold_start=cold)
