"""Model files: what is written is read, and nothing else is built."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.svm import SVC

from backtrader_system.errors import DataError, OutputError
from backtrader_system.models.conviction import model_archive
from backtrader_system.models.conviction.calibration import Calibrator
from backtrader_system.models.conviction.estimators import HistogramTrees, LightgbmTrees
from backtrader_system.models.conviction.model_file import load_model, manifest_path, save_model
from backtrader_system.models.conviction.training import train_model


class RunsCode:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(scope="module", params=["hist_gradient_boosting", "lightgbm"])
def model(request, make_rows, quick):
    return train_model(make_rows(400), quick.model_copy(update={"learner": request.param, "calibration": "sigmoid"}))


@pytest.fixture(scope="module")
def histogram_model(make_rows, quick):
    return train_model(make_rows(400), quick.model_copy(update={"calibration": "isotonic"}))


@pytest.fixture
def saved(histogram_model, tmp_path):
    path = tmp_path / "m.skops"
    save_model(histogram_model, path)
    return path


def forge(path, payload):
    """Write a payload as a model file whose manifest has the right hash."""
    forge_bytes(path, skops.io.dumps(payload))


def forge_bytes(path, archive):
    path.write_bytes(archive)
    facts = json.loads(manifest_path(path).read_text())
    facts["sha256"] = hashlib.sha256(archive).hexdigest()
    manifest_path(path).write_text(json.dumps(facts))


def edit(path, **changes):
    """Change facts in the manifest beside a model file, as a hand with an editor would."""
    facts = json.loads(manifest_path(path).read_text())
    facts["manifest"] |= changes
    manifest_path(path).write_text(json.dumps(facts))


def honest_payload(model):
    return {"format": 1, "manifest": model.manifest.to_text(),
            "estimator": {"kind": "hist_gradient_boosting", "classifier": model.estimator.classifier},
            "calibrator": {"method": "none", "x": np.zeros(0), "y": np.zeros(0)}}


def test_a_saved_model_comes_back_bit_for_bit(model, make_rows, tmp_path):
    save_model(model, tmp_path / "models" / "m.skops")
    back = load_model(tmp_path / "models" / "m.skops")
    features = make_rows(200, seed=5).features

    assert back.manifest == model.manifest
    assert back.predict(features).tobytes() == model.predict(features).tobytes()
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["m.json", "m.skops"]


def test_the_same_training_gives_the_same_file(model, make_rows, quick, tmp_path):
    settings = quick.model_copy(update={"learner": model.manifest.learner, "calibration": "sigmoid"})
    save_model(model, tmp_path / "a.skops")
    save_model(train_model(make_rows(400), settings), tmp_path / "b.skops")

    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_manifest_is_strict_json(saved):
    facts = json.loads(manifest_path(saved).read_text(), parse_constant=lambda name: pytest.fail(name))

    assert facts["sha256"] == hashlib.sha256(saved.read_bytes()).hexdigest()
    assert facts["manifest"]["features"][0] == "told"


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".PKL"])
def test_a_pickle_is_not_opened_and_the_command_is_told(tmp_path, suffix):
    path = tmp_path / f"old{suffix}"
    path.write_bytes(pickle.dumps(RunsCode(tmp_path / "ran")))

    with pytest.raises(DataError) as caught:
        load_model(path)
    command = f"python -m backtrader_system conviction convert {path} --output {tmp_path / 'old.skops'} --trust-pickle"
    assert command in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_under_the_name_of_a_model_file_does_not_run(saved, tmp_path):
    forge_bytes(saved, pickle.dumps(RunsCode(tmp_path / "ran")))

    with pytest.raises(DataError, match="cannot be read as a model file"):
        load_model(saved)
    assert not (tmp_path / "ran").exists()


def test_a_changed_file_is_refused(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(bytes(content))

    with pytest.raises(DataError, match="SHA-256"):
        load_model(saved)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_file_is_refused_even_with_its_own_hash(saved, share):
    content = saved.read_bytes()
    forge_bytes(saved, content[: int(share * len(content))])

    with pytest.raises(DataError, match="cannot be read as a model file"):
        load_model(saved)


def test_a_type_that_is_not_on_the_list_is_named(saved, histogram_model):
    forge(saved, honest_payload(histogram_model) | {"extra": SVC()})

    with pytest.raises(DataError, match=r"sklearn\.svm\._classes\.SVC"):
        load_model(saved)


@pytest.mark.parametrize("smuggled", [os.system, np.load, RunsCode], ids=["function", "trusted by skops", "class"])
def test_functions_and_classes_are_refused(saved, histogram_model, smuggled):
    forge(saved, honest_payload(histogram_model) | {"extra": smuggled})

    with pytest.raises(DataError, match="refused"):
        load_model(saved)


def test_a_method_of_an_allowed_type_is_refused(saved, histogram_model):
    forge(saved, honest_payload(histogram_model) | {"extra": histogram_model.estimator.classifier.predict_proba})

    with pytest.raises(DataError, match="refused"):
        load_model(saved)


def test_an_allowed_name_under_another_loader_is_refused(saved, histogram_model):
    archive = skops.io.dumps(honest_payload(histogram_model))
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        content = {name: file.read(name) for name in file.namelist()}
    content["schema.json"] = content["schema.json"].replace(b'"TupleNode"', b'"MethodNode"')
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as file:
        for name, data in content.items():
            file.writestr(name, data)
    forge_bytes(saved, forged.getvalue())

    with pytest.raises(DataError, match="MethodNode"):
        load_model(saved)


def test_an_array_that_claims_more_than_it_holds_is_refused(saved):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as file:
        file.writestr("0.npy", header.getvalue())
        file.writestr("schema.json", "{}")
    forge_bytes(saved, forged.getvalue())

    with pytest.raises(DataError, match="claims shape"):
        load_model(saved)


def test_a_file_that_unpacks_to_too_much_is_refused(saved, monkeypatch):
    monkeypatch.setattr(model_archive, "LARGEST_CONTENT_BYTES", 1_000)

    with pytest.raises(DataError, match="unpacks to"):
        load_model(saved)


def test_a_large_file_is_not_read(saved):
    with saved.open("r+b") as file:
        file.truncate(65 * 2**20)

    with pytest.raises(DataError, match="at most 67,108,864 are read"):
        load_model(saved)


@pytest.mark.parametrize(("content", "message"), [
    (None, "its manifest m.json is missing"), ("{", "is no manifest"), ("{}", "is no manifest"),
    ("[1]", "is no manifest"),
])
def test_a_manifest_that_is_missing_or_none_is_told(saved, content, message):
    if content is None:
        manifest_path(saved).unlink()
    else:
        manifest_path(saved).write_text(content)

    with pytest.raises(DataError, match=message):
        load_model(saved)


@pytest.mark.parametrize(("changes", "message"), [
    ({"trained_through": "2020-01-01"}, "trained_through is '2020-01-01' in the manifest and '202"),
    ({"trained_through": None}, "trained_through is null, though the model is neither synthetic nor converted"),
    ({"trained_through": None, "is_synthetic": True}, "is_synthetic is True in the manifest and False inside"),
    ({"trained_through": None, "converted_from": "a.pkl"}, "converted_from is 'a.pkl' in the manifest and None inside"),
    ({"features": ["noise_d", "noise_c", "noise_b", "noise_a", "told"]}, r"features is \['noise_d'"),
    ({"auc": 0.99}, "auc is 0.99 in the manifest"),
])
def test_an_edited_manifest_that_disagrees_with_the_model_file_is_refused(saved, changes, message):
    edit(saved, **changes)

    with pytest.raises(DataError, match=message):
        load_model(saved)


@pytest.mark.parametrize(("changes", "message"), [
    ({"trained_through": None}, "trained_through is null"),
    ({"trained_through": "banana"}, "trained_through must be an ISO date"),
    ({"trained_through": "20240101"}, "trained_through must be an ISO date"),
    ({"trained_through": 20240101}, "trained_through must be an ISO date"),
    ({"features": ()}, "features must be a list"),
    ({"features": ("told", "told", "noise_b", "noise_c", "noise_d")}, "features must be a list of different names"),
    ({"features": (1, 2, 3, 4, 5)}, "features must be a list"),
    ({"is_synthetic": "no"}, "is_synthetic must be true or false"),
    ({"converted_from": ""}, "converted_from must be a name or null"),
    ({"n_rows": -1}, "n_rows must be a number from 0"),
    ({"n_rows": True}, "n_rows must be a number from 0"),
    ({"auc": 1.5}, "auc must be a number from 0 to 1"),
    ({"auc": "0.7"}, "auc must be a number from 0 to 1"),
    ({"lift": "high"}, "lift must be a finite number"),
    ({"readiness": ({"name": "auc"},)}, "readiness must be a list of gates"),
    ({"versions": []}, "versions must be a dictionary"),
    ({"learner": None}, "learner must be text"),
])
def test_a_manifest_that_cannot_be_is_refused_though_the_model_file_agrees(
        histogram_model, tmp_path, changes, message):
    save_model(replace(histogram_model, manifest=replace(histogram_model.manifest, **changes)), tmp_path / "m.skops")

    with pytest.raises(DataError, match=message):
        load_model(tmp_path / "m.skops")


def test_a_number_without_end_is_no_figure(saved):
    text = manifest_path(saved).read_text()
    manifest_path(saved).write_text(re.sub(r'"lift": [^,]+', '"lift": NaN', text))

    with pytest.raises(DataError, match="lift must be a finite number or null, is nan"):
        load_model(saved)


@pytest.mark.parametrize("stated", [None, [], "text", {"features": []}], ids=str)
def test_a_manifest_of_another_shape_is_refused(saved, stated):
    facts = json.loads(manifest_path(saved).read_text())
    manifest_path(saved).write_text(json.dumps(facts | {"manifest": stated}))

    with pytest.raises(DataError, match=r"must be a dictionary|missing keys"):
        load_model(saved)


def test_all_faults_of_a_model_are_told_at_once(histogram_model, tmp_path):
    path = tmp_path / "m.skops"
    save_model(replace(histogram_model, calibrator=Calibrator("sigmoid", np.array([-1.0]), np.zeros(1))), path)
    edit(path, trained_through="banana", auc=7)

    with pytest.raises(DataError) as caught:
        load_model(path)
    for words in ("trained_through must be", "auc must be", "auc is 7 in the manifest", "slope of the sigmoid"):
        assert words in str(caught.value)


@pytest.mark.parametrize(("method", "x", "y", "message"), [
    ("isotonic", [], [], "at least 2, has 0 and 0"),
    ("isotonic", [0.5], [0.5], "at least 2, has 1 and 1"),
    ("isotonic", [0.1, 0.5, 0.9], [0.1, 0.2], "as many x as y"),
    ("isotonic", [0.1, 0.9], [-3.0, 0.5], "must lie from 0 to 1"),
    ("isotonic", [0.1, 0.9], [0.5, 1.5], "must lie from 0 to 1"),
    ("isotonic", [0.1, 0.9], [0.5, 0.4], "y of the isotonic curve must not fall"),
    ("isotonic", [0.9, 0.1], [0.4, 0.5], "x of the isotonic curve must rise"),
    ("isotonic", [0.5, 0.5], [0.4, 0.5], "x of the isotonic curve must rise"),
    ("isotonic", [0.1, np.nan], [0.4, 0.5], "finite numbers"),
    ("isotonic", [[0.1, 0.2]], [[0.4, 0.5]], "two lists"),
    ("sigmoid", [np.nan], [0.0], "finite numbers"),
    ("sigmoid", [1.0], [np.inf], "finite numbers"),
    ("sigmoid", [-1.0], [0.0], "slope of the sigmoid must be above 0"),
    ("sigmoid", [0.0], [0.0], "slope of the sigmoid must be above 0"),
    ("sigmoid", [], [], "one slope and one intercept"),
    ("sigmoid", [1.0, 2.0], [0.0], "one slope and one intercept"),
    ("none", [1.0], [], "must have no numbers"),
    ("oracle", [], [], "must be none, sigmoid or isotonic"),
])
def test_a_calibration_that_cannot_be_is_refused(histogram_model, tmp_path, method, x, y, message):
    forged = Calibrator(method, np.array(x, float), np.array(y, float))
    save_model(replace(histogram_model, calibrator=forged), tmp_path / "m.skops")

    with pytest.raises(DataError, match=message):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize(("field", "value", "message"), [
    ("left", 0, "no later node"), ("right", 10_000_000, "no later node"), ("feature_idx", 60_000, "beyond the 5"),
    ("is_categorical", 1, "a category"),
])
def test_trees_that_would_crash_or_hang_are_refused(saved, histogram_model, field, value, message):
    payload = pickle.loads(pickle.dumps(honest_payload(histogram_model)))
    payload["estimator"]["classifier"]._predictors[0][0].nodes[field][0] = value
    forge(saved, payload)

    with pytest.raises(DataError, match=message):
        load_model(saved)


def test_a_model_of_other_features_than_its_manifest_is_refused(saved, histogram_model, tmp_path):
    short = replace(histogram_model, manifest=replace(histogram_model.manifest, features=("told", "noise_a")))
    save_model(short, tmp_path / "short.skops")

    with pytest.raises(DataError, match=r"beyond the 2|cannot score a signal with the 2"):
        load_model(tmp_path / "short.skops")


def test_lightgbm_text_that_is_none_is_refused(histogram_model, tmp_path):
    save_model(replace(histogram_model, estimator=LightgbmTrees("tree\nversion=v4\nnonsense")), tmp_path / "m.skops")

    with pytest.raises(DataError, match="cannot score"):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize("payload", [{"format": 9}, {"format": 1}, [1, 2], {
    "format": 1, "manifest": "{}", "estimator": {"kind": "oracle"},
    "calibrator": {"method": "none", "x": [], "y": []}}], ids=str)
def test_another_content_is_refused(saved, payload):
    forge(saved, payload)

    with pytest.raises(DataError, match=r"none that this version wrote|where a model file holds a dictionary"):
        load_model(saved)


def test_what_could_not_be_read_is_not_written(histogram_model, tmp_path):
    odd = HistGradientBoostingClassifier(class_weight={0: 1.0, 1: 2.0})
    odd.smuggled = SVC()

    with pytest.raises(DataError, match=r"sklearn\.svm\._classes\.SVC"):
        save_model(replace(histogram_model, estimator=HistogramTrees(odd)), tmp_path / "m.skops")
    assert list(tmp_path.iterdir()) == []


def test_names_and_folders_are_checked(histogram_model, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match=r"must end in \.skops"):
        save_model(histogram_model, tmp_path / "m.json")
    with pytest.raises(OutputError, match="cannot write the model"):
        save_model(histogram_model, tmp_path / "file" / "m.skops")
    with pytest.raises(DataError, match="cannot read the model file"):
        load_model(tmp_path / "absent.skops")
    with pytest.raises(DataError, match=r"ends in \.skops"):
        load_model(tmp_path / "file")
