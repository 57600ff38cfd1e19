"""Time a million prices and implied volatilities of puts, and the reading of a million quotes.

    python benchmarks/option_pricing.py [--puts 1000000] [--american 100000] [--peer 2000]

Beside them, in the same run, stands QuantLib called option by option from Python, the usual way, timed on `--peer`
puts and multiplied; without QuantLib that column is left out. On a busy machine trust the ratio.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.puts.chain_reading.read_chain import read_chain
from backtrader_system.puts.pricing.american import american_put
from backtrader_system.puts.pricing.black_scholes import black_scholes_put, worthless_probability
from backtrader_system.puts.pricing.implied_volatility import implied_volatility
from backtrader_system.settings.puts import PutsSettings

RATE = 0.03
Puts = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_puts(count: int) -> Puts:
    """Return strikes (underlying at 100), years and volatilities of puts."""
    stream = np.random.default_rng(0)
    return (100 * stream.uniform(0.7, 1.15, count), stream.integers(3, 400, count) / 365,
            stream.uniform(0.1, 0.9, count))


def random_quotes(count: int) -> pd.DataFrame:
    """Return a chain of `count` quotes: puts and calls of twenty underlyings on fifty days."""
    levels = {
        "quote_date": pd.bdate_range("2024-01-02", periods=50),
        "underlying": [f"S{number:02d}" for number in range(20)],
        "expiry": pd.to_datetime(["2024-04-19", "2024-05-17", "2024-06-21", "2024-09-20"]),
        "strike": 100.0 + 2.5 * np.arange(max(count // (20 * 50 * 2 * 4), 1)), "right": ["P", "C"]}
    index = pd.MultiIndex.from_product(list(levels.values()), names=list(levels))
    bid = np.random.default_rng(1).uniform(0.5, 9, len(index))
    return index.to_frame(index=False).assign(bid=bid, ask=bid * 1.05, last=bid, iv=0.3, underlying_price=100.0)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def quantlib_seconds(puts: Puts, work: str) -> float:
    """Return the seconds that QuantLib takes, one put after the other: "price", "iv" or "american"."""
    import QuantLib as ql

    def price_all() -> None:
        for strike, years, volatility in zip(*puts, strict=True):
            discount = float(np.exp(-RATE * years))
            price = ql.blackFormula(ql.Option.Put, strike, 100 / discount, volatility * years ** 0.5, discount)
            if work == "iv":
                ql.blackFormulaImpliedStdDev(ql.Option.Put, strike, 100 / discount, max(price, 1e-8), discount, 0.0,
                                             0.3, 1e-9, 1_000)

    def exercise_all() -> None:
        today, days = ql.Date(2, 1, 2024), ql.Actual365Fixed()
        ql.Settings.instance().evaluationDate = today
        for strike, years, volatility in zip(*puts, strict=True):
            process = ql.BlackScholesProcess(
                ql.QuoteHandle(ql.SimpleQuote(100.0)), ql.YieldTermStructureHandle(ql.FlatForward(today, RATE, days)),
                ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility), days)))
            put = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, float(strike)),
                                   ql.AmericanExercise(today, today + round(years * 365)))
            put.setPricingEngine(ql.BinomialCRRVanillaEngine(process, 200))
            put.NPV()

    return seconds(exercise_all if work == "american" else price_all)


def pricing_rows(puts: Puts, american: Puts, n_peer: int) -> list[tuple[str, int, float, float]]:
    """Return what was computed, for how many puts, our seconds, and QuantLib's for as many (NaN: not measured)."""
    strike, years, volatility = puts
    price = black_scholes_put(100.0, strike, years, RATE, volatility)
    strike_a, years_a, volatility_a = american
    price_a = american_put(100.0, strike_a, years_a, RATE, volatility_a)          # compiles
    implied_volatility(price_a[:1], 100.0, strike_a[:1], years_a[:1], RATE, style="american")
    ours = [
        ("European price", puts, "price", lambda: black_scholes_put(100.0, strike, years, RATE, volatility)),
        ("probability worthless", puts, "", lambda: worthless_probability(100.0, strike, years, RATE, volatility)),
        ("European implied volatility", puts, "iv", lambda: implied_volatility(price, 100.0, strike, years, RATE)),
        ("American price, 200 steps", american, "american",
         lambda: american_put(100.0, strike_a, years_a, RATE, volatility_a)),
        ("American implied volatility", american, "",
         lambda: implied_volatility(price_a, 100.0, strike_a, years_a, RATE, style="american")),
    ]
    rows = []
    for name, asked, peer, work in ours:
        few = tuple(values[:n_peer] for values in asked)
        scale = asked[0].size / max(few[0].size, 1)
        rows.append((name, asked[0].size, seconds(work),
                     quantlib_seconds(few, peer) * scale if peer and n_peer else np.nan))
    return rows


def largest_errors(puts: Puts) -> str:
    """Return how well volatilities come back from their prices, where those say anything of them."""
    strike, years, volatility = puts
    price = black_scholes_put(100.0, strike, years, RATE, volatility)
    value = price - np.maximum(strike * np.exp(-RATE * years) - 100, 0)
    error = np.abs(implied_volatility(price, 100.0, strike, years, RATE) - volatility)[value > 1e-6]
    return f"largest error of a European implied volatility where the time value exceeds 1e-6: {error.max():.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--puts", type=int, default=1_000_000)
    parser.add_argument("--american", type=int, default=100_000)
    parser.add_argument("--peer", type=int, default=2_000, help="puts given to QuantLib; 0: none")
    arguments = parser.parse_args()
    try:
        import QuantLib  # noqa: F401
    except ImportError:
        arguments.peer = 0
    puts = random_puts(arguments.puts)
    print(f"{'what':32}{'puts':>12}{'seconds':>10}{'QuantLib':>10}{'ratio':>8}")
    for name, count, ours, peer in pricing_rows(puts, random_puts(arguments.american), arguments.peer):
        beside = f"{peer:10.2f}{peer / ours:7.0f}x" if np.isfinite(peer) else ""
        print(f"{name:32}{count:12,}{ours:10.3f}{beside}")
    print(largest_errors(puts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotes.parquet"
        quotes = random_quotes(arguments.puts)
        write_parquet(quotes, path)
        print(f"{'reading a chain file, rows':32}{len(quotes):12,}"
              f"{seconds(lambda: read_chain(path, PutsSettings(), calendar='XNYS')):10.3f}")
    unit = 1024 if sys.platform.startswith("linux") else 1        # kilobytes there, bytes elsewhere
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
