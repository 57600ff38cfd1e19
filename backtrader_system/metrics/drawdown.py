"""Drawdown: how far and how long equity stays below its running peak."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.figure import Figure, missing

OPEN = "open"
BEFORE_START = "before the first session"


def drawdown_series(equity: pd.Series, initial_capital: float) -> pd.Series:
    """Return the drawdown of each session: equity / running peak - 1, a fraction <= 0; 0 at a peak.

    equity : dollars, indexed by session. initial_capital : dollars, > 0; the first peak, so that a loss of the first
        session counts.

    Examples
    --------
    >>> drawdown_series(pd.Series([90.0, 120.0, 96.0]), 100.0).round(2).tolist()
    [-0.1, 0.0, -0.2]
    """
    peak = np.maximum(equity.cummax(), initial_capital)
    return equity / peak - 1


def drawdown_episodes(drawdown: pd.Series) -> pd.DataFrame:
    """Return one row per run of sessions below a peak, in order of time.

    Columns: peak_session (the last session at the peak; NaT if the peak is the initial capital), first_session and
    trough_session below it, recovery_session (the first at or above the peak again; NaT while open), depth
    (fraction > 0), sessions (below the peak), sessions_to_trough and sessions_to_recovery (counted from the peak;
    the latter NaN while open).
    """
    below = drawdown.to_numpy() < 0
    edges = np.diff(np.concatenate([[False], below, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    sessions = drawdown.index
    rows = []
    for start, end in zip(starts, ends, strict=True):
        trough = start + int(np.argmin(drawdown.to_numpy()[start:end]))
        is_over = end < len(drawdown)
        rows.append((
            sessions[start - 1] if start else pd.NaT, sessions[start], sessions[trough],
            sessions[end] if is_over else pd.NaT, -float(drawdown.iloc[trough]), int(end - start),
            int(trough - start + 1), float(end - start + 1) if is_over else np.nan,
        ))
    return pd.DataFrame(rows, columns=[
        "peak_session", "first_session", "trough_session", "recovery_session", "depth", "sessions",
        "sessions_to_trough", "sessions_to_recovery",
    ])


def max_drawdown(drawdown: pd.Series) -> Figure:
    """Return the depth of the deepest drawdown, a fraction >= 0 (0.08: a loss of 8 % from the peak)."""
    if drawdown.empty:
        return missing("no session")
    return Figure(abs(float(drawdown.min())))


def drawdown_figures(drawdown: pd.Series) -> dict[str, Figure]:
    """Return the figures of the deepest and of the longest drawdown.

    `average_drawdown` is the mean over all sessions, those at a peak included; `average_drawdown_episode` the mean
    depth over episodes. A drawdown that has not recovered is `open`, never counted as recovered.
    """
    deepest = max_drawdown(drawdown)
    episodes = drawdown_episodes(drawdown)
    average = Figure(abs(float(drawdown.mean()))) if len(drawdown) else missing("no session")
    figures = {
        "max_drawdown": deepest,
        "average_drawdown": average,
        "drawdown_episodes": Figure(len(episodes)),
    }
    if episodes.empty:
        nothing = missing("no drawdown")
        names = ("average_drawdown_episode", "longest_drawdown_sessions", "max_drawdown_peak_session",
                 "max_drawdown_trough_session", "max_drawdown_recovery_session",
                 "max_drawdown_sessions_to_trough", "max_drawdown_sessions_to_recovery")
        return figures | dict.fromkeys(names, nothing)
    longest = episodes.loc[episodes["sessions"].idxmax()]
    worst = episodes.loc[episodes["depth"].idxmax()]
    is_open = pd.isna(worst["recovery_session"])
    return figures | {
        "average_drawdown_episode": Figure(float(episodes["depth"].mean())),
        "longest_drawdown_sessions": Figure(
            int(longest["sessions"]),
            "still open: at least this long" if pd.isna(longest["recovery_session"]) else None),
        "max_drawdown_peak_session": Figure(_day(worst["peak_session"], BEFORE_START)),
        "max_drawdown_trough_session": Figure(_day(worst["trough_session"], OPEN)),
        "max_drawdown_recovery_session": Figure(_day(worst["recovery_session"], OPEN)),
        "max_drawdown_sessions_to_trough": Figure(int(worst["sessions_to_trough"])),
        "max_drawdown_sessions_to_recovery":
            missing(f"open: not recovered after {int(worst['sessions'])} sessions below the peak") if is_open
            else Figure(int(worst["sessions_to_recovery"])),
    }


def _day(session: pd.Timestamp, otherwise: str) -> str:
    return otherwise if pd.isna(session) else f"{session:%Y-%m-%d}"
