"""What long work tells its caller about its progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """A progress display. The library calls it; the command line draws it."""

    def track(self, items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
        """Yield `items` unchanged and show how many of `total` are done."""
        ...

    def say(self, message: str) -> None:
        """Show one line."""
        ...


class Silent:
    """A progress display that shows nothing; the default of every library function."""

    def track(self, items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
        yield from items

    def say(self, message: str) -> None:
        """Show nothing."""
