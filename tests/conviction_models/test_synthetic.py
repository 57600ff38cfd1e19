"""The generator of the cold start against the facts measured of the original."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.synthetic import (
    ORIGINAL_INTERCEPT,
    cold_start_model,
    draw_synthetic,
    intercept_of,
    synthetic_rows,
)
from backtrader_system.settings.conviction import ConvictionModelSettings
from backtrader_system.signals.conviction.features.feature_names import FEATURES, MISSING_FLAGS


@pytest.fixture(scope="module")
def drawn():
    return draw_synthetic(100_000, seed=42)


def test_winners_of_the_original(drawn):
    chance = expit(drawn.strength + ORIGINAL_INTERCEPT)
    label = np.random.default_rng(0).random(len(chance)) < chance

    assert chance.mean() == pytest.approx(0.625, abs=0.015)       # 62.5 % of 5,000 has a standard error of 0.7 points
    assert roc_auc_score(label, drawn.strength) == pytest.approx(0.837, abs=0.01)


@pytest.mark.parametrize(("feature", "mean"), [
    ("dan_endorsed", 0.15), ("source_yieldschool", 0.4), ("source_dumbmoney", 0.6), ("source_bluechips", 0.2),
    ("mention_count", 3.0), ("multi_source", 1 - np.exp(-2)),             # 86 %
    ("total_reactions", np.exp(3.5)), ("comment_count", 5.0), ("sentiment_score", 0.75),
    ("thesis_quality_score", 5 / 7), ("google_trends_now", 45.0), ("google_trends_7d_change", 40.0),
    ("google_trends_30d_change", 60.0), ("trends_peak_ratio", 0.4), ("message_age_hours", 36.0),
    ("price_vs_mention", np.exp(0.02)), ("volume_spike", np.exp(1.0)), ("whale_accumulation", 0.1),
    ("smart_money_holdings", 0.05), ("holder_growth", 7.5), ("holder_concentration", 40.0),
    ("volume_authenticity", 0.8), ("thesis_length", 100.0), ("thesis_keywords", 3.0), ("hype_language_penalty", 0.5),
    ("emoji_spam", 0.1), ("new_token", 0.15), ("reaction_recency", 1 - np.exp(-48 / 36)),
])
def test_means_of_the_draws(drawn, feature, mean):
    values = drawn.features[feature]

    assert values.mean() == pytest.approx(mean, abs=5 * values.std() / np.sqrt(len(values)) + 1e-9)


def test_the_mean_chance_is_the_stated_base_rate(drawn):
    for base_rate in (0.01, 0.05, 0.5, 0.9):
        chance = expit(drawn.strength + intercept_of(drawn.strength, base_rate))
        assert chance.mean() == pytest.approx(base_rate, abs=1e-12)


def test_point_in_time_columns_know_no_onchain_values_of_stocks():
    rows = synthetic_rows([*FEATURES, *MISSING_FLAGS], ConvictionModelSettings())
    is_stock = rows.features["is_crypto"] == 0

    assert list(rows.features.columns) == [*FEATURES, *MISSING_FLAGS]
    assert rows.features.loc[is_stock, "volume_authenticity"].isna().all()
    assert rows.features.loc[~is_stock].notna().all(axis=None)
    assert (rows.features["has_onchain"] == rows.features["is_crypto"]).all()


def test_compat_columns_have_zeros_for_stocks():
    rows = synthetic_rows(FEATURES, ConvictionModelSettings())

    assert rows.features.notna().all(axis=None)
    assert (rows.features["holder_concentration"] == 0).mean() == pytest.approx(0.5, abs=0.05)


def test_cold_start_is_flagged_and_recalibrated():
    model = cold_start_model(FEATURES, ConvictionModelSettings())
    again = cold_start_model(FEATURES, ConvictionModelSettings())
    signals = draw_synthetic(4_000, seed=1).features[list(FEATURES)]

    assert model.manifest.is_synthetic
    assert model.manifest.trained_through is None
    assert model.manifest.base_rate == pytest.approx(0.05, abs=0.015)
    assert model.predict(signals).mean() == pytest.approx(0.05, abs=0.02)
    assert model.predict(signals).tobytes() == again.predict(signals).tobytes()


def test_unknown_features_are_named():
    with pytest.raises(DataError, match="no feature moon_phase"):
        cold_start_model(["mention_count", "moon_phase"], ConvictionModelSettings())
