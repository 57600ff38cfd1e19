"""Time the scoring of 750,000 option-days on six factors, from bars to page filter.

    python benchmarks/put_scores.py [--symbols 50] [--sessions 1500] [--contracts 10]

Probabilities and recovery rates are random: what makes them is measured elsewhere. A plain loop over option-days, timed
on a thousandth of them and multiplied, runs in the same process; its scores must be the same.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.factors.option_days import option_factors
from backtrader_system.puts.factors.seasonality import seasonal_factors
from backtrader_system.puts.factors.support import support_of_bars
from backtrader_system.puts.score import option_scores, page_filter
from backtrader_system.settings.puts import ScoreSettings

SETTINGS = ScoreSettings(min_seasonal_years=1)


def random_bars(n_sessions: int, n_symbols: int) -> BarPanel:
    shape = (n_sessions, n_symbols)
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0002, 0.018, shape), axis=0))
    symbols = tuple(f"S{number:03d}" for number in range(n_symbols))
    return BarPanel(pd.bdate_range("2020-01-01", periods=n_sessions), symbols, close, close * 1.01, close * 0.99, close,
                    np.ones(shape), np.ones(shape), np.zeros(shape), np.ones(shape, dtype=bool))


def chain_over(bars: BarPanel, n_contracts: int) -> OptionChain:
    """Return contracts of about a month, `n_contracts` of every stock quoted in every session."""
    n_sessions, n_symbols = bars.shape
    month = np.arange(n_sessions) // 21
    n_months = month[-1] + 1
    per_month = n_symbols * n_contracts
    number = np.arange(n_months * per_month)
    last = bars.sessions[np.minimum(21 * (number // per_month) + 20, n_sessions - 1)] + pd.Timedelta(days=10)
    underlying = np.array(bars.symbols)[number % per_month // n_contracts]
    first = bars.close[21 * (number // per_month), number % per_month // n_contracts]
    contracts = pd.DataFrame({
        "contract": [f"P{one}" for one in number], "underlying": underlying,
        "strike": first * (0.8 + 0.02 * (number % n_contracts)), "expiry": last, "multiplier": 100.0,
        "first_seen": last, "last_seen": last, "is_adjusted": False})
    quoted = (month[:, None] * per_month + np.arange(per_month)).ravel()
    ones = np.ones(len(quoted))
    quotes = pd.DataFrame({"quote_date": np.repeat(bars.sessions, per_month), "number": quoted, "bid": ones,
                           "ask": ones, "last": ones, "iv": ones, "underlying_price": ones})
    return OptionChain(contracts, quotes)


def plain_score(row: dict[str, float]) -> float:
    """Return the score of one option-day, as one would write it down."""
    season = row["seasonal_share"] + (10 if row["is_near_low_day"] else 0)
    days = 50 * row["calendar_days_since_break"] / row["trading_days_per_break"]
    fall = 30 if row["peak"] < 0.9 else 50 + 200 * (row["peak"] - row["probability"])
    lag = 50 + 10 * (row["seasonal_return"] - row["month_to_date"])
    parts = [(100 * row["recovery_rate"], 25), (row["strength"], 20), (days, 15), (fall, 15), (season, 15), (lag, 10)]
    known = [(max(0, min(100, value)), weight) for value, weight in parts if not math.isnan(value)]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=1_500)
    parser.add_argument("--contracts", type=int, default=10)
    options = parser.parse_args()
    bars = random_bars(options.sessions, options.symbols)
    chain = chain_over(bars, options.contracts)
    stream = np.random.default_rng(1)
    current, rate = (stream.uniform(0.5, 1, len(chain.quotes)) for _ in range(2))
    history = SimpleNamespace(current=current, peak=np.minimum(1, current + stream.uniform(0, 0.2, len(current))))
    support_of_bars(bars.take_sessions(slice(0, 2)))      # numba is loaded: see support_metrics.py for what that costs

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    support = support_of_bars(bars, (SETTINGS.rolling_period,))
    seasonal = seasonal_factors(bars, min_years=SETTINGS.min_seasonal_years)
    panels = time.perf_counter()
    factors = option_factors(chain, bars, support, seasonal, SETTINGS, history=history, recovery_rate=rate)
    score, _ = option_scores(factors, SETTINGS)
    scored = time.perf_counter()
    passes, _ = page_filter(chain, factors, SETTINGS)
    ended = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    sample = np.arange(0, len(score), 1_000)
    rows = factors.iloc[sample].to_dict("records")
    loop_started = time.perf_counter()
    plain = np.array([plain_score(row) for row in rows])
    loop = (time.perf_counter() - loop_started) * len(score) / len(sample)
    is_equal = np.allclose(plain, score[sample], rtol=1e-12, atol=0)
    print(f"{len(score):,} option-days, {int(passes.sum()):,} pass the filter")
    print(f"support and seasons: {panels - started:.2f} s; factors and scores: {scored - panels:.2f} s; filter: "
          f"{ended - scored:.2f} s; together {ended - started:.2f} s")
    print(f"peak memory: {after:.0f} MB, {before:.0f} MB of it before (bars and chain)")
    print(f"plain loop over given factors: {loop:.2f} s; the same scores: {is_equal}; "
          f"ratio {loop / (scored - panels):.1f}")


if __name__ == "__main__":
    main()
