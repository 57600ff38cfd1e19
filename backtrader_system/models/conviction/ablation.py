"""What a group of features is worth: the walk forward again without it, compared on the same signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.clusters import month_clusters
from backtrader_system.metrics.conviction.ranking import area_under_curve, auc_difference
from backtrader_system.models.conviction.estimators import fit
from backtrader_system.models.conviction.out_of_fold import choose_rounds
from backtrader_system.models.conviction.training_rows import TrainingRows, checked_rows
from backtrader_system.models.conviction.walk_forward import WalkForward, is_enough, known_rows
from backtrader_system.settings.conviction import ConvictionModelSettings

ABLATION_COLUMNS = ("group", "auc_full", "auc_without", "difference", "low", "high")


def ablation(
    walk: WalkForward, rows: TrainingRows, settings: ConvictionModelSettings, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the out-of-sample AUC with all features and without each group, and the difference with its interval.

    walk : of the same rows, settings and order. groups : group -> feature names; names the rows do not have are passed
    over, a group without any is left out.
    Returns: ABLATION_COLUMNS, one row per group in the order given. difference = auc_full - auc_without: above 0 the
        group helps. low, high : 95 %, of the paired difference, by months (see `auc_difference`). Only resolved rows of
        months with a trained model count, and models are compared before calibration, which does not rank. NaN where
        no such row exists or one class is missing, or the group is all there is.
    """
    rows = checked_rows(rows)
    judged = walk.is_trained & np.isfinite(rows.label)
    label, cluster = rows.label[judged], month_clusters(rows.decided_at[judged])
    table = []
    for group, names in groups.items():
        dropped = [name for name in rows.features.columns if name in set(names)]
        if not dropped:
            continue
        without = _margins(walk, rows, settings, dropped)[judged]
        table.append({"group": group, **_compared(label, walk.margin[judged], without, cluster)})
    return pd.DataFrame(table, columns=list(ABLATION_COLUMNS))


def _margins(
    walk: WalkForward, rows: TrainingRows, settings: ConvictionModelSettings, dropped: Sequence[str]
) -> np.ndarray:
    """Return the walk forward's margins by models that lack some features; NaN where they lack all."""
    values = rows.features.drop(columns=list(dropped))
    margin = np.full(len(rows), np.nan)
    if values.shape[1] == 0:
        return margin
    reduced = TrainingRows(values, rows.label, rows.ticker, rows.decided_at, rows.label_end)
    for month in np.unique(walk.fold[walk.is_trained]):
        known = known_rows(reduced, np.datetime64(month, "M"), settings.embargo_days)
        if not is_enough(known.label, settings):
            raise ValueError(f"the walk forward has a model of {month} which these rows and settings do not allow; "
                             "give the rows and settings it was made with")
        trained = known.features.to_numpy(dtype=float)
        n_rounds = choose_rounds(known, settings, trained[:0]).n_rounds
        test = walk.fold == month
        margin[test] = fit(settings, trained, known.label, n_rounds).margin(values[test].to_numpy(dtype=float))
    return margin


def _compared(label: np.ndarray, full: np.ndarray, without: np.ndarray, cluster: np.ndarray) -> dict[str, float]:
    full_auc = area_under_curve(label, full)
    if not np.isfinite(without).all() or not np.isfinite(full_auc):
        return {"auc_full": full_auc, "auc_without": np.nan, "difference": np.nan, "low": np.nan, "high": np.nan}
    difference, low, high = auc_difference(label, full, without, cluster)
    return {"auc_full": full_auc, "auc_without": area_under_curve(label, without), "difference": difference,
            "low": low, "high": high}
