"""Time the support of 50 stocks over five windows and 1,500 sessions, beside a loop over stocks in pandas.

    python benchmarks/support_metrics.py [--symbols 50] [--sessions 1500]

Both are measured in the same run; on a busy machine trust the ratio. The loop finds less: rolling lows, breaks, days
since the last break and mean gaps, which must be the same. The first call of a process loads numba and what it
compiled; the first call on a machine compiles.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from backtrader_system.puts.factors.support import PERIODS, SupportPanel, support_metrics

FIRST_CALL = """
import time, numpy, pandas
from backtrader_system.puts.factors.support import support_metrics
started = time.perf_counter()
support_metrics(numpy.ones((2, 1)), pandas.date_range("2020-01-01", periods=2))
print(time.perf_counter() - started)
"""


def random_lows(n_sessions: int, n_symbols: int) -> tuple[np.ndarray, pd.DatetimeIndex]:
    """Return random lows of business days."""
    steps = np.random.default_rng(0).normal(0, 0.018, (n_sessions, n_symbols))
    return 100 * np.exp(np.cumsum(steps, axis=0)), pd.bdate_range("2020-01-01", periods=n_sessions)


def pandas_support(low: pd.Series, period: int) -> tuple[pd.Series, ...]:
    """Return rolling low, breaks so far, days since the last and mean gap of one stock, as one would in pandas."""
    rolling = low.rolling(f"{period}D", closed="both").min()
    broke = rolling < rolling.shift(1)
    count = broke.cumsum()
    day = pd.Series(low.index.to_numpy().astype("datetime64[D]").astype(float), low.index)
    last, first = day.where(broke).ffill(), day.where(broke & (count == 1)).ffill()
    return rolling, count, day - last, (last - first) / (count - 1).where(count > 1)


def looped(lows: np.ndarray, sessions: pd.DatetimeIndex) -> list[tuple[pd.Series, ...]]:
    return [pandas_support(pd.Series(lows[:, symbol], sessions), period)
            for period in PERIODS for symbol in range(lows.shape[1])]


def verdicts(panel: SupportPanel) -> None:
    """Compute everything of the owner's table that is not stored."""
    panel.stability()
    panel.trends()
    panel.patterns()
    panel.break_probability(30)
    panel.break_probability(60)


def first_call_seconds(cache: str | None) -> float:
    """Return the seconds of the first call in a new process; `cache` is where numba looks for what it compiled."""
    surroundings = os.environ | ({} if cache is None else {"NUMBA_CACHE_DIR": cache})
    return float(subprocess.run([sys.executable, "-c", FIRST_CALL], env=surroundings, check=True, text=True,
                                stdout=subprocess.PIPE).stdout)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=1_500)
    options = parser.parse_args()
    lows, sessions = random_lows(options.sessions, options.symbols)
    panel = support_metrics(lows, sessions)

    measured = min(seconds(lambda: support_metrics(lows, sessions)) for _ in range(5))
    strength = min(seconds(panel.strength) for _ in range(5))
    rest = min(seconds(lambda: verdicts(panel)) for _ in range(5))
    one_window = min(seconds(lambda: support_metrics(lows, sessions, (365,)).strength()) for _ in range(5))
    loop = min(seconds(lambda: looped(lows, sessions)) for _ in range(2))
    ours = (panel.rolling_low, panel.total_breaks, panel.days_since_break, panel.mean_gap_days)
    cells = [(place, symbol) for place in range(len(PERIODS)) for symbol in range(options.symbols)]
    is_equal = all(np.array_equal(mine[place, :, symbol], theirs, equal_nan=True) for (place, symbol), row in zip(
        cells, looped(lows, sessions), strict=True) for mine, theirs in zip(ours, row, strict=True))

    print(f"{options.symbols} symbols x {len(PERIODS)} windows x {options.sessions} sessions")
    print(f"all quantities: {1000 * measured:.1f} ms; strength: {1000 * strength:.1f} ms more; "
          f"patterns, trends and probabilities: {1000 * rest:.1f} ms more (best of 5)")
    print(f"one window with strength: {1000 * one_window:.1f} ms")
    print(f"pandas, four quantities, stock by stock: {1000 * loop:.1f} ms; the same numbers: {is_equal}")
    print(f"ratio: {loop / measured:.1f}")
    with tempfile.TemporaryDirectory() as empty:
        print(f"first call ever (compiles): {first_call_seconds(empty):.2f} s; "
              f"first call of a process: {min(first_call_seconds(None) for _ in range(2)):.2f} s")


if __name__ == "__main__":
    main()
