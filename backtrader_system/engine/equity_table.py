"""The account, session by session, as a table made after the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtrader_system.engine.bar_columns import dates_of

COLUMNS = (
    "session", "cash", "positions_value", "equity", "return", "drawdown", "gross_exposure", "net_exposure", "positions",
)


def equity_table(rows: Sequence[tuple[float, ...]], starting_cash: float) -> pd.DataFrame:
    """Return the equity curve; columns as in `analyzers/equity_curve.py`.

    rows : per session its number, cash, equity, gross and net value of positions in dollars, number of positions.
    """
    numbers = np.array(rows, dtype=float).reshape(-1, 6)
    sessions, cash, equity, gross, net, positions = numbers.T
    before = np.concatenate([[starting_cash], equity[:-1]])[:len(equity)]
    peak = np.maximum.accumulate(np.maximum(equity, starting_cash))
    return pd.DataFrame({
        "session": dates_of(sessions),
        "cash": cash, "positions_value": equity - cash, "equity": equity, "return": equity / before - 1,
        "drawdown": equity / peak - 1, "gross_exposure": gross / equity, "net_exposure": net / equity,
        "positions": positions.astype("int64"),
    }, columns=list(COLUMNS))
