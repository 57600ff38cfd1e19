"""A Backtrader feed that carries bars and what was known about a symbol at each close."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from backtrader_system.engine.bar_columns import BAR_LINES, SIGNAL_LINES, BarColumns, columns_of, session_numbers
from backtrader_system.engine.cursor import Cursor, CursorLine
from backtrader_system.market_data.panel import BarPanel

if TYPE_CHECKING:
    from backtrader_system.signals.scored import ScoredPanel


class ScoredBars(bt.feed.DataBase):
    """Daily bars of one symbol with signal lines.

    dataname : DataFrame indexed by session (dates without a time zone, rising), with columns open, high, low, close
        and any of volume and `SIGNAL_LINES`, what is missing takes its neutral value; or the same as `BarColumns`.

    Timing: line values of session t are what was known after its close. Only `split_ratio` and `dividend` act before
    its open. Instants are midnight of the session, so Backtrader's dates are the exchange's dates.

    Lines are loaded in bulk, as read-only views, unless a filter, a date limit or a mode of Cerebro needs them bar by
    bar.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     {"open": [10.0], "high": [11.0], "low": [9.5], "close": [10.5], "volume": [1e6], "score": [0.7]},
    ...     index=pd.DatetimeIndex(["2024-01-02"]))
    >>> cerebro = bt.Cerebro()
    >>> _ = cerebro.adddata(ScoredBars(dataname=frame, name="AAPL"))
    """

    lines = tuple(SIGNAL_LINES)
    params = (("timeframe", bt.TimeFrame.Days),)
    neutral_lines = SIGNAL_LINES        # a subclass with further lines names all of them here
    terms: Any = None                   # of the contract that a feed of puts quotes; see `engine/puts`

    # Backtrader copies every bar into these attributes; None makes its broker read the lines themselves.
    tick_open = tick_high = tick_low = tick_close = tick_volume = tick_openinterest = tick_last = None

    def __init__(self) -> None:
        super().__init__()
        self.cursor: Cursor | None = None       # only where `PanelCerebro` moves this feed
        for name in self.getlinealiases():
            # An attribute of its own; Backtrader finds a line by two failing look-ups on every access.
            setattr(self, name, getattr(self.lines, name))

    def __len__(self) -> int:
        cursor = self.cursor
        return len(self.datetime) if cursor is None else cursor.position + 1

    def start(self) -> None:
        super().start()
        self.cursor = None
        given = self.p.dataname
        self.columns = given if isinstance(given, BarColumns) else columns_of(given, self._name, self.neutral_lines)
        self._row = 0
        # What the broker must look at before the open: nothing, for most symbols in most sessions.
        self.last_session = self.columns.numbers[-1] if len(self.columns) else 0.0
        self.has_actions = self.columns.differs("split_ratio") or self.columns.differs("dividend")

    def preload(self) -> None:
        if not self.loads_in_bulk:
            super().preload()
            return
        for name in self.getlinealiases():
            getattr(self.lines, name).array = self.columns.view(name)
        self._row = len(self.columns)
        if not getattr(self._env, "takes_views", False):
            self.own_lines()
        self.home()

    def own_lines(self) -> None:
        """Turn the views behind the lines into arrays of their own."""
        for name in self.getlinealiases():
            line = getattr(self.lines, name)
            if isinstance(line.array, memoryview):
                line.array = array("d", line.array)

    @property
    def loads_in_bulk(self) -> bool:
        """Whether nothing asks for these bars one by one: no filter, date limit, time zone, saving of memory."""
        asks = (self._filters, self.resampling, self.replaying, self._tzinput, self._barstack, self._barstash)
        limits = (self.p.fromdate, self.p.todate)
        lines = [getattr(self.lines, name) for name in self.getlinealiases()]
        return not any(asks) and limits == (None, None) and all(
            line.mode == line.UnBounded and not line.extension and not line.bindings for line in lines)

    def follow(self, cursor: Cursor) -> None:
        """Let all preloaded lines stand where `cursor` stands."""
        for name in [name for name in vars(self) if name.startswith("tick_")]:
            delattr(self, name)         # left by an earlier run in Backtrader's own loop
        self.cursor = cursor
        for name in self.getlinealiases():
            CursorLine.follow(getattr(self.lines, name), cursor)

    def _load(self) -> bool:
        if self._row >= len(self.columns):
            return False
        self.lines.datetime[0] = self.columns.numbers[self._row]
        self.lines.openinterest[0] = 0.0
        for name in (*BAR_LINES, *self.neutral_lines):
            getattr(self.lines, name)[0] = float(self.columns.column(name)[self._row])
        self._row += 1
        return True


def panel_feeds(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None = None
) -> list[ScoredBars]:
    """Return one feed per symbol that has a bar, in the panel's order. Its lines are views into the panels.

    known : further lines of `SIGNAL_LINES`, such as atr; values known at the close, shape of the panel.
    """
    panels = _line_panels(bars, scored, known)
    numbers, has_bar = session_numbers(bars.sessions), bars.has_bar
    n_bars = has_bar.sum(axis=0)
    feeds = []
    for column in np.flatnonzero(n_bars):
        rows = _rows(has_bar[:, column], int(n_bars[column]))
        columns = BarColumns(
            numbers if n_bars[column] == len(numbers) else numbers[rows],
            {name: panel[rows, column] for name, panel in panels.items()})
        feeds.append(ScoredBars(dataname=columns, name=bars.symbols[column]))
    return feeds


def _line_panels(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None
) -> dict[str, np.ndarray]:
    panels = {name: getattr(bars, name) for name in (*BAR_LINES, "split_ratio", "dividend")}
    if not bars.is_member.all():
        panels["is_member"] = bars.is_member
    if scored is not None:
        panels |= {
            "score": scored.score, "base_score": scored.base_score, "direction": scored.direction,
            "probability": scored.probability,
        }
        if scored.is_enhanced.any():
            panels["ml_enhanced"] = scored.is_enhanced
    panels |= known or {}
    return {name: np.asarray(panel, dtype=float) for name, panel in panels.items()}


def _rows(has_bar: np.ndarray, n_bars: int) -> slice | np.ndarray:
    """Return the sessions with a bar, as a slice where they have no hole, so that indexing need not copy."""
    first = int(has_bar.argmax())
    rows = slice(first, first + n_bars)
    return rows if has_bar[rows].all() else np.flatnonzero(has_bar)
