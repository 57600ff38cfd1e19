"""A user's Backtrader strategy in `bt.Cerebro` with one `PandasData` per symbol: stock Backtrader, as installed.

Options: `observers`, Backtrader's default plot observers, which are on unless a user switches them off; `ledgers`,
"own" for an order log, a blotter and an equity curve as our runs leave, "backtrader" for three of Backtrader's own
analyzers; `strategy`, "scores" or "indicators".
"""

from __future__ import annotations

from dataclasses import dataclass

import backtrader as bt
import numpy as np
import pandas as pd

from speed.indicator_strategy import IndicatorStrategy
from speed.market import Market
from speed.outcome import Outcome
from speed.rules import BPS, Rules
from speed.score_strategy import ScoreStrategy

BACKTRADER_ANALYZERS = (bt.analyzers.TradeAnalyzer, bt.analyzers.DrawDown, bt.analyzers.TimeReturn)
STRATEGIES = {"scores": ScoreStrategy, "indicators": IndicatorStrategy}


class ScoreData(bt.feeds.PandasData):
    lines = ("score",)
    params = (("score", -1),)


class StockLedgers(bt.Analyzer):
    """The three ledgers with the least work: rows collected at notifications, tables built at the end."""

    def start(self):
        self.order_rows, self.trade_rows, self.equity_rows = [], [], []
        self.orders = self.trades = self.equity = None

    def notify_order(self, order):
        done = order.executed
        self.order_rows.append((
            order.ref, self.strategy.datetime[0], order.data._name, order.isbuy(), order.created.size,
            order.getordername(), done.price, done.comm, order.getstatusname()))

    def notify_trade(self, trade):
        if trade.isclosed:
            self.trade_rows.append((trade.data._name, trade.dtopen, trade.dtclose, trade.price, trade.pnlcomm))

    def next(self):
        broker = self.strategy.broker
        self.equity_rows.append((self.strategy.datetime[0], broker.getcash(), broker.getvalue()))

    def prenext(self):
        self.next()

    def stop(self):
        self.orders = pd.DataFrame(self.order_rows, columns=[
            "order", "session", "symbol", "is_buy", "size", "type", "price", "commission", "status"])
        self.trades = pd.DataFrame(self.trade_rows, columns=["symbol", "entry", "exit", "entry_price", "net_pnl"])
        self.equity = pd.DataFrame(self.equity_rows, columns=["session", "cash", "equity"])


@dataclass(frozen=True, slots=True)
class Prepared:
    frames: dict[str, pd.DataFrame]
    rules: Rules
    observers: bool
    ledgers: str
    strategy: str


def frames_of(market: Market) -> dict[str, pd.DataFrame]:
    """Return one DataFrame per symbol, only of the sessions in which it has a bar."""
    index = pd.DatetimeIndex(market.sessions).as_unit("ns")
    names = ("open", "high", "low", "close", "volume", "score")
    has_bar = market.has_bar
    return {
        str(symbol): pd.DataFrame({name: getattr(market, name)[has_bar[:, column], column] for name in names},
                                  index=index[has_bar[:, column]])
        for column, symbol in enumerate(market.symbols)
    }


def prepare(
    market: Market, rules: Rules, observers: bool = True, ledgers: str = "own", strategy: str = "scores"
) -> Prepared:
    return Prepared(frames_of(market), rules, observers, ledgers, strategy)


def run(prepared: Prepared) -> bt.Strategy:
    rules = prepared.rules
    cerebro = bt.Cerebro(stdstats=prepared.observers)
    for name, frame in prepared.frames.items():
        cerebro.adddata(ScoreData(dataname=frame), name=name)
    set_costs(cerebro.broker, rules)
    return run_user(cerebro, rules, prepared.ledgers, prepared.strategy)


def set_costs(broker: bt.brokers.BackBroker, rules: Rules) -> None:
    broker.setcash(rules.cash)
    broker.setcommission(commission=rules.commission_bps * BPS)
    # slip_out charges slippage in full, as ours; stock never slips a limit order inside the bar.
    broker.set_slippage_perc(rules.slippage_bps * BPS, slip_out=True)


def run_user(cerebro: bt.Cerebro, rules: Rules, ledgers: str, strategy: str) -> bt.Strategy:
    """Return the user's strategy after its run with the user's analyzers."""
    strategy_class = STRATEGIES[strategy]
    names = [name for name in strategy_class.params._getkeys() if hasattr(rules, name)]
    cerebro.addstrategy(strategy_class, **{name: getattr(rules, name) for name in names})
    if ledgers == "own":
        cerebro.addanalyzer(StockLedgers, _name="ledgers")
    else:
        for analyzer in BACKTRADER_ANALYZERS:
            cerebro.addanalyzer(analyzer, _name=analyzer.__name__)
    return cerebro.run()[0]


def outcome(strategy: bt.Strategy) -> Outcome:
    value, analyzers = float(strategy.broker.getvalue()), strategy.analyzers
    if hasattr(analyzers, "ledgers"):
        rows = analyzers.ledgers.trade_rows
        return Outcome(value, len(rows), [
            (symbol, _day(entry), _day(exit_), price, pnl) for symbol, entry, exit_, price, pnl in rows],
            n_notifications=strategy.n_notifications)
    trades = analyzers.TradeAnalyzer.get_analysis()
    returns = np.array(list(analyzers.TimeReturn.get_analysis().values()))
    return Outcome(value, int(trades.total.closed), n_notifications=strategy.n_notifications, figures={
        "net profit": trades.pnl.net.total,
        "largest drawdown": analyzers.DrawDown.get_analysis().max.drawdown,
        "sum of daily returns": float(returns.sum()),
    })


def _day(number: float) -> str:
    return bt.num2date(number).date().isoformat()
