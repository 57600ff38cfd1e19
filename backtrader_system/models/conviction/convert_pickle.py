"""Bring a pickled classifier into a model file, once, when its owner says that the pickle may run."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.calibration import Calibrator
from backtrader_system.models.conviction.estimators import Estimator, LightgbmTrees
from backtrader_system.models.conviction.foreign import ForeignClassifier
from backtrader_system.models.conviction.manifest import ModelManifest
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.model_file import convert_command, load_model, save_model
from backtrader_system.models.conviction.training import library_versions


def convert_pickle(
    path: Path, output: Path, *, trust: bool, feature_names: Sequence[str] | None = None
) -> ConvictionModel:
    """Write the classifier of a pickle as a model file and return it, read back from there.

    path : .pkl, .pickle or .joblib, a fitted classifier with `predict_proba` for the classes 0 and 1.
    trust : the pickle, and the pickle of its scaler, may execute their code. Without it nothing is opened.
    feature_names : in the order of its columns. None: from `features_VERSION.json` beside `conviction_VERSION.pkl`,
        else from the classifier, if it was fitted on a table.
    A `scaler_VERSION.pkl` beside `conviction_VERSION.pkl` becomes part of the model. LightGBM classifiers become text.

    Raises
    ------
    DataError
        Without trust; if the pickle holds no such classifier; if no names are found or their number differs; if its
        types are not on the fixed list of types a model file may hold, which are named (XGBoost is not on it).
    """
    path, output = Path(path), Path(output)
    if not trust:
        raise DataError(f"{path}: opening a pickle runs whatever code it holds. If you made it yourself, say so:\n"
                        f"  {convert_command(path)}")
    classifier = _unpickled(path)
    _require_classifier(classifier, path)
    scaler_path = _sibling(path, "scaler_", path.suffix)
    scaler = _unpickled(scaler_path) if scaler_path else None
    names = _feature_names(path, classifier, feature_names)
    manifest = ModelManifest(
        features=names, learner=f"converted {type(classifier).__module__}.{type(classifier).__name__}",
        converted_from=path.name, calibration_reason="not known of a converted model",
        data_hash=None, versions=library_versions(),
        settings={"pickle_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                  "scaler": scaler_path.name if scaler_path else None})
    try:
        save_model(ConvictionModel(_estimator(classifier, scaler), Calibrator(), manifest), output)
    except DataError as error:
        raise DataError(f"{path}: cannot be converted: {error}. Train a model of your signals instead: "
                        "python -m backtrader_system conviction train --data FILE --output NAME.skops") from error
    return load_model(output)


def _unpickled(path: Path) -> Any:
    import joblib

    try:
        return joblib.load(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except ImportError as error:
        raise DataError(f"{path}: needs {error.name or error}, which is not installed; install it and convert again, "
                        "or train a model anew") from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError, KeyError,
            OSError) as error:
        raise DataError(f"{path}: is no pickle that can be read here ({error or type(error).__name__})") from error


def _require_classifier(classifier: Any, path: Path) -> None:
    kind = f"{type(classifier).__module__}.{type(classifier).__name__}"
    if not callable(getattr(classifier, "predict_proba", None)):
        raise DataError(f"{path}: holds a {kind}, which gives no probabilities (no predict_proba)")
    classes = [str(name) for name in getattr(classifier, "classes_", ())]
    if classes not in (["0", "1"], ["0.0", "1.0"], ["False", "True"]):
        raise DataError(f"{path}: holds a {kind} with the classes {classes}; it must be fitted, "
                        "with 0 for losers and 1 for winners")


def _estimator(classifier: Any, scaler: Any) -> Estimator:
    is_lightgbm = type(classifier).__module__.startswith("lightgbm.")
    if is_lightgbm and scaler is None and getattr(classifier, "objective_", None) == "binary":
        return LightgbmTrees(classifier.booster_.model_to_string())
    return ForeignClassifier(classifier, scaler)


def _feature_names(path: Path, classifier: Any, given: Sequence[str] | None) -> tuple[str, ...]:
    names, source = (list(given), "the names given") if given is not None else _found_names(path, classifier)
    if names is None:
        raise DataError(f"{path}: does not say what its columns are; put their names, in order, as a JSON list into "
                        f"{_version_name(path, 'features_', '.json')} beside it")
    expected = getattr(classifier, "n_features_in_", None)
    if (expected is not None and int(expected) != len(names)) or len(set(names)) != len(names):
        raise DataError(f"{path}: was fitted on {expected} columns, and {source} are {len(names)} names "
                        f"({len(set(names))} different ones)")
    return tuple(map(str, names))


def _found_names(path: Path, classifier: Any) -> tuple[list[str] | None, str]:
    place = _sibling(path, "features_", ".json")
    if place is None:
        names = getattr(classifier, "feature_names_in_", None)
        return (None if names is None else list(names)), "its own column names"
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{place}: cannot be read as JSON ({error})") from error
    names = content.get("features", content.get("feature_names")) if isinstance(content, dict) else content
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{place}: must be a JSON list of names, or a dictionary with such a list as `features`")
    return names, f"the names in {place.name}"


def _sibling(path: Path, prefix: str, suffix: str) -> Path | None:
    """Return the file that belongs to conviction_VERSION, if it exists."""
    place = path.with_name(_version_name(path, prefix, suffix))
    return place if place.is_file() and place != path else None


def _version_name(path: Path, prefix: str, suffix: str) -> str:
    return f"{prefix}{path.stem.removeprefix('conviction_')}{suffix}"
