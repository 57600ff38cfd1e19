"""Returns and volumes of a simulated market, before prices, splits and dividends.

A session's return has an overnight part (previous close to open) and an intraday part (open to close):

    overnight = own drift share + sqrt(share)     * sigma * shock + market move at a change of regime
    intraday  = own drift share + sqrt(1 - share) * sigma * shock + edge * sigma * signal(past returns)

Means belong to simple, not logarithmic, returns: with logarithmic means a market without edge would still pay
for high volatility, because E[exp(x)] grows with the variance of x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.settings.data import SimulatedSettings

SESSIONS_PER_YEAR = 252
OVERNIGHT_VARIANCE_SHARE = 0.25
LARGEST_PART_RETURN = 0.5         # overnight or intraday; shocks are symmetric, so the mean stays
COMMON_LOG_VOLATILITY, OWN_LOG_VOLATILITY = 0.20, 0.25      # deviations of the logarithm of volatility

SIGNAL_SESSIONS = 14              # past returns the planted signal looks at
# Weights of the last four returns in close / mean(last 5 closes) - 1, brought to unit variance.
_SHORT_TREND = np.array([0.2, 0.4, 0.6, 0.8]) / np.sqrt(0.2**2 + 0.4**2 + 0.6**2 + 0.8**2)
_USUAL_BALANCE = 0.26             # deviation of the balance of 14 independent gains and losses

# Regimes of the market factor, in this order: calm, bull, bear.
REGIME_VOLATILITY = np.array([0.65, 0.90, 1.70])
REGIME_CHANGE = np.array([[0.985, 0.010, 0.005],
                          [0.008, 0.985, 0.007],
                          [0.010, 0.010, 0.980]])
# The market's move at a change from row to column, in long-run daily deviations. What a regime expects to
# lose or gain at its end is given back in every session before: bull markets climb slowly and end in a fall,
# bear markets slide and end in a rally, yet the expected return is the same constant in every regime.
REGIME_MOVE = np.array([[0.0, 1.5, -4.0],
                        [-1.0, 0.0, -4.0],
                        [3.0, 3.0, 0.0]])


@dataclass(frozen=True, slots=True)
class Paths:
    """Returns of a simulated market; arrays of shape (n_sessions, n_symbols).

    overnight, intraday : simple returns, previous close to open and open to close.
    sigma : daily volatility in force, a fraction.
    activity : logarithm of volume relative to the symbol's usual volume.
    """

    overnight: np.ndarray
    intraday: np.ndarray
    sigma: np.ndarray
    activity: np.ndarray


def simulate_paths(settings: SimulatedSettings, n_sessions: int, drift: np.ndarray) -> Paths:
    """Return the paths of `settings.n_symbols` symbols.

    drift : shape (n_sessions, n_symbols), expected simple return of each session without the edge.
    Every ingredient has a random stream of its own that is consumed session by session, so the first t
    sessions are the same for every `n_sessions` >= t.
    """
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(settings.seed).spawn(8)]
    n_symbols = settings.n_symbols
    size = (n_sessions, n_symbols)
    usual, loading = _characters(settings, streams[0])
    regimes = draw_regimes(n_sessions, streams[1])
    scale = _regime_scale(settings.correlation)

    common = persistent_noise(streams[2].standard_normal((n_sessions, 1)), 0.985) * COMMON_LOG_VOLATILITY
    own = persistent_noise(streams[3].standard_normal(size), 0.95) * OWN_LOG_VOLATILITY
    # exp(x) with x ~ N(0, s^2) has mean square exp(2 s^2); the division keeps the long-run variance at 1.
    level = np.exp(common + own - COMMON_LOG_VOLATILITY**2 - OWN_LOG_VOLATILITY**2)
    level *= (REGIME_VOLATILITY[regimes] * scale)[:, None]
    sigma = np.minimum(usual * level, LARGEST_PART_RETURN / 2)

    market = _fat_tailed((n_sessions, 1), settings.tail_degrees_of_freedom, streams[4])
    single = _fat_tailed(size, settings.tail_degrees_of_freedom, streams[5])
    night, day = sigma * (loading * market + np.sqrt(1 - loading**2) * single)
    night += loading * usual * scale * regime_moves(regimes)[:, None]
    overnight = _bounded(OVERNIGHT_VARIANCE_SHARE * drift + night)
    intraday = _intraday((1 - OVERNIGHT_VARIANCE_SHARE) * drift + day, overnight, sigma, usual, settings.edge)

    surprise = np.abs((1 + overnight) * (1 + intraday) - 1) / usual
    activity = (0.45 * persistent_noise(streams[6].standard_normal(size), 0.97)
                + 0.25 * streams[7].standard_normal(size) + 0.35 * (np.minimum(surprise, 4) - 0.8))
    return Paths(overnight, intraday, sigma, activity)


def planted_signal(past: np.ndarray) -> np.ndarray:
    """Return the planted signal in (-1, 1), shape (n_symbols,): a short recovery in an oversold symbol.

    past : shape (SIGNAL_SESSIONS, n_symbols), the last returns over their usual deviation, newest last.
    It rises with the close against its five-session mean and falls with the 14-session balance of gains and
    losses, (gains - losses) / (gains + losses), which is RSI / 50 - 1. So it is positive where the rules buy
    (oversold and no longer falling, or breaking out), negative where they sell, and visible to the features.
    """
    trend = _SHORT_TREND @ past[-len(_SHORT_TREND):]
    movement = np.abs(past).sum(axis=0)
    balance = past.sum(axis=0) / np.where(movement > 0, movement, 1.0)
    return np.tanh(trend - 0.5 * balance / _USUAL_BALANCE)


def persistent_noise(noise: np.ndarray, persistence: float) -> np.ndarray:
    """Return an AR(1) series along sessions with unit variance from its first row on."""
    series = np.empty_like(noise)
    series[0] = noise[0]
    scale = np.sqrt(1 - persistence**2)
    for t in range(1, len(noise)):
        series[t] = persistence * series[t - 1] + scale * noise[t]
    return series


def _characters(settings: SimulatedSettings, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return each symbol's usual daily volatility and its loading on the market factor."""
    spread = 0.25
    daily = settings.annual_volatility / np.sqrt(SESSIONS_PER_YEAR)
    usual = daily * np.exp(spread * stream.standard_normal(settings.n_symbols) - spread**2)
    loading = np.sqrt(settings.correlation) * stream.uniform(0.8, 1.2, settings.n_symbols)
    return usual, np.minimum(loading, 1.0)


def draw_regimes(n_sessions: int, stream: np.random.Generator) -> np.ndarray:
    """Return the regime of each session, a row of REGIME_CHANGE; the market starts in a bull market."""
    limits = np.cumsum(REGIME_CHANGE, axis=1)
    draws = stream.random(n_sessions)
    regimes = np.empty(n_sessions, dtype=int)
    regime = 1
    for t in range(n_sessions):
        regime = min(int(np.searchsorted(limits[regime], draws[t], side="right")), len(limits) - 1)
        regimes[t] = regime
    return regimes


def regime_moves(regimes: np.ndarray) -> np.ndarray:
    """Return the market's move of each session at changes of regime; mean 0 whatever the regime before."""
    before = np.concatenate([[1], regimes[:-1]])
    expected = (REGIME_CHANGE * REGIME_MOVE).sum(axis=1)
    return REGIME_MOVE[before, regimes] - expected[before]


def _regime_scale(market_share: float) -> float:
    """Return the factor that brings a symbol's long-run variance to 1 in all regimes together.

    market_share : part of a symbol's variance that the market factor causes.
    """
    share = np.linalg.matrix_power(REGIME_CHANGE, 4096)[0]
    expected = (REGIME_CHANGE * REGIME_MOVE).sum(axis=1)
    moves = (REGIME_CHANGE * REGIME_MOVE**2).sum(axis=1) - expected**2
    return float(1 / np.sqrt(share @ (REGIME_VOLATILITY**2 + market_share * moves)))


def _fat_tailed(size: tuple[int, int], degrees: float, stream: np.random.Generator) -> np.ndarray:
    """Return overnight and intraday shocks, shape (2, *size), whose sum is Student t with unit variance.

    Both parts share one mixing variable: a wild session is wild by night and by day.
    """
    normal = stream.spawn(1)[0].standard_normal((*size, 2))
    mixing = np.sqrt((degrees - 2) / stream.chisquare(degrees, size))
    shares = np.sqrt([OVERNIGHT_VARIANCE_SHARE, 1 - OVERNIGHT_VARIANCE_SHARE])
    return np.moveaxis(normal * shares * mixing[..., None], -1, 0)


def _bounded(returns: np.ndarray) -> np.ndarray:
    return np.clip(returns, -LARGEST_PART_RETURN, LARGEST_PART_RETURN)


def _intraday(plain: np.ndarray, overnight: np.ndarray, sigma: np.ndarray, usual: np.ndarray,
              edge: float) -> np.ndarray:
    """Return intraday returns with the edge, which a session's own past returns decide.

    It is paid between open and close: an order decided after close t and filled at open t+1 receives it.
    """
    intraday = np.empty_like(plain)
    past = np.zeros((SIGNAL_SESSIONS + len(plain), plain.shape[1]))
    for t in range(len(plain)):
        signal = planted_signal(past[t:t + SIGNAL_SESSIONS])
        intraday[t] = _bounded(plain[t] + edge * sigma[t] * signal)
        past[t + SIGNAL_SESSIONS] = ((1 + overnight[t]) * (1 + intraday[t]) - 1) / usual
    return intraday
