"""Progress on the terminal, drawn with rich on standard error; results on standard output stay clean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backtrader_system.progress import Item


class ProgressBar:
    """A `Progress` with bars on a terminal, and one line per stage anywhere else.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> with ProgressBar(stream) as progress:
    ...     done = list(progress.track([1, 2], "Training", 2))
    >>> stream.getvalue()
    'Training ...\\n'
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._console = Console(file=stream, stderr=True, soft_wrap=True, highlight=False, markup=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._console)

    def __enter__(self) -> ProgressBar:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def track(self, items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
        """Yield `items` unchanged and show how many of `total` are done."""
        if not self._console.is_terminal:
            self.say(f"{description} ...")
            yield from items
            return
        task = self._bars.add_task(description, total=total)
        for item in items:
            yield item
            self._bars.advance(task)

    def say(self, message: str) -> None:
        """Show one line; above the bars where there are bars."""
        self._console.print(message)
