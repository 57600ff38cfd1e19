"""A model finds what is there, and says so when nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.out_of_fold import out_of_fold
from backtrader_system.models.conviction.training import train_model
from backtrader_system.models.conviction.training_rows import checked_rows, rows_hash
from backtrader_system.settings.conviction import ConvictionModelSettings

LEARNERS = ["hist_gradient_boosting", "lightgbm"]


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_planted_skill_is_found(make_rows, learner):
    model = train_model(make_rows(1_500), ConvictionModelSettings(learner=learner))
    new = make_rows(2_000, seed=99)
    facts = model.manifest

    # The planted chance itself ranks these signals with an AUC near 0.85; a tenth of the told values are missing.
    assert roc_auc_score(new.label, model.predict(new.features)) > 0.78
    assert facts.auc_low < roc_auc_score(new.label, model.predict(new.features)) < facts.auc_high + 0.02
    assert facts.brier_skill > 0.15
    assert facts.lift > 1.8
    assert facts.auc_low > 0.7


def test_noise_has_an_interval_around_one_half_and_probabilities_near_the_base_rate(make_rows):
    inside, spread = 0, []
    for seed in range(10):
        rows = make_rows(500, skill=0.0, seed=seed)
        model = train_model(rows, ConvictionModelSettings(calibration="sigmoid"))
        inside += model.manifest.auc_low <= 0.5 <= model.manifest.auc_high
        spread.append(np.abs(model.predict(make_rows(500, seed=seed + 50).features) - rows.label.mean()).mean())

    assert inside >= 8
    assert np.mean(spread) < 0.04


def test_the_figures_are_scikit_learns(make_rows, quick):
    rows = make_rows(900)
    settings = quick.model_copy(update={"calibration": "none"})
    tested = out_of_fold(rows, settings)
    facts = train_model(rows, settings).manifest
    label = rows.label[tested.row]
    best = np.argsort(-tested.margin, kind="stable")[:-(-len(label) // 10)]

    assert facts.auc == pytest.approx(roc_auc_score(label, tested.margin))
    assert facts.brier == pytest.approx(np.mean((1 / (1 + np.exp(-tested.margin)) - label) ** 2))
    assert facts.brier_skill == pytest.approx(1 - facts.brier / np.mean((tested.known_rate - label) ** 2))
    assert (facts.n_best, facts.precision, facts.recall) == (
        len(best), label[best].mean(), label[best].sum() / label.sum())
    assert facts.lift == pytest.approx(label[best].mean() / label.mean())


def test_no_fold_learns_from_labels_that_reach_into_its_test(make_rows, quick):
    rows = make_rows(600)
    tested = out_of_fold(rows, quick)
    first = rows.decided_at[tested.row[tested.fold == tested.fold.min()]].min()
    overlapping = rows.label_end >= first
    flipped = replace(rows, label=np.where(overlapping, 1 - rows.label, rows.label))

    again = out_of_fold(flipped, quick)
    is_first = tested.fold == tested.fold.min()
    assert again.margin[is_first].tobytes() == tested.margin[is_first].tobytes()
    assert again.margin.tobytes() != tested.margin.tobytes()


def test_the_manifest_states_the_data(make_rows, quick):
    rows = make_rows(300)
    facts = train_model(rows, quick).manifest

    assert facts.features == ("told", "noise_a", "noise_b", "noise_c", "noise_d")
    assert facts.trained_through == str(rows.label_end.max())[:10]
    assert (facts.n_rows, facts.n_winners) == (300, int(rows.label.sum()))
    assert facts.settings["n_estimators"] == 60
    assert {"python", "scikit-learn", "skops", "numpy", "backtrader-system"} <= set(facts.versions)
    assert [gate["name"] for gate in facts.readiness] == ["precision", "recall", "auc"]


def test_unresolved_rows_change_nothing_but_resolved_ones_do(make_rows, quick):
    rows = make_rows(300)
    label = np.append(rows.label, np.nan)
    longer = replace(
        rows, features=pd.concat([rows.features, rows.features[:1]], ignore_index=True), label=label,
        ticker=np.append(rows.ticker, "NEW"), decided_at=np.append(rows.decided_at, rows.decided_at[-1:]),
        label_end=np.append(rows.label_end, np.array(["NaT"], "M8[ns]")))

    assert train_model(longer, quick).manifest == train_model(rows, quick).manifest
    flipped = replace(rows, label=np.append(rows.label[:-1], 1 - rows.label[-1]))
    assert rows_hash(flipped) != rows_hash(rows)


def test_the_order_of_the_rows_does_not_matter(make_rows, quick):
    rows = make_rows(300, n_days=5_000)
    assert len(np.unique(rows.decided_at)) == 300
    shuffled = rows.take(np.random.default_rng(0).permutation(300))

    assert train_model(shuffled, quick).predict(rows.features).tobytes() == (
        train_model(rows, quick).predict(rows.features).tobytes())


@pytest.mark.parametrize(("label", "message"), [
    (np.full(300, np.nan), "no training row has a known outcome"), (np.zeros(300), "all 300 .* are losers"),
    (np.ones(300), "all 300 .* are winners"), (np.full(300, 2.0), "must be 0, 1 or NaN"),
])
def test_labels_that_teach_nothing_are_refused(make_rows, quick, label, message):
    with pytest.raises(DataError, match=message):
        train_model(replace(make_rows(300), label=label), quick)


def test_all_faults_of_the_rows_are_told_at_once(make_rows):
    rows = make_rows(50)
    table = rows.features.assign(text="much", noise_a=np.inf)
    decided = rows.decided_at.copy()
    decided[3] = "NaT"

    with pytest.raises(DataError) as caught:
        checked_rows(replace(rows, features=table, label=rows.label + 5, decided_at=decided))
    assert len(caught.value.faults) == 3
    with pytest.raises(DataError, match="infinite"):
        checked_rows(replace(rows, features=table.drop(columns="text")))


def test_a_label_that_ends_before_its_decision_is_refused(make_rows):
    rows = make_rows(50)
    ends = rows.label_end.copy()
    ends[7] = rows.decided_at[7] - np.timedelta64(2, "D")

    with pytest.raises(DataError, match="first row 7"):
        checked_rows(replace(rows, label_end=ends))


def test_other_features_are_listed(make_rows, quick):
    rows = make_rows(300)
    model = train_model(rows, quick)
    other = rows.features.rename(columns={"told": "said"})

    with pytest.raises(DataError) as caught:
        model.predict(other)
    assert caught.value.faults == ("missing: told", "not known to the model: said")
    assert model.predict(rows.features[rows.features.columns[::-1]]).tobytes() == model.predict(rows.features).tobytes()
    assert model.predict(rows.features[:0]).shape == (0,)


def test_few_signals_say_that_rounds_are_fixed(make_rows):
    model = train_model(make_rows(40), ConvictionModelSettings())

    assert model.manifest.n_rounds == 50                      # a third of 150
    assert model.manifest.rounds_chosen_by.startswith("fixed")
