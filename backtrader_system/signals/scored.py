"""Point-in-time scores of every symbol and session."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class ScoredPanel:
    """What was known about every symbol after every close; the axes are those of the bars it was made from.

    sessions : DatetimeIndex, naive midnights. symbols : sorted by name.
    direction : int8, +1 buy, -1 sell, 0 hold.
    score : final strength in [0, 1], 0 for a hold; NaN where no signal is possible: no bar, not a member of the
        universe, too little history.
    base_score : the rules' strength, before a model changed it; NaN likewise.
    probability : the regime model's share of trees' votes for "trending", in [0, 1]; NaN where no model exists.
    ml_multiplier : what base_score was multiplied by (before the score was cut to [0, 1]); NaN if not enhanced.
    is_enhanced : bool; whether a model changed the score.
    known_at : DatetimeIndex UTC, one instant per session: its close.

    All arrays have shape (n_sessions, n_symbols).

    Timing: row t uses bars up to and including t; usable for orders that fill at open t+1.

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-01-02"])
    >>> one = np.ones((1, 1))
    >>> panel = ScoredPanel(sessions, ("AAPL",), one.astype("int8"), one * 0.6, one * 0.5, one * 0.7, one * 1.2,
    ...                     one > 0, pd.DatetimeIndex(["2024-01-02 21:00"], tz="UTC"))
    >>> panel.to_table("rules")["signal_id"].tolist()
    ['20240102-AAPL']
    """

    sessions: pd.DatetimeIndex
    symbols: tuple[str, ...]
    direction: np.ndarray
    score: np.ndarray
    base_score: np.ndarray
    probability: np.ndarray
    ml_multiplier: np.ndarray
    is_enhanced: np.ndarray
    known_at: pd.DatetimeIndex

    def between(self, start: object = None, end: object = None) -> ScoredPanel:
        """Return the sessions from `start` to `end`, both included; None leaves that side open."""
        limits = (None if moment is None else pd.Timestamp(moment) for moment in (start, end))
        rows = slice(*self.sessions.slice_locs(*limits))
        parts = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "symbols"}
        return replace(self, **parts)

    def to_table(self, source: str) -> pd.DataFrame:
        """Return one row per buy or sell signal; holds are no signals and are left out.

        source : what made the signals, written into every row.
        Returns: signal_id (session and symbol), session, symbol, direction, score, base_score, probability,
            ml_multiplier, ml_enhanced, source, known_at; sorted by session and symbol.
        """
        rows, columns = np.nonzero(self.direction)
        session = pd.Series(self.sessions[rows])
        symbol = pd.Series(pd.array(self.symbols, dtype="str").take(columns))
        dates = pd.Series(self.sessions.strftime("%Y%m%d").astype("str").take(rows))
        return pd.DataFrame({
            "signal_id": (dates + "-" + symbol).astype("str"),
            "session": session,
            "symbol": symbol,
            "direction": self.direction[rows, columns].astype(np.int64),
            "score": self.score[rows, columns],
            "base_score": self.base_score[rows, columns],
            "probability": self.probability[rows, columns],
            "ml_multiplier": self.ml_multiplier[rows, columns],
            "ml_enhanced": self.is_enhanced[rows, columns],
            "source": pd.Series([source] * len(rows), dtype="str"),
            "known_at": pd.Series(self.known_at[rows]),
        })
