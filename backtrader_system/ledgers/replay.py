"""An independent account: fills and corporate actions in, cash and shares of each session out.

It shares no code with the engine, so that an error there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.ledgers.schemas import FILL_STATUSES

# Fractions of a share below this are rounding, and so is a trillionth of what was held: fractional shares do not add up
# to the last bit, and a token may be held by the billion.
NO_SHARES = 1e-9
_ROUNDING = 1e-12


def rounding_of(shares: float) -> float:
    """Return what is no share where so many were held."""
    return max(NO_SHARES, _ROUNDING * abs(shares))


class Bars(Protocol):
    """What the check needs of the bars; `market_data.panel.BarPanel` is one.

    Arrays have shape (n_sessions, n_symbols); NaN prices where a symbol has no bar.
    """

    sessions: pd.DatetimeIndex
    symbols: Sequence[str]
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    split_ratio: np.ndarray
    dividend: np.ndarray


@dataclass(frozen=True, slots=True)
class Replay:
    """The account at the close of each session.

    cash : dollars, shape (n_sessions,). shares : signed, shape (n_sessions, n_symbols).
    """

    sessions: pd.DatetimeIndex
    symbols: tuple[str, ...]
    cash: np.ndarray
    shares: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """Count of symbols held, shape (n_sessions,)."""
        return (np.abs(self.shares) > NO_SHARES).sum(axis=1)

    def values(self, close: np.ndarray) -> np.ndarray:
        """Return the dollars of each position at its last known close, shape (n_sessions, n_symbols).

        close : dollars per share, same shape as `shares`, NaN where a symbol has no bar. NaN in the result: shares
        of a symbol that never had a bar.
        """
        return np.where(np.abs(self.shares) > NO_SHARES, self.shares * last_known(close), 0.0)


def fills_of(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the order log that are fills, in the order they happened."""
    fills = orders[orders["status"].isin(FILL_STATUSES)]
    return fills.sort_values("session", kind="stable", ignore_index=True)


def replay_fills(
    fills: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    symbols: Sequence[str],
    *,
    initial_capital: float,
    actions: pd.DataFrame | None = None,
) -> Replay:
    """Return the account that these fills and actions lead to.

    fills : columns session, symbol, size (signed shares), price (execution price, dollars per share), commission
        (dollars). actions : table of `ledgers.schemas.ACTIONS`; splits change shares, the rest pays dollars.
    sessions : rising; symbols : unique.
    Raises: DataError if a fill or an action is of an unknown session or symbol.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2024-01-02", "2024-01-03"])
    >>> fills = pd.DataFrame({"session": days[1:], "symbol": ["A"], "size": [10.0], "price": [5.0],
    ...                       "commission": [1.0]})
    >>> replay_fills(fills, days, ["A"], initial_capital=100.0).cash.tolist()
    [100.0, 49.0]
    """
    spent = fills["size"].to_numpy(float) * fills["price"].to_numpy(float) + fills["commission"].to_numpy(float)
    cash = np.zeros(len(sessions))
    shares = np.zeros((len(sessions), len(symbols)))
    rows, columns = positions_in(fills, sessions, symbols, "fill")
    np.add.at(cash, rows, -spent)
    np.add.at(shares, (rows, columns), fills["size"].to_numpy(float))
    if actions is not None:
        rows, columns = positions_in(actions, sessions, symbols, "corporate action")
        np.add.at(cash, rows, actions["amount"].to_numpy(float))
        is_split = (actions["kind"] == "split").to_numpy()
        changed = actions["shares"].to_numpy(float)
        np.add.at(shares, (rows[is_split], columns[is_split]), changed[is_split])
    return Replay(
        pd.DatetimeIndex(sessions), tuple(symbols), initial_capital + cash.cumsum(), _positions(shares))


def _positions(bought: np.ndarray) -> np.ndarray:
    """Return the shares held after each session's purchases and sales, 0 where only rounding is left of them."""
    shares = bought.cumsum(axis=0)
    largest = np.maximum.accumulate(np.abs(shares), axis=0)
    is_flat = np.abs(shares) <= np.maximum(NO_SHARES, _ROUNDING * largest)
    return shares - np.nan_to_num(last_known(np.where(is_flat, shares, np.nan)))


def positions_in(
    table: pd.DataFrame, sessions: pd.DatetimeIndex, symbols: Sequence[str], what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column of each row of `table` in a panel of these sessions and symbols."""
    rows = sessions.get_indexer(pd.DatetimeIndex(table["session"]).as_unit(sessions.unit))
    columns = pd.Index(symbols).get_indexer(table["symbol"])
    lost = np.flatnonzero((rows < 0) | (columns < 0))
    if lost.size:
        raise DataError(
            f"{lost.size} rows lie outside the sessions or symbols of the account",
            faults=[f"{what} of {symbol} on {session:%Y-%m-%d}" for symbol, session in
                    zip(table["symbol"].iloc[lost[:10]], table["session"].iloc[lost[:10]], strict=True)])
    return rows, columns


def last_known(values: np.ndarray) -> np.ndarray:
    """Return `values` with each NaN replaced by the last finite value above it, or NaN if there is none."""
    rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)
