"""Truth tables of the rule profiles; expected strengths are sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from small_market import random_panel

from backtrader_system.errors import SettingsError
from backtrader_system.signals.features import compute_features
from backtrader_system.signals.rules import RULE_FEATURES, base_signals


def signal(profile, rsi=50.0, fast=0.0, slow=0.0, volume=1.0, macd=0.0, ma50=0.0):
    values = {"rsi": rsi, "price_vs_ma5": fast, "price_vs_ma20": slow, "volume_ratio": volume,
              "macd_histogram": macd, "price_vs_ma50": ma50}
    direction, strength = base_signals({name: np.array([[value]]) for name, value in values.items()}, profile)
    return int(direction[0, 0]), float(strength[0, 0])


STRICT = {
    "nothing": ({}, 0, 0.0),
    "oversold": ({"rsi": 34.9}, 1, 0.7),
    "exactly 35 is not oversold": ({"rsi": 35.0}, 0, 0.0),
    "oversold but falling": ({"rsi": 30, "fast": -0.03}, 0, 0.0),
    "oversold with volume": ({"rsi": 30, "volume": 1.3}, 1, min(0.9, 0.7 + 0.3)),
    "breakout": ({"fast": 0.03, "slow": 0.02, "volume": 1.3, "macd": 0.1}, 1, min(0.9, 0.6 + 0.3 + 0.2)),
    "breakout without volume": ({"fast": 0.03, "slow": 0.02, "volume": 1.2, "macd": 0.1}, 0, 0.0),
    "breakout against macd": ({"fast": 0.03, "slow": 0.02, "volume": 1.3, "macd": 0.0}, 0, 0.0),
    "overbought": ({"rsi": 76}, -1, 0.7),
    "exactly 75 is not overbought": ({"rsi": 75.0}, 0, 0.0),
    "overbought but rising": ({"rsi": 76, "fast": 0.02}, 0, 0.0),
    "overbought against macd": ({"rsi": 76, "macd": -0.1}, -1, min(0.9, 0.7 + 0.2)),
    "breakdown": ({"fast": -0.03, "slow": -0.02, "macd": -0.1}, -1, 0.6 + 0.2),
    "breakdown against macd": ({"fast": -0.03, "slow": -0.02, "macd": 0.0}, 0, 0.0),
    "buy wins over sell": ({"rsi": 34, "fast": -0.025, "slow": -0.02, "macd": -0.1}, 1, 0.7),
}


@pytest.mark.parametrize(("inputs", "direction", "strength"), STRICT.values(), ids=STRICT.keys())
def test_strict(inputs, direction, strength):
    assert signal("strict", **inputs) == (direction, pytest.approx(strength))


RELAXED = {
    "nothing": ({"slow": -0.1, "fast": -0.02}, 0, 0.0),
    "below 45": ({"rsi": 44}, 1, 0.4),
    "below 35": ({"rsi": 34}, 1, 0.4 + 0.3),
    "rising with volume": ({"rsi": 55, "fast": 0.03, "volume": 1.4}, 1, 0.4 + 0.2 + 0.1),
    "macd": ({"rsi": 55, "macd": 0.1}, 1, 0.4 + 0.1),
    "below 50 above its mean": ({"rsi": 49, "slow": 0.006, "fast": -0.03}, 1, 0.4),
    "above 65": ({"rsi": 66}, -1, 0.4),
    "above 75": ({"rsi": 76, "fast": -0.03}, -1, 0.4 + 0.3 + 0.2),
    "falling": ({"rsi": 55, "fast": -0.03, "macd": -0.01}, -1, 0.4 + 0.2 + 0.1),
    "macd not negative enough": ({"rsi": 55, "fast": -0.02, "macd": -0.001}, 0, 0.0),
    "above 60 and falling": ({"rsi": 61, "fast": -0.015}, -1, 0.4),
    "all parts reach the ceiling": (
        {"rsi": 30, "fast": 0.03, "volume": 1.4, "macd": 0.1}, 1, min(0.95, 0.4 + 0.3 + 0.2 + 0.1 + 0.1)),
    "buy wins over sell": ({"rsi": 66, "macd": 0.1}, 1, 0.4 + 0.1),
}


@pytest.mark.parametrize(("inputs", "direction", "strength"), RELAXED.values(), ids=RELAXED.keys())
def test_relaxed(inputs, direction, strength):
    assert signal("relaxed", **inputs) == (direction, pytest.approx(strength))


def test_live_has_the_strict_conditions_and_its_own_strengths():
    assert signal("live", rsi=30, volume=0.1) == (1, pytest.approx(1.2 + 0 + 0.5 + (0.1 - 1)))
    assert signal("live", rsi=30, volume=1.0) == (1, 0.8)
    assert signal("live", rsi=30, volume=0.01, fast=-0.02)[1] == pytest.approx(1.2 - 0.02 + 0.5 - 0.99)
    assert signal("live", fast=-0.03, slow=-0.02, macd=-0.1) == (-1, 0.8)
    assert signal("live", rsi=50) == (0, 0.0)


@pytest.mark.parametrize("missing", ["rsi", "fast", "slow", "volume", "macd", "ma50"])
def test_strict_holds_while_an_input_is_missing(missing):
    assert signal("strict", **{"rsi": 30.0, missing: np.nan}) == (0, 0.0)


def test_relaxed_needs_no_fifty_bars():
    assert signal("relaxed", rsi=44, ma50=np.nan) == (1, pytest.approx(0.4))


@pytest.mark.parametrize(("profile", "first"), [("strict", 49), ("live", 49), ("relaxed", 33)])
def test_no_signal_before_the_look_back_is_full(profile, first):
    direction, strength = base_signals(compute_features(random_panel(200, 3), RULE_FEATURES), profile)

    assert direction.dtype == np.int8
    assert not direction[:first, 0].any()
    assert direction[first:, 0].any()
    assert (strength[direction == 0] == 0).all()
    assert (strength[direction != 0] > 0).all()


def test_unknown_profile_is_an_error():
    with pytest.raises(SettingsError, match=r"strategy.profile was 'bold'; must be one of strict, relaxed, live"):
        signal("bold")
