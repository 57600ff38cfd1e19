"""Support of every stock, day and window: the rolling low, how often it broke and how strong it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel

PERIODS = (30, 90, 180, 270, 365)      # calendar days
YEAR_DAYS = 365.0                       # full marks of the strength for days since a break and for sessions per break
PATTERNS = ("never_breaks", "exhausted_cascade", "shallow_breaker", "volatile", "stable", "predictable_cycles")


@dataclass(frozen=True, slots=True, eq=False)
class SupportPanel:
    """What is known of each support after the close of each session, from lows up to and including that session.

    sessions : DatetimeIndex, shape (T,). periods : calendar days of the windows, shape (P,).
    bars, days_of_history : shape (T, S); lows so far, and calendar days since the first one.
    All others shape (P, T, S), NaN where the symbol has no low in that session (not yet listed, a hole, delisted).
    rolling_low : lowest low of the calendar days [t - period, t], both ends included, in prices of session t.
    total_breaks : sessions so far whose rolling low lies below that of the bar before. breaks_in_first_half : of them,
        those within the first half of the bars. days_since_break : calendar days, NaN before the first break.
    mean_drop, median_drop, deepest_drop, drop_deviation : of 100 * (low - before) / before over all breaks, percent,
        not positive; the deviation is the population's; all 0 before the first break.
    mean_gap_days, median_gap_days : calendar days between successive breaks, NaN before the second break.
    clusters, largest_cluster, current_cluster : runs of breaks at most 30 calendar days apart, the breaks in the
        largest and in the one that ended at most 30 days ago (0: none did).

    Source of all definitions: the owner's support page. Timing: usable for orders decided after the close of t.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"])
    >>> panel = support_metrics(np.array([[10.0], [9.0], [9.5], [9.9]]), days, (30,))
    >>> panel.rolling_low[0, :, 0].tolist(), panel.days_since_break[0, :, 0].tolist()
    ([10.0, 9.0, 9.0, 9.0], [nan, 0.0, 1.0, 2.0])
    >>> panel.stability()[0, -1, 0].item(), panel.patterns()[0, -1].tolist()
    (75.0, ['exhausted_cascade'])
    """

    sessions: pd.DatetimeIndex
    periods: tuple[int, ...]
    bars: np.ndarray
    days_of_history: np.ndarray
    rolling_low: np.ndarray
    total_breaks: np.ndarray
    days_since_break: np.ndarray
    breaks_in_first_half: np.ndarray
    mean_drop: np.ndarray
    median_drop: np.ndarray
    deepest_drop: np.ndarray
    drop_deviation: np.ndarray
    mean_gap_days: np.ndarray
    median_gap_days: np.ndarray
    clusters: np.ndarray
    largest_cluster: np.ndarray
    current_cluster: np.ndarray

    def of_period(self, period: int) -> int:
        """Return the position of a window in the first axis; raise DataError if it was not measured."""
        if period not in self.periods:
            raise DataError(f"no support was measured over {period} calendar days; measured: {list(self.periods)}")
        return self.periods.index(period)

    def at(self, row: int, symbol: int) -> SupportPanel:
        """Return the panel of one session and one symbol, T = S = 1."""
        place = (slice(row, row + 1), slice(symbol, symbol + 1))
        cells = {field.name: getattr(self, field.name) for field in fields(self)[2:]}
        return replace(self, sessions=self.sessions[place[0]], **{
            name: values[place] if values.ndim == 2 else values[:, *place] for name, values in cells.items()})

    def stability(self) -> np.ndarray:
        """Return the percentage of bars without a break."""
        return 100.0 * (self.bars - self.total_breaks) / self.bars

    def trading_days_per_break(self) -> np.ndarray:
        """Return bars per break, all bars before the first break."""
        return self.bars / np.maximum(self.total_breaks, 1.0)

    def strength(self) -> np.ndarray:
        """Return the support strength, 0 to 100.

        30 % stability, 25 % days since the last break and 25 % sessions per break (both in 365ths, at most 100; a
        support that never broke has full days), 20 % evenness of the drops: 100 - 10 deviations, at least 0.
        """
        days = np.where(self.total_breaks == 0, 100.0, np.minimum(100.0, 100.0 * self.days_since_break / YEAR_DAYS))
        gap = np.minimum(100.0, 100.0 * self.trading_days_per_break() / YEAR_DAYS)
        evenness = np.maximum(0.0, 100.0 - 10.0 * self.drop_deviation)
        return 0.30 * self.stability() + 0.25 * days + 0.25 * gap + 0.20 * evenness

    def trends(self) -> np.ndarray:
        """Return "improving", "weakening" or "stable", "" where nothing is known.

        Improving, weakening: the later half of the bars is more than 5 points more, less stable than the earlier one.
        """
        half = np.floor(self.bars / 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            earlier = 100.0 * (half - self.breaks_in_first_half) / half
            later_bars = self.bars - half
            later = 100.0 * (later_bars - (self.total_breaks - self.breaks_in_first_half)) / later_bars
        change = np.where(half > 0, later - earlier, 0.0 * self.total_breaks)
        return np.select([change > 5, change < -5, ~np.isnan(change)], ["improving", "weakening", "stable"], "")

    def patterns(self) -> np.ndarray:
        """Return the first of `PATTERNS` whose rule holds, "" where nothing is known."""
        stability, breaks, drop = self.stability(), self.total_breaks, self.median_drop
        rules = [stability >= 99.5, self.current_cluster >= 0.8 * self.largest_cluster, drop > -2.0,
                 (stability < 70) & (drop < -5), (stability >= 85) & (breaks < 10), ~np.isnan(breaks)]
        return np.select(rules, PATTERNS, "")

    def break_probability(self, horizon_days: int) -> np.ndarray:
        """Return the owner's estimate that the support breaks within `horizon_days` calendar days, 0 to 1.

        Unstable share * (1 + days since the break / mean gap, at most 2) / 2, at most 1, times horizon / mean gap, at
        most 1. Without two breaks there is no gap: the unstable share itself. A rule of thumb, not a fitted model.
        """
        unstable = self.total_breaks / self.bars
        gap = self.mean_gap_days
        base = np.minimum(1.0, unstable * (1.0 + np.minimum(2.0, self.days_since_break / gap)) / 2.0)
        return np.where(np.isnan(gap), unstable, base * np.minimum(1.0, horizon_days / gap))


def support_metrics(low: np.ndarray, sessions: pd.DatetimeIndex, periods: Sequence[int] = PERIODS) -> SupportPanel:
    """Return the support of every symbol, session and window.

    low : shape (n_sessions, n_symbols), > 0, NaN where there is no bar; continuous over splits.
    sessions : strictly rising. periods : calendar days.
    Raises: DataError if sessions do not rise, shapes do not fit, a low is not positive or a period below one day.
    """
    from backtrader_system.puts.factors.kernel import BREAKS, KNOWN, QUANTITIES, measure_support

    low, periods = np.asarray(low, dtype=float), tuple(int(period) for period in periods)
    days = pd.DatetimeIndex(sessions).to_numpy().astype("datetime64[D]").astype(np.int64)
    _check(low, days, periods)
    by_symbol = np.ascontiguousarray(low.T)
    n_symbols, n_sessions = by_symbol.shape
    measured = np.full((len(periods), n_symbols, len(QUANTITIES), n_sessions), np.nan)
    measure_support(by_symbol, days, np.array(periods), np.zeros(1, BREAKS), np.zeros(1, KNOWN), measured)
    has_low = np.isfinite(low)
    first = days[has_low.argmax(axis=0)]
    return SupportPanel(
        pd.DatetimeIndex(sessions), periods,
        bars=np.where(has_low, has_low.cumsum(axis=0), np.nan),
        days_of_history=np.where(has_low, days[:, None] - first, np.nan),
        **{name: measured[:, :, place].transpose(0, 2, 1) for place, name in enumerate(QUANTITIES)})


def support_of_bars(bars: BarPanel, periods: Sequence[int] = PERIODS) -> SupportPanel:
    """Return the support of a panel's lows; rolling lows in prices of their own session.

    Splits of raw prices are no breaks: a two-for-one split halves the support with the price. Dividends stay in, as on
    the owner's page.
    """
    shares = np.cumprod(bars.split_ratio, axis=0)
    panel = support_metrics(bars.low * shares, bars.sessions, periods)
    return replace(panel, rolling_low=panel.rolling_low / shares)


def _check(low: np.ndarray, days: np.ndarray, periods: tuple[int, ...]) -> None:
    faults = []
    if low.ndim != 2 or len(low) != len(days) or not len(days):
        faults.append(f"lows have shape {low.shape} for {len(days)} sessions; must be (n_sessions, n_symbols), with at "
                      "least one session")
    if (np.diff(days) <= 0).any():
        row = int(np.flatnonzero(np.diff(days) <= 0)[0])
        faults.append(f"sessions do not rise at row {row + 1}; sort them and leave one of each")
    if np.isinf(low).any() or (low <= 0).any():
        faults.append(f"{int((np.isinf(low) | (low <= 0)).sum())} lows are not positive prices; leave them NaN")
    if not periods or min(periods) < 1:
        faults.append(f"periods were {list(periods)}; each must be at least one calendar day")
    if faults:
        raise DataError("support cannot be measured:", faults=faults)
