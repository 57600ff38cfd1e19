"""Month by month: score a month by a model of the outcomes that were known before it began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.ranking import area_under_curve
from backtrader_system.models.conviction.calibration import brier_score
from backtrader_system.models.conviction.contributions import Contributions
from backtrader_system.models.conviction.model import ConvictionModel
from backtrader_system.models.conviction.training import train_checked
from backtrader_system.models.conviction.training_rows import TrainingRows, checked_rows, days, ended_before
from backtrader_system.settings.conviction import ConvictionModelSettings

SYNTHETIC = "synthetic"
FOLD_COLUMNS = ("fold", "trained_on", "n_train", "train_winners", "n_test", "n_resolved", "base_rate", "auc", "brier")


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Out-of-sample scores of the rows, in the order the rows were given.

    probability : float64; NaN before the first month, and in months without a model where there is no cold start.
    margin : log-odds before calibration; NaN also in months scored by the cold start.
    fold : month of the decision, "2023-09". trained_on : "synthetic", "N signals to DATE" or "". Both "" before the
        first month. folds : DataFrame, one row per month, FOLD_COLUMNS; auc and brier on its resolved rows, NaN where
        one class is missing or nothing is resolved. models : month -> the model that scored it.

    Examples
    --------
    >>> walk = WalkForward(np.array([0.1]), np.array([-2.2]), np.array(["2023-09"]),
    ...                    np.array(["180 signals to 2023-08-30"]), pd.DataFrame(), {})
    >>> walk.is_trained.tolist()
    [True]
    """

    probability: np.ndarray
    margin: np.ndarray
    fold: np.ndarray
    trained_on: np.ndarray
    folds: pd.DataFrame
    models: dict[str, ConvictionModel]

    @property
    def is_trained(self) -> np.ndarray:
        """Rows scored by a model of real outcomes, bool, shape (n_rows,)."""
        return np.isfinite(self.margin)


def walk_forward_scores(
    rows: TrainingRows, settings: ConvictionModelSettings, *, first_month: str | None = None,
    cold_start: ConvictionModel | None = None,
) -> WalkForward:
    """Return the probability of every row by a model that knew only outcomes of before the row's month.

    rows : all signals, resolved or not, in any order. first_month : "2023-09"; earlier rows only train. None: first.
    cold_start : scores months with fewer than `min_training_signals` known outcomes or `min_training_winners` winners
        among them.
    Timing: the month starting on day s is scored by a model of rows whose label's last day lies before
    s - embargo_days. No row of the month itself, and none after it, touches its scores.

    Raises
    ------
    DataError
        If the rows are not what `TrainingRows` says, or the cold start has other features than they.
    """
    rows = checked_rows(rows)
    month = rows.decided_at.astype("M8[M]")
    start = np.datetime64(first_month, "M") if first_month else None
    walk = _empty(len(rows))
    table = []
    for number in np.unique(month):
        if start is None or number >= start:
            table.append(_score_month(walk, rows, month == number, number, settings, cold_start))
    return WalkForward(walk.probability, walk.margin, walk.fold, walk.trained_on,
                       pd.DataFrame(table, columns=list(FOLD_COLUMNS)), walk.models)


def known_rows(rows: TrainingRows, month: np.datetime64, embargo_days: int) -> TrainingRows:
    """Return the rows whose outcome was known before a month (datetime64[M]) began, in order of time."""
    return rows.take(ended_before(rows.label_end, month.astype("M8[D]"), embargo_days)).resolved()


def is_enough(label: np.ndarray, settings: ConvictionModelSettings) -> bool:
    """Return whether so many outcomes make a model: enough signals, enough winners, and a loser."""
    winners = int(label.sum())
    return (len(label) >= settings.min_training_signals
            and settings.min_training_winners <= winners < len(label))


def walk_forward_contributions(walk: WalkForward, features: pd.DataFrame) -> Contributions:
    """Return contributions of each row by the model that scored it, out of sample; base is the mean over these rows.

    features : the rows given to `walk_forward_scores`, in the same order. NaN in rows that no trained model scored:
    a cold start explains its own draws, not the market.
    """
    values = pd.DataFrame(np.nan, index=features.index, columns=list(features.columns))
    bases, methods = [], []
    for month in np.unique(walk.fold[walk.is_trained]):
        rows = np.flatnonzero(walk.fold == month)
        part = walk.models[month].contributions(features.iloc[rows])
        values.iloc[rows] = part.values[list(features.columns)].to_numpy()
        bases += [part.base] * len(rows)
        methods.append(part.method)
    return Contributions(values, float(np.mean(bases)) if bases else float("nan"), methods[0] if methods else "")


def _empty(n_rows: int) -> WalkForward:
    blank = np.full(n_rows, "", dtype=object)
    return WalkForward(np.full(n_rows, np.nan), np.full(n_rows, np.nan), blank, blank.copy(), pd.DataFrame(), {})


def _score_month(
    walk: WalkForward, rows: TrainingRows, is_test: np.ndarray, month: np.datetime64,
    settings: ConvictionModelSettings, cold_start: ConvictionModel | None,
) -> dict[str, object]:
    """Fill in the month's rows and return its line of the table."""
    known = known_rows(rows, month, settings.embargo_days)
    test, name, trained_on = rows.take(is_test), str(month), ""
    model = cold_start
    if is_enough(known.label, settings):
        model = train_checked(known, settings)
        walk.margin[is_test] = model.margin(test.features)
        trained_on = f"{len(known)} signals to {days(known.label_end).max()}"
    elif cold_start is not None:
        trained_on = SYNTHETIC
    if model is not None:
        walk.models[name] = model
        walk.probability[is_test] = model.predict(test.features)
    walk.fold[is_test], walk.trained_on[is_test] = name, trained_on
    return {"fold": name, "trained_on": trained_on, "n_train": len(known), "train_winners": int(known.label.sum()),
            **_month_quality(test.label, walk.probability[is_test])}


def _month_quality(label: np.ndarray, probability: np.ndarray) -> dict[str, object]:
    judged = np.isfinite(label) & np.isfinite(probability)
    return {
        "n_test": len(label), "n_resolved": int(np.isfinite(label).sum()),
        "base_rate": float(np.nanmean(label)) if np.isfinite(label).any() else float("nan"),
        "auc": area_under_curve(label[judged], probability[judged]),
        "brier": brier_score(label[judged], probability[judged]),
    }
