"""The mode compat gives the recorded values of the system that came before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from known_signals import signal, tables

from backtrader_system.signals.conviction.features.feature_names import FEATURES
from backtrader_system.signals.conviction.features.features import conviction_features

FIELD_OF_ONCHAIN = {"liquidity_locked_pct": "liquidity_locked_share", "verified": "contract_verified",
                    "top10_pct": "top10_share"}
FIELD_OF_TREND = {"current": "trends_now", "7d_ago": "trends_7d_ago", "30d_ago": "trends_30d_ago",
                  "peak": "trends_peak"}
FIELD_OF_MARKET = {"volume_24h": "volume_now", "volume_30d_avg": "volume_30d_average"}


def row_of(recorded: dict) -> dict:
    """Return a recorded input in our fields."""
    fields = {name: value for name, value in recorded.items()
              if name not in ("onchain_data", "google_trends", "date_found", "message_age_hours")}
    onchain, trends = recorded.get("onchain_data", {}), recorded.get("google_trends", {})
    fields = {FIELD_OF_MARKET.get(name, name): value for name, value in fields.items()}
    return signal(
        age_hours=recorded.get("message_age_hours"), **fields,
        **{FIELD_OF_ONCHAIN.get(name, name): float(value) for name, value in onchain.items()},
        **{FIELD_OF_TREND[name]: float(value) for name, value in trends.items()})


@pytest.mark.real_data
def test_recorded_vectors_of_six_cases_are_met(data_folder: Path) -> None:
    path = data_folder / "reference" / "roostr" / "golden_features.json"
    if not path.is_file():
        pytest.skip(f"no recorded features at {path}")
    cases = json.loads(path.read_text())
    known, market, decided_at = tables(*(row_of(case["input"]) for case in cases.values()))

    features = conviction_features(known, market, decided_at=decided_at, mode="compat")

    expected = np.array([list(case["expected"].values()) for case in cases.values()], dtype=float)
    assert [tuple(case["expected"]) for case in cases.values()] == [FEATURES] * 6
    np.testing.assert_allclose(features.to_numpy(), expected, rtol=0, atol=1e-6)
