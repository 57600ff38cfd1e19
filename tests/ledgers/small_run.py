"""A written-out run of seven sessions and two symbols, with the ledgers a right engine would write."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, ORDERS, TRADES, ledger_table

NAN = float("nan")
DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09",
                         "2024-01-10"])


class SmallBars:
    """A splits 2:1 on the 8th and pays 0.50 on the 9th; B has no bar on the 5th and ends on the 9th."""

    def __init__(self) -> None:
        self.sessions, self.symbols = DAYS, ("A", "B")
        self.open = np.array([[100, 20], [101, 21], [102, 22], [104, NAN], [52, 23], [53, 24], [54, NAN]])
        self.high = np.array([[102, 21], [103, 22], [105, 23], [106, NAN], [54, 24], [55, 25], [56, NAN]])
        self.low = np.array([[99, 19], [100, 20], [101, 21], [103, NAN], [51, 22], [52, 23], [53, NAN]])
        self.close = np.array(
            [[101, 20.5], [102, 21.5], [104, 22.5], [105, NAN], [53, 23.5], [54, 24.5], [55, NAN]])
        self.split_ratio, self.dividend = np.ones((7, 2)), np.zeros((7, 2))
        self.split_ratio[4, 0] = 2.0
        self.dividend[5, 0] = 0.5


def event(order_id: int, number: int, day: int, symbol: str, size: float, kind: str, price: float, status: str,
          commission: float = 0.0, slippage: float = 0.0, reason: str = "") -> dict[str, object]:
    return {"order_id": order_id, "event": number, "session": DAYS[day], "symbol": symbol,
            "side": "buy" if size > 0 else "sell", "size": float(size), "order_type": kind, "price": price,
            "commission": commission, "slippage": slippage, "status": status, "reason": reason}


def orders() -> pd.DataFrame:
    return ledger_table(ORDERS, [
        event(1, 1, 0, "A", 10, "market", NAN, "submitted"),
        event(1, 2, 1, "A", 10, "market", 101.1, "filled", 2.0, 1.0),           # open 101 + 0.10 slippage
        event(2, 1, 0, "B", 50, "market", NAN, "submitted"),
        event(2, 2, 1, "B", 30, "market", 21.0, "partly_filled", 1.0),
        event(2, 3, 2, "B", 20, "market", 22.0, "filled", 1.0),
        event(3, 1, 1, "A", -10, "stop", 95.0, "submitted", reason="stop"),
        event(3, 2, 4, "A", -20, "stop", 47.5, "adjusted", reason="split 2"),
        event(3, 3, 5, "A", -20, "stop", 47.5, "cancelled", reason="position closed"),
        event(4, 1, 4, "A", -20, "market", NAN, "submitted", reason="sell signal"),
        event(4, 2, 5, "A", -20, "market", 52.9, "filled", 2.0, 2.0, "sell signal"),    # open 53 - 0.10
        event(5, 1, 5, "A", 5, "market", NAN, "submitted"),
        event(5, 2, 6, "A", 5, "market", 54.0, "filled", 1.0),
        event(6, 1, 6, "B", -50, "market", NAN, "submitted", reason="delisted"),
        event(6, 2, 6, "B", -50, "market", 24.5 * 0.9, "filled", 1.0, reason="delisted"),
        event(7, 1, 6, "A", -5, "stop", 50.0, "submitted", reason="stop"),
        event(7, 2, 6, "A", -5, "stop", 50.0, "pending_at_end", reason="the data end"),
    ])


def actions() -> pd.DataFrame:
    return ledger_table(ACTIONS, [
        {"session": DAYS[4], "symbol": "A", "kind": "split", "ratio": 2.0, "shares": 10.0, "amount": 0.0},
        {"session": DAYS[5], "symbol": "A", "kind": "dividend", "ratio": 1.0, "shares": 20.0, "amount": 10.0},
    ])


# Dollars at each close: cash, then shares of A and of B at their last closes.
CASH = np.cumsum([10_000, -1_011 - 2 - 630 - 1, -440 - 1, 0, 0, 10 + 1_058 - 2, -270 - 1 + 1_102.5 - 1])
VALUES_OF_A = np.array([0, 10 * 102, 10 * 104, 10 * 105, 20 * 53, 0, 5 * 55])
VALUES_OF_B = np.array([0, 30 * 21.5, 50 * 22.5, 50 * 22.5, 50 * 23.5, 50 * 24.5, 0])


def equity() -> pd.DataFrame:
    value = VALUES_OF_A + VALUES_OF_B
    level = CASH + value
    return ledger_table(EQUITY, pd.DataFrame({
        "session": DAYS, "cash": CASH, "positions_value": value, "equity": level,
        "return": level / np.array([10_000, *level[:-1]]) - 1,
        "drawdown": level / np.maximum.accumulate(np.maximum(level, 10_000)) - 1,
        "gross_exposure": value / level, "net_exposure": value / level, "positions": [0, 2, 2, 2, 2, 1, 1]}))


def trades() -> pd.DataFrame:
    def row(number: int, symbol: str, entry: int, leave: int | None, size: float, entry_price: float,
            exit_price: float, gross: float, commission: float, slippage: float, dividends: float, bars: int,
            reason: str) -> dict[str, object]:
        net = gross + dividends - commission - slippage
        return {
            "trade_id": number, "symbol": symbol, "status": "open" if leave is None else "closed",
            "entry_session": DAYS[entry], "entry_price": entry_price,
            "exit_session": pd.NaT if leave is None else DAYS[leave], "exit_price": exit_price, "size": size,
            "gross_pnl": gross, "commission": commission, "slippage": slippage, "dividends": dividends,
            "net_pnl": net, "return": net / (entry_price * size), "bars_held": bars, "exit_reason": reason,
            "score": 0.5, "probability": NAN, "ml_enhanced": False, "ambiguous": False}

    cost_of_b = 30 * 21 + 20 * 22
    return ledger_table(TRADES, [
        row(1, "A", 1, 5, 10, 101.1, 52.9, 20 * 53 - 10 * 101, 4.0, 3.0, 10.0, 4, "sell signal"),
        row(2, "B", 1, 6, 50, cost_of_b / 50, 24.5 * 0.9, 50 * 24.5 * 0.9 - cost_of_b, 3.0, 0.0, 0.0, 3, "delisted"),
        row(3, "A", 6, None, 5, 54.0, NAN, 5 * (55 - 54), 1.0, 0.0, 0.0, 0, ""),
    ])


def check(**changed: object) -> list[str]:
    """Return the discrepancies of the small run with some of its tables changed."""
    tables = {"bars": SmallBars(), "orders": orders(), "trades": trades(), "equity": equity(), "actions": actions()}
    options = {"initial_capital": 10_000.0, "delisting_haircut_fraction": 0.1}
    for name, value in changed.items():
        (tables if name in tables else options)[name] = value
    return reconcile(*tables.values(), **options)
