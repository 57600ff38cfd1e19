"""The whole pipeline finds an edge that exists and none where there is none."""

from __future__ import annotations

import pytest

from backtrader_system import run

# Weekly retraining of small forests: what is shown does not need more, and CI has little time.
MARKET = {
    "backtest.start_date": "2024-01-02", "backtest.end_date": "2025-06-30", "data.simulated.n_symbols": 12,
    "data.simulated.delisting": False, "ml_config.retrain_every_sessions": 5, "ml_config.cache_dir": None,
    "ml_config.models.regime.n_estimators": 5, "ml_config.models.strength.n_estimators": 20,
}


def result_of(edge: float, seed: int):
    return run("sample.yaml", MARKET | {"data.simulated.edge": edge, "data.simulated.seed": seed}, store=False)


@pytest.fixture(scope="module")
def with_edge():
    return result_of(edge=0.6, seed=3)


@pytest.fixture(scope="module")
def without_edge():
    return result_of(edge=0.0, seed=3)


def test_model_finds_the_planted_edge(with_edge):
    strength = with_edge.metrics["ml"]["strength"]
    assert strength["ic"] > 5 * strength["ic_standard_error"]
    assert strength["r2"] > 0


def test_strategy_earns_the_planted_edge(with_edge):
    evidence, summary = with_edge.metrics["evidence"], with_edge.metrics["summary"]
    assert summary["total_return"] > evidence["baseline_total_return"] + 0.2
    assert evidence["excess_mean_return_low"] > 0, "the interval of the excess return lies above zero"


def test_model_finds_nothing_where_nothing_is(without_edge):
    strength, regime = (without_edge.metrics["ml"][name] for name in ("strength", "regime"))
    assert abs(strength["ic"]) < 3 * strength["ic_standard_error"]
    assert strength["r2"] < 0.01
    assert abs(regime["auc"] - 0.5) < 0.05


def test_verdict_claims_nothing_where_nothing_is(without_edge):
    evidence = without_edge.metrics["evidence"]
    assert evidence["excess_mean_return_low"] < 0 < evidence["excess_mean_return_high"]
    assert "not enough evidence" in evidence["verdict"].lower()
