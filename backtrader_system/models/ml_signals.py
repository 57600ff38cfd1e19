"""From bars to point-in-time scores: rules first, then what the models think of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.market_data.calendar import session_close_instant
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.models.enhancement import Enhanced, enhance
from backtrader_system.models.prediction_quality import prediction_quality
from backtrader_system.models.predictions import (
    PredictionPair,
    no_predictions,
    predict_walk_forward,
    predictions_table,
    unsettled,
)
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.features import compute_features
from backtrader_system.signals.labels import Labels, make_labels
from backtrader_system.signals.rules import RULE_FEATURES, base_signals, has_rule_inputs
from backtrader_system.signals.scored import ScoredPanel


@dataclass(frozen=True, slots=True)
class MlScores:
    """Scores, and what stands behind them.

    scored : the whole panel's scores. predictions : see `predictions_table`; empty without models.
    quality : out-of-sample figures, see `prediction_quality`. n_fits : models of the run, of which n_cached were read
    from the cache. seconds : how long all of it took.
    """

    scored: ScoredPanel
    predictions: pd.DataFrame
    quality: dict[str, Any]
    n_fits: int
    n_cached: int
    seconds: float


def score_market(
    bars: BarPanel, settings: Settings, *, first_session: pd.Timestamp, progress: Progress | None = None,
) -> MlScores:
    """Return the scores of every symbol and session.

    bars : with the warm-up before `first_session`; more of it, up to the training window plus look-backs, means that
        models exist from the first session on.
    first_session : the first session of the run; models predict from here on, earlier scores are the rules' alone.

    Only members of the universe with a bar get signals. Without `ml_config.enabled`, or while there is no model yet,
    a score is the rules' strength.

    Raises: SettingsError for an unknown feature or profile, OutputError if the cache folder cannot be used.

    Timing: row t uses bars up to and including t; usable for orders that fill at open t+1. `quality` and the label
    columns of `predictions` look ahead and feed no decision.
    """
    started = time.perf_counter()
    progress = progress or Silent()
    config = settings.ml_config
    features = compute_features(bars, (*RULE_FEATURES, *config.feature_columns))
    direction, strength = _rule_signals(bars, features, settings.strategy.profile)
    labels, pair = _without_models(bars.shape)
    first = int(bars.sessions.searchsorted(pd.Timestamp(first_session)))
    if config.enabled:
        labels = make_labels(bars, config.labels, config.regime_horizon_sessions, config.strength_horizon_sessions)
        pair = predict_walk_forward(bars, features, labels, config, first, progress)
    enhanced = enhance(direction, strength, pair.regime.value, pair.strength.value, config.labels)
    return MlScores(
        scored=_scored(bars, direction, strength, pair.regime.value, enhanced, settings.data.calendar),
        predictions=predictions_table(bars, pair, labels),
        quality=prediction_quality(
            bars.symbols, pair, labels, config.labels, enhanced.is_enhanced[first:], direction[first:]),
        n_fits=pair.n_fits, n_cached=pair.n_cached, seconds=time.perf_counter() - started,
    )


def _rule_signals(bars: BarPanel, features: dict[str, np.ndarray], profile: str) -> tuple[np.ndarray, np.ndarray]:
    direction, strength = base_signals(features, profile)
    can_signal = bars.is_member & bars.has_bar & has_rule_inputs(features, profile)
    return np.where(can_signal, direction, 0).astype(np.int8), np.where(can_signal, strength, np.nan)


def _without_models(shape: tuple[int, int]) -> tuple[Labels, PredictionPair]:
    nothing = no_predictions(shape)
    return Labels(unsettled(shape), unsettled(shape)), PredictionPair(nothing, nothing, 0, 0)


def _scored(
    bars: BarPanel, direction: np.ndarray, strength: np.ndarray, p_trending: np.ndarray, enhanced: Enhanced,
    calendar: str,
) -> ScoredPanel:
    return ScoredPanel(
        sessions=bars.sessions, symbols=bars.symbols, direction=direction, score=enhanced.score, base_score=strength,
        probability=p_trending, ml_multiplier=enhanced.multiplier, is_enhanced=enhanced.is_enhanced,
        known_at=session_close_instant(calendar, bars.sessions),
    )
