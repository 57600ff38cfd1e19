"""Model files: NAME.skops holds the model, NAME.json its manifest. Neither executes code when read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from backtrader_system.errors import DataError, OutputError
from backtrader_system.file_output import explain_os_errors, write_bytes
from backtrader_system.models.conviction.calibration import Calibrator, calibrator_faults
from backtrader_system.models.conviction.estimators import Estimator, HistogramTrees, LightgbmTrees, import_lightgbm
from backtrader_system.models.conviction.foreign import ForeignClassifier
from backtrader_system.models.conviction.manifest import ModelManifest, disagreements, manifest_faults
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.model_archive import LARGEST_FILE_BYTES, build_model, dump_model
from backtrader_system.models.conviction.tree_checks import require_sound_trees

PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib")
_FORMAT = 1
_LARGEST_MANIFEST_BYTES = 2**20


def save_model(model: ConvictionModel, path: Path) -> None:
    """Write the model to `path`, which ends in .skops, and its manifest beside it. The same model, the same bytes.

    Raises
    ------
    OutputError
        If the name does not end in .skops, or the folder cannot be written.
    DataError
        If the model holds types that a model file may not hold.
    """
    if path.suffix != ".skops":
        raise OutputError(f"{path}: a model file must end in .skops")
    archive = dump_model({
        "format": _FORMAT, "manifest": model.manifest.to_text(), "estimator": _estimator_payload(model.estimator),
        "calibrator": {"method": model.calibrator.method, "x": model.calibrator.x, "y": model.calibrator.y}})
    facts = {"format": _FORMAT, "sha256": hashlib.sha256(archive).hexdigest(), "size_bytes": len(archive),
             "manifest": model.manifest.to_dict()}
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with explain_os_errors("write the model", path, "--output"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, archive, option="--output")
    write_bytes(manifest_path(path), text.encode(), option="--output")


def load_model(path: Path) -> ConvictionModel:
    """Return the model of a .skops file and its manifest.

    Read are at most 64 MB, whose SHA-256 the manifest must name, with types of a list fixed in the code. The manifest
    must agree with the copy inside the file: it says which signals are out of sample. Both find a file or a manifest
    that was damaged, exchanged or edited; neither finds a forger who writes both anew. The list is the protection.

    Raises
    ------
    DataError
        For a pickle, with the command that converts it; for a file that is missing, too large, damaged, without its
        manifest, or that holds types beyond the list, which are named; for a manifest or a calibration that cannot
        be, or a manifest that differs from the copy inside the file, with all faults.
    """
    path = Path(path)
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise DataError(
            f"{path}: a {path.suffix} file runs whatever code it holds when it is opened, so it is not opened. If you "
            f"made it yourself, convert it once:\n  {convert_command(path)}")
    if path.suffix != ".skops":
        raise DataError(f"{path}: a model file ends in .skops; train one with python -m backtrader_system conviction "
                        "train --data FILE --output NAME.skops")
    archive = _read(path, LARGEST_FILE_BYTES, "model file")
    facts = _read_manifest(path, archive)
    return _assembled(build_model(archive, str(path)), facts, str(path))


def convert_command(path: Path) -> str:
    """Return the command that converts a pickle."""
    return (f"python -m backtrader_system conviction convert {path} --output {path.with_suffix('.skops')} "
            "--trust-pickle")


def manifest_path(path: Path) -> Path:
    """Return where the manifest of a model file is: the same name, ending in .json."""
    return path.with_suffix(".json")


def _assembled(payload: dict[str, Any], facts: object, where: str) -> ConvictionModel:
    try:
        if payload["format"] != _FORMAT:
            raise ValueError(f"format {payload['format']}")
        inside = json.loads(payload["manifest"])
        curve = payload["calibrator"]
        calibrator = Calibrator(str(curve["method"]), np.asarray(curve["x"], float), np.asarray(curve["y"], float))
        estimator = _estimator_of(payload["estimator"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"{where}: is a .skops file, but none that this version wrote ({error}); train anew") from error
    faults = [*manifest_faults(facts), *disagreements(inside, facts), *calibrator_faults(calibrator)]
    if faults:
        raise DataError(f"{where}: the model and its manifest {manifest_path(Path(where)).name} cannot be used; one of "
                        "them was changed: copy both again or train anew", faults=faults)
    manifest = ModelManifest.from_dict(facts)
    if not isinstance(estimator, LightgbmTrees):
        require_sound_trees(estimator.classifier, len(manifest.features), where)
    model = ConvictionModel(estimator, calibrator, manifest)
    _require_prediction(model, where)
    return model


def _require_prediction(model: ConvictionModel, where: str) -> None:
    """Refuse a model that cannot score one signal with its own number of features."""
    try:
        margin = model.estimator.margin(np.zeros((1, len(model.features))))
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, *_lightgbm_errors(model.estimator)) as error:
        raise DataError(f"{where}: the model cannot score a signal with the {len(model.features)} features of its "
                        f"manifest: {error}") from error
    if np.shape(margin) != (1,) or not np.isfinite(margin).all():
        raise DataError(f"{where}: the model gives {margin!r} for one signal where one finite number is expected")


def _lightgbm_errors(estimator: Estimator) -> tuple[type[Exception], ...]:
    return (import_lightgbm().basic.LightGBMError,) if isinstance(estimator, LightgbmTrees) else ()


def _estimator_payload(estimator: Estimator) -> dict[str, Any]:
    if isinstance(estimator, LightgbmTrees):
        return {"kind": estimator.kind, "text": estimator.text}
    scaler = {"scaler": estimator.scaler} if isinstance(estimator, ForeignClassifier) else {}
    return {"kind": estimator.kind, "classifier": estimator.classifier} | scaler


def _estimator_of(payload: dict[str, Any]) -> Estimator:
    kind = payload["kind"]
    if kind == LightgbmTrees.kind:
        return LightgbmTrees(payload["text"])
    if kind == ForeignClassifier.kind:
        return ForeignClassifier(payload["classifier"], payload["scaler"])
    if kind == HistogramTrees.kind:
        return HistogramTrees(payload["classifier"])
    raise ValueError(f"estimator {kind!r}")


def _read_manifest(path: Path, archive: bytes) -> object:
    """Return what the manifest says of the model, unchecked, once its hash is that of the model file."""
    place = manifest_path(path)
    if not place.is_file():
        raise DataError(f"{path}: its manifest {place.name} is missing; it was written beside the model and names its "
                        "features: keep the two files together")
    try:
        facts = json.loads(_read(place, _LARGEST_MANIFEST_BYTES, "manifest"))
        if facts["format"] != _FORMAT:
            raise ValueError(f"format {facts['format']}")
        found, expected = hashlib.sha256(archive).hexdigest(), facts["sha256"]
        stated = facts["manifest"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{place}: is no manifest that this version wrote ({error}); train anew") from error
    if found != expected:
        raise DataError(f"{path}: its SHA-256 is {found[:12]}... and the manifest says {str(expected)[:12]}...; the "
                        "file was changed or belongs to another manifest: copy both files again or train anew")
    return stated


def _read(path: Path, largest: int, what: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > largest:
            raise DataError(f"{path}: the {what} has {size:,} bytes; at most {largest:,} are read")
        with path.open("rb") as file:
            return file.read(largest)
    except OSError as error:
        raise DataError(f"{path}: cannot read the {what}: {error.strerror or error}") from error
