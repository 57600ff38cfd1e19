"""One small run of puts over a simulated market, made once."""

from __future__ import annotations

import pytest

from backtrader_system import run

QUICK = {
    "data.simulated.n_symbols": 4, "data.warmup_sessions": 300, "backtest.start_date": "2023-01-03",
    "backtest.end_date": "2024-06-28", "evidence.bootstrap_samples": 100, "puts.selling.random_portfolios": 100,
    "puts.weight_search.folds": 2,
}


@pytest.fixture(scope="session")
def quick_settings() -> dict[str, object]:
    return dict(QUICK)


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    return run("put_recommendations_sample.yaml", QUICK, output_dir=tmp_path_factory.mktemp("runs"))
