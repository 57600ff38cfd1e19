"""What a simulation reads of the market: arrays that do not depend on the settings, made once for a whole sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backtrader_system.engine.kernel.records import BAR, CORPORATE_ACTION, ESTIMATE, SESSION, SIGNAL, Market
from backtrader_system.engine.ranking import rank_by_session

if TYPE_CHECKING:
    from backtrader_system.market_data.panel import BarPanel
    from backtrader_system.signals.scored import ScoredPanel


@dataclass(frozen=True, slots=True)
class TradedPanel:
    """The part of a panel that an engine sees: sessions and symbols without any bar are left out.

    rows, columns : which rows and columns of the panel are left.
    """

    rows: np.ndarray
    columns: np.ndarray

    def part(self, values: np.ndarray, kind: type = np.float64) -> np.ndarray:
        """Return the traded part of an array of the panel's shape, C-contiguous; no copy where none is needed."""
        if values.shape != (len(self.rows), len(self.columns)):
            values = values[np.ix_(self.rows, self.columns)]
        return np.ascontiguousarray(values, dtype=kind)


def traded_panel(bars: BarPanel) -> TradedPanel:
    """Return which sessions and symbols have a bar at all."""
    has_bar = bars.has_bar
    return TradedPanel(np.flatnonzero(has_bar.any(axis=1)), np.flatnonzero(has_bar.any(axis=0)))


def market_arrays(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None = None, *,
    with_impact: bool = False,
) -> Market:
    """Return the arrays of a market.

    scored : on the axes of `bars`; None: no signal at all. known : as for `run_backtest`.
    with_impact : whether any setting charges impact.
    """
    from backtrader_system.engine.kernel.market_filling import fill_bars

    traded, known = traded_panel(bars), known or {}
    part = traded.part
    close, member = part(bars.close), part(bars.is_member, np.bool_)
    direction = part(np.zeros(bars.shape, np.int8) if scored is None else scored.direction, np.int8)
    score = part(np.zeros(bars.shape) if scored is None else scored.score)
    split_ratio, dividend = part(bars.split_ratio), part(bars.dividend)
    size_factor = part(known["size_factor"]) if "size_factor" in known else np.broadcast_to(1.0, close.shape)
    records = np.empty(close.shape, BAR)
    fill_bars(
        records, part(bars.open), part(bars.high), part(bars.low), close, part(bars.volume), score,
        part(known["atr"]) if "atr" in known else np.empty((0, 0)), direction, member)
    is_present = np.isfinite(close)
    row, signals = _buy_signals(direction, score, size_factor, is_present & member)
    sessions = np.zeros(len(close) + 1, SESSION)
    sessions["first_signal"][1:] = np.cumsum(np.bincount(row, minlength=len(close)))
    sessions["day"][:-1] = bars.sessions[traded.rows].to_numpy("datetime64[D]").astype(float)
    sessions["has_actions"][:-1] = ((split_ratio != 1) | (dividend != 0)).any(axis=1)
    last_bar = len(close) - 1 - np.argmax(is_present[::-1], axis=0)
    sessions["has_endings"][last_bar + 1] = True
    return Market(
        records, _actions(split_ratio, dividend, sessions["has_actions"].any()),
        _estimates(records, part, known) if with_impact else np.empty((0, 0), ESTIMATE),
        last_bar, signals, sessions)


def _buy_signals(
    direction: np.ndarray, score: np.ndarray, size_factor: np.ndarray, is_usable: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the session of every usable buy signal and the signals, strongest first, ties by column."""
    row, column = np.nonzero((direction > 0) & is_usable & (score == score))
    strength = score[row, column]
    order = rank_by_session(row, strength)
    signals = np.empty(len(order), SIGNAL)
    signals["column"], signals["score"] = column[order], strength[order]
    signals["size_factor"] = size_factor[row, column][order]
    return row, signals


def _actions(split_ratio: np.ndarray, dividend: np.ndarray, has_any: bool) -> np.ndarray:
    if not has_any:
        return np.empty((0, 0), CORPORATE_ACTION)
    actions = np.empty(split_ratio.shape, CORPORATE_ACTION)
    actions["split_ratio"], actions["dividend"] = split_ratio, dividend
    return actions


def _estimates(records: np.ndarray, part, known: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return volatility and mean volume as known at each bar's predecessor: the given lines, else from earlier bars."""
    from backtrader_system.engine.kernel.market_filling import fill_estimates

    nothing = np.full(records.shape, np.nan)
    lines = [part(known[name]) if name in known else nothing for name in ("daily_volatility", "average_volume")]
    result = np.full(records.shape, np.nan, ESTIMATE)
    fill_estimates(records, *lines, result)
    return result
