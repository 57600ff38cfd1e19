"""At which close a signal is decided on: the first one of its symbol at which the signal is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.symbol_bars import NO_ROW, symbol_bars


def decision_rows(
    bars: BarPanel, closes: pd.DatetimeIndex, symbol_column: np.ndarray, known_at: pd.DatetimeIndex | pd.Series
) -> np.ndarray:
    """Return the row of the session at whose close each signal is decided on; -1 where there is none.

    closes : closing instant of every session of `bars`, UTC, rising. symbol_column : int, shape (n,), the symbol's
        place in `bars.symbols`; -1 for a symbol without bars. known_at : aware, shape (n,); NaT is never known.
    Returns: int64, shape (n,). The session is the first with a bar of the symbol that closes at `known_at` or later;
        what was decided there fills at the open of the symbol's next bar.

    Timing: a signal known one second after a close waits for the next close.
    """
    column = np.asarray(symbol_column, dtype=np.int64)
    instants = pd.DatetimeIndex(known_at).tz_convert("UTC").as_unit("ns")
    row = np.searchsorted(closes.tz_convert("UTC").as_unit("ns").asi8, instants.asi8, side="left")
    listed = symbol_bars(bars)
    place = listed.first_from_row(row, column)
    is_decided = (place >= 0) & ~np.asarray(instants.isna())
    return np.where(is_decided, listed.row[np.maximum(place, 0)] if len(listed.row) else NO_ROW, NO_ROW)
