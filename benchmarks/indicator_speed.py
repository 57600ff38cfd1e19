"""Time the seed's features over 500 symbols x 2,520 sessions, beside a loop over symbols in pandas.

    python benchmarks/indicator_speed.py [--symbols 500] [--sessions 2520] [--gaps]

Both are measured in the same run; on a busy machine trust the ratio. The pandas loop is timed on a tenth of the
symbols and multiplied.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.settings.models import SEED_FEATURES
from backtrader_system.signals.features import compute_features


def random_bars(n_sessions: int, n_symbols: int, *, with_gaps: bool) -> BarPanel:
    """Return random bars; with gaps, one bar in two hundred is missing."""
    stream = np.random.default_rng(0)
    shape = (n_sessions, n_symbols)
    close = 100 * np.exp(np.cumsum(stream.normal(0, 0.015, shape), axis=0))
    opened = close * (1 + stream.normal(0, 0.004, shape))
    prices = [opened, np.maximum(opened, close) * 1.003, np.minimum(opened, close) * 0.997, close,
              stream.integers(1_000, 9_000, shape).astype(float)]
    if with_gaps:
        absent = stream.random(shape) < 1 / 200
        prices = [np.where(absent, np.nan, values) for values in prices]
    symbols = tuple(f"S{number:04d}" for number in range(n_symbols))
    sessions = pd.DatetimeIndex(pd.bdate_range("2010-01-04", periods=n_sessions))
    return BarPanel(sessions, symbols, *prices, np.ones(shape), np.zeros(shape), np.ones(shape, dtype=bool))


def pandas_features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the seed's features of one symbol, written as one would in pandas."""
    close, change = frame["close"], frame["close"].diff()
    mean, deviation = close.rolling(20).mean(), close.rolling(20).std()
    line = close.ewm(span=12).mean() - close.ewm(span=26).mean()
    gain, loss = change.clip(lower=0).rolling(14).mean(), (-change.clip(upper=0)).rolling(14).mean()
    signs = [np.where(close > close.shift(bars), 1, -1) for bars in (5, 10)]
    return pd.DataFrame({
        **{f"price_vs_ma{n}": close / close.rolling(n).mean() - 1 for n in (5, 20, 50)},
        "rsi_normalized": (100 - 100 / (1 + gain / loss) - 50) / 50,
        **{f"volatility_{n}d": close.pct_change().rolling(n).std() for n in (10, 20)},
        "volume_ratio": frame["volume"] / frame["volume"].rolling(20).mean(),
        "bb_position": (close - (mean - 2 * deviation)) / (4 * deviation),
        "macd_histogram": line - line.ewm(span=9).mean(),
        "trend_consistency": (signs[0] + signs[1]) / 2,
    })


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=2_520)
    parser.add_argument("--gaps", action="store_true", help="let one bar in two hundred be missing")
    options = parser.parse_args()
    bars = random_bars(options.sessions, options.symbols, with_gaps=options.gaps)

    panel_seconds = min(seconds(lambda: compute_features(bars, SEED_FEATURES)) for _ in range(3))
    sample = bars.symbols[::10]
    loop_seconds = seconds(lambda: [pandas_features(bars.frame(symbol)) for symbol in sample])
    loop_seconds *= len(bars.symbols) / len(sample)

    print(f"{len(SEED_FEATURES)} features, {options.symbols} symbols x {options.sessions} sessions")
    print(f"panel: {panel_seconds:.2f} s (best of 3)")
    print(f"pandas, symbol by symbol: {loop_seconds:.2f} s (from {len(sample)} symbols)")
    print(f"ratio: {loop_seconds / panel_seconds:.1f}")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
