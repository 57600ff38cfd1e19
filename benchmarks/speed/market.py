"""A seeded market of random walks with scores, on disk as plain arrays, so that every contestant reads the same bars.

Needs NumPy only: the environments of the peers have nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

AUTOCORRELATION = 0.9       # of the scores: a signal lasts about ten sessions
OWN_CALENDAR_SESSIONS = 60  # a late or delisted symbol still has this many bars


@dataclass(frozen=True, slots=True)
class Market:
    """Daily bars and scores.

    sessions : datetime64[D], shape (n_sessions,). symbols : str, shape (n_symbols,), sorted.
    open, high, low, close, volume, score : float64, shape (n_sessions, n_symbols); NaN where a symbol has no bar.

    Examples
    --------
    >>> market = random_market(4, 100, late_fraction=0.5, delisted_fraction=0.25)
    >>> np.isnan(market.close[[0, -1]]).sum(axis=1).tolist()
    [2, 1]
    """

    sessions: np.ndarray
    symbols: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    score: np.ndarray

    @property
    def has_bar(self) -> np.ndarray:
        return np.isfinite(self.close)

    @property
    def n_bars(self) -> int:
        return int(self.has_bar.sum())


def random_market(
    n_symbols: int, n_sessions: int, *, seed: int = 7, late_fraction: float = 0.0, delisted_fraction: float = 0.0
) -> Market:
    """Return a market of geometric random walks, prices rounded to cents.

    Volatility is 1 to 2.5 % a day, by symbol. Scores are a logistic function of a standard normal AR(1) and know
    nothing of the prices. late_fraction, delisted_fraction : shares of the symbols whose bars begin late or end early,
    at random sessions.
    """
    stream = np.random.default_rng(seed)
    shape = (n_sessions, n_symbols)
    volatility = stream.uniform(0.01, 0.025, n_symbols)
    moves = stream.standard_normal(shape) * volatility + 0.0003
    close = stream.uniform(20, 200, n_symbols) * np.exp(np.cumsum(moves, axis=0))
    before = np.vstack([close[:1], close[:-1]])
    opened = before * np.exp(0.3 * volatility * stream.standard_normal(shape))
    high = np.maximum(opened, close) * np.exp(0.4 * volatility * np.abs(stream.standard_normal(shape)))
    low = np.minimum(opened, close) * np.exp(-0.4 * volatility * np.abs(stream.standard_normal(shape)))
    arrays = [*(prices.round(2) for prices in (opened, high, low, close)),
              stream.lognormal(13, 1, shape).round(), _scores(stream, shape)]
    absent = _absent(stream, shape, late_fraction, delisted_fraction)
    arrays = [np.where(absent, np.nan, values) for values in arrays]
    sessions = np.busday_offset("2010-01-04", np.arange(n_sessions), roll="forward")
    return Market(sessions, np.array([f"S{number:04d}" for number in range(n_symbols)]), *arrays)


def _scores(stream: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    shocks = stream.standard_normal(shape)
    state = shocks[0]
    scores = np.empty(shape)
    for session in range(shape[0]):
        if session:
            state = AUTOCORRELATION * state + np.sqrt(1 - AUTOCORRELATION**2) * shocks[session]
        scores[session] = 1 / (1 + np.exp(-1.5 * state))
    return scores


def _absent(
    stream: np.random.Generator, shape: tuple[int, int], late_fraction: float, delisted_fraction: float
) -> np.ndarray:
    n_sessions, n_symbols = shape
    n_late, n_delisted = round(n_symbols * late_fraction), round(n_symbols * delisted_fraction)
    margin = min(OWN_CALENDAR_SESSIONS, n_sessions // 3)
    absent = np.zeros(shape, dtype=bool)
    for number, column in enumerate(stream.permutation(n_symbols)[:n_late + n_delisted]):
        session = int(stream.integers(margin, n_sessions - margin))
        absent[slice(None, session) if number < n_late else slice(session, None), column] = True
    return absent


def save_market(market: Market, folder: Path) -> None:
    """Write one .npy file per field into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(market):
        np.save(folder / f"{field.name}.npy", getattr(market, field.name))


def read_market(folder: Path) -> Market:
    """Return the market that `save_market` wrote."""
    return Market(**{field.name: np.load(folder / f"{field.name}.npy") for field in fields(Market)})
