"""The base of strategies that buy scored signals under resting exits and sell by rules."""

from __future__ import annotations

from typing import Any

from backtrader_system.engine.cursor import has_bar
from backtrader_system.engine.exit_rules import EXIT_REASONS, NO_EXIT, ExitReason, ExitRules, decide_exit
from backtrader_system.engine.held_position import HeldPosition
from backtrader_system.engine.lots import shares_to_sell
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.scored_strategy import ScoredStrategy
from backtrader_system.errors import StrategyError

SOLD = "sold by a rule in this session"


class ProtectedStrategy(ScoredStrategy):
    """A `ScoredStrategy` whose positions have a stop, a target and a trailing stop from the fill of their entry on.

    To write your own, copy a strategy that is built on it (`strategies/ml_trading.py`, `strategies/conviction.py`) and
    put the steps of `decide()` together as you need them: `held_positions`, `sell_by_rules`,
    `drop_entries_without_signal`, `candidates`, `buy_all`.

    Its stops and targets need `ContractBroker`; under another broker it refuses to start unless they are all None.

    exit_rules : the rules that `sell_by_rules` asks; set the attribute of that name in `__init__` to ask others.
    lot_size : a part of a position is sold in multiples of it.
    """

    params = (
        ("signal_threshold", 0.25),
        ("add_to_positions", True),
        ("exit_rules", ExitRules()),
        ("stop_loss_fraction", 0.08),
        ("take_profit_fraction", None),
        ("trailing_stop_fraction", None),
        ("stop_loss_atr", None),
        ("take_profit_atr", None),
        ("trailing_stop_atr", None),
        ("lot_size", 1.0),
    )

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[Any, HeldPosition] = {}
        self.exit_rules: ExitRules = self.p.exit_rules

    def start(self) -> None:
        exits = [name for name in self.p._getkeys() if name.startswith(("stop_", "take_", "trailing_"))]
        asked_for = [name for name in exits if getattr(self.p, name) is not None]
        if asked_for and not getattr(self.broker, "protects_entries", False):
            raise StrategyError(
                f"{', '.join(asked_for)}: broker {type(self.broker).__name__} does not act on them, so positions would "
                "have no stop. Set `cerebro.broker = ContractBroker(cash=...)`, or set them to None.")

    def held_positions(self) -> list[tuple[Any, Any]]:
        """Return every long position with its feed, and forget those that ended without an order."""
        held = self.held()
        if len(self.entries) > len(held):       # a reverse split may end a position
            for data in self.entries.keys() - {data for data, _ in held}:
                del self.entries[data]
        return held

    def notify_order(self, order: Any) -> None:
        if order.executed.p1 == order.executed.p2:
            return                      # tells of no new fill
        # The position after this very fill: by now a later fill of the session may have opened another one.
        fill = order.executed.exbits[order.executed.p2 - 1]
        is_new = fill.psize == fill.opened
        if fill.psize <= 0:
            self.entries.pop(order.data, None)
        elif order.isbuy() and (is_new or order.data not in self.entries):
            self.entries[order.data] = HeldPosition(
                order.data, self.getposition(order.data), order.info.get("score", 0.0))

    def drop_entries_without_signal(self) -> None:
        """Cancel what a bar's volume has left of an entry whose symbol now has a sell signal."""
        for data in self.feeds_being_bought():
            if self.has_bar(data) and data.direction[0] < 0:
                self._cancel_entry(data)

    def sell_by_rules(self, held: list[tuple[Any, Any]]) -> set[Any]:
        """Sell what the exit rules say of each position held; return the feeds sold."""
        session, rules, selling, sold = self.datetime[0], self.exit_rules, self.feeds_being_sold(), set()
        for data, position in held:
            if not has_bar(data, session) or data in selling:
                continue
            fraction, reason = decide_exit(rules, self.entries[data])
            if reason != NO_EXIT:
                self._sell(data, shares_to_sell(fraction, position.size, self.p.lot_size), EXIT_REASONS[reason])
                sold.add(data)
        return sold

    def _sell(self, data: Any, size: float, reason: ExitReason) -> None:
        if reason == ExitReason.PROFIT_TAKE:
            self.entries[data].has_taken_profit = True
        self._cancel_entry(data)
        self.sell(data=data, size=size, reason=str(reason), reduce_only=True)

    def _cancel_entry(self, data: Any) -> None:
        """Cancel what a bar's volume has left of an entry: the signal behind it is gone."""
        for order in self.market_orders():
            if order.data is data and order.isbuy():
                order.addinfo(end_reason="its signal is gone")
                self.cancel(order)

    def candidates(self, held: list[tuple[Any, Any]], sold: set[Any]) -> list[Any]:
        """Return feeds with a usable buy signal, strongest first; note why the others are not used."""
        signals = self.buy_signals(self.p.signal_threshold)
        busy = dict.fromkeys(self.feeds_being_bought(), "an order for this symbol still waits")
        if not self.p.add_to_positions:
            busy |= dict.fromkeys([data for data, _ in held], "already held")
        busy |= dict.fromkeys(sold, SOLD)
        self.skip_all([data for data in signals.outside if data not in sold], "not in the universe")
        self.skip_all([data for data in signals.below_threshold if data not in sold], "score below the threshold")
        self.skip_all([data for data in (*signals.outside, *signals.below_threshold) if data in sold], SOLD)
        for reason in dict.fromkeys(busy.values()):
            self.skip_all([data for data in signals.usable if busy.get(data) == reason], reason)
        return [data for data in signals.usable if data not in busy]

    def buy_all(self, candidates: list[Any]) -> None:
        """Buy the candidates in their order, as large as the sizer says, each with its exits."""
        if hasattr(self.sizer, "prepare"):
            self.sizer.prepare(candidates)
        left_out, reachable = [], self._reachable()
        for data in candidates:
            size = self.getsizing(data, isbuy=True) if reachable is None or data in reachable else 0
            if not size:
                left_out.append(data)
                continue
            self.buy(
                data=data, size=size, reason="buy_signal", protection=self._protection(data), score=data.score[0],
                probability=data.probability[0], ml_enhanced=data.ml_enhanced[0] > 0,
            )
            reachable = self._reachable()
        self.skip_all(left_out, "no room: position, exposure, cash or number of positions at its limit")

    def _reachable(self) -> Any | None:
        """Return the feeds that the sizer would still let buy; None where it sets no limit to them."""
        return self.sizer.reachable() if hasattr(self.sizer, "reachable") else None

    def _protection(self, data: Any) -> Protection:
        atr = data.atr[0]

        def distance(multiple: float | None) -> float | None:
            return multiple * atr if multiple is not None and atr == atr else None

        return Protection(
            stop_fraction=self.p.stop_loss_fraction, stop_distance=distance(self.p.stop_loss_atr),
            target_fraction=self.p.take_profit_fraction, target_distance=distance(self.p.take_profit_atr),
            trail_fraction=self.p.trailing_stop_fraction, trail_distance=distance(self.p.trailing_stop_atr),
        )
