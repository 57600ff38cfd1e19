"""Settings of the section `ml_config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from backtrader_system.settings.section import Section, Sessions

SEED_FEATURES = (
    "price_vs_ma5", "price_vs_ma20", "price_vs_ma50", "rsi_normalized", "volatility_10d",
    "volatility_20d", "volume_ratio", "bb_position", "macd_histogram", "trend_consistency",
)


class ForestSettings(Section):
    """A random forest, in scikit-learn's words. `max_features`: a share of the features, or `sqrt`."""

    n_estimators: Annotated[int, Field(ge=1, le=5_000)] = 50
    max_depth: Annotated[int, Field(ge=1, le=64)] = 8
    # A year of one symbol is 252 noisy rows: leaves of one row learn the noise (R2 out of sample far below 0).
    min_samples_leaf: Annotated[int, Field(ge=1)] = 10
    max_features: Literal["sqrt"] | Annotated[float, Field(gt=0, le=1)] = "sqrt"


class ModelPairSettings(Section):
    """The two models: the regime classifier and the strength regressor."""

    regime: ForestSettings = ForestSettings()
    strength: ForestSettings = ForestSettings()


class MlSettings(Section):
    """How the two models are trained, how often and on which rows."""

    enabled: bool = True
    feature_columns: Annotated[tuple[str, ...], Field(min_length=1)] = SEED_FEATURES
    labels: Literal["forward", "original"] = "forward"
    regime_horizon_sessions: Sessions = 10
    strength_horizon_sessions: Sessions = 3
    embargo_sessions: Annotated[int, Field(ge=0)] = 1
    min_training_days: Sessions = 60
    training_window_sessions: Sessions | None = 252     # None: all rows since the first bar
    retrain_every_sessions: Sessions = 1
    pooled: bool = False                                # one model for all symbols instead of one each
    models: ModelPairSettings = ModelPairSettings()
    seed: int = 42
    workers: Annotated[int, Field(ge=0)] = 0            # 0: all cores; never changes a result
    cache_dir: Path | None = Path(".cache/models")      # None: no cache
