"""Random markets and order scripts, and a strategy that writes down everything Backtrader tells it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
from hypothesis import strategies as st

from backtrader_system.engine.cerebro import PanelCerebro
from backtrader_system.engine.feeds import ScoredBars

Order = bt.Order
KINDS = (
    Order.Market, Order.Limit, Order.Stop, Order.StopTrail, Order.StopLimit, Order.StopTrailLimit, Order.Close)
STRICT = {"stdstats": False}        # PanelCerebro's own default, said to both


# -- markets --------------------------------------------------------------------------------------------------------


def random_frame(rng: np.random.Generator, n_sessions: int) -> pd.DataFrame:
    """Return bars with some opens on the close before and some closes at the high or low, in cents."""
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, n_sessions)))
    opens = np.r_[100, close[:-1]] * np.exp(rng.normal(0, 0.01, n_sessions) * (rng.random(n_sessions) < 0.8))
    wick = rng.exponential(0.005, (2, n_sessions)) * (rng.random((2, n_sessions)) < 0.8)
    table = pd.DataFrame({
        "open": opens, "high": np.maximum(opens, close) * (1 + wick[0]),
        "low": np.minimum(opens, close) * (1 - wick[1]), "close": close}).round(2)
    table["volume"] = rng.integers(0, 200, n_sessions).astype(float)
    table["openinterest"] = 0.0
    return table.set_index(pd.bdate_range("2024-01-02", periods=n_sessions))


def market(seed: int, n_sessions: int, lives: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the bars of one symbol per life: whole, late (listed in mid-run), ended (delisted in mid-run), holes."""
    rng = np.random.default_rng(seed)
    frames = {}
    for name, life in zip("ABCDEFGH", lives, strict=False):
        table = random_frame(rng, n_sessions)
        middle = int(rng.integers(1, n_sessions))
        if life == "late":
            table = table.iloc[middle:]
        elif life == "ended":
            table = table.iloc[:middle]
        elif life == "holes":
            keep = rng.random(n_sessions) < 0.7
            keep[middle] = True
            table = table[keep]
        frames[name] = table
    return frames


ALIGNED = st.lists(st.just("whole"), min_size=1, max_size=3)
UNEQUAL = st.lists(st.sampled_from(["whole", "late", "ended", "holes"]), min_size=1, max_size=4)


# -- what the strategy shall do -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """One action after the close of a session. `offset` and `gap` are fractions of the close; `kind` an order type."""

    session: int
    symbol: int
    verb: str               # buy, sell, close, target, cancel, bracket, oco
    kind: int
    size: int
    offset: float
    gap: float
    valid_days: int | None


def wishes(
    kinds: Sequence[int] = KINDS, verbs: Sequence[str] = ("buy", "sell", "close", "target", "cancel", "bracket", "oco"),
    n_sessions: int = 24, largest: int = 40,
) -> st.SearchStrategy[list[Wish]]:
    """Return lists of wishes, repeated verbs being likelier."""
    wish = st.builds(
        Wish, session=st.integers(0, n_sessions - 1), symbol=st.integers(0, 3), verb=st.sampled_from(verbs),
        kind=st.sampled_from(kinds), size=st.integers(1, largest),
        offset=st.sampled_from([-0.03, -0.01, 0.0, 0.01, 0.03]), gap=st.sampled_from([0.01, 0.02, 0.04]),
        valid_days=st.sampled_from([None, None, 0, 1, 5]))
    return st.lists(wish, min_size=1, max_size=30)


def grant(strategy: Any, wish: Wish) -> list[Any]:
    """Send the orders of a wish; return them."""
    data = strategy.datas[wish.symbol % len(strategy.datas)]
    if not len(data):
        return []
    if wish.verb == "cancel":
        if strategy.sent:
            strategy.cancel(strategy.sent[wish.size % len(strategy.sent)])
        return []
    if wish.verb in ("close", "target"):
        order = strategy.close(data) if wish.verb == "close" else strategy.order_target_percent(data, wish.offset * 5)
        return [order] if order is not None else []
    close = data.close[0]
    level, wide = round(close * (1 + wish.offset), 2), round(close * wish.gap, 2)
    if wish.verb == "bracket":
        kind = wish.kind if wish.kind in (Order.Market, Order.Limit, Order.Stop) else Order.Market
        return strategy.buy_bracket(data, size=wish.size, exectype=kind, price=level, stopprice=round(level - wide, 2),
                                    limitprice=round(level + wide, 2))
    submit = strategy.sell if wish.verb == "sell" else strategy.buy
    valid = None if wish.valid_days is None else datetime.timedelta(days=wish.valid_days)
    options = {"data": data, "size": wish.size, "valid": valid} | _levels(wish, level, wide)
    first = submit(exectype=wish.kind, **options)
    if wish.verb != "oco":
        return [first]
    return [first, submit(data, size=wish.size, exectype=Order.Stop, price=round(close + wide, 2), oco=first)]


def _levels(wish: Wish, level: float, wide: float) -> dict[str, Any]:
    limit = round(level + wide if wish.verb != "sell" else level - wide, 2)
    by_kind = {
        Order.Limit: {"price": level}, Order.Stop: {"price": level},
        Order.StopLimit: {"price": level, "plimit": limit},
        Order.StopTrail: {"price": level, "trailpercent": wish.gap},
        Order.StopTrailLimit: {"price": level, "plimit": limit, "trailamount": wide},
    }
    return by_kind.get(wish.kind, {})


# -- what happened --------------------------------------------------------------------------------------------------


class Diary(bt.Strategy):
    """Sends orders by a script and writes down every notification and all of the account after every close."""

    params = (("script", ()), ("send", grant), ("in_open", False))

    def __init__(self) -> None:
        self.events: list[tuple] = []
        self.sent: list[Any] = []
        self.n_sessions = -1
        self._numbers: dict[int, int] = {}

    def prenext(self) -> None:
        self.next()

    def nextstart(self) -> None:
        self.events.append(("nextstart", len(self)))
        self.next()

    def next(self) -> None:
        self.n_sessions += 1
        broker = self.broker
        feeds = [(len(d), *(_bar(d) if len(d) else ())) for d in self.datas]
        held = [(broker.getposition(d).size, broker.getposition(d).price) for d in self.datas]
        self.events.append((
            "next", self.datetime[0], len(self), broker.getcash(), broker.getvalue(), broker.get_fundvalue(),
            broker.get_leverage(), feeds, held))
        if not self.p.in_open:
            self._send()

    def next_open(self) -> None:
        self.events.append(("next_open", self.datetime[0] if len(self) else None, len(self)))
        if self.p.in_open:
            self._send()

    def _send(self) -> None:
        for wish in self.p.script:
            if wish.session == self.n_sessions:
                self.sent += self.p.send(self, wish)

    def notify_order(self, order: Any) -> None:
        done = order.executed
        self.events.append((
            "order", self._number(order.ref), order.getstatusname(), order.data._name, order.exectype, order.size,
            order.created.price, order.created.pricelimit, order.triggered, done.dt, done.size, done.price, done.value,
            done.comm, done.pnl, done.remsize, done.psize, done.pprice, dict(order.info)))

    def notify_trade(self, trade: Any) -> None:
        self.events.append((
            "trade", trade.data._name, trade.status, trade.size, trade.price, trade.value, trade.commission, trade.pnl,
            trade.pnlcomm, trade.baropen, trade.barclose, trade.barlen, trade.dtopen, trade.dtclose, trade.long,
            len(trade.history)))

    def notify_cashvalue(self, cash: float, value: float) -> None:
        self.events.append(("cashvalue", cash, value))

    def notify_fund(self, cash: float, value: float, fundvalue: float, shares: float) -> None:
        self.events.append(("fund", cash, value, fundvalue, shares))

    def notify_timer(self, timer: Any, when: Any, *args: Any, **kwargs: Any) -> None:
        self.events.append(("timer", when, len(self)))

    def stop(self) -> None:
        self.events.append(("stop", len(self), self.broker.getvalue()))

    def _number(self, ref: int) -> int:
        """Return 1, 2, ... for the orders in the order they were first told of; Backtrader counts for ever."""
        return self._numbers.setdefault(ref, len(self._numbers) + 1)


def _bar(data: Any) -> tuple[float, ...]:
    return (data.datetime[0], data.open[0], data.high[0], data.low[0], data.close[0], data.volume[0])


Feed = Callable[[str, pd.DataFrame], Any]


def add_each(cerebro: bt.Cerebro, frames: Mapping[str, pd.DataFrame], feed: Feed) -> None:
    for name, frame in frames.items():
        cerebro.adddata(feed(name, frame))


@dataclass(frozen=True, slots=True)
class Setup:
    """What both sides of a comparison share.

    broker : makes a new broker. modes : for `Cerebro`. analyzers : with their parameters; their results are compared.
    add_feeds : adds the frames to a Cerebro by a function that makes a feed of a name and a frame.
    adjust : what else to do with the Cerebro before it runs.
    """

    frames: Mapping[str, pd.DataFrame]
    script: Sequence[Wish] = ()
    broker: Callable[[], Any] = bt.brokers.BackBroker
    commission: Callable[[], Any] | None = None
    strategy: type[bt.Strategy] = Diary
    parameters: Mapping[str, Any] = field(default_factory=dict)
    modes: Mapping[str, Any] = field(default_factory=dict)
    analyzers: Mapping[str, tuple[type[bt.Analyzer], dict[str, Any]]] = field(default_factory=dict)
    add_feeds: Callable[[bt.Cerebro, Mapping[str, pd.DataFrame], Feed], None] = add_each
    adjust: Callable[[bt.Cerebro], Any] | None = None


def stock_feed(name: str, frame: pd.DataFrame) -> Any:
    return bt.feeds.PandasData(dataname=frame, name=name)


def our_feed(name: str, frame: pd.DataFrame) -> Any:
    return ScoredBars(dataname=frame, name=name)


def run_stock(setup: Setup) -> Any:
    """Return the strategy after a run of an unmodified Backtrader with its own feeds."""
    return run_with(setup, bt.Cerebro, stock_feed)


def run_ours(setup: Setup) -> Any:
    """Return the strategy after the same run under our Cerebro with our feeds."""
    return run_with(setup, PanelCerebro, our_feed)


def run_with(setup: Setup, cerebro_class: type[bt.Cerebro], feed: Feed) -> Any:
    """Return the strategy after a run under this Cerebro with feeds made by `feed`."""
    return cerebro_of(setup, cerebro_class, feed).run()[0]


def cerebro_of(setup: Setup, cerebro_class: type[bt.Cerebro], feed: Feed) -> bt.Cerebro:
    """Return a Cerebro with all that a setup asks for, not yet run."""
    cerebro = cerebro_class(**(STRICT | dict(setup.modes)))
    cerebro.broker = setup.broker()
    if setup.commission is not None:
        cerebro.broker.addcommissioninfo(setup.commission())
    setup.add_feeds(cerebro, setup.frames, feed)
    parameters = dict(setup.parameters)
    if issubclass(setup.strategy, Diary):
        parameters |= {"script": tuple(setup.script)}
    cerebro.addstrategy(setup.strategy, **parameters)
    for name, (analyzer, options) in setup.analyzers.items():
        cerebro.addanalyzer(analyzer, _name=name, **options)
    if setup.adjust is not None:
        setup.adjust(cerebro)
    return cerebro


def results_of(strategy: Any) -> dict[str, Any]:
    """Return what every analyzer found, as plain values that compare by ==."""
    return {name: plain(analyzer.get_analysis()) for name, analyzer in zip(
        strategy.analyzers.getnames(), strategy.analyzers, strict=True)}


def plain(value: Any) -> Any:
    """Return Backtrader's nested results as lists, dicts and texts; NaN as text, so that it equals itself."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and value != value:
        return "nan"
    return value


def assert_equal_runs(setup: Setup) -> Any:
    """Compare all that a strategy and its analyzers see under stock Backtrader and under ours; return our strategy."""
    ours = run_ours(setup)
    assert_same_diary(ours, run_stock(setup))
    return ours


def assert_same_diary(ours: Any, theirs: Any) -> None:
    """Compare all that two strategies wrote down and what their analyzers found."""
    for number, (found, expected) in enumerate(zip(plain(ours.events), plain(theirs.events), strict=False)):
        assert found == expected, f"event {number}"
    assert len(ours.events) == len(theirs.events)
    assert results_of(ours) == results_of(theirs)
