"""Outcomes of signals and trades of the event engine agree: two implementations that share no code."""

from __future__ import annotations

import numpy as np
import pytest
from engine_trades import assert_same_trades, engine_and_outcomes
from random_panels import random_market

from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules

LIVES = ["whole", "late", "ended", "holes", "splits", "thin", "round", "penny", "ended", "holes", "round"]
STOPS, TARGETS = (None, 0.02, 0.05, 0.15, 1.0), (0.03, 0.08, 0.3, 1.0)
DAYS = (None, 1, 5, 12)
COSTS = ((0.0, 0.0), (50.0, 10.0), (300.0, 0.0))


def random_rules(rng: np.random.Generator) -> BarrierRules:
    slippage, commission = COSTS[rng.integers(len(COSTS))]
    return BarrierRules(
        STOPS[rng.integers(len(STOPS))], TARGETS[rng.integers(len(TARGETS))], DAYS[rng.integers(len(DAYS))],
        slippage, commission, float(rng.choice([0.0, 0.2])))


@pytest.mark.parametrize("seed", range(24))
def test_random_panels(seed):
    bars, _, _ = random_market(seed, LIVES)
    bars.split_ratio[bars.split_ratio == 1.5] = 2.0         # shares are divisible in outcomes, whole in the account
    rules = random_rules(np.random.default_rng(seed))
    trades, outcomes = engine_and_outcomes(bars, rules)
    assert len(trades) >= len(LIVES) - 1
    assert_same_trades(trades, outcomes, rules)
