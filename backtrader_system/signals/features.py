"""The features a model or a rule may ask for, by name.

To add one: write a function in `indicators.py` that takes a History and returns an array of its shape (NaN until
its look-back is full, nothing from later rows), and enter it in `FEATURES`. Its name then works in
`ml_config.feature_columns`, and the tests poison its future like everybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import partial

import numpy as np

from backtrader_system.errors import SettingsError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals import indicators
from backtrader_system.signals.history import History, own_bars

# A block of this many symbols stays in the processor's cache through all steps of an indicator.
BLOCK_SYMBOLS = 64

Feature = Callable[[History], np.ndarray]

FEATURES: dict[str, Feature] = {
    "price_vs_ma5": partial(indicators.price_vs_mean, window=5),
    "price_vs_ma20": partial(indicators.price_vs_mean, window=20),
    "price_vs_ma50": partial(indicators.price_vs_mean, window=50),
    "rsi": indicators.relative_strength,
    "rsi_normalized": indicators.relative_strength_normalized,
    "volatility_10d": partial(indicators.volatility, window=10),
    "volatility_20d": partial(indicators.volatility, window=20),
    "volatility_60d": partial(indicators.volatility, window=60),
    "volume_ratio": indicators.volume_ratio,
    "average_volume_20d": indicators.average_volume,
    "bb_position": indicators.band_position,
    "macd_histogram": indicators.macd_histogram,
    "trend_consistency": indicators.trend_consistency,
    "atr_14": indicators.average_true_range,
    "atr_fraction_14": indicators.average_true_range_fraction,
    "momentum_5": partial(indicators.momentum, bars=5),
    "momentum_14": partial(indicators.momentum, bars=14),
    "momentum_30": partial(indicators.momentum, bars=30),
    "momentum_60": partial(indicators.momentum, bars=60),
    "momentum_120": partial(indicators.momentum, bars=120),
    "return_1d": indicators.bar_return,
    "range_position_20": partial(indicators.range_position, window=20),
    "overnight_gap": indicators.overnight_gap,
}


def compute_features(bars: BarPanel, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the named features of every symbol and session.

    names : keys of `FEATURES`.
    Returns: name -> float64, shape of the panel; NaN where the symbol has no bar or too little history, never
        infinite. Returns and ratios are of total-return prices; atr_14 and macd_histogram are dollars per share.
    Raises: SettingsError naming every unknown feature and its nearest spelling.

    Timing: row t uses bars up to and including t.
    """
    names = tuple(dict.fromkeys(names))
    check_feature_names(names)
    features = {name: np.full(bars.shape, np.nan) for name in names}
    for first in range(0, bars.shape[1], BLOCK_SYMBOLS):
        columns = slice(first, first + BLOCK_SYMBOLS)
        history = own_bars(bars.select(bars.symbols[columns]))
        # Division by zero and NaN are the definition of "no value" here; both become NaN below.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            for name in names:
                values = history.to_panel(FEATURES[name](history))
                features[name][:, columns] = np.where(np.isfinite(values), values, np.nan)
    return features


def check_feature_names(names: Iterable[str]) -> None:
    """Raise SettingsError if a name is not a feature."""
    faults = []
    for name in names:
        if name not in FEATURES:
            near = get_close_matches(name, FEATURES, n=1)
            faults.append(f"'{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    if faults:
        raise SettingsError(f"ml_config.feature_columns: unknown features; known are {', '.join(FEATURES)}",
                            faults=faults)
