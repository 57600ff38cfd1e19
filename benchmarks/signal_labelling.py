"""Time the labelling of signals on daily bars, beside a plain loop over signals and bars.

    python benchmarks/signal_labelling.py [--signals 100000] [--symbols 40] [--sessions 1500]

Both are measured in the same run; on a busy machine trust the ratio. The loop is timed on a hundredth of the signals
and multiplied; its outcomes must be the same.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

EXITS = {"2 % stop, double": BarrierRules(0.02, 1.0, 30, 50, 10), "10 % stop, 20 %": BarrierRules(0.1, 0.2, 30, 50, 10),
         "no stop, double, no limit": BarrierRules(None, 1.0, None, 50, 10)}
LABEL_DAYS = 30


def random_bars(n_sessions: int, n_symbols: int) -> BarPanel:
    """Return bars of every day with a daily volatility of 4 %."""
    stream = np.random.default_rng(0)
    shape = (n_sessions, n_symbols)
    close = 10 * np.exp(np.cumsum(stream.normal(0, 0.04, shape), axis=0))
    opened = close * np.exp(stream.normal(0, 0.01, shape))
    high, low = np.maximum(opened, close) * 1.02, np.minimum(opened, close) * 0.98
    days = pd.DatetimeIndex(pd.date_range("2019-01-01", periods=n_sessions)).as_unit("ns")
    names = tuple(f"S{number:03d}" for number in range(n_symbols))
    return BarPanel(days, names, opened, high, low, close, np.full(shape, 1e6), np.ones(shape), np.zeros(shape),
                    np.ones(shape, dtype=bool))


def looped(bars: BarPanel, rows: np.ndarray, columns: np.ndarray, rules: BarrierRules) -> list[tuple[Any, ...]]:
    """Return outcome, exit price and highest high within the label's days, as one would write it down."""
    days = bars.sessions.to_numpy().astype("datetime64[D]").astype(int)
    return [_one_signal(bars, days, row + 1, column, rules) for row, column in zip(rows, columns, strict=True)]


def _one_signal(bars: BarPanel, days: np.ndarray, entry: int, column: int, rules: BarrierRules) -> tuple[Any, ...]:
    if entry >= len(days):
        return "censored", np.nan, np.nan
    window = [bars.high[row, column] for row in range(entry, len(days)) if days[row] <= days[entry] + LABEL_DAYS]
    highest = max(window) if days[-1] >= days[entry] + LABEL_DAYS else np.nan
    paid = rules.execution_price(bars.open[entry, column])
    stop = paid - paid * rules.stop_loss_fraction if rules.stop_loss_fraction else -np.inf
    target, limit = paid + paid * rules.take_profit_fraction, rules.max_holding_calendar_days
    for row in range(entry, len(days)):
        opened = bars.open[row, column]
        if row > entry:
            if opened <= stop or opened >= target:
                return ("stop" if opened <= stop else "target"), opened, highest
            if limit and days[row - 1] >= days[entry] + limit:
                return "time", opened, highest
        if bars.low[row, column] <= stop:
            return "stop", min(stop, opened), highest
        if bars.high[row, column] >= target:
            return "target", max(target, opened), highest
    return "censored", np.nan, highest


def check(found: pd.DataFrame, expected: list[tuple[Any, ...]]) -> None:
    """Stop if the loop says otherwise."""
    outcome, price, highest = (list(values) for values in zip(*expected, strict=True))
    if found["outcome"].tolist() != outcome:
        raise SystemExit("the loop and the table differ in their outcomes")
    np.testing.assert_allclose(found["exit_price"], price, rtol=1e-12)
    np.testing.assert_allclose(found["entry_price"] * (1 + found["max_gain"]), highest, rtol=1e-12)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--symbols", type=int, default=40)
    parser.add_argument("--sessions", type=int, default=1_500)
    options = parser.parse_args()
    bars = random_bars(options.sessions, options.symbols)
    stream = np.random.default_rng(1)
    rows = stream.integers(options.sessions - 1, size=options.signals)
    columns = stream.integers(options.symbols, size=options.signals)
    few = slice(0, max(1, options.signals // 100))
    print(f"{options.signals:,} signals, {options.symbols} symbols x {options.sessions:,} days")
    for name, rules in EXITS.items():
        runs = [seconds(lambda rules=rules: signal_outcomes(bars, rows, columns, rules)) for _ in range(3)]
        took, table = min(took for took, _ in runs), runs[0][1]
        loop, expected = seconds(lambda rules=rules: looped(bars, rows[few], columns[few], rules))
        check(table.iloc[few], expected)
        loop *= options.signals / len(expected)
        print(f"{name:<26} {took:6.2f} s (best of 3)   loop {loop:7.1f} s   ratio {loop / took:5.0f}")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
