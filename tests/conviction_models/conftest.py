"""Signals with a planted skill, for models to find or not to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.models.conviction.training_rows import TrainingRows
from backtrader_system.settings.conviction import ConvictionModelSettings

LABEL_DAYS = 30


@pytest.fixture(scope="session")
def make_rows():
    """Return a maker of rows: P(win) = logistic(intercept + skill * first feature); four more features are noise."""
    def make(n=600, *, skill=2.0, intercept=-1.5, seed=0, n_days=730, n_tickers=20):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((n, 5))
        values[rng.random((n, 5)) < 0.1] = np.nan
        chance = 1 / (1 + np.exp(-(intercept + skill * np.nan_to_num(values[:, 0]))))
        at = np.datetime64("2022-01-01", "ns") + np.sort(rng.integers(0, n_days * 24, n)) * np.timedelta64(1, "h")
        return TrainingRows(
            pd.DataFrame(values, columns=["told", "noise_a", "noise_b", "noise_c", "noise_d"]),
            (rng.random(n) < chance).astype(float), rng.choice([f"T{k}" for k in range(n_tickers)], n).astype(object),
            at, at.astype("M8[D]").astype("M8[ns]") + np.timedelta64(LABEL_DAYS, "D"))
    return make


@pytest.fixture(scope="session")
def quick():
    """Settings small enough for tests."""
    return ConvictionModelSettings(n_estimators=60, n_folds=3)
