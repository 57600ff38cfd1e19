"""When a long position is closed by a decision at the close: pure rules of numbers known then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExitReason(StrEnum):
    """Why a position, or part of it, is sold. Resting orders add stop, target and trailing_stop."""

    LEFT_UNIVERSE = "left_universe"
    TIME_LIMIT = "time_limit"
    SELL_SIGNAL = "sell_signal"
    PROFIT_TAKE = "profit_take"
    SIGNAL_DECAY = "signal_decay"


@dataclass(frozen=True, slots=True)
class PositionState:
    """A held position after a close.

    gain_fraction : close over average entry price, less 1.
    sessions_held : bars since the entry bar; 0 on the entry bar.
    entry_score, score : strength of the signal that opened it and of today's; NaN without one.
    direction : today's signal, +1, 0 or -1.
    has_taken_profit : whether PROFIT_TAKE already sold a part of this trade.
    """

    gain_fraction: float
    sessions_held: int
    entry_score: float
    score: float
    direction: int
    is_member: bool
    has_taken_profit: bool


@dataclass(frozen=True, slots=True)
class ExitRules:
    """Thresholds of the rules; the fields and defaults of the settings section `strategy.exits`."""

    sell_signal: bool = True
    sell_all_strength: float = 0.80
    sell_part_strength: float = 0.70
    sell_part_fraction: float = 0.50
    winner_gain_fraction: float = 0.15
    winner_shift: float = -0.10
    other_shift: float = 0.05
    profit_take_gain_fraction: float | None = 0.15
    profit_take_fraction: float = 0.30
    max_holding_sessions: int | None = None
    signal_decay: bool = False
    decay_min_holding_sessions: int = 3
    decay_drop: float = 0.40
    decay_ceiling: float = 0.60
    decay_hold_is_zero: bool = False
    sell_when_leaving: bool = True

    def decide(self, position: PositionState) -> tuple[float, ExitReason] | None:
        """Return the share of the position to sell at the next open and why, or None. The first rule that holds wins.

        Examples
        --------
        >>> state = PositionState(0.20, 4, 0.8, 0.75, -1, True, False)
        >>> ExitRules().decide(state)       # a winner's thresholds are 0.10 lower: 0.75 > 0.80 - 0.10
        (1.0, <ExitReason.SELL_SIGNAL: 'sell_signal'>)
        """
        if self.sell_when_leaving and not position.is_member:
            return 1.0, ExitReason.LEFT_UNIVERSE
        if self.max_holding_sessions is not None and position.sessions_held >= self.max_holding_sessions:
            return 1.0, ExitReason.TIME_LIMIT
        sold = self._share_for_sell_signal(position)
        if sold:
            return sold, ExitReason.SELL_SIGNAL
        if self._has_decayed(position):
            return 1.0, ExitReason.SIGNAL_DECAY
        if self._takes_profit(position):
            return self.profit_take_fraction, ExitReason.PROFIT_TAKE
        return None

    def _share_for_sell_signal(self, position: PositionState) -> float:
        if not self.sell_signal or position.direction >= 0:
            return 0.0
        shift = self.winner_shift if position.gain_fraction > self.winner_gain_fraction else self.other_shift
        if position.score > self.sell_all_strength + shift:
            return 1.0
        return self.sell_part_fraction if position.score > self.sell_part_strength + shift else 0.0

    def _takes_profit(self, position: PositionState) -> bool:
        threshold = self.profit_take_gain_fraction
        return threshold is not None and position.gain_fraction > threshold and not position.has_taken_profit

    def _has_decayed(self, position: PositionState) -> bool:
        """Return whether the buy signal that opened the position has lost its strength.

        A session without a signal says nothing unless `decay_hold_is_zero`; the original sold on every such session.
        """
        if not self.signal_decay or position.sessions_held < self.decay_min_holding_sessions:
            return False
        if position.direction == 0 and not self.decay_hold_is_zero:
            return False
        now = position.score if position.direction > 0 else 0.0
        return position.entry_score - now > self.decay_drop and now < self.decay_ceiling


def shares_to_sell(fraction: float, held: float) -> float:
    """Return whole shares for a share of a position: at least one, at most all.

    Examples
    --------
    >>> shares_to_sell(0.3, 3)
    1
    """
    return held if fraction >= 1 else min(max(1, int(held * fraction)), held)
