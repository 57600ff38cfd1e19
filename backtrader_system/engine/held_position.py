"""An open position as the exit rules look at it."""

from __future__ import annotations

from typing import Any


class HeldPosition:
    """A `PositionState` of a feed and its Backtrader position, whose values are read when a rule asks for them.

    entry_score : strength of the signal that opened it. entry_bar : number of the feed's bar of the entry.
    entry_number : Backtrader's number of its session, in days.
    has_taken_profit : for the strategy to set.

    Timing: reads the lines' present values; use it after the close of the session that is decided on.
    """

    __slots__ = ("_data", "_position", "entry_bar", "entry_number", "entry_score", "has_taken_profit")

    def __init__(self, data: Any, position: Any, entry_score: float) -> None:
        self._data = data
        self._position = position
        self.entry_score = entry_score
        self.entry_bar = len(data)
        self.entry_number = data.datetime[0]
        self.has_taken_profit = False

    @property
    def gain_fraction(self) -> float:
        return self._data.close[0] / self._position.price - 1

    @property
    def sessions_held(self) -> int:
        return len(self._data) - self.entry_bar

    @property
    def calendar_days_held(self) -> float:
        return self._data.datetime[0] - self.entry_number

    @property
    def score(self) -> float:
        return self._data.score[0]

    @property
    def direction(self) -> float:
        return self._data.direction[0]

    @property
    def is_member(self) -> bool:
        return self._data.is_member[0] > 0
