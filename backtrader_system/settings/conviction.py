"""Settings of the section `conviction`: scored ideas, the model that scores them and what is asked of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from backtrader_system.settings.section import Fraction, PositiveFraction, Section, Sessions

Positive = Annotated[float, Field(gt=0)]
ScenarioName = Literal["top_decile", "thresholds", "ml_vs_rules", "sizing", "walk_forward", "ablation"]
SCENARIOS: tuple[ScenarioName, ...] = (
    "top_decile", "thresholds", "ml_vs_rules", "sizing", "walk_forward", "ablation")


class SimulatedSignalSettings(Section):
    """Signals made up over the bars of the run. Both skills 0: nothing about a signal tells its outcome."""

    n_signals: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    seed: int = 7
    skill: Fraction = 0.6           # correlation of what only a model reads with the outcome
    rule_skill: Fraction = 0.0      # the same for reactions and words that the rules count


class ConvictionModelSettings(Section):
    """The classifier of winning signals, how it is trained and when a month is left to the cold start."""

    learner: Literal["hist_gradient_boosting", "lightgbm"] = "hist_gradient_boosting"
    n_estimators: Annotated[int, Field(ge=1, le=5_000)] = 150      # at most; early stopping takes fewer
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    max_depth: Annotated[int, Field(ge=1, le=64)] = 4
    min_samples_leaf: Annotated[int, Field(ge=1)] = 10
    l2_regularization: Annotated[float, Field(ge=0)] = 1.0
    early_stopping_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.15   # the latest training signals
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 20
    calibration: Literal["auto", "sigmoid", "isotonic", "none"] = "auto"
    n_folds: Annotated[int, Field(ge=2, le=20)] = 5                # time-ordered, purged, grouped by ticker
    embargo_days: Annotated[int, Field(ge=0)] = 1
    min_training_signals: Annotated[int, Field(ge=20)] = 100       # with fewer resolved signals a month is scored by
    min_training_winners: Annotated[int, Field(ge=2)] = 10         # the cold start, a model of synthetic signals
    cold_start_signals: Annotated[int, Field(ge=100)] = 2_000
    cold_start_base_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    seed: int = 42


class ConvictionSettings(Section):
    """Which signals are judged, by which scores, and which of them are bought."""

    signals: Path | None = None          # CSV, JSON lines or a signal store; None: simulated signals
    simulated: SimulatedSignalSettings = SimulatedSignalSettings()
    coin_suffix: str | None = None       # crypto: symbol of the bars = ticker + suffix; None: -USD for Yahoo, else none
    symbols: dict[str, str] = {}         # ticker of a signal -> symbol of its bars, where they differ otherwise
    model: Path | None = None            # a .skops file; None: retrained before every month on the months before
    strategy: Literal["top10", "threshold7", "threshold8", "threshold9", "hybrid", "rules"] = "top10"
    selection: Literal["causal", "whole_sample"] = "causal"
    top_fraction: PositiveFraction = 0.10
    trailing_days: Sessions = 90         # causal: earlier signals that a score is compared with ...
    min_earlier_signals: Sessions = 20   # ... at least so many, or none is selected yet
    hybrid_ml_weight: Fraction = 0.7
    features: Literal["point_in_time", "compat"] = "point_in_time"
    unstamped: Literal["signal_time", "missing"] = "signal_time"   # fields that do not say when they were read
    dumbmoney_score: Literal["original", "newer"] = "original"
    validator_overlay: bool = True
    label: Literal["touch", "traded"] = "touch"      # what a winner is: target touched, or before the stop
    label_days: Sessions = 30            # calendar days from the entry
    outcome_days: Annotated[tuple[Sessions, ...], Field(min_length=1)] = (7, 30, 60)
    max_wait_days: Sessions = 7          # a signal without a bar for longer than this after its post is left out
    liquidity_floor_dollars: Annotated[float, Field(ge=0)] = 100_000.0    # mean daily volume of the 20 bars before
    size_by_conviction: bool = False                 # stakes of the main account grow with the score, as below
    high_conviction_score: Annotated[int, Field(ge=1, le=10)] = 9
    high_conviction_multiple: Positive = 2.0         # of the usual stake, from that score on
    compare_count: Sessions | None = None            # ml_vs_rules: best of each month by either; None: top_fraction
    scenarios: tuple[ScenarioName, ...] = SCENARIOS
    classifier: ConvictionModelSettings = ConvictionModelSettings()
