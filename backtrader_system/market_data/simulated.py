"""A seeded market to test research with: nobody can beat it, unless an edge is planted.

With `edge` 0 the expected return of the next session is the same constant whatever happened before; a
system that earns more than that constant was lucky. With an edge it is

    constant + edge * sigma(t + 1) * signal(returns up to t)          (see simulated_paths.planted_signal)

Volatility clusters (a common and an own log-volatility, and regimes: calm, bull, bear), shocks have fat
tails, prices gap overnight, volume follows surprises, some symbols split and some pay dividends. The last
symbol is listed late; the one before it slides and is delisted. The slide is the one exception from the
constant: `delisting: false` leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.simulated_paths import (
    OVERNIGHT_VARIANCE_SHARE,
    SESSIONS_PER_YEAR,
    Paths,
    simulate_paths,
)
from backtrader_system.settings.data import SimulatedSettings

# Counted from the first session, so that a longer history repeats a shorter one. A year of trading after the
# usual 320 sessions of warm-up contains both; a shorter history simply does not reach them.
LISTING_SESSION = 380             # first bar of the symbol listed late
DELISTING_SESSION = 480           # first session without a bar of the delisted symbol
SLIDE_SESSIONS = 12               # of the delisted symbol, before its end
SLIDE_RETURN = -0.05              # expected return of each of them
SYMBOLS_FOR_EVENTS = 4            # fewer symbols than this: no late listing, no delisting

SPLIT_ABOVE, REVERSE_SPLIT_BELOW, USUAL_PRICE = 300.0, 4.0, 100.0
DIVIDEND_SESSIONS = 63            # a quarter
SMALLEST_PRICE = 0.01


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """What an exchange would have printed.

    bars : session, symbol, open, high, low, close (raw dollars, whole cents), volume (shares); sorted by
        session and symbol.
    actions : symbol, ex_date, split_ratio (1.0: none), dividend (dollars a share after the split, 0.0: none);
        sorted by symbol and ex_date.
    """

    bars: pd.DataFrame
    actions: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Prices:
    open: np.ndarray
    close: np.ndarray
    split_ratio: np.ndarray
    dividend: np.ndarray


def simulate_market(settings: SimulatedSettings, sessions: pd.DatetimeIndex) -> SimulatedMarket:
    """Return the simulated market of symbols SIM00, SIM01, ... over `sessions`.

    sessions : naive midnights, strictly rising. The bars up to the n-th session do not depend on later ones.
    Returns: raw prices > 0 with low <= open, close <= high; same settings and sessions, same bytes.
    """
    paths = simulate_paths(settings, len(sessions), _drift(settings, len(sessions)))
    streams = [np.random.default_rng([settings.seed, number]) for number in range(3)]
    prices = _raw_prices(paths, settings, streams[0])
    high, low = _extremes(prices, paths.sigma, streams[1])
    volume = _volumes(paths, prices, streams[2])
    listed = _is_listed(settings, len(sessions))
    width = max(2, len(str(settings.n_symbols - 1)))
    symbols = pd.array([f"SIM{number:0{width}d}" for number in range(settings.n_symbols)], dtype="str")
    rows, columns = np.nonzero(listed)
    bars = pd.DataFrame({"session": sessions[rows], "symbol": symbols.take(columns)})
    for name, values in (("open", _in_cents(prices.open)), ("high", _in_cents(high)), ("low", _in_cents(low)),
                         ("close", _in_cents(prices.close)), ("volume", volume)):
        bars[name] = values[rows, columns]
    return SimulatedMarket(bars, _actions(prices, listed, sessions, symbols))


def _drift(settings: SimulatedSettings, n_sessions: int) -> np.ndarray:
    drift = np.full((n_sessions, settings.n_symbols), settings.annual_drift / SESSIONS_PER_YEAR)
    if settings.delisting and settings.n_symbols >= SYMBOLS_FOR_EVENTS:
        drift[DELISTING_SESSION - SLIDE_SESSIONS:DELISTING_SESSION, -2] = SLIDE_RETURN
    return drift


def _is_listed(settings: SimulatedSettings, n_sessions: int) -> np.ndarray:
    listed = np.ones((n_sessions, settings.n_symbols), dtype=bool)
    if settings.n_symbols >= SYMBOLS_FOR_EVENTS:
        if settings.late_listing:
            listed[:LISTING_SESSION, -1] = False
        if settings.delisting:
            listed[DELISTING_SESSION:, -2] = False
    return listed


def _raw_prices(paths: Paths, settings: SimulatedSettings, stream: np.random.Generator) -> _Prices:
    """Return prices as they were traded: returns continue the path, splits and dividends break it."""
    shape = paths.overnight.shape
    close = np.exp(stream.uniform(np.log(15), np.log(280), shape[1]))
    annual_yield = np.where(stream.random(shape[1]) < 0.5, stream.uniform(0.005, 0.04, shape[1]), 0.0)
    first_payment = stream.integers(DIVIDEND_SESSIONS, size=shape[1])
    opens, closes, ratios, dividends = np.empty(shape), np.empty(shape), np.ones(shape), np.zeros(shape)
    for t in range(shape[0]):
        if settings.splits and t > 0:
            ratios[t] = _split_ratio(close)
        before = close / ratios[t]
        if settings.dividends and t > 0:
            is_due = t % DIVIDEND_SESSIONS == first_payment
            dividends[t] = np.where(is_due, np.round(before * annual_yield / 4, 2), 0.0)
        opens[t] = np.maximum(before * (1 + paths.overnight[t]) - dividends[t], SMALLEST_PRICE)
        closes[t] = close = np.maximum(opens[t] * (1 + paths.intraday[t]), SMALLEST_PRICE)
    return _Prices(opens, closes, ratios, dividends)


def _split_ratio(close: np.ndarray) -> np.ndarray:
    """Return shares after per share before, decided by the previous close."""
    forward = np.clip(np.round(close / USUAL_PRICE), 2, 10)
    return np.where(close > SPLIT_ABOVE, forward, np.where(close < REVERSE_SPLIT_BELOW, 0.1, 1.0))


def _extremes(
    prices: _Prices, sigma: np.ndarray, stream: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return high and low: the extremes of Brownian motion between a session's open and close.

    Given both ends a and b and variance s^2, the maximum is (a + b + sqrt((b - a)^2 - 2 s^2 ln U)) / 2 with U
    uniform, by the reflection principle; the minimum likewise, drawn on its own.
    """
    start, end = np.log(prices.open), np.log(prices.close)
    variance = (1 - OVERNIGHT_VARIANCE_SHARE) * sigma**2
    draws = -np.log1p(-stream.random((*sigma.shape, 2)))
    above, below = (np.sqrt((end - start) ** 2 + 2 * variance * draws[..., side]) for side in (0, 1))
    return np.exp((start + end + above) / 2), np.exp((start + end - below) / 2)


def _volumes(paths: Paths, prices: _Prices, stream: np.random.Generator) -> np.ndarray:
    """Return whole shares, at least one hundred; a split multiplies them as it multiplies shares."""
    usual = 3e6 * np.exp(0.8 * stream.standard_normal(paths.activity.shape[1]))
    shares = usual * np.cumprod(prices.split_ratio, axis=0) * np.exp(paths.activity)
    return np.maximum(np.round(shares), 100.0)


def _in_cents(prices: np.ndarray) -> np.ndarray:
    return np.maximum(np.round(prices, 2), SMALLEST_PRICE)


def _actions(
    prices: _Prices, listed: np.ndarray, sessions: pd.DatetimeIndex, symbols: pd.api.extensions.ExtensionArray
) -> pd.DataFrame:
    """Return the actions a holder could meet: the symbol was listed in the session before."""
    had_bar = np.vstack([np.zeros((1, listed.shape[1]), dtype=bool), listed[:-1]])
    happens = (prices.split_ratio != 1) | (prices.dividend > 0)
    columns, rows = np.nonzero((happens & listed & had_bar).T)
    return pd.DataFrame({
        "symbol": symbols.take(columns), "ex_date": sessions[rows],
        "split_ratio": prices.split_ratio[rows, columns], "dividend": prices.dividend[rows, columns],
    })
