"""Backtrader sizers: how many shares a buy takes, within the limits of the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import backtrader as bt

from backtrader_system.engine.lots import shares_in_lots
from backtrader_system.engine.sizing import (
    PositionLimits,
    TradeStatistics,
    has_record,
    kelly_share,
    scale_to_floor,
    scaled_wish,
    share_of_cash,
    target_fraction,
)
from backtrader_system.engine.waiting_orders import orders_to_count


@dataclass(frozen=True, slots=True)
class Account:
    """An account after the orders already sent, valued at the closes of the decision."""

    equity: float
    free_cash: float
    gross_value: float
    net_value: float
    held: dict[Any, float]      # dollars per feed
    n_positions: int


def account_after_orders(broker: Any) -> Account:
    """Return the account as it will be once every market order in `broker` has filled at today's close.

    Sales bring cash only where sells fill before buys (`ContractBroker`); a plain Backtrader broker fills in the order
    of submission, so there they do not.
    """
    held = dict(broker.held_values()) if hasattr(broker, "held_values") else {
        data: position.size * data.close[0] for data, position in broker.positions.items() if position.size}
    cash, sells_fill_first = broker.getcash(), getattr(broker, "sells_fill_first", False)
    for order in orders_to_count(broker):
        dollars = order.executed.remsize * order.data.close[0]
        held[order.data] = held.get(order.data, 0.0) + dollars
        if dollars > 0 or sells_fill_first:
            cash -= dollars
    gross = net = 0.0
    n_positions = 0
    for value in held.values():
        size = abs(value)
        gross += size
        net += value
        n_positions += size > 1e-9
    return Account(broker.getvalue(), cash, gross, net, held, n_positions)


class BoundedSizer(bt.Sizer):
    """Base of our sizers: turns a wanted share of equity into lots of shares within the limits.

    To write your own, override `wanted_fraction(data)`: return the share of equity that the position in `data` should
    reach, from lines at index 0 and earlier. It is called once per buy, after the close of the decision session.
    Do not submit orders there. A feed's line `size_factor` multiplies that share before any limit cuts it: 2 asks for
    twice the usual size, 1 or NaN for the usual one.

    A sale without a size closes the whole position.

    grows_to_floor : whether the buys of a session grow together while less than `target_invested_floor` would be
        invested. Only for sizes that are opinions, such as Kelly's; a fixed size stays what it is.
    lot_size : shares are multiples of it; 1 for whole shares.
    """

    grows_to_floor = False

    params = (
        ("max_positions", 1_000_000),
        ("max_position_size", 1.0),
        ("max_position_size_exceptional", 1.0),
        ("exceptional_strength", 2.0),
        ("max_symbol_exposure", 1.0),
        ("max_net_exposure", 1.0),
        ("target_invested_floor", 0.0),
        ("target_invested_ceiling", 1.0),
        ("cash_reserve_fraction", 0.05),
        ("min_order_fraction", 0.0),
        ("lot_size", 1.0),
    )

    def __init__(self) -> None:
        names = PositionLimits.__dataclass_fields__
        self.limits = PositionLimits(**{name: getattr(self.p, name) for name in names})
        self.scale = 1.0
        self._account: Account | None = None
        self._account_version: object = None

    def account(self) -> Account:
        """Return the account after the orders already sent."""
        version = getattr(self.broker, "version", None)
        if version is None or version != self._account_version:
            self._account, self._account_version = account_after_orders(self.broker), version
        return self._account

    def reachable(self) -> dict[Any, float] | None:
        """Return what is held while the number of positions is at its limit; None while any feed may be bought."""
        account = self.account()
        return None if account.n_positions < self.p.max_positions else account.held

    def wanted_fraction(self, data: Any) -> float:
        """Return the share of equity that the position in `data` should reach."""
        raise NotImplementedError(f"{type(self).__name__} must override wanted_fraction")

    def prepare(self, candidates: Sequence[Any]) -> None:
        """Scale this session's buys up together if the account would stay below its invested floor."""
        self.scale = 1.0
        if not self.grows_to_floor or (account := self.account()).equity <= 0:
            return
        held = [account.held.get(data, 0.0) / account.equity for data in candidates]
        caps = [self.limits.position_cap(signal_score(data)) for data in candidates]
        buys = [max(min(self._wish(data), cap) - part, 0.0)
                for data, cap, part in zip(candidates, caps, held, strict=True)]
        rooms = [max(cap - part, 0.0) for cap, part in zip(caps, held, strict=True)]
        self.scale = scale_to_floor(
            account.gross_value / account.equity, buys, rooms, self.p.target_invested_floor)

    def _target_fraction(self, data: Any, held_fraction: float) -> float:
        """Return the share of equity to reach: what is held and today's buy, scaled."""
        cap = self.limits.position_cap(signal_score(data))
        return target_fraction(self._wish(data), cap, held_fraction, self.scale)

    def _wish(self, data: Any) -> float:
        return scaled_wish(self.wanted_fraction(data), size_factor(data))

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> float:
        if not isbuy:
            return max(self.broker.getposition(data).size, 0)
        account = self.account()
        held_value = account.held.get(data, 0.0)
        is_new = abs(held_value) <= 1e-9
        if account.equity <= 0 or held_value < -1e-9 or (is_new and account.n_positions >= self.p.max_positions):
            return 0
        dollars = self.limits.allowed_dollars(
            self._target_fraction(data, held_value / account.equity), equity=account.equity,
            free_cash=account.free_cash,
            held_value=held_value, gross_value=account.gross_value, net_value=account.net_value,
            score=signal_score(data),
        )
        if dollars < self.p.min_order_fraction * account.equity:
            return 0
        return shares_in_lots(dollars, data.close[0], self.p.lot_size)


class FixedCash(BoundedSizer):
    """The same dollars for every position.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addsizer(FixedCash, cash_per_position=5_000)
    """

    params = (("cash_per_position", 5_000.0),)

    def wanted_fraction(self, data: Any) -> float:
        """Return the fixed dollars as a share of equity."""
        return share_of_cash(self.p.cash_per_position, self.broker.getvalue())


class FixedFraction(BoundedSizer):
    """The same share of equity for every position.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addsizer(FixedFraction, fraction=0.10)
    """

    params = (("fraction", 0.05),)

    def wanted_fraction(self, data: Any) -> float:
        """Return the fixed share."""
        return self.p.fraction


class EqualWeight(BoundedSizer):
    """The invested ceiling divided by the number of positions allowed.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addsizer(EqualWeight, max_positions=10)
    """

    def wanted_fraction(self, data: Any) -> float:
        """Return ceiling / max_positions."""
        n_positions = min(self.p.max_positions, len(self.strategy.datas))
        return self.p.target_invested_ceiling / n_positions


class Kelly(BoundedSizer):
    """A part of the Kelly fraction, from the trades closed so far drawn towards a prior; grows to the invested floor.

    kelly_multiplier : part of the full Kelly fraction f.
    kelly_reading : "at_risk" buys f of equity, the cautious reading; "growth_optimal" buys what loses f of equity when
        it loses, f / average loss, at most the whole equity.
    kelly_min_trades, cash_per_position : until so many trades were won or lost, a position gets these dollars instead,
        which do not grow to the floor. Afterwards a record without an edge buys nothing.
    avg_win, avg_loss : prior average win and loss, fractions of the entry value.
    prior_win_rate : prior win probability; None takes the feed's `score`, or 0.5 where a feed has none.
    prior_trades : how many trades the prior is worth.

    Timing: uses trades that were closed in this session or before it.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addsizer(Kelly, kelly_multiplier=0.5, max_symbol_exposure=0.15)
    """

    params = (
        ("kelly_multiplier", 0.5),
        ("avg_win", 0.08),
        ("avg_loss", 0.025),
        ("prior_win_rate", None),
        ("prior_trades", 30.0),
        ("kelly_reading", "at_risk"),
        ("kelly_min_trades", 0),
        ("cash_per_position", 5_000.0),
    )

    def __init__(self) -> None:
        super().__init__()
        self._closed: _ClosedTrades | None = None

    def set(self, strategy: Any, broker: Any) -> None:
        super().set(strategy, broker)
        strategy.set_tradehistory(True)     # a closed Backtrader trade forgets its size; its history does not
        self._closed = strategy._addanalyzer_slave(_ClosedTrades)

    @property
    def statistics(self) -> TradeStatistics:
        """The trades closed so far."""
        return TradeStatistics() if self._closed is None else self._closed.statistics

    @property
    def grows_to_floor(self) -> bool:
        """Whether Kelly sizes the positions by now; the fixed dollars before that stay what they are."""
        return has_record(self.statistics, self.p.kelly_min_trades)

    def wanted_fraction(self, data: Any) -> float:
        """Return kelly_multiplier times the Kelly fraction of the shrunk estimates, or the fixed dollars before it."""
        if not has_record(self.statistics, self.p.kelly_min_trades):
            return share_of_cash(self.p.cash_per_position, self.broker.getvalue())
        prior = nan if self.p.prior_win_rate is None else self.p.prior_win_rate
        return kelly_share(
            self.statistics, signal_score(data), prior, self.p.avg_win, self.p.avg_loss, self.p.prior_trades,
            self.p.kelly_multiplier, self.p.kelly_reading == "growth_optimal")


class _ClosedTrades(bt.Analyzer):
    """Counts trades in the order in which they close."""

    def start(self) -> None:
        self.statistics = TradeStatistics()

    def notify_trade(self, trade: Any) -> None:
        if not trade.isclosed:
            return
        seen, gain = self.statistics, trade_return(trade)
        if gain > 0:
            self.statistics = replace(
                seen, n_wins=seen.n_wins + 1, sum_win_returns=seen.sum_win_returns + gain)
        elif gain < 0:
            self.statistics = replace(
                seen, n_losses=seen.n_losses + 1, sum_loss_returns=seen.sum_loss_returns - gain)


def signal_score(data: Any) -> float:
    """Return the feed's score now; 0.0 where the feed has no such line or no value."""
    if not hasattr(data.lines, "score"):
        return 0.0
    score = data.lines.score[0]
    return score if score == score else 0.0


def size_factor(data: Any) -> float:
    """Return by how much the feed's signal multiplies the usual size; 1.0 where the feed has no such line."""
    return data.lines.size_factor[0] if hasattr(data.lines, "size_factor") else 1.0


def trade_return(trade: Any) -> float:
    """Return a closed Backtrader trade's P&L after commission, as a share of what its entries cost."""
    direction = 1 if trade.long else -1
    cost = sum(
        abs(entry.event.size) * entry.event.price
        for entry in trade.history if entry.event.size * direction > 0
    )
    return trade.pnlcomm / cost if cost else 0.0
