"""Bars of many symbols as aligned arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class BarPanel:
    """Daily bars, one row per session and one column per symbol.

    sessions : DatetimeIndex, naive, midnight, strictly rising; exchange-local session dates.
    symbols : sorted by name, unique. The order breaks ties, so it must not depend on the input.
    open, high, low, close, volume : float64, shape (n_sessions, n_symbols); NaN in all five where
        the symbol has no bar in that session (not yet listed, halted, delisted).
    split_ratio : shares held after per share held before, in force from before that session's open;
        1.0 where nothing happens and always 1.0 when `prices` are adjusted.
    dividend : dollars per share (of that session's share count) that a holder through the previous
        close receives; 0.0 where nothing happens and always 0.0 when `prices` are adjusted.
    is_member : bool; whether the symbol belongs to the universe in that session.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> bars = pd.DataFrame({"session": days, "symbol": "A", "open": 1.0, "high": 2.0, "low": 1.0, "close": [1.5, 2.0],
    ...                      "volume": 100.0})
    >>> panel = panel_from_table(bars)
    >>> panel.shape, panel.close[:, 0].tolist(), panel.between("2024-01-03").frame("A")["close"].tolist()
    ((2, 1), [1.5, 2.0], [2.0])
    """

    sessions: pd.DatetimeIndex
    symbols: tuple[str, ...]
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    split_ratio: np.ndarray
    dividend: np.ndarray
    is_member: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.close.shape

    @property
    def has_bar(self) -> np.ndarray:
        """Bool, shape (n_sessions, n_symbols): whether the symbol has a bar."""
        return np.isfinite(self.close)

    def between(self, start: object = None, end: object = None) -> BarPanel:
        """Return the sessions from `start` to `end`, both included; a view, not a copy."""
        rows = slice(*self.sessions.slice_locs(_midnight(start), _midnight(end)))
        return self.take_sessions(rows)

    def take_sessions(self, rows: slice) -> BarPanel:
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return replace(self, sessions=self.sessions[rows], **arrays)

    def select(self, symbols: object) -> BarPanel:
        """Return the panel of these symbols, sorted by name."""
        wanted = tuple(sorted(set(symbols)))
        columns = [self.symbols.index(symbol) for symbol in wanted]
        arrays = {field.name: getattr(self, field.name)[:, columns] for field in fields(self)[2:]}
        return replace(self, symbols=wanted, **arrays)

    def frame(self, symbol: str) -> pd.DataFrame:
        """Return one symbol's bars as a frame indexed by session, without the sessions it has no bar in."""
        column = self.symbols.index(symbol)
        names = (*PRICES, "volume", "split_ratio", "dividend")
        frame = pd.DataFrame({name: getattr(self, name)[:, column] for name in names}, index=self.sessions)
        return frame[np.isfinite(frame["close"])]

    def growth_factor(self) -> np.ndarray:
        """Return the factor that turns a price of session t into a total-return price, from actions up to t.

        Shape (n_sessions, n_symbols), 1.0 at the first session. `close * growth_factor` moves only as a holder's
        wealth moves; unlike the usual backward adjustment it never uses an action of the future.
        A dividend d on ex-date t multiplies by close[t-1] / (close[t-1] - d), in today's share count.
        """
        previous = _last_known(self.close)
        previous = np.vstack([np.full((1, self.shape[1]), np.nan), previous[:-1]]) / self.split_ratio
        with np.errstate(invalid="ignore", divide="ignore"):
            paid = np.where((self.dividend > 0) & (previous > self.dividend),
                            previous / (previous - self.dividend), 1.0)
        return np.cumprod(self.split_ratio * paid, axis=0)

    def fingerprint(self) -> str:
        """Return the SHA-256 of symbols, sessions and every array."""
        digest = hashlib.sha256("\x1f".join(self.symbols).encode())
        digest.update(self.sessions.to_numpy(dtype="datetime64[D]").astype("<i8").tobytes())
        for field in fields(self)[2:]:
            digest.update(field.name.encode())
            digest.update(np.ascontiguousarray(getattr(self, field.name)).tobytes())
        return digest.hexdigest()


def panel_from_table(bars: pd.DataFrame) -> BarPanel:
    """Return the panel of a long table of bars.

    bars : columns session, symbol, open, high, low, close, volume; optional split_ratio, dividend; one row per
        session and symbol, already checked. Sessions without any bar do not appear.
    Returns: a panel in which every symbol is a member in every session.
    """
    symbols = tuple(sorted(bars["symbol"].unique()))
    sessions = pd.DatetimeIndex(np.sort(bars["session"].unique())).as_unit("ns").rename("session")
    row = sessions.get_indexer(pd.DatetimeIndex(bars["session"]).as_unit("ns"))
    column = pd.Index(symbols).get_indexer(bars["symbol"])
    shape = (len(sessions), len(symbols))

    def scatter(name: str, fill: float) -> np.ndarray:
        values = np.full(shape, fill)
        if name in bars.columns:
            values[row, column] = bars[name].to_numpy(dtype=float)
        return values

    return BarPanel(
        sessions, symbols, *(scatter(name, np.nan) for name in (*PRICES, "volume")),
        split_ratio=scatter("split_ratio", 1.0), dividend=scatter("dividend", 0.0),
        is_member=np.ones(shape, dtype=bool),
    )


def _last_known(values: np.ndarray) -> np.ndarray:
    """Return `values` with NaN replaced by the last finite value above it."""
    rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(values, rows, axis=0)


def _midnight(moment: object) -> pd.Timestamp | None:
    return None if moment is None else pd.Timestamp(moment)
