"""When a long position is closed by a decision at the close: pure rules of numbers known then.

The functions run as they are in the event engine and compiled in the sweep kernel: a rule that is off is None in the
one and NaN in the other, and no comparison with NaN holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class ExitReason(StrEnum):
    """Why a position, or part of it, is sold. Resting orders add stop, target and trailing_stop."""

    LEFT_UNIVERSE = "left_universe"
    TIME_LIMIT = "time_limit"
    SELL_SIGNAL = "sell_signal"
    PROFIT_TAKE = "profit_take"
    SIGNAL_DECAY = "signal_decay"


# What `decide_exit` returns beside the share to sell: places in EXIT_REASONS, or nothing to sell.
LEFT_UNIVERSE, TIME_LIMIT, SELL_SIGNAL, PROFIT_TAKE, SIGNAL_DECAY = range(5)
NO_EXIT = -1
EXIT_REASONS = tuple(ExitReason)


class PositionState(NamedTuple):
    """A held position after a close.

    gain_fraction : close over average entry price, less 1.
    sessions_held : bars since the entry bar; 0 on the entry bar.
    entry_score, score : strength of the signal that opened it and of today's; NaN without one.
    direction : today's signal, +1, 0 or -1.
    has_taken_profit : whether PROFIT_TAKE already sold a part of this trade.
    calendar_days_held : days from the entry session to this one.
    """

    gain_fraction: float
    sessions_held: int
    entry_score: float
    score: float
    direction: int
    is_member: bool
    has_taken_profit: bool
    calendar_days_held: float = 0.0


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
    max_holding_calendar_days: int | None = None
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
        share, reason = decide_exit(self, position)
        return None if reason == NO_EXIT else (share, EXIT_REASONS[reason])

    def blind_to_scores(self) -> ExitRules:
        """Return the rules that time and membership alone decide; no signal, no decay and no gain sells."""
        return replace(self, **OFF_WITHOUT_SCORES)


# What switches off every rule that looks at a signal or at the gain it brought.
OFF_WITHOUT_SCORES = {"sell_signal": False, "signal_decay": False, "profit_take_gain_fraction": None}


def decide_exit(rules: ExitRules, position: PositionState) -> tuple[float, int]:
    """Return the share of the position to sell at the next open and the place of its reason in EXIT_REASONS.

    (0.0, NO_EXIT) keeps the position. rules : ExitRules, or anything with its fields; None or NaN is off.
    """
    if rules.sell_when_leaving and not position.is_member:
        return 1.0, LEFT_UNIVERSE
    if rules.max_holding_sessions is not None and position.sessions_held >= rules.max_holding_sessions:
        return 1.0, TIME_LIMIT
    limit = rules.max_holding_calendar_days
    if limit is not None and position.calendar_days_held >= limit:
        return 1.0, TIME_LIMIT
    sold = share_for_sell_signal(rules, position) if position.direction < 0 else 0.0
    if sold > 0:
        return sold, SELL_SIGNAL
    if rules.signal_decay and has_decayed(rules, position):
        return 1.0, SIGNAL_DECAY
    if rules.profit_take_gain_fraction is not None and takes_profit(rules, position):
        return rules.profit_take_fraction, PROFIT_TAKE
    return 0.0, NO_EXIT


def share_for_sell_signal(rules: ExitRules, position: PositionState) -> float:
    """Return the share of the position that today's sell signal sells; a winner is sold on a weaker one."""
    if not rules.sell_signal or position.direction >= 0:
        return 0.0
    shift = rules.winner_shift if position.gain_fraction > rules.winner_gain_fraction else rules.other_shift
    if position.score > rules.sell_all_strength + shift:
        return 1.0
    return rules.sell_part_fraction if position.score > rules.sell_part_strength + shift else 0.0


def takes_profit(rules: ExitRules, position: PositionState) -> bool:
    """Return whether a part is sold because the position gained enough, once per trade."""
    threshold = rules.profit_take_gain_fraction
    return threshold is not None and position.gain_fraction > threshold and not position.has_taken_profit


def has_decayed(rules: ExitRules, position: PositionState) -> bool:
    """Return whether the buy signal that opened the position has lost its strength.

    A session without a signal says nothing unless `decay_hold_is_zero`; the original sold on every such session.
    """
    if not rules.signal_decay or position.sessions_held < rules.decay_min_holding_sessions:
        return False
    if position.direction == 0 and not rules.decay_hold_is_zero:
        return False
    now = position.score if position.direction > 0 else 0.0
    return position.entry_score - now > rules.decay_drop and now < rules.decay_ceiling
