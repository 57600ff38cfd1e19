"""A Backtrader feed that carries bars and what was known about a symbol at each close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import PRICES, BarPanel

if TYPE_CHECKING:
    from backtrader_system.signals.scored import ScoredPanel

# Lines beside open, high, low, close, volume, and what they hold where a frame does not give them.
SIGNAL_LINES = {
    "score": np.nan,            # strength of the signal, 0 to 1
    "base_score": np.nan,       # the same before a model changed it
    "direction": 0.0,           # +1 buy, -1 sell, 0 neither
    "probability": np.nan,
    "ml_enhanced": 0.0,         # 1 where a model changed the score
    "is_member": 1.0,           # 1 while the symbol belongs to the universe
    "atr": np.nan,              # dollars per share
    "daily_volatility": np.nan, # standard deviation of daily returns, 20 bars
    "average_volume": np.nan,   # shares, mean of 20 bars
    "split_ratio": 1.0,         # in force from before this session's open
    "dividend": 0.0,            # dollars per share, to holders through the previous close
}


class ScoredBars(bt.feed.DataBase):
    """Daily bars of one symbol with signal lines.

    dataname : DataFrame indexed by session (dates without a time zone, rising), with columns open, high, low, close,
        volume and any of `SIGNAL_LINES`; what is missing takes its neutral value.

    Timing: line values of session t are what was known after its close. Only `split_ratio` and `dividend` act before
    its open. Instants are midnight of the session, so Backtrader's dates are the exchange's dates.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"open": [10.0], "high": [11.0], "low": [9.5], "close": [10.5], "volume": [1e6], "score": [0.7]},
    ...     index=pd.DatetimeIndex(["2024-01-02"]))
    >>> cerebro = bt.Cerebro()
    >>> _ = cerebro.adddata(ScoredBars(dataname=frame, name="AAPL"))
    """

    lines = tuple(SIGNAL_LINES)
    params = (("timeframe", bt.TimeFrame.Days),)

    def start(self) -> None:
        super().start()
        frame = self.p.dataname
        n_bars = len(frame)
        self._row = 0
        self._numbers = bt.date2num(pd.Timestamp(1970, 1, 1)) + (
            frame.index.to_numpy("datetime64[D]").astype(float))
        names = [*PRICES, "volume", *SIGNAL_LINES]
        columns = [
            frame[name].to_numpy(dtype=float) if name in frame else np.full(n_bars, SIGNAL_LINES[name])
            for name in names
        ]
        self._values = np.column_stack(columns).tolist() if n_bars else []
        self._targets = [getattr(self.lines, name) for name in names]

    def _load(self) -> bool:
        if self._row >= len(self._values):
            return False
        self.lines.datetime[0] = self._numbers[self._row]
        self.lines.openinterest[0] = 0.0
        for line, value in zip(self._targets, self._values[self._row], strict=True):
            line[0] = value
        self._row += 1
        return True


def panel_feeds(
    bars: BarPanel, scored: ScoredPanel | None, known: Mapping[str, np.ndarray] | None = None
) -> list[ScoredBars]:
    """Return one feed per symbol that has a bar, in the panel's order.

    known : further lines of `SIGNAL_LINES`, such as atr; values known at the close, shape of the panel.
    """
    feeds = []
    signals = {} if scored is None else {
        "score": scored.score, "base_score": scored.base_score, "direction": scored.direction,
        "probability": scored.probability, "ml_enhanced": scored.is_enhanced,
    }
    signals |= known or {}
    for column, symbol in enumerate(bars.symbols):
        frame = bars.frame(symbol)
        if frame.empty:
            continue
        rows = bars.has_bar[:, column]
        extra = {name: values[rows, column].astype(float) for name, values in signals.items()}
        frame = frame.assign(is_member=bars.is_member[rows, column].astype(float), **extra)
        feeds.append(ScoredBars(dataname=frame, name=symbol))
    return feeds
