"""Scores from bars: determinism, cache, point in time, and an edge that is found where there is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from small_market import random_panel

from backtrader_system.errors import SettingsError
from backtrader_system.market_data.calendar import session_close_instant, sessions_between
from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.models.ml_signals import score_market
from backtrader_system.progress import Silent
from backtrader_system.settings.data import SimulatedSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.labels import make_labels

FIRST = 110
SMALL = {"n_estimators": 4, "max_depth": 4}


def settings(profile="relaxed", **ml):
    base = {"cache_dir": None, "workers": 1, "training_window_sessions": 60, "min_training_days": 30,
            "retrain_every_sessions": 2, "models": {"regime": SMALL, "strength": SMALL}}
    return Settings.model_validate({
        "data": {"calendar": "24/7"}, "strategy": {"profile": profile}, "ml_config": {**base, **ml}})


def scores(bars, first=FIRST, progress=None, **ml):
    return score_market(bars, settings(**ml), first_session=bars.sessions[first], progress=progress)


def same(left, right):
    names = ("direction", "score", "base_score", "probability", "ml_multiplier", "is_enhanced")
    assert all(getattr(left.scored, name).tobytes() == getattr(right.scored, name).tobytes() for name in names)
    pd.testing.assert_frame_equal(left.predictions, right.predictions, check_exact=True)
    assert left.quality == right.quality


class Listener(Silent):
    def __init__(self):
        self.lines = []

    def say(self, message):
        self.lines.append(message)


@pytest.fixture(scope="module")
def bars():
    return random_panel()


@pytest.fixture(scope="module")
def plain(bars):
    return scores(bars)


def test_scores_are_enhanced_from_the_first_session_on(bars, plain):
    scored = plain.scored

    is_signal = scored.direction != 0
    assert not scored.is_enhanced[:FIRST].any()
    assert scored.is_enhanced[FIRST:, 0][is_signal[FIRST:, 0]].all()
    assert np.array_equal(np.isfinite(scored.ml_multiplier), scored.is_enhanced)
    assert np.array_equal(scored.score[~scored.is_enhanced], scored.base_score[~scored.is_enhanced], equal_nan=True)
    assert (scored.score[is_signal] >= 0).all()
    assert (scored.score[is_signal] <= 1).all()


def test_no_bar_no_member_or_no_history_is_no_signal(bars, plain):
    assert np.isnan(plain.scored.score[~bars.has_bar]).all()
    assert np.isnan(plain.scored.score[:33]).all()
    outside = bars.is_member.copy()
    outside[120:, 0] = False
    left = scores(replace(bars, is_member=outside))
    assert np.isnan(left.scored.score[120:, 0]).all()
    assert not left.scored.direction[120:, 0].any()
    assert np.isnan(left.scored.probability[120:, 0]).all()


def test_scores_are_known_at_the_close(bars, plain):
    assert plain.scored.known_at.equals(session_close_instant("24/7", bars.sessions))


def test_predictions_know_only_labels_that_had_ended(bars, plain):
    table = plain.predictions
    row = bars.sessions.get_indexer(pd.DatetimeIndex(table["session"]))
    through = bars.sessions.get_indexer(pd.DatetimeIndex(table["trained_through"]))

    assert len(table) > 150
    assert row.min() == FIRST
    assert (through < row - 1).all()                                # embargo of one session
    assert (table["n_train"] <= 60).all()
    labels = make_labels(bars, "forward", 10, 3)
    column = pd.Index(bars.symbols).get_indexer(table["symbol"])
    np.testing.assert_array_equal(table["label_strength"], labels.strength.value[row, column])


def test_quality_judges_settled_labels_only(plain):
    table = plain.predictions
    judged = table.dropna(subset=["p_trending", "label_trending"])
    strength = table.dropna(subset=["label_strength"])

    assert plain.quality["regime"]["n"] == len(judged) < len(table)
    assert plain.quality["regime"]["accuracy"] == pytest.approx(
        ((judged["p_trending"] > 0.5) == (judged["label_trending"] == 1)).mean())
    assert plain.quality["strength"]["n"] == len(strength)
    assert plain.quality["symbols_with_models"] == 4
    # S01 is listed late: 110 - 30 bars are too few for fifty bars of look-back and thirty of training.
    assert plain.quality["symbol_stats"]["S00"]["training_sessions"] == (160 - FIRST) // 2
    assert plain.quality["symbol_stats"]["S01"]["training_sessions"] < (160 - FIRST) // 2


def test_without_models_the_rules_speak(bars):
    result = scores(bars, enabled=False)

    assert np.array_equal(result.scored.score, result.scored.base_score, equal_nan=True)
    assert not result.scored.is_enhanced.any()
    assert (result.n_fits, len(result.predictions)) == (0, 0)
    assert result.quality["regime"]["accuracy"] is None
    assert result.quality["regime"]["accuracy_note"] == "no prediction whose label is known"


def test_the_same_bytes_twice(bars, plain):
    same(scores(bars), plain)


def test_the_number_of_workers_changes_nothing(bars, monkeypatch):
    monkeypatch.setattr("backtrader_system.models.retraining.ROWS_WORTH_WORKERS", 0)
    monkeypatch.setattr("backtrader_system.models.retraining.ROWS_PER_BLOCK", 500)

    same(scores(bars, workers=2, retrain_every_sessions=5), scores(bars, workers=1, retrain_every_sessions=5))


def test_companions_change_nothing_per_symbol(bars, plain):
    alone = scores(bars.select(["S02"]))

    assert alone.scored.score[:, 0].tobytes() == plain.scored.score[:, 2].tobytes()


def test_a_cached_run_equals_a_cold_one(bars, plain, tmp_path):
    cold = scores(bars, cache_dir=tmp_path)
    warm = scores(bars, cache_dir=tmp_path)

    same(cold, plain)
    same(warm, plain)
    assert (cold.n_cached, warm.n_cached) == (0, cold.n_fits)


def test_a_longer_run_fits_new_sessions_only(bars, plain, tmp_path):
    short = scores(bars.take_sessions(slice(0, 150)), cache_dir=tmp_path)
    longer = scores(bars, cache_dir=tmp_path)

    same(longer, plain)
    assert longer.n_cached == short.n_fits


@pytest.mark.parametrize("change", [{"seed": 1}, {"models": {"regime": {**SMALL, "max_depth": 3}, "strength": SMALL}}],
                         ids=["seed", "depth"])
def test_other_parameters_do_not_find_the_entries(bars, tmp_path, change):
    first = scores(bars, cache_dir=tmp_path, retrain_every_sessions=10)

    again = scores(bars, cache_dir=tmp_path, retrain_every_sessions=10, **change)

    assert again.n_cached == (0 if "seed" in change else first.n_fits // 2)


def test_a_damaged_cache_is_rebuilt_and_said(bars, plain, tmp_path):
    (tmp_path / "predictions.sqlite").write_bytes(b"no database at all")
    listener = Listener()

    same(scores(bars, cache_dir=tmp_path, progress=listener), plain)
    assert len(listener.lines) == 1
    assert scores(bars, cache_dir=tmp_path).n_cached == plain.n_fits


@pytest.mark.parametrize("pooled", [False, True], ids=["each", "pooled"])
def test_models_are_carried_forward(bars, pooled):
    result = scores(bars, pooled=pooled, retrain_every_sessions=7)

    of_first = result.predictions[result.predictions["symbol"] == "S00"]
    assert len(of_first) == 160 - FIRST
    assert of_first["trained_through"].nunique() == len(range(FIRST, 160, 7))
    assert result.quality["symbol_stats"]["S00"]["training_sessions"] == len(range(FIRST, 160, 7))
    assert result.n_fits == 16 if pooled else result.n_fits > 48


def test_original_labels_are_reported_as_no_forecast(bars):
    result = scores(bars, labels="original", retrain_every_sessions=10)

    assert "no forecast" in result.quality["warnings"][0]
    assert result.predictions["strength"].between(0.3, 1.0).all()


def test_unknown_features_are_an_error(bars):
    with pytest.raises(SettingsError, match="did you mean 'momentum_30'"):
        scores(bars, feature_columns=("rsi", "momentun_30"))


def simulated(edge):
    sessions = sessions_between("XNYS", date(2020, 1, 2), date(2022, 6, 30))
    market = simulate_market(SimulatedSettings(
        edge=edge, n_symbols=10, splits=False, dividends=False, late_listing=False, delisting=False), sessions)
    return panel_from_table(market.bars)


def strength_quality(edge):
    result = scores(simulated(edge), first=250, pooled=True, retrain_every_sessions=20, training_window_sessions=252,
                    models={"regime": SMALL, "strength": {"n_estimators": 20, "max_depth": 6}})
    return result.quality["strength"], result.quality["warnings"]


def test_a_planted_edge_is_found():
    figures, warnings = strength_quality(0.5)

    assert figures["ic"] > 3 * figures["ic_standard_error"] > 0
    assert figures["r2"] > 0
    assert warnings == []


def test_a_market_too_good_to_be_true_is_said():
    _, warnings = strength_quality(1.0)

    assert "look for a leak" in warnings[0]


def test_no_edge_is_found_where_there_is_none():
    figures, warnings = strength_quality(0.0)

    assert abs(figures["ic"]) < 3 * figures["ic_standard_error"]
    assert figures["r2"] < 0.02
    assert warnings == []
