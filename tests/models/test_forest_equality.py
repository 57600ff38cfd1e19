"""The direct forest against scikit-learn itself, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from backtrader_system.models import forest as forest_module
from backtrader_system.models.forest import Forest, fit_predict, is_direct_fit_exact


def data(n_rows, n_features, seed=0):
    stream = np.random.default_rng(seed)
    features = stream.standard_normal((n_rows, n_features)).astype(np.float32)
    features[:, -1] = np.round(features[:, -1])                       # ties
    return features, features[:, 0] + stream.standard_normal(n_rows), (
        stream.standard_normal((7, n_features)).astype(np.float32))


def by_scikit_learn(forest, features, label, rows):
    kind = RandomForestClassifier if forest.is_classifier else RandomForestRegressor
    model = kind(n_estimators=forest.n_estimators, max_depth=forest.max_depth, random_state=forest.seed,
                 min_samples_leaf=forest.min_samples_leaf, max_features=forest.max_features)
    model.fit(features, label)
    return model.predict_proba(rows)[:, 1] if forest.is_classifier else model.predict(rows)


@pytest.fixture(autouse=True)
def _direct_way_is_open():
    assert is_direct_fit_exact(), "the installed scikit-learn is not driven directly; the fallback is in use"


@pytest.mark.parametrize("shape", [(60, 10), (252, 10), (97, 1), (400, 15)], ids=str)
@pytest.mark.parametrize("is_classifier", [True, False], ids=["classifier", "regressor"])
@pytest.mark.parametrize("leaf_and_features", [(1, "sqrt"), (10, 0.5), (3, 1.0)], ids=str)
def test_predictions_are_scikit_learns_bits(shape, is_classifier, leaf_and_features):
    features, target, rows = data(*shape)
    label = (target > 0).astype(float) if is_classifier else target
    forest = Forest(is_classifier, 12, 8, *leaf_and_features, seed=42)

    assert fit_predict(forest, features, label, rows).tobytes() == (
        by_scikit_learn(forest, features, label, rows).tobytes())


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_every_seed_is_scikit_learns(seed):
    features, target, rows = data(120, 5)
    forest = Forest(False, 5, 3, 1, "sqrt", seed)

    assert fit_predict(forest, features, target, rows).tobytes() == (
        by_scikit_learn(forest, features, target, rows).tobytes())


def test_one_class_is_no_probability():
    features, _, rows = data(80, 3)

    assert np.isnan(fit_predict(Forest(True, 5, 3, 1, "sqrt", 0), features, np.ones(80), rows)).all()


@pytest.mark.parametrize("fault", ["differs", "missing"])
def test_a_direct_way_that_fails_its_check_is_not_taken(monkeypatch, caplog, fault):
    def broken(forest, features, label, rows):
        if fault == "missing":
            raise ImportError("no BestSplitter")
        return np.zeros(len(rows))

    monkeypatch.setattr(forest_module, "_direct", broken)
    is_direct_fit_exact.cache_clear()
    try:
        features, target, rows = data(80, 3)
        forest = Forest(False, 5, 3, 1, "sqrt", 0)

        found = [fit_predict(forest, features, target, rows) for _ in range(2)]

        assert found[0].tobytes() == by_scikit_learn(forest, features, target, rows).tobytes()
        assert len(caplog.records) == 1
        assert "using scikit-learn, which is slower" in caplog.records[0].message
    finally:
        is_direct_fit_exact.cache_clear()
