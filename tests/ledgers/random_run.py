"""A random market with every corporate event, and a strategy that sends every kind of order at random."""

from __future__ import annotations

from functools import cache

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import _actions
from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.extensions import load_analyzer
from backtrader_system.engine.feeds import panel_feeds
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.scored_strategy import ScoredStrategy
from backtrader_system.engine.slippage import Slippage
from backtrader_system.market_data.panel import BarPanel, panel_from_table

CAPITAL, HAIRCUT = 50_000.0, 0.1


class Dice(ScoredStrategy):
    """Buys, sells and closes at random, with market, limit, stop, target and trailing orders."""

    params = (("seed", 0),)

    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(self.p.seed)

    def decide(self) -> None:
        for data in self.datas:
            if self.has_bar(data):
                self._act(data, self.rng.random(), self.getposition(data).size)

    def _act(self, data: bt.DataBase, dice: float, held: float) -> None:
        if dice < 0.06:
            shares, kind = int(self.rng.integers(1, 60)), self.rng.integers(0, 4)
            protection = (Protection(stop_fraction=0.02, target_fraction=0.03), Protection(trail_fraction=0.02), None,
                          Protection(stop_fraction=0.01, target_fraction=0.01))[kind]
            limit = {"exectype": bt.Order.Limit, "price": data.close[0] * 0.99} if kind == 3 else {}
            self.buy(data, size=shares, protection=protection, **limit)
        elif dice < 0.11 and held > 0:
            self.sell(data, size=int(self.rng.integers(1, held + 3)))
        elif dice < 0.12 and held > 0:
            self.close(data)


def random_market(seed: int, n_sessions: int = 200, n_symbols: int = 6) -> BarPanel:
    """Return raw bars with gaps, halts, splits, dividends and delistings."""
    rng, days, rows = np.random.default_rng(seed), pd.bdate_range("2020-01-02", periods=n_sessions), []
    for number in range(n_symbols):
        price, last = 100.0, n_sessions if number % 3 else int(n_sessions * 0.7)
        for session in days[:last]:
            ratio = float(rng.choice([2.0, 3.0, 1.5, 0.5, 0.05])) if rng.random() < 0.01 else 1.0
            if rng.random() < 0.03:
                continue
            opening = price / ratio * np.exp(rng.normal(0, 0.01))
            price = opening * np.exp(rng.normal(0, 0.02))
            high = max(opening, price) * (1 + abs(rng.normal(0, 0.005)))
            low = min(opening, price) * (1 - abs(rng.normal(0, 0.005)))
            dividend, volume = 0.3 if rng.random() < 0.03 else 0.0, float(rng.integers(50, 400))
            rows.append((session, f"S{number}", opening, high, low, price, volume, ratio, dividend))
    names = ["session", "symbol", "open", "high", "low", "close", "volume", "split_ratio", "dividend"]
    return panel_from_table(pd.DataFrame(rows, columns=names))


@cache
def random_run(seed: int, participation: float | None, broker: type = ContractBroker) -> tuple:
    """Return bars, orders, trades, equity and actions of one run; not to be changed, since runs are shared."""
    bars = random_market(seed)
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = broker(cash=CAPITAL, slippage=Slippage(5, 2, 0.1), max_participation_fraction=participation,
                            delisting_haircut_fraction=HAIRCUT)
    cerebro.broker.addcommissioninfo(StockCommission(bps=5, minimum=1.0))
    for feed in panel_feeds(bars, None):
        cerebro.adddata(feed)
    cerebro.addstrategy(Dice, seed=seed)
    for key, name in {"orders": "order_log", "trades": "trade_blotter", "equity": "equity_curve"}.items():
        cerebro.addanalyzer(load_analyzer(name), _name=key)
    analyzers = cerebro.run()[0].analyzers
    return (bars, *(analyzers.getbyname(key).table() for key in ("orders", "trades", "equity")),
            _actions(cerebro.broker.corporate_actions))
