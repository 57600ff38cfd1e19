"""Bars that may be true but deserve a look: they are let in and listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.calendar import missing_sessions
from backtrader_system.market_data.quality import DataIssue
from backtrader_system.settings.data import DataSettings

RATIO_TOLERANCE = 0.04          # a split day also has its ordinary move
RETURN_TOLERANCE = 0.10         # a bad price is followed by one within this of the price before it
_SPLIT_RATIOS = np.array([*range(2, 11), 15, 20, 25, 30, 40, 50, 100])


@dataclass(frozen=True, slots=True)
class _Bars:
    """Columns of the bars as arrays, all of shape (n_bars,), sorted by symbol and session."""

    symbol: np.ndarray
    session: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    has_previous: np.ndarray        # the row above is the same symbol's
    growth: np.ndarray              # what a holder's dollar became since the row above; NaN without one
    source_of: Mapping[str, str]

    def issue(self, row: int, rule: str, value: str, advice: str) -> DataIssue:
        symbol = str(self.symbol[row])
        return DataIssue("warning", rule, self.source_of[symbol], symbol, pd.Timestamp(self.session[row]).date(),
                         value, advice)

    def day(self, row: int) -> str:
        return str(self.session[row])[:10]


def suspicious_issues(
    bars: pd.DataFrame, data: DataSettings, sessions: pd.DatetimeIndex, source_of: Mapping[str, str]
) -> list[DataIssue]:
    """Return a warning for each stale run, large one-day move, gap, and each symbol with zero volume, a late start
    or an early end.

    bars : possible bars sorted by symbol and session, with split_ratio and dividend, so that a known split is
        no move.
    sessions : all sessions of the calendar from the first to the last one of the run.
    """
    if bars.empty:
        return []
    table = _arrays(bars, source_of)
    return [
        *_large_moves(table, data.max_one_day_move), *_stale_runs(table, data.stale_run_sessions),
        *_gaps(table, data.max_gap_sessions, sessions), *_zero_volumes(table), *_late_and_early(table, sessions),
    ]


def _arrays(bars: pd.DataFrame, source_of: Mapping[str, str]) -> _Bars:
    symbol = bars["symbol"].to_numpy(dtype=object)
    close = bars["close"].to_numpy()
    has_previous = np.append(False, symbol[1:] == symbol[:-1])
    value = (close + bars["dividend"].to_numpy()) * bars["split_ratio"].to_numpy()
    growth = np.where(has_previous, value / np.append(np.nan, close[:-1]), np.nan)
    return _Bars(symbol, bars["session"].to_numpy(), close, bars["volume"].to_numpy(), has_previous, growth, source_of)


def _large_moves(bars: _Bars, limit: float) -> list[DataIssue]:
    two_sessions = bars.growth * np.append(bars.growth[1:], np.nan)
    returns = np.abs(two_sessions - 1) < RETURN_TOLERANCE
    is_return = np.append(False, returns[:-1])
    rows = np.flatnonzero(np.abs(bars.growth - 1) > limit)
    issues = []
    for row in rows:
        if returns[row]:
            advice = "the next session goes back: a single bad price? correct or remove it"
        elif is_return[row]:
            advice = "goes back from the move of the session before: a single bad price there?"
        else:
            advice = _split_hint(bars.growth[row])
        value = (f"{bars.growth[row] - 1:+.1%} since {bars.day(row - 1)}: "
                 f"{bars.close[row - 1]:g} to {bars.close[row]:g}")
        issues.append(bars.issue(row, "one_day_move", value, advice))
    return issues


def _split_hint(growth: float) -> str:
    """Return advice that names the split which would explain a price that grew by this factor."""
    ratio = max(growth, 1 / growth) if growth > 0 else np.inf
    near = _SPLIT_RATIOS[np.argmin(np.abs(_SPLIT_RATIOS / ratio - 1))]
    if abs(near / ratio - 1) > RATIO_TOLERANCE:
        return "an unadjusted split, a spin-off, or real? check it"
    kind = f"{near}:1 split" if growth < 1 else f"1:{near} reverse split"
    unit = ", or a wrong unit (cents for dollars)" if near == 100 else ""
    return f"an unadjusted split? it is near a {kind}{unit}"


def _stale_runs(bars: _Bars, limit: int) -> list[DataIssue]:
    is_new = ~(bars.has_previous & (bars.close == np.append(np.nan, bars.close[:-1])))
    starts = np.flatnonzero(is_new)
    lengths = np.diff(np.append(starts, len(is_new)))
    return [
        bars.issue(start, "stale_run", f"{length} closes of {bars.close[start]:g} until {bars.day(start + length - 1)}",
                   "halted, hardly traded or filled in by the source? check it")
        for start, length in zip(starts, lengths, strict=True) if length >= max(limit, 2)
    ]


def _gaps(bars: _Bars, limit: int, sessions: pd.DatetimeIndex) -> list[DataIssue]:
    rows = np.flatnonzero(bars.has_previous)
    missing = missing_sessions(sessions, bars.session[rows - 1], bars.session[rows])
    return [
        bars.issue(row, "gap", f"{count} sessions without a bar since {bars.day(row - 1)}",
                   "halted, or missing in the source? orders wait until the next bar")
        for row, count in zip(rows[missing > limit], missing[missing > limit], strict=True)
    ]


def _zero_volumes(bars: _Bars) -> list[DataIssue]:
    rows = np.flatnonzero(bars.volume == 0)
    symbols, first, counts = np.unique(bars.symbol[rows].astype(str), return_index=True, return_counts=True)
    return [
        bars.issue(rows[start], "zero_volume",
                   f"{count} bars without volume, the last {bars.day(rows[start + count - 1])}",
                   "no trade took place at these prices; do not trust fills there")
        for _, start, count in zip(symbols, first, counts, strict=True)
    ]


def _late_and_early(bars: _Bars, sessions: pd.DatetimeIndex) -> list[DataIssue]:
    firsts = np.flatnonzero(~bars.has_previous)
    lasts = np.append(firsts[1:] - 1, len(bars.close) - 1)
    earliest, latest = bars.session.min(), bars.session.max()
    missing_before = missing_sessions(sessions, earliest, bars.session[firsts]) + 1
    missing_after = missing_sessions(sessions, bars.session[lasts], latest) + 1
    late = [
        bars.issue(row, "late_start", f"first bar {count} sessions after the first session of the data",
                   "listed later, or missing in the source? it cannot be traded before")
        for row, count in zip(firsts, missing_before, strict=True) if bars.session[row] > earliest
    ]
    early = [
        bars.issue(row, "early_end", f"last bar {count} sessions before the last session of the data",
                   "delisted, renamed or missing in the source? a position is closed at its last close")
        for row, count in zip(lasts, missing_after, strict=True) if bars.session[row] < latest
    ]
    return late + early
