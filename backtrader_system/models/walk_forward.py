"""Which rows train the model of which session: the walk forward.

For a model that decides after the close of session s:

- a row may train it if its label ended before s - embargo (purge and embargo): `end < s - embargo_sessions`;
- of these rows, the last `training_window_sessions` distinct sessions are used, or all of them;
- below `min_training_days` distinct sessions there is no model.

Models are made every `retrain_every_sessions` sessions, counted from the first session of the run, and predict until
the next one is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.settings.models import MlSettings
from backtrader_system.signals.labels import Label


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows one sequence of models learns from and predicts: one symbol, or all of them pooled.

    features : float32, shape (n_rows, n_features). label : float64; NaN where unsettled.
    session, column : int64, the cell of the panel; sorted by session, then column.
    end : int64, the session in which the label was settled.
    can_train, can_predict : bool. All have n_rows entries.
    """

    features: np.ndarray
    label: np.ndarray
    session: np.ndarray
    column: np.ndarray
    end: np.ndarray
    can_train: np.ndarray
    can_predict: np.ndarray


@dataclass(frozen=True, slots=True)
class Fit:
    """One model: rows of its sample to train on and to predict, and the last session whose label it uses."""

    train: np.ndarray
    predict: np.ndarray
    trained_through: int


def make_samples(features: np.ndarray, label: Label, can_predict: np.ndarray, *, pooled: bool) -> list[Sample]:
    """Return one sample per symbol, or a single one.

    features : float32, shape (n_sessions, n_symbols, n_features), in the order of `feature_columns`.
    can_predict : bool, shape (n_sessions, n_symbols); where a prediction is wanted if the features exist.
    """
    is_complete = np.isfinite(features).all(axis=2)
    groups = [np.arange(features.shape[1])] if pooled else [np.array([n]) for n in range(features.shape[1])]
    samples = []
    for columns in groups:
        row, within = np.nonzero(is_complete[:, columns])
        column = columns[within]
        value = label.value[row, column]
        samples.append(Sample(
            features=np.ascontiguousarray(features[row, column]), label=value, session=row, column=column,
            end=label.end[row, column], can_train=np.isfinite(value), can_predict=can_predict[row, column],
        ))
    return samples


def plan_fits(sample: Sample, first: int, last: int, settings: MlSettings) -> list[Fit]:
    """Return the models of sessions `first` to `last`, both included, in order of time.

    Timing: the rows of a model that first decides in session s all have labels that ended before
    s - embargo_sessions; it predicts rows of s and later only.
    """
    fits = []
    step = settings.retrain_every_sessions
    for session in range(first, last + 1, step):
        in_reach = slice(*np.searchsorted(sample.session, [session, min(session + step, last + 1)]))
        predict = in_reach.start + np.flatnonzero(sample.can_predict[in_reach])
        train = training_rows(sample, session, settings)
        if predict.size and train.size:
            fits.append(Fit(train, predict, int(sample.end[train].max())))
    return fits


def training_rows(sample: Sample, session: int, settings: MlSettings) -> np.ndarray:
    """Return the rows that may train the model of one session; empty if they are too few."""
    earlier = slice(0, np.searchsorted(sample.session, session))       # a label never ends before its own row
    is_settled = sample.can_train[earlier] & (sample.end[earlier] < session - settings.embargo_sessions)
    rows = np.flatnonzero(is_settled)
    sessions = sample.session[rows]
    starts = np.flatnonzero(np.diff(sessions, prepend=-1))             # the first row of every distinct session
    if starts.size < settings.min_training_days:
        return rows[:0]
    window = settings.training_window_sessions
    return rows if window is None or starts.size <= window else rows[starts[-window]:]
