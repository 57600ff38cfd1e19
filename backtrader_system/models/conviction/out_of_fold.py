"""Margins of rows by models that had not seen them, and how good these are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtrader_system.metrics.conviction.clusters import month_clusters
from backtrader_system.metrics.conviction.ranking import auc_figures
from backtrader_system.metrics.uncertainty import wilson_interval
from backtrader_system.models.conviction.calibration import brier_score
from backtrader_system.models.conviction.estimators import EarlyStop, fit, stop_early
from backtrader_system.models.conviction.time_split import latest_slice, purged_folds
from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.settings.conviction import ConvictionModelSettings

BEST_FRACTION = 0.10
GATES = (("precision", 0.60), ("recall", 0.50), ("auc", 0.70))      # of the owner's document; "larger than"
_MIN_JUDGES = 5          # winners, and others, that early stopping needs to judge by


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Rows that some fold tested: their numbers, fold, margin and the base rate that fold's model knew.

    Examples
    --------
    >>> OutOfFold(np.array([5]), np.array([0]), np.array([-2.9]), np.array([0.05])).row.tolist()
    [5]
    """

    row: np.ndarray
    fold: np.ndarray
    margin: np.ndarray
    known_rate: np.ndarray


def out_of_fold(rows: TrainingRows, settings: ConvictionModelSettings) -> OutOfFold:
    """Return the margins of all folds of `purged_folds`; rows : resolved, in order of time.

    A fold whose training rows hold one class only is left out. Its model is the one early stopping ended with, not
    fitted again on the slice that stopped it: a little weaker than the final model, so the figures are a little low.
    """
    parts = []
    values = rows.features.to_numpy(dtype=float)
    folds = purged_folds(rows.decided_at, rows.label_end, settings.n_folds, settings.embargo_days)
    for number, fold in enumerate(folds):
        label = rows.label[fold.train]
        if label.min() == label.max():
            continue
        margin = choose_rounds(rows.take(fold.train), settings, values[fold.test]).margin
        parts.append((fold.test, np.full(len(fold.test), number), margin, np.full(len(fold.test), label.mean())))
    if not parts:
        return OutOfFold(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0))
    return OutOfFold(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def choose_rounds(rows: TrainingRows, settings: ConvictionModelSettings, other_values: np.ndarray) -> EarlyStop:
    """Return how many trees to fit, judged by the latest rows, and margins of other rows by that model.

    The latest `early_stopping_fraction` of the rows judge; rows whose labels reach into them do not train. Where the
    judges hold fewer than five winners or others, or nothing is left to train on, a third of `n_estimators` is taken.
    """
    values = rows.features.to_numpy(dtype=float)
    split = latest_slice(rows.decided_at, rows.label_end, settings.early_stopping_fraction, settings.embargo_days)
    judges, label = rows.label[split.test], rows.label[split.train]
    winners = int(judges.sum())
    if min(winners, len(judges) - winners) < _MIN_JUDGES or len(label) == 0 or label.min() == label.max():
        n_rounds = fixed_rounds(settings)
        margin = fit(settings, values, rows.label, n_rounds).margin(other_values) if len(other_values) else np.zeros(0)
        return EarlyStop(n_rounds, margin, is_judged=False)
    return stop_early(settings, values[split.train], label, values[split.test], judges, other_values)


def fixed_rounds(settings: ConvictionModelSettings) -> int:
    """Return the number of trees where no rows can judge: a third of the most."""
    return max(settings.n_estimators // 3, 1)


def quality(rows: TrainingRows, tested: OutOfFold, probability: np.ndarray) -> dict[str, Any]:
    """Return the out-of-fold figures of `ModelManifest`; None where one is not defined.

    probability : of the tested rows, as the model would state them. AUC and the best 10 % rank by the margin.
    """
    label = rows.label[tested.row]
    if len(label) == 0:
        return {"n_out_of_fold": 0, "n_folds": 0, "readiness": _readiness({})}
    cluster = month_clusters(rows.decided_at[tested.row])
    ranking = {name: figure.value for name, figure in auc_figures(label, tested.margin, cluster).items()}
    brier, reference = brier_score(label, probability), brier_score(label, tested.known_rate)
    figures = {
        "n_out_of_fold": len(label), "n_folds": len(np.unique(tested.fold)), "out_of_fold_base_rate": label.mean(),
        **ranking, "auc_clusters": len(np.unique(cluster)),
        "brier": brier, "brier_skill": 1 - brier / reference if reference > 0 else None,
    }
    figures = {name: _plain(value) for name, value in (figures | _best(label, tested.margin)).items()}
    return figures | {"readiness": _readiness(figures)}


def _best(label: np.ndarray, margin: np.ndarray) -> dict[str, Any]:
    n_best = max(1, math.ceil(BEST_FRACTION * len(label)))
    winners = int(label[np.argsort(-margin, kind="stable")[:n_best]].sum())
    all_winners = int(label.sum())
    low, high = wilson_interval(winners, n_best)
    recall_low, recall_high = wilson_interval(winners, all_winners) or (None, None)
    return {
        "n_best": n_best, "precision": winners / n_best, "precision_low": low, "precision_high": high,
        "recall": winners / all_winners if all_winners else None, "recall_low": recall_low, "recall_high": recall_high,
        "lift": winners / n_best / label.mean() if all_winners else None,
    }


def _readiness(figures: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple({
        "name": name, "threshold": threshold, "value": figures.get(name), "low": figures.get(f"{name}_low"),
        "high": figures.get(f"{name}_high"), "is_met": (figures.get(name) or 0.0) > threshold,
    } for name, threshold in GATES)


def _plain(value: Any) -> int | float | None:
    if isinstance(value, int | np.integer):
        return int(value)
    return None if value is None or not math.isfinite(value) else float(value)
