"""What a model says of itself: how it was made, from what, and how good it was on rows it had not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


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
        """Return the manifest of a dictionary made by `to_dict`.

        Raises: ValueError names keys that are missing or unknown.
        """
        known = {entry.name for entry in fields(cls)}
        missing, unknown = sorted(known - set(facts)), sorted(set(facts) - known)
        if missing or unknown:
            raise ValueError(f"missing keys {missing}, unknown keys {unknown}")
        return cls(**facts | {"features": tuple(facts["features"]), "readiness": tuple(facts["readiness"])})
