"""A Cerebro that moves all feeds with the same sessions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import backtrader as bt
import numpy as np

from backtrader_system.engine.buy_signals import BuySignalIndex
from backtrader_system.engine.cursor import Cursor
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.garbage import only_new_garbage


class PanelCerebro(bt.Cerebro):
    """Backtrader's Cerebro for many daily feeds.

    Use it as `bt.Cerebro`. Where all feeds are `ScoredBars` loaded in bulk, feeds with the same sessions share one
    cursor and a session costs one step for each set of sessions instead of one for each line of each feed; feeds may
    start late, end early and have holes. Anything else runs as in Backtrader.

    There are no observers by default (`stdstats=False`). `session` says which session is being simulated (Backtrader's
    number of its date) and `after_session` is called after each; neither where Backtrader's own loop runs.

    Examples
    --------
    >>> cerebro = PanelCerebro()
    >>> cerebro.p.stdstats
    False
    """

    params = (("stdstats", False),)

    def __init__(self) -> None:
        super().__init__()
        self.after_session: Callable[[], object] | None = None
        self.session: float | None = None
        self._indexes: dict[float, BuySignalIndex] = {}

    def buy_signal_index(self, threshold: float) -> BuySignalIndex | None:
        """Return the index of buy signals for `threshold`; None where Backtrader's own loop runs."""
        if self.session is None:
            return None
        if threshold not in self._indexes:
            self._indexes[threshold] = BuySignalIndex(self.datas, threshold)
        return self._indexes[threshold]

    def run(self, **options: Any) -> list[Any]:
        """Run as Backtrader does, with all objects that exist before kept out of garbage collection."""
        with only_new_garbage():
            return super().run(**options)

    @property
    def takes_views(self) -> bool:
        """Whether feeds may load read-only views of their columns; processes of an optimisation cannot receive them."""
        return not self._dooptimize

    def _runonce(self, runstrats: list[Any]) -> None:
        if not all(isinstance(feed, ScoredBars) and feed.loads_in_bulk and len(feed.columns) for feed in self.datas):
            self._own_lines()
            super()._runonce(runstrats)
            return
        for strategy in runstrats:
            strategy._once()
            strategy.reset()
        self._indexes.clear()
        for number, cursors in _steps(self.datas):
            for cursor in cursors:
                cursor.step(number)
            self.session = number
            if not self._simulate(number, runstrats):
                return
            if self.after_session is not None:
                self.after_session()

    def _runnext(self, runstrats: list[Any]) -> None:
        self._own_lines()
        super()._runnext(runstrats)

    def _runnext_old(self, runstrats: list[Any]) -> None:
        self._own_lines()
        super()._runnext_old(runstrats)

    def _runonce_old(self, runstrats: list[Any]) -> None:
        self._own_lines()
        super()._runonce_old(runstrats)

    def _own_lines(self) -> None:
        """Prepare for Backtrader's own loops, which lengthen and shorten the lines of feeds."""
        self.session = None
        for feed in self.datas:
            if isinstance(feed, ScoredBars):
                feed.own_lines()

    def _simulate(self, number: float, runstrats: list[Any]) -> bool:
        """Run one session in the order of Backtrader's own loop; return whether to go on."""
        self._check_timers(runstrats, number, cheat=True)
        if self.p.cheat_on_open:
            for strategy in runstrats:
                strategy._oncepost_open()
                if self._event_stop:
                    return False
        self._brokernotify()
        if self._event_stop:
            return False
        self._check_timers(runstrats, number, cheat=False)
        for strategy in runstrats:
            strategy._oncepost(number)
            if self._event_stop:
                return False
            self._next_writers(runstrats)
        return True


def _steps(feeds: list[ScoredBars]) -> Iterator[tuple[float, list[Cursor]]]:
    """Give each set of sessions a cursor; yield every session, in order, with the cursors that have a bar in it."""
    calendars: dict[bytes, tuple[Cursor, np.ndarray]] = {}
    keys: dict[int, bytes] = {}
    for feed in feeds:
        numbers = feed.columns.numbers
        key = keys.setdefault(id(numbers), numbers.tobytes())
        cursor, _ = calendars.setdefault(key, (Cursor(), numbers))
        feed.follow(cursor)
    cursors = [cursor for cursor, _ in calendars.values()]
    numbers = np.concatenate([calendar for _, calendar in calendars.values()])
    owners = np.repeat(np.arange(len(cursors)), [len(calendar) for _, calendar in calendars.values()])
    order = np.argsort(numbers, kind="stable")
    sessions, starts = np.unique(numbers[order], return_index=True)
    owners = owners[order].tolist()
    for number, (first, last) in zip(sessions.tolist(), pairwise([*starts.tolist(), len(owners)]), strict=True):
        yield number, [cursors[owner] for owner in owners[first:last]]
