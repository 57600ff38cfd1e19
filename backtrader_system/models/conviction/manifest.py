"""What a model says of itself: how it was made, from what, and how good it was on rows it had not seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

_LARGEST = 1e300
_GATE = {"name", "threshold", "value", "low", "high", "is_met"}
_SHARES = (
    "base_rate", "out_of_fold_base_rate", "auc", "auc_low", "auc_high", "brier", "precision", "precision_low",
    "precision_high", "recall", "recall_low", "recall_high", "calibration_brier_raw", "calibration_brier_calibrated")


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """Facts of one model, plain values only; None where a figure is not defined.

    features : names in the order the estimator takes them.
    trained_through : ISO date, the last day whose prices a training label used; None for synthetic rows and for a
        converted model, of which nobody knows.
    base_rate : share of winners among the training rows; out_of_fold_base_rate : among the rows the figures are of.
    auc, auc_low, auc_high : out of fold, 95 % interval by months. brier : out of fold, of the probabilities in use.
    brier_skill : 1 - brier / Brier score of always saying the share of winners known at the time.
    precision, recall, lift : of the best 10 % by out-of-fold margin; precision_low.. and recall_low.. are Wilson's.
    readiness : one entry per gate: name, threshold, value, low, high, is_met.
    is_synthetic : trained on generated rows (the cold start). converted_from : file name of a converted pickle.

    Examples
    --------
    >>> ModelManifest(features=("mention_count",), learner="hist_gradient_boosting").to_dict()["features"]
    ['mention_count']
    """

    features: tuple[str, ...]
    learner: str
    is_synthetic: bool = False
    converted_from: str | None = None
    trained_through: str | None = None
    n_rows: int | None = None
    n_winners: int | None = None
    base_rate: float | None = None
    n_rounds: int | None = None
    rounds_chosen_by: str = ""
    n_out_of_fold: int | None = None
    n_folds: int | None = None
    out_of_fold_base_rate: float | None = None
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    auc_clusters: int | None = None
    brier: float | None = None
    brier_skill: float | None = None
    n_best: int | None = None
    precision: float | None = None
    precision_low: float | None = None
    precision_high: float | None = None
    recall: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None
    lift: float | None = None
    calibration: str = "none"
    calibration_reason: str = ""
    calibration_brier_raw: float | None = None
    calibration_brier_calibrated: float | None = None
    readiness: tuple[dict[str, Any], ...] = ()
    data_hash: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as what JSON has: dict, list, str, int, float, bool and None."""
        plain = asdict(self)
        return plain | {"features": list(self.features), "readiness": list(self.readiness)}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> ModelManifest:
        """Return the manifest of a dictionary made by `to_dict`, in which `manifest_faults` finds nothing."""
        return cls(**facts | {"features": tuple(facts["features"]), "readiness": tuple(facts["readiness"])})

    def to_text(self) -> str:
        """Return the facts as strict JSON, the same text for the same facts: the copy inside the model file."""
        return json.dumps(self.to_dict(), sort_keys=True, allow_nan=False)


def manifest_faults(facts: object) -> list[str]:
    """Return what is wrong with what should be the dictionary of a manifest; nothing if it is sound.

    Examples
    --------
    >>> facts = ModelManifest(features=("mention_count",), learner="lightgbm", trained_through="banana").to_dict()
    >>> manifest_faults(facts)
    ["trained_through must be an ISO date as 2024-06-30 or null, is 'banana'"]
    """
    if not isinstance(facts, dict):
        return [f"the manifest must be a dictionary, is {facts!r:.60}"]
    known = {entry.name for entry in fields(ModelManifest)}
    missing, unknown = sorted(known - set(facts)), sorted(map(str, set(facts) - known))
    if missing or unknown:
        return [f"the manifest has missing keys {missing}, unknown keys {unknown}"]
    faults = [f"{name} must be {words}, is {facts[name]!r:.60}" for name, is_sound, words in _checks()
              if not is_sound(facts[name])]
    is_of_unknown_rows = facts["is_synthetic"] is True or facts["converted_from"] is not None
    if facts["trained_through"] is None and not is_of_unknown_rows:
        faults.append("trained_through is null, though the model is neither synthetic nor converted")
    return faults


def disagreements(inside: object, beside: object) -> list[str]:
    """Return the facts in which the manifest beside a model file differs from the copy inside it."""
    if not isinstance(inside, dict) or not isinstance(beside, dict):
        return [] if inside == beside else ["the manifest and its copy inside the model file are not both dictionaries"]
    return [f"{name} is {beside.get(name)!r:.60} in the manifest and {inside.get(name)!r:.60} inside the model file"
            for name in sorted({*inside, *beside}) if inside.get(name) != beside.get(name)]


def _checks() -> Iterator[tuple[str, Callable[[object], bool], str]]:
    """Yield name, check and words of every fact that has one."""
    yield "features", _are_features, "a list of different names"
    yield "is_synthetic", lambda value: isinstance(value, bool), "true or false"
    yield "trained_through", _is_date_or_none, "an ISO date as 2024-06-30 or null"
    yield "converted_from", lambda value: value is None or (isinstance(value, str) and value != ""), "a name or null"
    yield "data_hash", lambda value: value is None or isinstance(value, str), "text or null"
    yield "readiness", lambda value: isinstance(value, list) and all(map(_is_gate, value)), "a list of gates"
    for name in ("learner", "rounds_chosen_by", "calibration", "calibration_reason"):
        yield name, lambda value: isinstance(value, str), "text"
    for name in ("settings", "versions"):
        yield name, lambda value: isinstance(value, dict), "a dictionary"
    for name in ("n_rows", "n_winners", "n_rounds", "n_out_of_fold", "n_folds", "auc_clusters", "n_best"):
        yield name, lambda value: value is None or (type(value) is int and value >= 0), "a number from 0 on or null"
    for name in _SHARES:
        yield name, _is_share_or_none, "a number from 0 to 1 or null"
    for name in ("brier_skill", "lift"):
        yield name, lambda value: value is None or _is_finite(value), "a finite number or null"


def _are_features(value: object) -> bool:
    return (isinstance(value, list) and len(value) > 0 and all(isinstance(name, str) and name for name in value)
            and len(set(value)) == len(value))


def _is_date_or_none(value: object) -> bool:
    try:
        return value is None or (isinstance(value, str) and str(date.fromisoformat(value)) == value)
    except ValueError:
        return False


def _is_gate(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == _GATE


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < _LARGEST


def _is_share_or_none(value: object) -> bool:
    return value is None or (_is_finite(value) and 0 <= value <= 1)
