"""Stock Backtrader and ours on real bars: large caps, symbols that left the index, stocks beside bitcoin."""

from __future__ import annotations

from dataclasses import replace

import backtrader as bt
import numpy as np
import pytest
from comparable import VERBS, Sender, assert_same_account, contract, stock
from market import KINDS, Setup, Wish, assert_same_diary, run_ours, run_stock
from ordinary_strategy import ANALYZERS, CrossAndHold

from backtrader_system.market_data.parquet import read_parquet

pytestmark = pytest.mark.real_data

LARGE_CAPS = ("prices_largecaps_2018_2023", ("AAPL", "JPM", "MSFT", "PG", "TSLA", "XOM"), "2019-01-02", "2020-12-31")
LEFT = ("prices_sp500_removed_2013_2018", ("NU", "YHOO", "ZMH"), "2014-11-28", "2016-01-29")
BITCOIN = ("crypto_btcusd_spot_daily_2011_2024", ("BTCUSD",), "2019-01-01", "2020-06-30")
STOCKS = ("prices_largecaps_2018_2023", ("AAPL", "MSFT"), "2019-01-02", "2020-06-30")
MARKETS = {"large caps": (LARGE_CAPS,), "symbols that left": (LEFT,), "stocks and bitcoin": (BITCOIN, STOCKS)}


def real_frames(data_folder, name):
    frames = {}
    for file, symbols, first, last in MARKETS[name]:
        table = read_parquet(data_folder / f"{file}.parquet", where="date BETWEEN ? AND ?", parameters=[first, last])
        for symbol in symbols:
            frame = table[table["symbol"] == symbol].drop_duplicates("date").set_index("date").sort_index()
            frames[symbol] = frame[["open", "high", "low", "close", "volume"]].astype(float)
    return frames


@pytest.mark.parametrize("name", list(MARKETS))
def test_ordinary_strategy_sees_the_same_on_real_bars(data_folder, name):
    setup = Setup(
        frames=real_frames(data_folder, name), strategy=CrossAndHold, analyzers=ANALYZERS,
        broker=lambda: bt.brokers.BackBroker(cash=100_000.0), commission=lambda: bt.CommissionInfo(commission=0.0005),
        adjust=lambda cerebro: cerebro.addsizer(bt.sizers.PercentSizer, percents=15))
    ours = run_ours(setup)
    assert_same_diary(ours, run_stock(setup))
    assert sum(event[0] == "trade" for event in ours.events) > 10


def random_wishes(n_sessions: int, n_symbols: int) -> list[Wish]:
    rng = np.random.default_rng(20_240_102)
    return [
        Wish(int(session), int(rng.integers(n_symbols)), VERBS[rng.integers(len(VERBS))],
             KINDS[rng.integers(len(KINDS))], int(rng.integers(1, 40)), float(rng.choice([-0.03, -0.01, 0.01, 0.03])),
             0.02, [None, None, 1, 5][rng.integers(4)])
        for session in np.sort(rng.integers(0, n_sessions - 5, 200))]


@pytest.mark.parametrize("name", list(MARKETS))
def test_orders_trades_and_equity_are_those_of_stock_on_real_bars(data_folder, name):
    frames = real_frames(data_folder, name)
    script = random_wishes(min(map(len, frames.values())), len(frames))
    setup = Setup(frames=frames, script=script, strategy=Sender,
                  commission=lambda: bt.CommissionInfo(commission=0.001))
    assert_same_account(setup, contract(1e9), stock(1e9))
    filled = [order for order in run_ours(replace(setup, broker=contract(1e9))).sent if order.executed.size]
    assert len(filled) > 50
