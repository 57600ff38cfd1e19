"""Outcomes on real bars: crypto of every day, and stocks that left their index."""

from __future__ import annotations

import numpy as np
import pytest
from engine_trades import assert_same_trades, engine_and_outcomes

from backtrader_system.market_data.calendar import session_close_instant
from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.parquet import read_parquet
from backtrader_system.settings.conviction import SimulatedSignalSettings
from backtrader_system.signals.conviction.history import as_of
from backtrader_system.signals.conviction.simulated.signals import simulate_signals
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.decision import decision_rows
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

pytestmark = pytest.mark.real_data

CRYPTO, REMOVED = "crypto_bybit_perp_daily_to_2024", "prices_sp500_removed_2013_2018"
RULES = (BarrierRules(0.02, 1.0, 30, 50, 10), BarrierRules(0.10, 0.20, 30, 50, 10), BarrierRules(0.2, 0.5, 7))


def real_panel(data_folder, name, first):
    table = read_parquet(data_folder / f"{name}.parquet", where="date >= ?", parameters=[first])
    table = table.rename(columns={"date": "session"}).drop_duplicates(["session", "symbol"]).dropna()
    prices = table[["open", "high", "low", "close"]]
    return panel_from_table(table.assign(high=prices.max(axis=1), low=prices.min(axis=1)))


@pytest.mark.parametrize("rules", RULES, ids=["2 % and double", "10 % and 20 %", "20 % and half, a week"])
@pytest.mark.parametrize(("name", "first"), [(CRYPTO, "2021-06-01"), (REMOVED, "2015-01-02")])
def test_trades_of_the_engine_are_the_outcomes(data_folder, name, first, rules):
    trades, outcomes = engine_and_outcomes(real_panel(data_folder, name, first), rules)
    assert len(trades) > 500
    assert_same_trades(trades, outcomes, rules)
    expected = {"stop", "target", "time"} | ({"delisted"} if name == REMOVED else set())
    assert set(outcomes["outcome"]) - {"censored"} >= expected - ({"target"} if rules is RULES[0] else set())


def test_skill_planted_over_real_crypto_is_there(data_folder):
    bars = real_panel(data_folder, CRYPTO, "2020-11-15")
    closes = session_close_instant("24/7", bars.sessions)
    history = simulate_signals(bars, closes, SimulatedSignalSettings(n_signals=3_000, skill=0.8), label_days=30,
                               label_gain=0.5, stop=0.2)
    signals = history.signals
    assert {"TAOUSDT", "PENDLEUSDT", "RENDERUSDT"} <= set(signals["ticker"])
    column = np.array([bars.symbols.index(ticker) for ticker in signals["ticker"]])
    row = decision_rows(bars, closes, column, signals["signal_time"])
    outcomes = signal_outcomes(bars, row, column, BarrierRules(0.2, 0.5, 30))
    known = as_of(history, signals["signal_id"].tolist(), closes[row])
    best = (known["holder_growth_7d"] >= known["holder_growth_7d"].quantile(0.9)).to_numpy()
    assert outcomes["reached_target"][best].mean() > 2 * outcomes["reached_target"].mean()
    assert outcomes["won"][best].mean() > 2 * outcomes["won"].mean()
