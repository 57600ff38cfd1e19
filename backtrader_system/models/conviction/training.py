"""Train a model of winning signals, and judge it on rows it has not seen."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.calibration import CalibrationChoice, choose_calibrator
from backtrader_system.models.conviction.estimators import fit
from backtrader_system.models.conviction.manifest import ModelManifest
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.out_of_fold import OutOfFold, choose_rounds, out_of_fold, quality
from backtrader_system.models.conviction.training_rows import TrainingRows, checked_rows, days, rows_hash
from backtrader_system.settings.conviction import ConvictionModelSettings


def train_model(
    rows: TrainingRows, settings: ConvictionModelSettings, *, is_synthetic: bool = False
) -> ConvictionModel:
    """Return a model trained on all resolved rows, with its out-of-fold figures in the manifest.

    rows : in any order; unresolved ones (label NaN) are left out.
    is_synthetic : the rows are made up; said in the manifest, and there is no day they reach to.
    Timing: every row given is used. Whoever asks for a point-in-time model gives only rows whose label had ended, as
    `walk_forward_scores` does; `manifest.trained_through` is the last day a label used.
    Steps: margins of time-ordered, purged folds; from these the calibration and all figures; the number of trees by
    early stopping on the latest rows; then one fit on all rows. Same rows and settings give the same bits.

    Raises
    ------
    DataError
        If no row is resolved or all ended alike, or the rows are not what `TrainingRows` says.
    """
    return train_checked(checked_rows(rows).resolved(), settings, is_synthetic=is_synthetic)


def train_checked(
    rows: TrainingRows, settings: ConvictionModelSettings, *, is_synthetic: bool = False
) -> ConvictionModel:
    """Do as `train_model` with rows that are checked, resolved and in order of time."""
    _require_both_classes(rows)
    tested = out_of_fold(rows, settings)
    calibration = choose_calibrator(
        tested.margin, rows.label[tested.row], tested.fold, rows.decided_at[tested.row], rows.label_end[tested.row],
        settings.calibration, settings.embargo_days)
    values = rows.features.to_numpy(dtype=float)
    stop = choose_rounds(rows, settings, values[:0])
    manifest = _manifest(rows, settings, tested, calibration)
    how = "early stopping on the latest signals" if stop.is_judged else "fixed: too few signals to judge by"
    manifest = replace(manifest, is_synthetic=is_synthetic, n_rounds=stop.n_rounds, rounds_chosen_by=how,
                       trained_through=None if is_synthetic else manifest.trained_through)
    return ConvictionModel(fit(settings, values, rows.label, stop.n_rounds), calibration.calibrator, manifest)


def library_versions() -> dict[str, str]:
    """Return the versions that a model file depends on; a library that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in ("backtrader-system", "scikit-learn", "skops", "numpy", "lightgbm"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _manifest(
    rows: TrainingRows, settings: ConvictionModelSettings, tested: OutOfFold, calibration: CalibrationChoice
) -> ModelManifest:
    brier_raw, brier_calibrated = (
        value if np.isfinite(value) else None for value in (calibration.brier_raw, calibration.brier_calibrated))
    return ModelManifest(
        features=tuple(map(str, rows.features.columns)), learner=settings.learner,
        trained_through=str(days(rows.label_end).max()), n_rows=len(rows), n_winners=int(rows.label.sum()),
        base_rate=float(rows.label.mean()), calibration=calibration.calibrator.method,
        calibration_reason=calibration.reason, calibration_brier_raw=brier_raw,
        calibration_brier_calibrated=brier_calibrated, data_hash=rows_hash(rows),
        settings=settings.model_dump(mode="json"), versions=library_versions(),
        **quality(rows, tested, calibration.honest_probability(tested.margin)))


def _require_both_classes(rows: TrainingRows) -> None:
    if len(rows) == 0:
        raise DataError("no training row has a known outcome; label matured signals first")
    winners = int(rows.label.sum())
    if winners in (0, len(rows)):
        kind = "winners" if winners else "losers"
        raise DataError(f"all {len(rows)} resolved training rows are {kind}; a model needs both. Add signals, or "
                        "choose a target that some reach and some miss")
