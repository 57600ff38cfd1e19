"""A tiny market and a strategy that follows a script, for tests of fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.extensions import load_analyzer
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.scored_strategy import ScoredStrategy

Bars = Sequence[tuple[float, float, float, float]]      # open, high, low, close
START = "2024-01-02"                                    # a Tuesday


def frame(bars: Bars, start: str = START, volume: float = 1e6, **lines: Any) -> pd.DataFrame:
    """Return a feed frame of these bars on business days."""
    table = pd.DataFrame(bars, columns=["open", "high", "low", "close"], dtype=float)
    table.index = pd.bdate_range(start, periods=len(bars))
    return table.assign(volume=volume, **lines)


class Scripted(ScoredStrategy):
    """Calls `script[n](self)` after the close of session n (0 is the first)."""

    params = (("script", {}),)

    def __init__(self) -> None:
        super().__init__()
        self.n = -1
        self.notified: list[tuple[str, str]] = []

    def decide(self) -> None:
        self.n += 1
        if self.n in self.p.script:
            self.p.script[self.n](self)

    def notify_order(self, order: Any) -> None:
        self.notified.append((order.data._name, order.getstatusname()))


class Outcome:
    """The ledgers of a scripted run."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy
        self.broker = strategy.broker
        self.orders = strategy.analyzers.orders.table()
        self.trades = strategy.analyzers.trades.table()
        self.equity = strategy.analyzers.equity.table()

    @property
    def fills(self) -> list[tuple[str, str, float, float]]:
        """Day of January, symbol, signed shares, price of every fill, in order of the log."""
        rows = self.orders[self.orders["status"].isin(["filled", "partly_filled"])]
        return [(row.session.day, row.symbol, row.size, round(row.price, 6)) for row in rows.itertuples()]

    def statuses(self, order_id: int) -> list[tuple[str, str]]:
        rows = self.orders[self.orders["order_id"] == order_id]
        return list(zip(rows["status"], rows["reason"], strict=True))


def play(
    frames: Mapping[str, pd.DataFrame] | pd.DataFrame, script: Mapping[int, Callable[[Any], Any]], *,
    broker: Any = None, cash: float = 10_000.0, commission: StockCommission | None = None, **cerebro_options: Any,
) -> Outcome:
    """Run a script and return its ledgers."""
    if isinstance(frames, pd.DataFrame):
        frames = {"A": frames}
    cerebro = bt.Cerebro(stdstats=False, **cerebro_options)
    cerebro.broker = broker if broker is not None else ContractBroker(cash=cash)
    cerebro.broker.addcommissioninfo(commission or StockCommission())
    for name, table in frames.items():
        cerebro.adddata(ScoredBars(dataname=table, name=name))
    cerebro.addstrategy(Scripted, script=dict(script))
    for key, name in {"equity": "equity_curve", "trades": "trade_blotter", "orders": "order_log"}.items():
        cerebro.addanalyzer(load_analyzer(name), _name=key)
    return Outcome(cerebro.run()[0])
