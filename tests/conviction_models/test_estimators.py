"""Both learners: early stopping, bits, gaps in the data."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from backtrader_system.errors import SettingsError
from backtrader_system.models.conviction.estimators import fit, stop_early
from backtrader_system.settings.conviction import ConvictionModelSettings

LEARNERS = ["hist_gradient_boosting", "lightgbm"]


def data(n=400, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 6))
    label = (values[:, 0] + rng.standard_normal(n) > 0.5).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    return values, label


@pytest.mark.parametrize("learner", LEARNERS)
def test_same_rows_give_the_same_bits_whatever_the_threads(learner):
    values, label = data()
    settings = ConvictionModelSettings(learner=learner)
    margins = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            margins.append(fit(settings, values, label, 40).margin(values).tobytes())

    assert margins[0] == margins[1]


@pytest.mark.parametrize("learner", LEARNERS)
def test_early_stopping_ends_at_the_round_that_judges_best(learner):
    values, label = data(seed=1)
    settings = ConvictionModelSettings(learner=learner, n_estimators=200)
    stop = stop_early(settings, values[:300], label[:300], values[300:], label[300:], values[300:])

    losses = [log_loss(label[300:], 1 / (1 + np.exp(-fit(settings, values[:300], label[:300], n).margin(values[300:]))))
              for n in range(1, stop.n_rounds + settings.early_stopping_rounds)]
    assert stop.n_rounds == 1 + int(np.argmin(losses))
    assert 1 < stop.n_rounds < 200


@pytest.mark.parametrize("learner", LEARNERS)
def test_margins_of_early_stopping_are_those_of_the_best_round(learner):
    values, label = data(seed=2)
    settings = ConvictionModelSettings(learner=learner)
    stop = stop_early(settings, values[:300], label[:300], values[300:350], label[300:350], values[350:])

    assert stop.margin == pytest.approx(fit(settings, values[:300], label[:300], stop.n_rounds).margin(values[350:]))


def test_histogram_trees_are_scikit_learns():
    values, label = data()
    settings = ConvictionModelSettings()
    with threadpool_limits(1):
        theirs = HistGradientBoostingClassifier(
            max_iter=30, learning_rate=0.05, max_depth=4, max_leaf_nodes=None, min_samples_leaf=10,
            l2_regularization=1.0, max_bins=63, early_stopping=False, random_state=42).fit(values, label)
        expected = theirs.decision_function(values)

    assert fit(settings, values, label, 30).margin(values).tolist() == expected.tolist()


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_feature_nobody_knows_changes_nothing(learner):
    values, label = data()
    settings = ConvictionModelSettings(learner=learner)
    empty = np.column_stack([values, np.full(len(values), np.nan)])
    filled = np.column_stack([values, np.arange(len(values), dtype=float)])

    model = fit(settings, empty, label, 20)
    assert model.margin(empty).tolist() == fit(settings, values, label, 20).margin(values).tolist()
    assert model.margin(filled).tolist() == model.margin(empty).tolist()


def test_lightgbm_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    values, label = data(50)

    with pytest.raises(SettingsError, match=r"extra `ml` \(pip install 'backtrader-system\[ml\]'\)"):
        fit(ConvictionModelSettings(learner="lightgbm"), values, label, 5)
