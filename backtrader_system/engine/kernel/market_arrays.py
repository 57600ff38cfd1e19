"""What a simulation reads of the market: arrays that do not depend on the settings, made once for a whole sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from backtrader_system.market_data.panel import BarPanel
    from backtrader_system.signals.scored import ScoredPanel


class Market(NamedTuple):
    """Bars and signals, C-contiguous; shape (n_sessions, n_symbols) unless said otherwise.

    Sessions and symbols without any bar are left out, as Backtrader never sees them; `rows` and `columns` say which
    rows and columns of the panel are left. NaN in the prices: no bar.

    has_actions, last_bar : per session whether anything splits or pays; per symbol the row of its last bar.
    buy_start, buy_column, buy_score : per session t the usable buy signals, strongest first and ties by symbol, at
        buy_start[t] to buy_start[t + 1] of the other two.
    atr, volatility, average_volume : of shape (0, 0) where nothing needs them; the last two as known before the bar.
    """

    rows: np.ndarray
    columns: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    split_ratio: np.ndarray
    dividend: np.ndarray
    is_member: np.ndarray
    direction: np.ndarray
    score: np.ndarray
    atr: np.ndarray
    volatility: np.ndarray
    average_volume: np.ndarray
    has_actions: np.ndarray
    last_bar: np.ndarray
    buy_start: np.ndarray
    buy_column: np.ndarray
    buy_score: np.ndarray


def market_arrays(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None = None, *,
    with_impact: bool = False, with_atr: bool = True,
) -> Market:
    """Return the arrays of a market.

    scored : on the axes of `bars`; None: no signal at all. known : as for `run_backtest`.
    with_impact, with_atr : whether any setting charges impact or has an exit in multiples of the ATR.
    """
    has_bar = bars.has_bar
    rows, columns = np.flatnonzero(has_bar.any(axis=1)), np.flatnonzero(has_bar.any(axis=0))
    known = known or {}

    def part(values: np.ndarray, kind: type = np.float64) -> np.ndarray:
        if values.shape != (len(rows), len(columns)):
            values = values[np.ix_(rows, columns)]
        return np.ascontiguousarray(values, dtype=kind)

    def optional(name: str, is_needed: bool) -> np.ndarray:
        return part(known[name]) if is_needed and name in known else np.empty((0, 0))

    blank = np.zeros(bars.shape) if scored is None else None
    close, member = part(bars.close), part(bars.is_member, np.bool_)
    direction = part(blank if scored is None else scored.direction, np.int8)
    score = part(blank if scored is None else scored.score)
    split_ratio, dividend, volume = part(bars.split_ratio), part(bars.dividend), part(bars.volume)
    estimates = (np.empty((0, 0)), np.empty((0, 0)))
    if with_impact:
        estimates = impact_estimates(
            close, volume, optional("daily_volatility", True), optional("average_volume", True))
    is_present = np.isfinite(close)
    return Market(
        rows, columns, part(bars.open), part(bars.high), part(bars.low), close, volume, split_ratio, dividend, member,
        direction, score, optional("atr", with_atr), *estimates,
        has_actions=((split_ratio != 1) | (dividend != 0)).any(axis=1),
        last_bar=len(rows) - 1 - np.argmax(is_present[::-1], axis=0),
        **_buy_signals(direction, score, is_present & member),
    )


def _buy_signals(direction: np.ndarray, score: np.ndarray, is_usable: np.ndarray) -> dict[str, np.ndarray]:
    """Return the buy signals of every session, strongest first, ties by column."""
    row, column = np.nonzero((direction > 0) & is_usable & (score == score))
    strength = score[row, column]
    order = np.lexsort((column, -strength, row))
    counts = np.bincount(row, minlength=len(score))
    return {
        "buy_start": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "buy_column": column[order].astype(np.int64), "buy_score": strength[order],
    }


def impact_estimates(
    close: np.ndarray, volume: np.ndarray, daily_volatility: np.ndarray, average_volume: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return volatility and mean volume as known at each bar's predecessor: the given lines, else from earlier bars.

    The rule of `slippage.Slippage`. daily_volatility, average_volume : shape of the panel, or (0, 0) if not given.
    """
    from backtrader_system.engine.kernel.impact import fill_estimates

    result = np.full(close.shape, np.nan), np.zeros(close.shape)
    nothing = np.full(close.shape, np.nan)
    lines = [line if line.size else nothing for line in (daily_volatility, average_volume)]
    fill_estimates(close, volume, *lines, *result)
    return result
