"""The collateral of an account, session by session, as a table made after the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backtrader_system.engine.bar_columns import dates_of


def collateral_table(rows: Sequence[tuple[float, float, float]]) -> pd.DataFrame:
    """Return session, equity, collateral, free (equity - collateral) and is_breach (collateral above equity).

    rows : per session its number, equity and the collateral in use, as `PutBroker.collateral` keeps them.
    """
    sessions, equity, used = np.array(rows, dtype=float).reshape(-1, 3).T
    return pd.DataFrame({
        "session": dates_of(sessions), "equity": equity, "collateral": used, "free": equity - used,
        "is_breach": used > equity})
