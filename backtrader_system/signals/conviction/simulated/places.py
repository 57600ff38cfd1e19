"""Where simulated signals stand among real bars, and how well each turned out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.decision import decision_rows
from backtrader_system.signals.conviction.trades.outcomes import BarrierRules, signal_outcomes
from backtrader_system.signals.conviction.trades.symbol_bars import symbol_bars

HISTORY_BARS = 30               # of the symbol before its signal, which features look back on
UNSETTLED_SHARE = 0.03          # of the signals: too near the end of the data to be resolved
DAYS_AFTER_LABEL = 3            # from the signal to its entry, over a weekend
DAY = 86_400
LAST_MINUTES = 60               # a signal of the last session comes at least so long before its close


@dataclass(frozen=True, slots=True)
class SignalPlaces:
    """When and about what each signal was posted, sorted by time.

    column : place of the symbol in the panel. signal_time : UTC, whole seconds. last_close : the symbol's last close
    strictly before signal_time, NaN without one.

    Examples
    --------
    >>> SignalPlaces(np.array([0]), pd.DatetimeIndex(["2024-05-01 18:00"], tz="UTC"), np.array([410.5])).last_close
    array([410.5])
    """

    column: np.ndarray
    signal_time: pd.DatetimeIndex
    last_close: np.ndarray


def place_signals(
    bars: BarPanel, closes: pd.DatetimeIndex, n_signals: int, label_days: int, is_usable: np.ndarray,
    stream: np.random.Generator,
) -> SignalPlaces:
    """Return signals on random sessions of random symbols: some days and symbols are talked about more than others.

    is_usable : bool, shape (n_sessions,).
    Timing: depends on which sessions have bars, not on any price.
    Raises: DataError if no symbol has HISTORY_BARS bars before a usable session.
    """
    cells, is_settled = _cells(bars, label_days, is_usable)
    busyness = stream.gamma(0.7, size=len(bars.sessions))[cells[:, 0]] * stream.gamma(2.0, size=bars.shape[1])[
        cells[:, 1]]
    share = np.where(is_settled, busyness / max(busyness[is_settled].sum(), 1e-300) * (1 - UNSETTLED_SHARE), 0.0)
    share += np.where(is_settled, 0.0, busyness / max(busyness[~is_settled].sum(), 1e-300) * UNSETTLED_SHARE)
    row, column = cells[stream.choice(len(cells), size=n_signals, p=share / share.sum())].T
    # Rooms are quiet in the European morning and loud in the American afternoon.
    seconds = np.floor(DAY * stream.beta(3.0, 2.0, n_signals)).astype("timedelta64[s]")
    posted = bars.sessions.to_numpy()[row].astype("datetime64[s]") + seconds
    latest = closes[-1].tz_convert("UTC").to_datetime64().astype("datetime64[s]") - np.timedelta64(LAST_MINUTES, "m")
    posted = np.minimum(posted, latest)
    order = np.lexsort((column, posted))
    signal_time = pd.DatetimeIndex(posted[order]).tz_localize("UTC").as_unit("ns")
    return SignalPlaces(column[order], signal_time, close_before(bars, closes, column[order], signal_time))


def outcome_scores(
    bars: BarPanel, closes: pd.DatetimeIndex, places: SignalPlaces, rules: BarrierRules, label_days: int,
    stream: np.random.Generator,
) -> np.ndarray:
    """Return how well each signal turned out, as standard normal numbers: the best signal has the highest.

    First come those that met the target before the stop, then the others, each group by its highest gain within
    label_days. A signal that is not settled gets a number that says nothing.

    Timing: looks ahead; it is what planted skill knows.
    """
    row = decision_rows(bars, closes, places.column, places.signal_time)
    outcomes = signal_outcomes(bars, row, places.column, rules, outcome_days=(label_days,), label_days=label_days)
    gain = outcomes["max_gain"].to_numpy()
    settled = np.flatnonzero(np.isfinite(gain))
    best_last = settled[np.lexsort((gain[settled], outcomes["won"].to_numpy()[settled] == 1.0))]
    draws = stream.standard_normal(len(gain))
    scores = draws.copy()
    scores[best_last] = np.sort(draws[settled])
    return scores


def close_before(
    bars: BarPanel, closes: pd.DatetimeIndex, column: np.ndarray, signal_time: pd.DatetimeIndex
) -> np.ndarray:
    """Return the last close of each symbol strictly before the instant, in dollars; NaN without one."""
    n_closed = np.searchsorted(closes.tz_convert("UTC").as_unit("ns").asi8, signal_time.asi8, side="left")
    listed = symbol_bars(bars)
    n_bars = listed.n_before[n_closed, column]
    last = np.maximum(listed.start[column] + n_bars - 1, 0)
    return np.where(n_bars > 0, listed.close[last], np.nan)


def _cells(bars: BarPanel, label_days: int, is_usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (row, column) of every bar that a signal may stand at, and whether its label will be settled."""
    listed = symbol_bars(bars)
    has_history = listed.n_before[:-1] >= HISTORY_BARS
    cells = np.argwhere(bars.has_bar & has_history & is_usable[:, None])
    if not len(cells):
        raise DataError(
            f"conviction.simulated: no symbol has {HISTORY_BARS} bars before a session of the period, so no signal can "
            f"be placed; the bars have {len(bars.sessions)} sessions: begin the data earlier or the period later")
    days = bars.sessions.to_numpy(dtype="datetime64[D]").astype(np.int64)
    last_day = days[len(days) - 1 - np.argmax(bars.has_bar[::-1], axis=0)]
    return cells, days[cells[:, 0]] + label_days + DAYS_AFTER_LABEL <= last_day[cells[:, 1]]
