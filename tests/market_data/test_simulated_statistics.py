"""The simulated market behaves like a market: known facts hold, and only a planted edge is predictable.

Seeds are fixed, so these tests either always pass or always fail; the bounds are three or more standard errors.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.market_data.simulated_paths import draw_regimes, regime_moves
from backtrader_system.settings.data import SimulatedSettings

N_SESSIONS, N_SYMBOLS, SEEDS = 1_000, 100, (1, 2, 3)
QUIET = {"splits": False, "dividends": False, "late_listing": False, "delisting": False, "n_symbols": N_SYMBOLS}


@functools.cache
def prices(seed: int, **settings: float) -> dict[str, pd.DataFrame]:
    sessions = pd.bdate_range("2018-01-01", periods=N_SESSIONS)
    bars = simulate_market(SimulatedSettings(seed=seed, **QUIET, **settings), sessions).bars
    symbols = bars["symbol"].iloc[:N_SYMBOLS]
    return {name: pd.DataFrame(bars[name].to_numpy().reshape(N_SESSIONS, N_SYMBOLS), sessions, symbols)
            for name in ("open", "close", "volume")}


def returns(seed: int, **settings: float) -> pd.DataFrame:
    return prices(seed, **settings)["close"].pct_change(fill_method=None).iloc[1:]


def relative_strength(close: pd.DataFrame) -> pd.DataFrame:
    change = close.diff()
    gains, losses = (part.clip(lower=0).rolling(14).mean() for part in (change, -change))
    return 100 * gains / (gains + losses)


FEATURES = {
    "last return": lambda close: close.pct_change(fill_method=None),
    "momentum 20": lambda close: close.pct_change(20, fill_method=None),
    "momentum 60": lambda close: close.pct_change(60, fill_method=None),
    "above mean 5": lambda close: close / close.rolling(5).mean(),
    "relative strength": relative_strength,
    "volatility 20": lambda close: close.pct_change(fill_method=None).rolling(20).std(),
    "price": lambda close: close,
    "signal": lambda close: close / close.rolling(5).mean() - 1 - 0.0004 * (relative_strength(close) - 50),
}


def rank_correlations(edge: float, feature: str, *, ahead: str = "session") -> np.ndarray:
    """Rank correlation over symbols of a feature at t with the return after t, one per session, of all seeds."""
    found = []
    for seed in SEEDS:
        table = prices(seed, edge=edge)
        after = table["close"] / (table["close"].shift() if ahead == "session" else table["open"]) - 1
        known = rankdata(FEATURES[feature](table["close"]).iloc[70:-1], axis=1)
        realised = rankdata(after.iloc[71:], axis=1)
        product = (known - known.mean(axis=1, keepdims=True)) * (realised - realised.mean(axis=1, keepdims=True))
        found.append(product.mean(axis=1) / (known.std(axis=1) * realised.std(axis=1)))
    return np.concatenate(found)


def autocorrelation(table: pd.DataFrame, lag: int) -> float:
    """Mean over symbols of the correlation of a row with the row `lag` sessions before."""
    deviation = (table - table.mean()).to_numpy()
    return float(((deviation[lag:] * deviation[:-lag]).mean(axis=0) / deviation.var(axis=0)).mean())


def t_statistic(values: np.ndarray) -> float:
    return float(values.mean() / (values.std(ddof=1) / np.sqrt(len(values))))


@pytest.mark.parametrize("feature", FEATURES)
def test_without_an_edge_no_feature_ranks_the_next_returns(feature):
    assert abs(t_statistic(rank_correlations(0.0, feature))) < 3


def test_without_an_edge_returns_have_no_memory():
    correlations = [autocorrelation(returns(seed, edge=0.0), lag)
                    for seed in SEEDS for lag in (1, 2, 5)]
    # The common factor moves all symbols, so 1 / sqrt(sessions) holds even for the mean over symbols; fat tails
    # and clustering widen it.
    assert np.abs(correlations).max() < 3 / np.sqrt(N_SESSIONS)
    assert abs(np.mean(correlations)) < 3 / np.sqrt(N_SESSIONS * len(correlations))


def test_without_an_edge_the_market_pays_the_same_after_wild_and_calm_times():
    differences = []
    for seed in range(12):
        market = returns(seed, edge=0.0).mean(axis=1)
        wild = market.rolling(20).std().shift() > market.rolling(20).std().median()
        spread = market.std() * 2 / np.sqrt(N_SESSIONS)
        differences.append((market[wild].mean() - market[~wild].mean()) / spread)
    assert abs(np.mean(differences)) < 3 / np.sqrt(len(differences))


@pytest.mark.parametrize("regime", [0, 1, 2], ids=["calm", "bull", "bear"])
def test_no_regime_is_a_reason_to_expect_a_gain(regime):
    regimes = draw_regimes(100_000, np.random.default_rng(0))
    moves = regime_moves(regimes)[1:][regimes[:-1] == regime]
    assert len(moves) > 10_000
    assert abs(t_statistic(moves)) < 3


def test_mean_return_is_the_drift_that_was_asked_for():
    means = [returns(seed, edge=0.0, correlation=0.0, annual_drift=0.20).mean().mean() * 252 for seed in SEEDS]
    # 300 independent symbols over four years: 0.28 / sqrt(4 * 300) = 0.008.
    assert np.mean(means) == pytest.approx(0.20, abs=3 * 0.28 / np.sqrt(4 * 300))


def test_a_planted_edge_is_visible_and_grows_with_its_size():
    means = [rank_correlations(edge, "signal").mean() for edge in (0.0, 0.05, 0.10, 0.30, 1.0)]
    assert abs(means[0]) < 0.01
    assert np.all(np.diff(means) > 0.01)
    assert t_statistic(rank_correlations(0.05, "signal")) > 5
    assert t_statistic(rank_correlations(0.10, "signal")) > 10


def test_an_order_filled_at_the_next_open_still_receives_the_edge():
    assert t_statistic(rank_correlations(0.10, "signal", ahead="intraday")) > 10


def test_with_an_edge_the_strict_rules_buy_before_gains_and_sell_before_losses():
    bought, sold = [], []
    for seed in SEEDS:
        close, volume = (prices(seed, edge=0.10)[name] for name in ("close", "volume"))
        short, long = (close / close.rolling(n).mean() - 1 for n in (5, 20))
        trend = close.ewm(span=12).mean() - close.ewm(span=26).mean()
        momentum, strength = trend - trend.ewm(span=9).mean(), relative_strength(close)
        is_active = volume > 1.2 * volume.rolling(20).mean()
        is_buy = ((strength < 35) & (short > -0.03)) | (short > 0.02) & (long > 0.01) & is_active & (momentum > 0)
        is_sell = ((strength > 75) & (short < 0.02)) | (short < -0.02) & (long < -0.01) & (momentum < 0)
        after = (close.shift(-5) / close - 1).to_numpy()
        bought.append(np.nanmean(after[is_buy]) - np.nanmean(after))
        sold.append(np.nanmean(after[is_sell & ~is_buy]) - np.nanmean(after))
    # Five sessions after a purchase must pay more than a round trip of about 14 bps costs.
    assert np.mean(bought) > 0.0020
    assert np.mean(sold) < -0.0005


def test_returns_have_fat_tails():
    kurtosis = np.array([returns(seed, edge=0.0).kurt().median() + 3 for seed in SEEDS])
    assert (kurtosis > 5).all()


def test_more_degrees_of_freedom_make_thinner_tails():
    fat, thin = (returns(1, edge=0.0, tail_degrees_of_freedom=df).kurt().median() for df in (3.0, 200.0))
    assert fat > thin + 2


def test_volatility_clusters():
    for lag in (1, 5, 20):
        memory = [autocorrelation(returns(seed, edge=0.0).abs(), lag) for seed in SEEDS]
        assert np.mean(memory) > 0.05


@pytest.mark.parametrize("correlation", [0.0, 0.35, 0.7])
def test_symbols_are_correlated_as_asked(correlation):
    found = []
    for seed in SEEDS:
        matrix = np.corrcoef(returns(seed, edge=0.0, correlation=correlation).to_numpy().T)
        found.append((matrix.sum() - N_SYMBOLS) / (N_SYMBOLS * (N_SYMBOLS - 1)))
    assert np.mean(found) == pytest.approx(correlation, abs=0.06)


@pytest.mark.parametrize("volatility", [0.15, 0.28, 0.60])
def test_annual_volatility_is_near_the_setting(volatility):
    found = [np.sqrt((returns(seed, edge=0.0, annual_volatility=volatility) ** 2).mean().mean() * 252)
             for seed in range(8)]
    # Four years contain few regimes, so single paths differ by a fifth.
    assert np.mean(found) == pytest.approx(volatility, rel=0.10)


def test_part_of_the_variance_is_overnight():
    table = prices(1, edge=0.0)
    overnight = table["open"] / table["close"].shift() - 1
    share = (overnight.var() / returns(1, edge=0.0).var()).mean()
    assert 0.20 < share < 0.35


def test_volume_persists_and_follows_surprises():
    volume = np.log(prices(1, edge=0.0)["volume"])
    memory = autocorrelation(volume, 1)
    with_moves = volume.corrwith(returns(1, edge=0.0).abs()).mean()
    assert memory > 0.5
    assert 0.2 < with_moves < 0.8


@pytest.mark.nightly
def test_five_hundred_symbols_over_ten_years_take_seconds():
    import time

    started = time.perf_counter()
    simulate_market(SimulatedSettings(n_symbols=500), pd.bdate_range("2010-01-01", periods=2_520))
    assert time.perf_counter() - started < 10
