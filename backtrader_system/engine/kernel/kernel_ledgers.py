"""The ledgers of a compiled run as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.engine.kernel.records import ACTION_KINDS, KIND, ORDER_ENDS, ORDER_REASONS, ORDER_TYPES, Log


@dataclass(frozen=True, slots=True)
class KernelLedgers:
    """What a compiled run left behind.

    equity : session, cash, equity; one row per session in which any symbol has a bar.
    orders : one row per order, by order_id: session, symbol, size (signed), order_type, price (the level of a resting
        order, else NaN), reason, status (filled, cancelled, rejected, pending_at_end), end_session.
    fills : one row per fill in the order in which they happened: order_id, session, symbol, size (signed), price,
        commission, slippage, order_type, reason, ambiguous.
    actions : session, symbol, kind, ratio, shares, amount. figures : as a row of `sweep`.
    """

    equity: pd.DataFrame
    orders: pd.DataFrame
    fills: pd.DataFrame
    actions: pd.DataFrame
    figures: dict[str, float]


def kernel_ledgers(log: Log, figures: np.void, sessions: pd.DatetimeIndex, symbols: Sequence[str]) -> KernelLedgers:
    """Return the tables of a written log. sessions, symbols : what its rows and columns mean."""
    names = np.array(symbols, dtype=object)
    orders, fills, actions = log.orders, log.fills, log.actions
    is_resting = np.isin(orders["kind"], (KIND.STOP, KIND.TRAIL, KIND.TARGET))
    ended = np.where(orders["end_session"] >= 0, orders["end_session"], 0)
    return KernelLedgers(
        equity=pd.DataFrame({"session": sessions, "cash": log.curve[:, 1], "equity": log.curve[:, 0]}),
        orders=pd.DataFrame({
            "order_id": np.arange(1, len(orders) + 1), **_where(orders, sessions, names), "size": orders["size"],
            "order_type": _words(ORDER_TYPES, orders["kind"]),
            "price": np.where(is_resting, orders["level"], np.nan),
            "reason": _words(ORDER_REASONS, orders["reason"]), "status": _words(ORDER_ENDS, orders["end"]),
            "end_session": pd.Series(sessions[ended]).where(orders["end_session"] >= 0),
        }),
        fills=pd.DataFrame({
            "order_id": fills["order_id"], **_where(fills, sessions, names),
            **{name: fills[name] for name in ("size", "price", "commission", "slippage")},
            "order_type": _words(ORDER_TYPES, fills["kind"]), "reason": _words(ORDER_REASONS, fills["reason"]),
            "ambiguous": fills["is_ambiguous"],
        }),
        actions=pd.DataFrame({
            **_where(actions, sessions, names), "kind": _words(ACTION_KINDS, actions["kind"]),
            "ratio": actions["ratio"], "shares": actions["shares"], "amount": actions["dollars"],
        }),
        figures={name: figures[name].item() for name in figures.dtype.names},
    )


def _where(rows: np.ndarray, sessions: pd.DatetimeIndex, names: np.ndarray) -> dict[str, object]:
    return {"session": sessions[rows["session"]], "symbol": pd.Series(names[rows["column"]], dtype="str")}


def _words(words: Sequence[str], numbers: np.ndarray) -> pd.Series:
    return pd.Series(np.array([str(word) for word in words], dtype=object)[numbers], dtype="str")
