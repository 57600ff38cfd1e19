"""nautilus_trader on the same bars: an approximate workload.

What differs: market orders fill at the close of the decision (a bar is four ticks, and the strategy is called after the
last), there is no slippage, and a stop or target is sent when its entry has filled. Entry, exits, position limit and
commission are ours. Bars are made into nautilus objects before the clock starts; adding them to the engine is timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from speed.market import Market
from speed.outcome import Outcome
from speed.rules import BPS, Rules

VENUE = Venue("SIM")
# Exits are reserved in full beside their position, so a cash account would run dry; nothing is ever borrowed.
LEVERAGE = Decimal(20)


class Commission(FeeModel):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def get_commission(self, order, fill_qty, fill_px, instrument):
        return Money(float(fill_qty) * float(fill_px) * self.rate, USD)


class ScoreStrategy(Strategy):
    def __init__(self, market: Market, rules: Rules, instruments: list[Equity], bar_types: list[BarType]) -> None:
        super().__init__()
        self.market, self.rules, self.instruments, self.bar_types = market, rules, instruments, bar_types
        self.column = {instrument.id: column for column, instrument in enumerate(instruments)}
        self.session, self.n_seen, self.n_closed = -1, 0, 0
        self.entered, self.exits = {}, {}

    def on_start(self):
        for bar_type in self.bar_types:
            self.subscribe_bars(bar_type)

    def on_order_filled(self, event):
        column = self.column[event.instrument_id]
        if event.order_side == OrderSide.SELL:
            self.n_closed += 1
            self.entered.pop(column, None)
            self._cancel_exits(column, event.client_order_id)
            return
        price, size = float(event.last_px), event.last_qty
        self.entered[column] = (self.session, price, int(size))
        if self.rules.stop_fraction is None:
            return
        make, identifier = self.order_factory, event.instrument_id
        orders = [
            make.stop_market(identifier, OrderSide.SELL, size, Price(price * (1 - self.rules.stop_fraction), 2)),
            make.limit(identifier, OrderSide.SELL, size, Price(price * (1 + self.rules.target_fraction), 2)),
        ]
        self.exits[column] = orders
        for order in orders:
            self.submit_order(order)

    def _cancel_exits(self, column, filled=None):
        for order in self.exits.pop(column, ()):
            is_filled = filled is not None and order.client_order_id == filled
            if not is_filled and not order.is_closed:
                self.cancel_order(order)

    def on_bar(self, bar):
        self.n_seen += 1
        if self.n_seen < len(self.instruments):
            return
        self.n_seen = 0
        self.session += 1
        self._decide(self.market.score[self.session], self.market.close[self.session])

    def _decide(self, scores, closes):
        held = list(self.entered)
        for column in held:
            since, _, size = self.entered[column]
            if self.session - since >= self.rules.max_holding_sessions:
                self._cancel_exits(column)
                self._market(column, OrderSide.SELL, size)
        free = self.rules.max_positions - len(self.entered)
        wanted = [column for column in np.flatnonzero(scores > self.rules.entry_score) if int(column) not in held]
        cash = float(self.portfolio.account(VENUE).balance_total(USD))
        equity = cash + sum(size * (closes[column] - price) for column, (_, price, size) in self.entered.items())
        for column in sorted(wanted, key=lambda column: -scores[column])[:max(free, 0)]:
            size = int(self.rules.position_fraction * equity / closes[column])
            if size:
                self._market(int(column), OrderSide.BUY, size)

    def _market(self, column, side, size):
        self.submit_order(self.order_factory.market(self.instruments[column].id, side, Quantity.from_int(size)))


@dataclass(frozen=True, slots=True)
class Prepared:
    market: Market
    rules: Rules
    instruments: list[Equity]
    bar_types: list[BarType]
    bars: list[Bar]


def prepare(market: Market, rules: Rules) -> Prepared:
    instruments = [
        Equity(instrument_id=InstrumentId(Symbol(str(symbol)), VENUE), raw_symbol=Symbol(str(symbol)), currency=USD,
               price_precision=2, price_increment=Price.from_str("0.01"), lot_size=Quantity.from_int(1), ts_event=0,
               ts_init=0)
        for symbol in market.symbols
    ]
    bar_types = [BarType.from_str(f"{symbol}.{VENUE}-1-DAY-LAST-EXTERNAL") for symbol in market.symbols]
    instants = market.sessions.astype("datetime64[ns]").astype("int64").tolist()
    columns = [getattr(market, name).tolist() for name in ("open", "high", "low", "close", "volume")]
    bars = [
        Bar(bar_type, *(Price(values[row][column], 2) for values in columns[:4]), Quantity(columns[4][row][column], 0),
            instants[row], instants[row])
        for row in range(len(instants)) for column, bar_type in enumerate(bar_types)
    ]
    return Prepared(market, rules, instruments, bar_types, bars)


def run(prepared: Prepared) -> tuple[Any, ...]:
    rules = prepared.rules
    engine = BacktestEngine(BacktestEngineConfig(
        trader_id=TraderId("SPEED-1"), logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=True), run_analysis=False))
    engine.add_venue(VENUE, oms_type=OmsType.NETTING, account_type=AccountType.MARGIN, default_leverage=LEVERAGE,
                     base_currency=USD, starting_balances=[Money(rules.cash, USD)],
                     fee_model=Commission(rules.commission_bps * BPS))
    for instrument in prepared.instruments:
        engine.add_instrument(instrument)
    engine.add_data(prepared.bars, sort=False)
    strategy = ScoreStrategy(prepared.market, rules, prepared.instruments, prepared.bar_types)
    engine.add_strategy(strategy)
    engine.run()
    return float(engine.portfolio.account(VENUE).balance_total(USD)), strategy.n_closed, engine


def outcome(result: tuple[Any, ...]) -> Outcome:
    balance, n_closed, _ = result
    return Outcome(balance, n_closed)
