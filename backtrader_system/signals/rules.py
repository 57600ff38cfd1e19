"""Buy and sell rules on indicator values, before any model has a say.

Three profiles. `strict` is the published rule set. `relaxed` trades more often. `live` has the strict conditions and
the live system's strengths, on raw indicator values: that system fed itself z-scores of the day before and the
volume of the future, which is not repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from backtrader_system.errors import SettingsError

# price_vs_ma50 decides nothing: it says that fifty bars exist, which `strict` and `live` ask for.
RULE_FEATURES = ("rsi", "price_vs_ma5", "price_vs_ma20", "price_vs_ma50", "volume_ratio", "macd_histogram")

Inputs = Mapping[str, np.ndarray]
Sides = tuple[np.ndarray, np.ndarray]       # of buy, of sell


def base_signals(features: Inputs, profile: str) -> tuple[np.ndarray, np.ndarray]:
    """Return direction and strength of the rule signal of every symbol and session.

    features : the arrays named in `RULE_FEATURES`, all of one shape. profile : strict, relaxed or live.
    Returns: direction int8 (+1 buy, -1 sell, 0 hold) and strength float64 in [0, 1], 0 for a hold. Where buy and
        sell apply, buy wins. A feature that is NaN makes a hold.
    Raises: SettingsError for an unknown profile.

    Timing: row t uses features of row t; usable for orders that fill at open t+1.
    """
    if profile not in _PROFILES:
        raise SettingsError(f"strategy.profile was '{profile}'; must be one of {', '.join(_PROFILES)}")
    conditions, strengths = _PROFILES[profile]
    is_buy, is_sell = conditions(features)
    can_signal = has_rule_inputs(features, profile)
    direction = np.where(is_buy, 1, np.where(is_sell, -1, 0))
    direction = np.where(can_signal, direction, 0).astype(np.int8)
    buy_strength, sell_strength = strengths(features)
    strength = np.where(direction > 0, buy_strength, np.where(direction < 0, sell_strength, 0.0))
    return direction, strength


def has_rule_inputs(features: Inputs, profile: str) -> np.ndarray:
    """Return where the profile has all it needs: fifty bars, and for `relaxed` the 34 of its slowest indicator."""
    names = set(RULE_FEATURES) - ({"price_vs_ma50"} if profile == "relaxed" else set())
    return np.all([np.isfinite(features[name]) for name in sorted(names)], axis=0)


def _strict_conditions(x: Inputs) -> Sides:
    rsi, fast, slow = x["rsi"], x["price_vs_ma5"], x["price_vs_ma20"]
    volume, macd = x["volume_ratio"], x["macd_histogram"]
    buy = ((rsi < 35) & (fast > -0.03)) | ((fast > 0.02) & (slow > 0.01) & (volume > 1.2) & (macd > 0))
    sell = ((rsi > 75) & (fast < 0.02)) | ((fast < -0.02) & (slow < -0.01) & (macd < 0))
    return buy, sell


def _strict_strengths(x: Inputs) -> Sides:
    rsi, fast, slow = x["rsi"], x["price_vs_ma5"], x["price_vs_ma20"]
    volume, macd = x["volume_ratio"], x["macd_histogram"]
    buy = (0.7 * ((rsi < 35) & (fast > -0.03)) + 0.6 * ((fast > 0.02) & (slow > 0.01))
           + 0.3 * (volume > 1.2) + 0.2 * (macd > 0))
    sell = (0.7 * ((rsi > 75) & (fast < 0.02)) + 0.6 * ((fast < -0.02) & (slow < -0.01)) + 0.2 * (macd < 0))
    return np.minimum(0.9, buy), np.minimum(0.9, sell)


def _live_strengths(x: Inputs) -> Sides:
    rsi, fast, volume = x["rsi"], x["price_vs_ma5"], x["volume_ratio"]
    buy = 1.2 + fast + (80 - rsi) / 100 + (volume - 1)
    sell = 1.2 - fast + (rsi - 20) / 100
    return np.clip(buy, 0.4, 0.8), np.clip(sell, 0.4, 0.8)


def _relaxed_conditions(x: Inputs) -> Sides:
    rsi, fast, slow = x["rsi"], x["price_vs_ma5"], x["price_vs_ma20"]
    volume, macd = x["volume_ratio"], x["macd_histogram"]
    buy = (((rsi < 45) & (fast > -0.05)) | ((fast > 0.01) & (slow > -0.005) & (volume > 1.0))
           | ((macd > 0) & (fast > -0.02)) | ((rsi < 50) & (slow > 0.005)))
    sell = (((rsi > 65) & (fast < 0.03)) | ((fast < -0.01) & (slow < 0.005) & (macd < -0.001))
            | ((rsi > 60) & (fast < -0.01)))
    return buy, sell


def _relaxed_strengths(x: Inputs) -> Sides:
    rsi, fast, volume, macd = x["rsi"], x["price_vs_ma5"], x["volume_ratio"], x["macd_histogram"]
    buy = 0.4 + 0.3 * (rsi < 35) + 0.2 * (fast > 0.02) + 0.1 * (volume > 1.3) + 0.1 * (macd > 0)
    sell = 0.4 + 0.3 * (rsi > 75) + 0.2 * (fast < -0.02) + 0.1 * (macd < -0.001)
    return np.minimum(0.95, buy), np.minimum(0.95, sell)


_PROFILES: dict[str, tuple[Callable[[Inputs], Sides], Callable[[Inputs], Sides]]] = {
    "strict": (_strict_conditions, _strict_strengths),
    "relaxed": (_relaxed_conditions, _relaxed_strengths),
    "live": (_strict_conditions, _live_strengths),
}
