"""Support against the definitions, written out slowly in pandas for one stock, window and day at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.puts.factors.support import support_metrics

PERIODS = (30, 90, 180, 270, 365)
EVERY = 37      # sessions between two days looked at


def slow_support(low: pd.Series, period: int) -> dict[str, object]:
    """Return what the definitions say after the last of these lows."""
    rolling = low.rolling(f"{period}D", closed="both").min()
    broke = rolling < rolling.shift(1)
    drops = (100 * (rolling - rolling.shift(1)) / rolling.shift(1))[broke]
    days = low.index[broke]
    gaps = pd.Series(days).diff().dropna().dt.days
    cluster = (pd.Series(days).diff().dt.days > 30).cumsum()
    sizes = cluster.value_counts().sort_index()
    today, count, broken = low.index[-1], len(low), int(broke.sum())
    since = (today - days[-1]).days if broken else np.nan
    stability = 100 * (count - broken) / count
    half = count // 2
    change = (0.0 if half == 0 else 100 * (1 - broke.iloc[half:].mean()) - 100 * (1 - broke.iloc[:half].mean()))
    deviation = drops.std(ddof=0) if broken else 0.0
    per_break = count / broken if broken else count
    strength = (0.30 * stability + 0.25 * (min(100, 100 * since / 365) if broken else 100)
                + 0.25 * min(100, 100 * per_break / 365) + 0.20 * max(0, 100 - 10 * deviation))
    mean_gap = gaps.mean() if broken > 1 else np.nan
    current = sizes.iloc[-1] if broken and since <= 30 else 0
    return {
        "rolling_low": rolling.iloc[-1], "total_breaks": broken, "days_since_break": since,
        "mean_drop": drops.mean() if broken else 0, "median_drop": drops.median() if broken else 0,
        "deepest_drop": drops.min() if broken else 0, "drop_deviation": deviation, "mean_gap_days": mean_gap,
        "median_gap_days": gaps.median() if broken > 1 else np.nan, "clusters": len(sizes),
        "largest_cluster": sizes.max() if broken else 0, "current_cluster": current,
        "stability": stability, "trading_days_per_break": per_break, "strength": strength,
        "trends": "improving" if change > 5 else "weakening" if change < -5 else "stable",
        "patterns": slow_pattern(stability, current, sizes, drops, broken),
        "soon": slow_probability(stability, since, mean_gap, 30),
        "later": slow_probability(stability, since, mean_gap, 60),
    }


def slow_pattern(stability, current, sizes, drops, broken):
    if stability >= 99.5:
        return "never_breaks"
    if current >= 0.8 * sizes.max():
        return "exhausted_cascade"
    if drops.median() > -2:
        return "shallow_breaker"
    if stability < 70 and drops.median() < -5:
        return "volatile"
    return "stable" if stability >= 85 and broken < 10 else "predictable_cycles"


def slow_probability(stability, since, mean_gap, horizon):
    unstable = 1 - stability / 100
    if np.isnan(mean_gap):
        return unstable
    return min(1, unstable * (1 + min(2, since / mean_gap)) / 2) * min(1, horizon / mean_gap)


@pytest.mark.parametrize("symbol", [0, 1, 2], ids=["complete", "late and with holes", "delisted"])
def test_support_equals_the_definitions(random_bars, symbol):
    panel = support_metrics(random_bars.low, random_bars.sessions, PERIODS)
    lows = pd.Series(random_bars.low[:, symbol], random_bars.sessions)
    rows = [row for row in range(1, len(lows)) if row % EVERY == 0 and np.isfinite(lows.iloc[row])]
    arrays = {name: getattr(panel, name) for name in (
        "rolling_low", "total_breaks", "days_since_break", "mean_drop", "median_drop", "deepest_drop",
        "drop_deviation", "mean_gap_days", "median_gap_days", "clusters", "largest_cluster", "current_cluster")}
    arrays |= {"stability": panel.stability(), "trading_days_per_break": panel.trading_days_per_break(),
               "strength": panel.strength(), "trends": panel.trends(), "patterns": panel.patterns(),
               "soon": panel.break_probability(30), "later": panel.break_probability(60)}

    compared = 0
    for row in rows:
        for place, period in enumerate(PERIODS):
            expected = slow_support(lows.iloc[:row + 1].dropna(), period)
            for name, values in arrays.items():
                found = values[place, row, symbol]
                if isinstance(expected[name], str):
                    assert found == expected[name], (name, row, period)
                else:       # sums in another order: relative rounding, nothing else
                    assert found == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), (name, row, period)
                compared += 1
    assert compared == len(rows) * len(PERIODS) * len(arrays) > 1_000


@pytest.mark.parametrize("period", PERIODS)
def test_rolling_low_equals_a_calendar_window_closed_at_both_ends(random_bars, period):
    panel = support_metrics(random_bars.low, random_bars.sessions, (period,))
    for symbol in range(3):
        lows = pd.Series(random_bars.low[:, symbol], random_bars.sessions).dropna()
        expected = lows.rolling(f"{period}D", closed="both").min().reindex(random_bars.sessions)
        np.testing.assert_array_equal(panel.rolling_low[0, :, symbol], expected.to_numpy())
