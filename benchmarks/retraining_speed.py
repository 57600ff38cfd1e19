"""Time one year x 20 symbols x daily retraining, cold and repeated, beside scikit-learn called plainly.

    python benchmarks/retraining_speed.py [--workers 2] [--leaf 10]

Two forests of 50 trees, depth 8, for every symbol and session, on 252 rows. The plain way (one process, one
scikit-learn estimator per fit) is timed on a sample of the same rows in the same run and multiplied; on a busy
machine trust the ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.models.ml_signals import MlScores, score_market
from backtrader_system.settings.data import SimulatedSettings
from backtrader_system.settings.models import SEED_FEATURES
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.features import compute_features

FIRST_SESSION = pd.Timestamp("2024-08-23")
PLAIN_FITS = 30


def market() -> BarPanel:
    """Return twenty symbols: 252 sessions from the first session on, and 400 before it."""
    sessions = sessions_between("XNYS", date(2022, 1, 3), date(2025, 12, 31))
    first = int(sessions.searchsorted(FIRST_SESSION))
    settings = SimulatedSettings(splits=False, dividends=False, late_listing=False, delisting=False)
    return panel_from_table(simulate_market(settings, sessions[first - 400:first + 252]).bars)


def plain_seconds_per_fit(bars: BarPanel, leaf: int) -> float:
    """Return the mean time of a fit and a one-row prediction with scikit-learn's own estimators."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    features = compute_features(bars, SEED_FEATURES)
    design = np.stack([features[name][:, 0] for name in SEED_FEATURES], axis=1)[60:]
    target = np.diff(bars.close[60:, 0], append=bars.close[-1:, 0])
    parameters = {"n_estimators": 50, "max_depth": 8, "min_samples_leaf": leaf, "max_features": "sqrt",
                  "random_state": 42}
    started = time.perf_counter()
    for first in range(PLAIN_FITS):
        rows, row = slice(first, first + 252), slice(first + 252, first + 253)
        RandomForestClassifier(**parameters).fit(design[rows], target[rows] > 0).predict_proba(design[row])
        RandomForestRegressor(**parameters).fit(design[rows], target[rows]).predict(design[row])
    return (time.perf_counter() - started) / (2 * PLAIN_FITS)


def timed(bars: BarPanel, settings: Settings) -> tuple[MlScores, float]:
    started = time.perf_counter()
    scores = score_market(bars, settings, first_session=FIRST_SESSION)
    return scores, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--leaf", type=int, default=10, help="min_samples_leaf")
    options = parser.parse_args()
    forest = {"n_estimators": 50, "max_depth": 8, "min_samples_leaf": options.leaf}
    bars = market()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"ml_config": {
            "cache_dir": Path(folder), "workers": options.workers, "models": {"regime": forest, "strength": forest}}})
        cold, cold_seconds = timed(bars, settings)
        warm, warm_seconds = timed(bars, settings)
    plain_seconds = plain_seconds_per_fit(bars, options.leaf) * cold.n_fits

    print(f"{cold.n_fits} fits of 50 trees, depth 8, leaves of {options.leaf}, {options.workers} workers")
    print(f"cold: {cold_seconds:.1f} s")
    print(f"repeat: {warm_seconds:.1f} s ({warm.n_cached} fits from the cache)")
    print(f"scikit-learn plainly, one process: {plain_seconds:.0f} s (from {2 * PLAIN_FITS} fits)")
    print(f"ratio: {plain_seconds / cold_seconds:.1f}")
    print(f"same scores: {cold.scored.score.tobytes() == warm.scored.score.tobytes()}")


if __name__ == "__main__":
    main()
