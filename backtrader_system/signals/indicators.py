"""Indicators of daily bars, every symbol at once.

Each takes a History and returns an array of its shape: NaN until the look-back is full. Look-back counts the
symbol's own bars, the present one included. Definitions: `docs/metrics.md` is for results; these are the seed's.

Timing of all of them: uses bars up to and including t; usable for orders that fill at open t+1.
"""

from __future__ import annotations

import numpy as np

from backtrader_system.signals.history import History
from backtrader_system.signals.rolling import (
    rolling_extreme,
    rolling_mean,
    rolling_std,
    rolling_sum,
    shift,
    weighted_mean,
)

RSI_BARS = 14
ATR_BARS = 14
BAND_BARS, BAND_WIDTH = 20, 2.0
VOLUME_BARS = 20
MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9


def bar_return(history: History) -> np.ndarray:
    """Return C_t / C_{t-1} - 1. Look-back 2."""
    return history.close / shift(history.close, 1) - 1.0


def price_vs_mean(history: History, window: int) -> np.ndarray:
    """Return (C - MA) / MA with MA the simple mean of `window` closes. Look-back `window`."""
    mean = rolling_mean(history.close, window)
    return (history.close - mean) / mean


def momentum(history: History, bars: int) -> np.ndarray:
    """Return C_t / C_{t-bars} - 1. Look-back bars + 1."""
    return history.close / shift(history.close, bars) - 1.0


def volatility(history: History, window: int) -> np.ndarray:
    """Return the sample standard deviation of `window` returns, per session. Look-back window + 1."""
    return rolling_std(bar_return(history), window)


def relative_strength(history: History) -> np.ndarray:
    """Return Cutler's RSI in [0, 100]: 100 - 100 / (1 + G / L). Look-back 15.

    G and L are simple means of the up and down moves of 14 bars, not Wilder's smoothing. No down move: 100;
    no move at all: NaN, because up and down are then 0 / 0.
    """
    change = history.close - shift(history.close, 1)
    gains = rolling_sum(np.maximum(change, 0.0), RSI_BARS)
    losses = rolling_sum(np.maximum(-change, 0.0), RSI_BARS)
    return 100.0 - 100.0 / (1.0 + gains / losses)


def relative_strength_normalized(history: History) -> np.ndarray:
    """Return (RSI - 50) / 50, in [-1, 1]. Look-back 15."""
    return (relative_strength(history) - 50.0) / 50.0


def volume_ratio(history: History) -> np.ndarray:
    """Return V / mean of 20 volumes, splits undone. Look-back 20.

    1.0 where no share traded in 20 bars: an index without volume must not look like a drop in volume.
    """
    mean = rolling_mean(history.volume, VOLUME_BARS)
    return np.where(mean == 0.0, 1.0, history.volume / mean)


def average_volume(history: History) -> np.ndarray:
    """Return the mean of 20 volumes, in shares of session t. Look-back 20."""
    return rolling_mean(history.volume, VOLUME_BARS) * history.share_count


def band_position(history: History) -> np.ndarray:
    """Return (C - lower) / (upper - lower) of Bollinger bands, MA20 -/+ 2 sd20 of closes. Look-back 20.

    0.5 where the bands have no width. Warm-up is NaN; the original put 0.5 there too.
    """
    mean, spread = rolling_mean(history.close, BAND_BARS), BAND_WIDTH * rolling_std(history.close, BAND_BARS)
    # Equal closes leave a width of rounding errors, so flatness is asked of the closes themselves.
    path = rolling_sum(np.abs(history.close - shift(history.close, 1)), BAND_BARS - 1)
    return np.where(path == 0.0, 0.5, (history.close - (mean - spread)) / (2.0 * spread))


def macd_histogram(history: History) -> np.ndarray:
    """Return EMA12 - EMA26 minus its EMA9, in dollars per share of session t. Look-back 34 (26 + 9 - 1).

    EMAs weigh all bars since the symbol's first one, weights normalised. In price units: compare a symbol with
    itself only.
    """
    line = weighted_mean(history.close, MACD_FAST) - weighted_mean(history.close, MACD_SLOW)
    signal = weighted_mean(line, MACD_SIGNAL, skip=MACD_SLOW + MACD_SIGNAL - 2)
    return (line - signal) / history.growth


def trend_consistency(history: History) -> np.ndarray:
    """Return the mean of the signs of 5 and 10 bars: -1, 0 or 1. Look-back 11.

    A sign is +1 if the close is above that of 5 (10) bars ago, else -1: an unchanged close counts as a fall.
    """
    signs = [np.where(history.close > shift(history.close, bars), 0.5, -0.5) for bars in (5, 10)]
    return np.where(np.isfinite(shift(history.close, 10)), signs[0] + signs[1], np.nan)


def average_true_range(history: History) -> np.ndarray:
    """Return the mean of 14 true ranges, in dollars per share of session t. Look-back 15.

    True range: the largest of high - low, |high - previous close|, |low - previous close|.
    """
    return rolling_mean(_true_range(history), ATR_BARS) / history.growth


def average_true_range_fraction(history: History) -> np.ndarray:
    """Return the mean of 14 true ranges over the close. Look-back 15."""
    return rolling_mean(_true_range(history), ATR_BARS) / history.close


def range_position(history: History, window: int) -> np.ndarray:
    """Return where the close lies between the lowest low (0) and highest high (1) of `window` bars.

    Look-back `window`. 0.5 where high and low are the same throughout.
    """
    high = rolling_extreme(history.high, window, largest=True)
    low = rolling_extreme(history.low, window, largest=False)
    return np.where(high == low, 0.5, (history.close - low) / (high - low))


def overnight_gap(history: History) -> np.ndarray:
    """Return O_t / C_{t-1} - 1. Look-back 2."""
    return history.open / shift(history.close, 1) - 1.0


def _true_range(history: History) -> np.ndarray:
    before = shift(history.close, 1)
    span = history.high - history.low
    return np.maximum(span, np.maximum(np.abs(history.high - before), np.abs(history.low - before)))
