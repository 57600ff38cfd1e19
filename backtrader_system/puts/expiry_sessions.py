"""The session on whose close a contract is settled."""

from __future__ import annotations

import numpy as np
import pandas as pd

SATURDAY_AND_SUNDAY = (5, 6)


def expiry_sessions(expiry: np.ndarray, panel_sessions: pd.DatetimeIndex,
                    sessions: pd.DatetimeIndex | None = None) -> np.ndarray:
    """Return the trading day that settles each expiry: the last one on or before it.

    expiry : datetime64, shape (n,), the last day as the listing says; before 2015 often a Saturday.
    panel_sessions : the days that the data have. They tell whether weekends trade; a missing day among them does not
        move an expiry to the day before.
    sessions : all sessions of the exchange, also beyond the data. Without them every weekday counts as a session, so
        that an expiry listed on a holiday keeps a day without a close.
    Returns: datetime64[D], shape (n,); not necessarily a day of the data.

    Examples
    --------
    >>> days = pd.to_datetime(["2014-06-18", "2014-06-19", "2014-06-20", "2014-06-23"])
    >>> expiry_sessions(np.array(["2014-06-21", "2014-06-24"], dtype="datetime64[D]"), days).astype(str).tolist()
    ['2014-06-20', '2014-06-24']
    """
    expiry = np.asarray(expiry).astype("datetime64[D]")
    if np.isin(panel_sessions.dayofweek, SATURDAY_AND_SUNDAY).any():
        settled = expiry
    else:
        settled = np.busday_offset(expiry, 0, roll="backward")
    if sessions is None or len(sessions) == 0:
        return settled
    known = sessions.to_numpy().astype("datetime64[D]")
    position = np.searchsorted(known, expiry, side="right") - 1
    is_covered = (position >= 0) & (expiry <= known[-1])
    return np.where(is_covered, known[np.maximum(position, 0)], settled)
