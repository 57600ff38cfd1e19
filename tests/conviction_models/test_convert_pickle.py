"""Pickles are converted once, on the word of their owner, or not at all."""

from __future__ import annotations

import json
import os
import pickle

import joblib
import lightgbm
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.convert_pickle import convert_pickle
from backtrader_system.models.conviction.training_report import training_report

NAMES = ["mention_count", "total_reactions", "dan_endorsed"]


class RunsCode:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(scope="module")
def table(make_rows):
    rows = make_rows(300)
    features = rows.features.iloc[:, :3].fillna(0.0).set_axis(NAMES, axis=1)
    return features, rows.label.astype(int)


def write(path, thing):
    path.write_bytes(pickle.dumps(thing))
    return path


@pytest.mark.parametrize("classifier", [
    RandomForestClassifier(5, random_state=0), ExtraTreesClassifier(5, random_state=0),
    GradientBoostingClassifier(n_estimators=5, random_state=0), LogisticRegression(),
    make_pipeline(StandardScaler(), LogisticRegression()),
    CalibratedClassifierCV(RandomForestClassifier(3, random_state=0), cv=2),
    lightgbm.LGBMClassifier(n_estimators=5, verbosity=-1, n_jobs=1),
], ids=lambda made: type(made).__name__)
def test_known_classifiers_keep_their_probabilities(table, tmp_path, classifier):
    features, label = table
    classifier.fit(features, label)
    model = convert_pickle(write(tmp_path / "old.pkl", classifier), tmp_path / "new.skops", trust=True)

    assert model.features == tuple(NAMES)                       # from the table it was fitted on
    assert model.predict(features) == pytest.approx(classifier.predict_proba(features)[:, 1], abs=2e-9)
    assert model.manifest.converted_from == "old.pkl"
    assert model.manifest.trained_through is None
    assert "Converted from old.pkl" in training_report(model)


def test_without_trust_nothing_is_opened(tmp_path):
    path = write(tmp_path / "old.pkl", RunsCode(tmp_path / "ran"))

    with pytest.raises(DataError, match=r"convert .*old\.pkl --output .*old\.skops --trust-pickle"):
        convert_pickle(path, tmp_path / "new.skops", trust=False)
    assert not (tmp_path / "ran").exists()


def test_the_files_of_the_original_belong_together(table, tmp_path):
    features, label = table
    scaler = StandardScaler().fit(features.to_numpy())
    classifier = LogisticRegression().fit(scaler.transform(features.to_numpy()), label)
    joblib.dump(classifier, tmp_path / "conviction_v0.1.joblib")
    joblib.dump(scaler, tmp_path / "scaler_v0.1.joblib")
    (tmp_path / "features_v0.1.json").write_text(json.dumps({"features": NAMES}))
    model = convert_pickle(tmp_path / "conviction_v0.1.joblib", tmp_path / "new.skops", trust=True)

    expected = classifier.predict_proba(scaler.transform(features.to_numpy()))[:, 1]
    assert model.predict(features) == pytest.approx(expected, abs=2e-9)
    assert model.manifest.settings["scaler"] == "scaler_v0.1.joblib"


def test_types_beyond_the_list_are_named_and_nothing_is_written(table, tmp_path):
    path = write(tmp_path / "old.pkl", GaussianNB().fit(*table))

    with pytest.raises(DataError, match=r"sklearn\.naive_bayes\.GaussianNB.*conviction train"):
        convert_pickle(path, tmp_path / "new.skops", trust=True)
    assert not (tmp_path / "new.skops").exists()


@pytest.mark.parametrize(("make", "message"), [
    (lambda x, y: Ridge().fit(x, y), "no predict_proba"), (lambda x, y: {"a": 1}, "builtins.dict"),
    (lambda x, y: LogisticRegression().fit(x, np.where(y == 1, "win", "lose")), "0 for losers"),
    (lambda x, y: LogisticRegression().fit(x, y + (np.arange(len(y)) % 2)), "0 for losers"),
    (lambda x, y: LogisticRegression(), "must be fitted"),
], ids=["regressor", "dictionary", "words", "three classes", "not fitted"])
def test_what_is_no_classifier_of_winners_is_refused(table, tmp_path, make, message):
    path = write(tmp_path / "old.pkl", make(*table))

    with pytest.raises(DataError, match=message):
        convert_pickle(path, tmp_path / "new.skops", trust=True)


def test_names_are_needed_and_must_fit(table, tmp_path):
    features, label = table
    path = write(tmp_path / "old.pkl", LogisticRegression().fit(features.to_numpy(), label))

    with pytest.raises(DataError, match=r"features_old\.json"):
        convert_pickle(path, tmp_path / "new.skops", trust=True)
    with pytest.raises(DataError, match="was fitted on 3 columns, and the names given are 2 names"):
        convert_pickle(path, tmp_path / "new.skops", trust=True, feature_names=NAMES[:2])
    assert convert_pickle(path, tmp_path / "new.skops", trust=True, feature_names=NAMES).features == tuple(NAMES)


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps(list(range(50)))[:20]], ids=["empty", "text", "cut"])
def test_a_broken_pickle_is_told(tmp_path, content):
    (tmp_path / "old.pkl").write_bytes(content)

    with pytest.raises(DataError, match="is no pickle that can be read here"):
        convert_pickle(tmp_path / "old.pkl", tmp_path / "new.skops", trust=True)
    with pytest.raises(DataError, match="there is no such file"):
        convert_pickle(tmp_path / "none.pkl", tmp_path / "new.skops", trust=True)


def test_a_library_that_is_not_installed_is_named(tmp_path):
    (tmp_path / "old.pkl").write_bytes(b"cxgboost_that_is_absent.sklearn\nXGBClassifier\n.")

    with pytest.raises(DataError, match=r"needs xgboost_that_is_absent"):
        convert_pickle(tmp_path / "old.pkl", tmp_path / "new.skops", trust=True)
