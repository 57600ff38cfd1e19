"""One position for all lines of all feeds that have the same sessions."""

from __future__ import annotations

from array import array
from typing import Any

from backtrader.linebuffer import LineBuffer


class Cursor:
    """Where all lines that follow it stand.

    position : index of their present bar, -1 before the first. session : Backtrader's number of that bar's session.
    """

    __slots__ = ("position", "session")

    def __init__(self) -> None:
        self.position = -1
        self.session = 0.0

    def step(self, session: float) -> None:
        """Move on to the bar of `session`."""
        self.position += 1
        self.session = session


class CursorLine(LineBuffer):
    """A preloaded line that reads its position from a `Cursor` instead of keeping one of its own.

    Backtrader moves every line of every feed by itself in every session; here one addition moves them all. A line
    becomes one in place (`follow`), because indicators and strategies already hold references to it, and an ordinary
    `LineBuffer` again when it is reset.
    """

    @classmethod
    def follow(cls, line: LineBuffer, cursor: Cursor) -> None:
        """Let `line`, whose values are loaded, stand where `cursor` stands from now on."""
        line.__class__ = cls
        line.cursor = cursor

    def __getitem__(self, ago: int) -> float:
        return self.array[self.cursor.position + ago]

    def __len__(self) -> int:
        return self.cursor.position + 1

    idx = property(lambda self: self.cursor.position)
    lencount = property(lambda self: self.cursor.position + 1)

    def get(self, ago: int = 0, size: int = 1) -> Any:
        """Return `size` values up to `ago`, in an array as Backtrader's own lines do."""
        end = self.cursor.position + ago + 1
        return array("d", self.array[end - size:end])

    def reset(self) -> None:
        self.__class__ = LineBuffer
        del self.cursor
        self.reset()


def has_bar(data: Any, session: float) -> bool:
    """Return whether a feed has a bar in a session, given by its number; without one, its lines hold an older one."""
    cursor = getattr(data, "cursor", None)
    if cursor is not None:
        return cursor.session == session
    return len(data) > 0 and data.datetime[0] == session
