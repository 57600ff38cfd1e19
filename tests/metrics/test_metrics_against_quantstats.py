"""Our figures against quantstats, where the definitions agree."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from backtrader_system.metrics.drawdown import drawdown_series, max_drawdown
from backtrader_system.metrics.returns import total_return
from backtrader_system.metrics.risk_ratios import sharpe_ratio, sortino_ratio
from backtrader_system.metrics.volatility import volatility

qs = pytest.importorskip("quantstats.stats")


@pytest.fixture(scope="module", params=[0, 1, 2])
def series(request: pytest.FixtureRequest) -> pd.Series:
    # Never without a negative return: quantstats would take the series for prices.
    returns = np.random.default_rng(request.param).standard_t(4, 750) * 0.008 + 0.0005
    returns[0] = -0.03                                  # a loss of the first session
    return pd.Series(returns, index=pd.bdate_range("2019-01-02", periods=750))


def test_sharpe_with_and_without_a_risk_free_rate(series: pd.Series) -> None:
    assert sharpe_ratio(series.to_numpy()).value == pytest.approx(qs.sharpe(series), abs=1e-9)
    assert sharpe_ratio(series.to_numpy(), 252, 0.02).value == pytest.approx(qs.sharpe(series, rf=0.02), abs=1e-9)


def test_sortino_volatility_and_total_return(series: pd.Series) -> None:
    assert sortino_ratio(series.to_numpy()).value == pytest.approx(qs.sortino(series), abs=1e-9)
    assert volatility(series.to_numpy()).value == pytest.approx(qs.volatility(series), abs=1e-12)
    assert total_return(series.to_numpy()) == pytest.approx(qs.comp(series), abs=1e-12)


def test_drawdown_counts_the_first_session(series: pd.Series) -> None:
    equity = 1_000 * (1 + series).cumprod()

    ours = drawdown_series(equity, 1_000.0)

    assert max_drawdown(ours).value == pytest.approx(-qs.max_drawdown(series), abs=1e-12)
    assert np.allclose(ours, qs.to_drawdown_series(series), atol=1e-12)
    assert ours.iloc[0] == pytest.approx(-0.03)


def test_a_tenfold_winner_that_quantstats_misreads() -> None:
    # All returns positive and one above 1: quantstats takes them for prices and shows a negative ratio.
    returns = np.array([1.5, 0.2, 0.1, 0.3, 0.05])
    by_hand = returns.mean() / returns.std(ddof=1) * math.sqrt(252)

    assert sharpe_ratio(returns).value == pytest.approx(by_hand)
    assert qs.sharpe(pd.Series(returns, index=pd.bdate_range("2024-01-01", periods=5))) < 0 < by_hand
