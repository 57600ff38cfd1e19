"""Where the time contract does not differ from Backtrader's own broker, the fills are the same."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pytest
from script import Scripted, frame

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.extensions import load_analyzer
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.slippage import Slippage

N_SESSIONS, N_SYMBOLS = 120, 3
KINDS = (bt.Order.Market, bt.Order.Limit, bt.Order.Stop, bt.Order.StopTrail)


def random_frames(rng):
    frames = {}
    for name in "ABC"[:N_SYMBOLS]:
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, N_SESSIONS)))
        opens = np.r_[100, close[:-1]] * np.exp(rng.normal(0, 0.01, N_SESSIONS))
        high = np.maximum(opens, close) * (1 + rng.exponential(0.005, N_SESSIONS))
        low = np.minimum(opens, close) * (1 - rng.exponential(0.005, N_SESSIONS))
        frames[name] = frame(np.column_stack([opens, high, low, close]).round(2))
    return frames


def random_script(rng, kinds):
    """Orders of every kind, long and short, at random sessions; resting ones at random levels near the close."""
    script = {}
    for session in range(N_SESSIONS - 1):
        orders = [
            (int(rng.integers(N_SYMBOLS)), bool(rng.integers(2)), int(rng.integers(1, 50)),
             kinds[rng.integers(len(kinds))],
             float(rng.normal(0, 0.02)), float(rng.uniform(0.01, 0.05)))
            for _ in range(rng.integers(0, 3))
        ]
        script[session] = lambda s, orders=orders: [send(s, *order) for order in orders]
    return script


def send(strategy, symbol, is_buy, size, kind, offset, trail):
    data = strategy.datas[symbol]
    submit = strategy.buy if is_buy else strategy.sell
    options = {} if kind == bt.Order.Market else {"price": round(data.close[0] * (1 + offset), 2)}
    if kind == bt.Order.StopTrail:
        options["trailpercent"] = trail
    submit(data=data, size=size, exectype=kind, **options)


def fills_and_value(broker, frames, script, **options):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = broker
    cerebro.broker.addcommissioninfo(StockCommission(bps=10))
    for name, table in frames.items():
        cerebro.adddata(ScoredBars(dataname=table, name=name))
    cerebro.addstrategy(Scripted, script=script)
    cerebro.addanalyzer(load_analyzer("order_log"), _name="orders")
    cerebro.addanalyzer(load_analyzer("equity_curve"), _name="equity")
    strategy = cerebro.run(**options)[0]
    log = strategy.analyzers.orders.table()
    fills = log[log["status"] == "filled"]
    columns = ["order_id", "session", "symbol", "size", "price", "commission"]
    return fills[columns].values.tolist(), strategy.analyzers.equity.table()["equity"].to_numpy()


@pytest.mark.parametrize("seed", range(12))
def test_orders_fill_as_in_stock_backtrader(seed):
    rng = np.random.default_rng(seed)
    frames, script = random_frames(rng), random_script(rng, KINDS)
    ours = fills_and_value(ContractBroker(cash=1e7, allow_short=True), frames, script)
    theirs = fills_and_value(bt.brokers.BackBroker(cash=1e7), frames, script)
    assert len(ours[0]) > 30
    assert [row[:5] for row in ours[0]] == [row[:5] for row in theirs[0]]
    # Sells fill first in ours, so a commission may be split differently between closing and opening a position.
    np.testing.assert_allclose([row[5] for row in ours[0]], [row[5] for row in theirs[0]], rtol=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_market_and_stop_orders_slip_as_in_stock_with_slip_out(seed):
    rng = np.random.default_rng(100 + seed)
    frames, script = random_frames(rng), random_script(rng, (bt.Order.Market, bt.Order.Stop))
    ours = fills_and_value(
        ContractBroker(cash=1e7, allow_short=True, slippage=Slippage(slippage_bps=20)), frames, script)
    theirs = fills_and_value(
        bt.brokers.BackBroker(cash=1e7, slip_perc=0.002, slip_open=True, slip_out=True), frames, script)
    np.testing.assert_allclose([row[4] for row in ours[0]], [row[4] for row in theirs[0]], rtol=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12)


@pytest.mark.parametrize("options", [
    {"runonce": True, "preload": True}, {"runonce": False, "preload": True}, {"runonce": False, "preload": False}])
def test_cerebro_modes_give_the_same_fills(options):
    rng = np.random.default_rng(7)
    frames, script = random_frames(rng), random_script(rng, KINDS)
    reference = fills_and_value(ContractBroker(cash=1e7, allow_short=True), frames, script)
    other = fills_and_value(ContractBroker(cash=1e7, allow_short=True), frames, script, **options)
    assert other[0] == reference[0]
