"""What became of each signal: returns at horizons, the touch label and the trade that the exits would have made.

Every figure looks ahead: it is for training once it is settled and for judging, never for deciding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.barrier_exits import (
    CENSORED,
    NO_PLACE,
    OUTCOMES,
    TARGET,
    BarrierRules,
    barrier_exits,
    is_delisted_symbol,
)
from backtrader_system.signals.conviction.trades.symbol_bars import SymbolBars, symbol_bars

_CELLS_AT_ONCE = 500_000        # of a block of signals x bars; some megabytes


def signal_outcomes(
    bars: BarPanel, row: np.ndarray, column: np.ndarray, rules: BarrierRules, *,
    outcome_days: Sequence[int] = (7, 30, 60), label_days: int = 30,
) -> pd.DataFrame:
    """Return one row per signal, in the given order.

    row : int, shape (n,), the session decided on (`decision_rows`); -1: never decided. column : the symbol's place in
        `bars.symbols`; -1 for a symbol without bars. outcome_days, label_days : calendar days from the entry.

    Returns
    -------
    entry_session, entry_price : the open of the symbol's next bar, before slippage; NaT and NaN if there is none.
    return_<h>d : total return from the entry's open to the last close on entry date + h days or before.
    max_gain : highest high within label_days over the entry's open, less 1, in share units of the entry.
    label_end : entry date + label_days. is_mature : whether the data reach it, or the symbol ended before.
    reached_target : 1.0 if a high within label_days reached entry_price * (1 + take_profit_fraction), else 0.0,
        whatever a stop would have done.
    outcome : target, stop, time, delisted, or censored: the bars ended, or there was no entry.
    exit_session, exit_price (before slippage), net_return (after all costs, of the entry's cost), days_held (calendar
        days), ambiguous (stop and target in one bar; the stop was taken).
    won : 1.0 for the target, 0.0 for any other end, NaN if censored.

    return_<h>d, max_gain and reached_target are NaN until their window has passed, also where a target was reached
    early: else the last weeks of the data would know winners only. Of a symbol whose bars ended, the last close stands.
    With raw prices a split changes no figure; dividends count in returns, not in max_gain and not in the levels.

    Timing: no value of a settled signal depends on a bar after its exit_session, label_end or horizon.
    """
    listed = symbol_bars(bars)
    row, column = np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64)
    place = listed.first_from_row(np.where(row < 0, 0, row + 1), column)
    chosen = np.flatnonzero((row >= 0) & (place != NO_PLACE))
    settled = _settled(bars, listed, place[chosen], column[chosen], rules, outcome_days, label_days)
    return settled.set_axis(chosen).reindex(range(len(row))).fillna(
        {"outcome": OUTCOMES[CENSORED], "is_mature": False, "ambiguous": False}).astype(
        {"outcome": "str", "is_mature": bool, "ambiguous": bool})


def _settled(
    bars: BarPanel, listed: SymbolBars, entry: np.ndarray, column: np.ndarray, rules: BarrierRules,
    outcome_days: Sequence[int], label_days: int,
) -> pd.DataFrame:
    """Return the outcomes of signals that have an entry."""
    first_day, opened = listed.day[entry], listed.open[entry]
    last_day = listed.day.max(initial=0)
    has_ended = is_delisted_symbol(bars)[column]
    is_mature = has_ended | (first_day + label_days <= last_day)
    highest = _highest(listed, entry, column, label_days)
    target = (opened + opened * rules.take_profit_fraction) * listed.share_count[entry]
    table = {"entry_session": _dates(first_day), "entry_price": opened}
    for days in outcome_days:
        is_past = has_ended | (first_day + days <= last_day)
        table[f"return_{days}d"] = np.where(is_past, _total_return(listed, entry, column, days), np.nan)
    table |= {
        "max_gain": np.where(is_mature, highest / (opened * listed.share_count[entry]) - 1, np.nan),
        "label_end": _dates(first_day + label_days),
        "is_mature": is_mature,
        "reached_target": np.where(is_mature, highest >= target, np.nan),
    }
    return pd.DataFrame(table | _traded(bars, listed, entry, column, rules))


def _traded(
    bars: BarPanel, listed: SymbolBars, entry: np.ndarray, column: np.ndarray, rules: BarrierRules
) -> dict[str, np.ndarray]:
    exits = barrier_exits(bars, entry, column, rules, listed)
    is_open = exits.outcome == CENSORED
    days = bars.sessions.to_numpy(dtype="datetime64[D]").astype(np.int64)
    day = days[exits.row] if len(days) else exits.row
    return {
        "outcome": np.array(OUTCOMES, dtype=object)[exits.outcome],
        "exit_session": np.where(is_open, np.datetime64("NaT", "ns"), _dates(day)),
        "exit_price": exits.price,
        "net_return": exits.net_return,
        "days_held": np.where(is_open, np.nan, day - listed.day[entry]),
        "ambiguous": exits.ambiguous,
        "won": np.where(is_open, np.nan, exits.outcome == TARGET),
    }


def _total_return(listed: SymbolBars, entry: np.ndarray, column: np.ndarray, days: int) -> np.ndarray:
    last = listed.first_from_day(listed.day[entry] + days + 1, column) - 1
    return listed.close[last] * (listed.growth[last] / listed.growth[entry]) / listed.open[entry] - 1


def _highest(listed: SymbolBars, entry: np.ndarray, column: np.ndarray, days: int) -> np.ndarray:
    """Return the highest high from the entry bar on within `days`, in share units of the panel's first session."""
    last = listed.first_from_day(listed.day[entry] + days + 1, column) - 1
    high, width = listed.high * listed.share_count, int((last - entry).max(initial=0)) + 1
    result, step = np.empty(len(entry)), max(1, _CELLS_AT_ONCE // width)
    for start in range(0, len(entry), step):
        few = slice(start, start + step)
        # Beyond the last bar it is looked at again, which changes no maximum.
        places = np.minimum(entry[few, None] + np.arange(width), last[few, None])
        result[few] = high[places].max(axis=1)
    return result


def _dates(day: np.ndarray) -> np.ndarray:
    return day.astype("datetime64[D]").astype("datetime64[ns]")
