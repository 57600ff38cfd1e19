"""What the models learn: labels, and the session in which each was settled.

`forward` labels describe what a buyer can earn who decides at the close of t: in at the open of the symbol's next
bar, out at the close of its h-th bar after t, splits and dividends included.

    z = (C[t+h] / O[t+1] - 1) / (volatility_20d[t] * sqrt(h))
    regime   = 1 if |z| > 0.6745, else 0       the median of |z| for a normal variable: about half of all rows
    strength = clip(z / 2, -1, 1)              a rise of two standard deviations or more is 1, a fall -1

Both scales are constants or known at t, so no label needs another label's future.

`original` labels are those of the system this one succeeds; C is the total-return close.

    regime   = 1 if m / (volatility_10d + 0.001) exceeds its own 60th percentile of the last 50 bars, else 0;
               m = |C[t] / C[t-h] - 1|. It describes the PAST h bars and is nearly a function of the features: a
               high accuracy on it says nothing. Where a part is missing the comparison is false and the label 0.
    strength = 0.3 + 0.7 * clip(1.5 * |C[t+h] / C[t] - 1| / (volatility_10d + 0.001), 0, 1); blind to direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.history import History, own_bars
from backtrader_system.signals.indicators import volatility
from backtrader_system.signals.rolling import shift

REGIME_THRESHOLD = 0.6745
STRENGTH_DEVIATIONS = 2.0
ORIGINAL_PERCENTILE, ORIGINAL_PERCENTILE_BARS = 0.60, 50
ORIGINAL_VOLATILITY_FLOOR = 0.001
NOT_SETTLED = -1


@dataclass(frozen=True, slots=True)
class Label:
    """One label of every symbol and session.

    value : float64, shape of the panel; NaN where it is not settled by the panel's end or cannot be computed.
    end : int64, same shape; the row of the session that settled it, NOT_SETTLED where value is NaN. The label of
        row t may be used in decisions of sessions after `end`, never earlier.
    """

    value: np.ndarray
    end: np.ndarray


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the regime classifier (0 or 1) and of the strength regressor."""

    regime: Label
    strength: Label


def make_labels(bars: BarPanel, kind: str, regime_horizon: int, strength_horizon: int) -> Labels:
    """Return the labels of every symbol and session.

    kind : forward or original, see the top of this file. Horizons count the symbol's own bars.

    Timing: labels look ahead, up to `end`. They are for training after `end` and for judging predictions.
    """
    history = own_bars(bars)
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "original":
            return _original_labels(history, regime_horizon, strength_horizon)
        z = _scaled_move(history, regime_horizon)
        regime = np.where(np.isfinite(z), np.abs(z) > REGIME_THRESHOLD, np.nan)
        strength = np.clip(_scaled_move(history, strength_horizon) / STRENGTH_DEVIATIONS, -1.0, 1.0)
    return Labels(_settled(history, regime, regime_horizon), _settled(history, strength, strength_horizon))


def _scaled_move(history: History, horizon: int) -> np.ndarray:
    earned = _later(history.close, horizon) / _later(history.open, 1) - 1.0
    z = earned / (volatility(history, 20) * np.sqrt(horizon))
    return np.where(np.isfinite(z), z, np.nan)


def _original_labels(history: History, regime_horizon: int, strength_horizon: int) -> Labels:
    close = history.close
    scale = volatility(history, 10) + ORIGINAL_VOLATILITY_FLOOR
    score = np.abs(close / shift(close, regime_horizon) - 1.0) / scale
    regime = np.where(np.isfinite(close), score > _rolling_percentile(score), np.nan)
    move = np.abs(_later(close, strength_horizon) / close - 1.0) / scale
    strength = 0.3 + 0.7 * np.clip(1.5 * move, 0.0, 1.0)
    return Labels(_settled(history, regime, 0), _settled(history, strength, strength_horizon))


def _rolling_percentile(score: np.ndarray) -> np.ndarray:
    result = np.full(score.shape, np.nan)
    if len(score) < ORIGINAL_PERCENTILE_BARS:
        return result
    windows = np.lib.stride_tricks.sliding_window_view(score, ORIGINAL_PERCENTILE_BARS, axis=0)
    for column in range(score.shape[1]):      # all windows at once would need fifty copies of the panel
        result[ORIGINAL_PERCENTILE_BARS - 1:, column] = np.quantile(windows[:, column], ORIGINAL_PERCENTILE, axis=1)
    return result


def _later(values: np.ndarray, lead: int) -> np.ndarray:
    """Return the values of `lead` rows later; NaN in the last `lead` rows."""
    later = np.full(values.shape, np.nan)
    if lead < len(values):
        later[:len(values) - lead] = values[lead:]
    return later


def _settled(history: History, value: np.ndarray, horizon: int) -> Label:
    """Return the label in panel rows, with the session row of the bar `horizon` bars later."""
    rows = np.broadcast_to(np.arange(len(history.has_bar), dtype=float)[:, None], history.has_bar.shape)
    if history.row is not None:
        order = np.argsort(~history.has_bar, axis=0, kind="stable")
        rows = np.take_along_axis(rows, order, axis=0)
    value, end = history.to_panel(value), history.to_panel(_later(rows, horizon))
    is_known = np.isfinite(value) & np.isfinite(end)
    return Label(np.where(is_known, value, np.nan), np.where(is_known, end, NOT_SETTLED).astype(np.int64))
