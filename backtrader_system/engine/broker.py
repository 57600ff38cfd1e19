"""A Backtrader broker that keeps the time contract of docs/timeline.md."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import backtrader as bt

from backtrader_system.engine.corporate_events import CorporateEvents
from backtrader_system.engine.cursor import has_bar
from backtrader_system.engine.fill import Fill, fill_record
from backtrader_system.engine.lots import shares_within_volume
from backtrader_system.engine.matching import Trigger
from backtrader_system.engine.order_entry import OrderEntry, sells_first
from backtrader_system.engine.order_prices import TRIGGERS, price_after_open, price_at_open
from backtrader_system.engine.protective_exits import ProtectiveExits
from backtrader_system.engine.slippage import Slippage
from backtrader_system.errors import StrategyError
from backtrader_system.ledgers.round_trips import FillRecord

Order = bt.Order


class ContractBroker(OrderEntry, ProtectiveExits, CorporateEvents):
    """Backtrader's broker with honest fills.

    It differs from `bt.brokers.BackBroker` in this:

    - stops, targets and bracket children are live in the bar of their entry, from the fill on;
    - if a bar touches both stop and target, the stop is taken and the fill is marked `ambiguous`;
    - slippage is charged in full, also beyond the bar's high or low, and commission on the slipped price;
    - at one open, sells fill before buys;
    - a symbol without a bar in this session fills nothing: its orders wait;
    - a symbol whose bars end is closed at its last close, marked `delisted`;
    - no sale exceeds the position unless `allow_short`; what stays unfilled is cancelled with its reason;
    - splits and dividends on the feed's lines `split_ratio` and `dividend` change shares, orders and cash;
    - an order sent with `reduce_only=True`, as all of the exits above, never sells more than is held;
    - `order.info` says why an order was sent (`reason`), why it ended unfilled (`end_reason`) and its `fills`.

    Parameters
    ----------
    slippage : Slippage
    max_participation_fraction : share of a bar's volume that one order may take; the rest waits. None: no limit.
    lot_size : a volume share is cut down to multiples of it; 1 for whole shares.
    delisting_haircut_fraction : loss against the last close when a delisted position is closed.
    allow_short : whether a sale may open or enlarge a short position. Shorts need no margin here, as in Backtrader.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.broker = ContractBroker(cash=10_000, slippage=Slippage(slippage_bps=5))
    """

    params = (
        ("slippage", Slippage()),
        ("max_participation_fraction", None),
        ("lot_size", 1.0),
        ("delisting_haircut_fraction", 0.0),
        ("allow_short", False),
    )

    sells_fill_first = True
    protects_entries = True

    def init(self) -> None:
        super().init()
        self.fills: list[FillRecord] = []
        self.equity: list[tuple[float, ...]] = []  # session, cash, equity, gross value, net value, positions
        self.corporate_actions: list[tuple] = []  # session, symbol, kind, ratio, shares, dollars
        self._is_open_phase = True
        self._shares_taken: dict[Any, float] = {}
        self._protective: dict[Any, list[Any]] = {}

    def start(self) -> None:
        self._refuse_options()
        super().start()
        self.p.filler = self._shares_to_fill
        feeds = self.cerebro.datas
        has_actions = any(getattr(data, "has_actions", True) for data in feeds)
        self._quiet_until = 0.0 if has_actions else min(data.last_session for data in feeds)

    def _refuse_options(self) -> None:
        """Raise StrategyError for options of Backtrader's broker that would have no effect here."""
        filler = self.p.filler
        ignored = [name for name in ("slip_perc", "slip_fixed", "coc") if getattr(self.p, name)]
        if filler is not None and getattr(filler, "__self__", None) is not self:
            ignored.append("filler")
        if ignored:
            raise StrategyError(
                f"ContractBroker does not act on {', '.join(ignored)}; give it slippage=Slippage(...) and "
                "max_participation_fraction, or use Backtrader's own broker")

    # -- one session --------------------------------------------------------------------------------------------

    def next(self) -> None:
        """Simulate one session: corporate actions, delistings, the open, the rest of the bar, the close."""
        session = getattr(self.cerebro, "session", None)
        self.session = session or max(data.datetime[0] for data in self.cerebro.datas if len(data))
        self.version += 1
        self._shares_taken.clear()
        self._act_before_open()
        self._activate()
        self.check_submitted()
        self._charge_interest()
        self._process_order_history()
        self._awake = dict.fromkeys(self.pending.awake(self.session))
        self._is_open_phase = True
        self._trade_open()
        self._is_open_phase = False
        self._trade_rest_of_bar()
        self._act_after_close()
        self._adjust_futures_cash()
        self._get_value()
        self._log_session()

    def _act_before_open(self) -> None:
        """Apply splits and dividends, and close what is delisted; a feed may say that it has neither today."""
        if self.session <= self._quiet_until:
            return
        in_play = [*self._held, *self.pending.feeds(), *(order.data for order in self.submitted)]
        for data in dict.fromkeys(in_play):
            if not getattr(data, "has_actions", True) and self.session <= data.last_session:
                continue
            if has_bar(data, self.session):
                self._apply_corporate_actions(data)
            elif self._has_ended(data):
                self._close_delisted(data)

    def _act_after_close(self) -> None:
        """For subclasses: change the account after the last fill of a session, before it is valued."""

    def _activate(self) -> None:
        while self._toactivate:
            order = self._toactivate.popleft()
            order.activate()
            self.pending.changed(order.data)
            self._awake[order.data] = None
            self._born.append(order)

    def _has_ended(self, data: Any) -> bool:
        """Return whether `data` will never deliver again; only knowable when feeds are preloaded."""
        return bool(self.cerebro.p.preload) and len(data) >= data.buflen() and data.datetime[0] < self.session

    def _awake_orders(self) -> list[Any]:
        return [order for data in self._awake for order in self.pending.of(data)]

    def _trade_open(self) -> None:
        """Try every order that the bar reaches at its open, sells first."""
        for order in sorted(self._awake_orders(), key=sells_first):
            if order not in self.pending:
                continue            # an order before it has ended it
            if order.expire():
                self.pending.remove(order)
                self.notify(order)
                self._ococheck(order)
                self._bracketize(order, cancel=True)
            elif order.active():
                self._try_order(order)

    def _trade_rest_of_bar(self) -> None:
        """Match what the open left: exits before entries, stops before targets, then exits born of those entries."""
        self._awake = dict.fromkeys(data for data in self._awake if self.pending.is_awake(data, self.session))
        self._born = self._awake_orders()
        waiting: list[tuple] = []
        while True:
            self._activate()
            for order in self._born:
                if order.active():          # a child comes again when its parent has filled
                    heappush(waiting, (*_rest_of_bar_rank(order), order))
            self._born = []
            if not waiting:
                break
            order = heappop(waiting)[-1]
            if order in self.pending:
                self._try_order(order)
        for order in self.pending.trailing():
            if has_bar(order.data, self.session):
                order.trailadjust(order.data.close[0])
                self.pending.changed(order.data)

    def _try_order(self, order: Any) -> None:
        self.pending.remove(order)          # Backtrader cancels a filled order that it still finds in `pending`
        self._try_exec(order)
        if order.alive():
            self.pending.append(order)
        elif order.status == Order.Completed:
            self._bracketize(order)

    def _log_session(self) -> None:
        self._note_news()
        values = self.held_values().values()
        self.equity.append(
            (self.session, self.cash, self._value, sum(map(abs, values)), sum(values), len(values)))

    # -- matching -----------------------------------------------------------------------------------------------

    def _try_exec(self, order: Any) -> None:
        data = order.data
        if not has_bar(data, self.session):
            return
        if order.exectype in (Order.Close, Order.Historical):
            if not self._is_open_phase:
                super()._try_exec(order)
            return
        if order.exectype == Order.Market and data.datetime[0] <= order.created.dt:
            return
        price = price_at_open(order) if self._is_open_phase else price_after_open(order, self.session)
        if price is not None:
            self._fill(order, price)

    # -- filling ------------------------------------------------------------------------------------------------

    def _fill(self, order: Any, market_price: float) -> None:
        data = order.data
        shares = self._shares_to_fill(order, market_price, 0)
        if shares <= 0:
            may_open_short = self.p.allow_short and not order.info.get("reduce_only")
            if not order.isbuy() and self.getposition(data).size <= 0 and not may_open_short:
                why = "the order only reduces" if self.p.allow_short else "allow_short is false"
                self._finish(order, order.reject, f"no shares left to sell; {why}")
            return
        per_share = self.p.slippage.dollars_per_share(market_price, shares, data)
        price = market_price + per_share if order.isbuy() else max(market_price - per_share, 0.0)
        n_before = len(order.executed.exbits)
        is_ambiguous = self._other_exit_was_touched(order)
        fills = order.info.setdefault("fills", [])
        fills.append(Fill(self.session, market_price, abs(price - market_price) * shares, is_ambiguous))
        signed, position = shares if order.isbuy() else -shares, self.positions[data]
        if self._is_simple(order, signed, position):
            self._book_fill(order, signed, price, position, data.datetime[0])
        else:
            self._execute(order, ago=0, price=price)
        if len(order.executed.exbits) == n_before:
            fills.pop()
            return
        self._log_fill(order)
        self._shares_taken[data] = self._shares_taken.get(data, 0.0) + shares
        if not order.isbuy():
            self._drop_orders_of_closed_position(order)
        elif order.info.get("protection") and self.getposition(data).size > 0:
            self._protect(order, market_price)

    def _log_fill(self, order: Any) -> None:
        self.fills.append(
            fill_record(order, order.executed.exbits[-1], order.info["fills"][-1], len(order.data)))

    def _execute(self, order: Any, ago: int | None = None, price: float | None = None, cash: float | None = None,
                 position: Any = None, dtcoc: float | None = None) -> float | None:
        comminfo = self.getcommissioninfo(order.data)
        counts_orders = hasattr(comminfo, "start_fill")
        if counts_orders:
            comminfo.start_fill(*_filled(order))
        result = super()._execute(order, ago=ago, price=price, cash=cash, position=position, dtcoc=dtcoc)
        if counts_orders:
            comminfo.end_fill()
        if ago is None and result < 0:
            order.info["end_reason"] = "not enough cash at the close of the decision"
        elif order.status == Order.Margin:
            order.info["end_reason"] = self._why_no_cash(price)
        return result

    def _reject_for_cash(self, order: Any, price: float | None = None) -> None:
        if price is not None:
            order.info["end_reason"] = self._why_no_cash(price)
        super()._reject_for_cash(order, price)

    def _why_no_cash(self, price: float) -> str:
        return f"not enough cash at {price:,.2f} a share ({self.cash:,.2f} left)"

    def _commission(self, order: Any, size: float, price: float) -> float:
        comminfo = self.getcommissioninfo(order.data)
        if not hasattr(comminfo, "commission_after"):
            return comminfo.getcommission(size, price)
        return comminfo.commission_after(*_filled(order), size, price)

    def _shares_to_fill(self, order: Any, price: float, ago: int) -> float:
        """Return how many shares of `order` this bar can fill; Backtrader calls it as its `filler`."""
        shares = abs(order.executed.remsize)
        if not order.isbuy() and (not self.p.allow_short or order.info.get("reduce_only")):
            shares = min(shares, max(self.getposition(order.data).size, 0))
        if self.p.max_participation_fraction is not None and not order.info.get("is_forced"):
            # A volume share per symbol and session, not per order: two orders cannot take it twice.
            part = order.data.volume[0] * self.p.max_participation_fraction
            shares = shares_within_volume(shares, part, self._shares_taken.get(order.data, 0), self.p.lot_size)
        return shares

    def _other_exit_was_touched(self, order: Any) -> bool:
        """Return whether this bar also touched a target of the position that `order`, a stop, closes."""
        if self._is_open_phase or order.isbuy() or TRIGGERS[order.exectype] is not Trigger.STOP:
            return False
        high = order.data.high[0]
        return any(
            other.exectype == Order.Limit and high >= other.created.price
            for other in self.pending.of(order.data) if other.alive() and not other.isbuy()
        )

    def _bracketize(self, order: Any, cancel: bool = False) -> None:
        if not cancel and order.info.get("fills"):
            for child in self._pchildren[order.ref]:
                child.info["born_at"] = {self.session: order.info["fills"][-1].market_price}
                child.info["born_of"] = None if self._is_open_phase else TRIGGERS[order.exectype]
        super()._bracketize(order, cancel=cancel)

def _filled(order: Any) -> tuple[float, float]:
    """Return the shares of an order filled so far and their dollars."""
    shares = abs(order.executed.size)
    return shares, shares * order.executed.price


def _rest_of_bar_rank(order: Any) -> tuple[bool, bool, bool, int]:
    """Exits before entries, close orders last, stops before targets, then by age."""
    is_stop = order.exectype != Order.Limit
    return order.exectype == Order.Close, order.isbuy(), not is_stop, order.ref
