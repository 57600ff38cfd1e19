"""The two models' predictions for every symbol and session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.models.forest import Forest
from backtrader_system.models.prediction_cache import PredictionCache
from backtrader_system.models.retraining import Job, run_jobs
from backtrader_system.models.walk_forward import make_samples, plan_fits
from backtrader_system.progress import Progress
from backtrader_system.settings.models import ForestSettings, MlSettings
from backtrader_system.signals.labels import Label, Labels

NO_MODEL = -1


@dataclass(frozen=True, slots=True)
class Predictions:
    """One model's predictions; arrays have the shape of the panel.

    value : NaN where there is no model, or one that learnt a single class.
    reference : the mean of the labels the model learnt: the forecast without a model. NaN where there is none.
    trained_through : row of the last session whose label the model used; NO_MODEL where there is none.
    n_train : training rows of the model; 0 where there is none.
    n_models : shape (n_symbols,), how many models each symbol had.
    """

    value: np.ndarray
    reference: np.ndarray
    trained_through: np.ndarray
    n_train: np.ndarray
    n_models: np.ndarray


@dataclass(frozen=True, slots=True)
class PredictionPair:
    """Both models' predictions, the number of fits behind them and how many came from the cache."""

    regime: Predictions
    strength: Predictions
    n_fits: int
    n_cached: int


def predict_walk_forward(
    bars: BarPanel, features: dict[str, np.ndarray], labels: Labels, settings: MlSettings, first: int,
    progress: Progress,
) -> PredictionPair:
    """Return what models that knew only the past predicted for rows `first` and later.

    features : at least those of `feature_columns`. first : the row of the run's first session.
    Predictions are made for members of the universe that have a bar and all features.

    Timing: the prediction of row t uses features of t, and labels that ended before the session of its model, which
    is t or at most retrain_every_sessions - 1 earlier.
    """
    # The forest sees 32-bit numbers; what does not fit into one is as missing as NaN.
    with np.errstate(over="ignore"):
        design = np.stack([features[name] for name in settings.feature_columns], axis=2).astype(np.float32)
    can_predict = bars.is_member & bars.has_bar
    jobs: list[Job] = []
    for label, forest in (
        (labels.regime, _forest(settings.models.regime, settings.seed, is_classifier=True)),
        (labels.strength, _forest(settings.models.strength, settings.seed, is_classifier=False)),
    ):
        for sample in make_samples(design, label, can_predict, pooled=settings.pooled):
            fits = plan_fits(sample, first, len(bars.sessions) - 1, settings)
            jobs.append(Job(sample, tuple(fits), forest))
    store = PredictionCache(settings.cache_dir, progress) if settings.cache_dir else None
    results, n_cached = run_jobs(jobs, workers=settings.workers, store=store, progress=progress)
    half = len(jobs) // 2
    return PredictionPair(
        regime=_spread(bars.shape, jobs[:half], results[:half]),
        strength=_spread(bars.shape, jobs[half:], results[half:]),
        n_fits=sum(len(job.fits) for job in jobs), n_cached=n_cached,
    )


def no_predictions(shape: tuple[int, int]) -> Predictions:
    """Return the predictions of a run without models."""
    return Predictions(np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, NO_MODEL),
                       np.zeros(shape, dtype=np.int64), np.zeros(shape[1], dtype=np.int64))


def predictions_table(bars: BarPanel, pair: PredictionPair, labels: Labels) -> pd.DataFrame:
    """Return one row per symbol and session that had a strength model; sorted by session and symbol.

    Columns: session, symbol, p_trending, strength, trained_through (the later of both models' sessions), n_train (of
    the strength model), label_trending and label_strength (NaN if not settled by the end of the data).
    """
    row, column = np.nonzero(pair.strength.n_train)
    through = np.maximum(pair.regime.trained_through, pair.strength.trained_through)[row, column]
    return pd.DataFrame({
        "session": pd.Series(bars.sessions[row]),
        "symbol": pd.Series(pd.array(bars.symbols, dtype="str").take(column)),
        "p_trending": pair.regime.value[row, column],
        "strength": pair.strength.value[row, column],
        "trained_through": pd.Series(bars.sessions[through]),
        "n_train": pair.strength.n_train[row, column],
        "label_trending": labels.regime.value[row, column],
        "label_strength": labels.strength.value[row, column],
    })


def _forest(settings: ForestSettings, seed: int, *, is_classifier: bool) -> Forest:
    return Forest(is_classifier, settings.n_estimators, settings.max_depth, settings.min_samples_leaf,
                  settings.max_features, seed)


def _spread(shape: tuple[int, int], jobs: list[Job], results: list[list[np.ndarray]]) -> Predictions:
    """Return the results of fits as arrays of the panel."""
    made = no_predictions(shape)
    for job, values in zip(jobs, results, strict=True):
        sample = job.sample
        for fit, value in zip(job.fits, values, strict=True):
            cells = sample.session[fit.predict], sample.column[fit.predict]
            made.value[cells] = value
            made.reference[cells] = sample.label[fit.train].mean()
            made.trained_through[cells] = fit.trained_through
            made.n_train[cells] = fit.train.size
            made.n_models[np.unique(cells[1])] += 1
    return made


def unsettled(shape: tuple[int, int]) -> Label:
    """Return a label of which nothing is known."""
    return Label(np.full(shape, np.nan), np.full(shape, NO_MODEL))
