"""Whether the trade blotter is what the fills give."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.discrepancies import capped, differs, discrepancy, place
from backtrader_system.ledgers.replay import Bars
from backtrader_system.ledgers.trade_grouping import grouped_trades

_DOLLARS = ("gross_pnl", "commission", "slippage", "dividends", "net_pnl")
_PER_SHARE = ("size", "entry_price", "exit_price", "return", "bars_held")
# Sums of dollars may be taken in another order; the last bits differ.
_ROUNDING = 1e-8


def trade_discrepancies(
    bars: Bars, orders: pd.DataFrame, actions: pd.DataFrame, trades: pd.DataFrame
) -> list[str]:
    """Return where the blotter differs from an own grouping of the fills, in words."""
    own, found = _in_order(grouped_trades(bars, orders, actions)), _in_order(trades)
    lines = _unmatched(own, found)
    if lines:
        return capped(lines)
    value = np.abs(own["size"] * own["entry_price"]).to_numpy(float)
    for name in (*_DOLLARS, *_PER_SHARE):
        expected, booked = own[name].to_numpy(float), found[name].to_numpy(float)
        scale = value if name in _DOLLARS else np.abs(np.nan_to_num(expected))
        wrong = np.flatnonzero(differs(expected, booked, _ROUNDING * np.maximum(scale, 1.0)))
        lines += capped([_line(found, row, name, float(expected[row]), float(booked[row])) for row in wrong])
    for name in ("status", "exit_session"):
        same = (own[name] == found[name]) | (own[name].isna() & found[name].isna())
        lines += capped([_line(found, row, name, own[name][row], found[name][row])
                         for row in np.flatnonzero(~same)])
    return lines


def _in_order(trades: pd.DataFrame) -> pd.DataFrame:
    """Sort by symbol and time; an exit in the entry session comes before a later trade of the same session."""
    return trades.sort_values(["symbol", "entry_session", "exit_session"], kind="stable").reset_index(drop=True)


def _unmatched(own: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    key = ["symbol", "entry_session"]
    numbered = [
        pd.DataFrame({"symbol": table["symbol"].astype("str"), "entry_session": pd.to_datetime(table["entry_session"]),
                      "number": table.groupby(key).cumcount().to_numpy()}) for table in (own, found)]
    both = numbered[0].merge(numbered[1], how="outer", indicator="where").query("where != 'both'")
    return [
        discrepancy(place(row["entry_session"], row["symbol"]), "trade",
                    "a trade from the fills" if row["where"] == "left_only" else "none",
                    "none in the blotter" if row["where"] == "left_only" else "a trade in the blotter")
        for _, row in both.iterrows()]


def _line(trades: pd.DataFrame, row: int, name: str, expected: object, found: object) -> str:
    where = f"{place(trades['entry_session'][row], trades['symbol'][row])} trade {trades['trade_id'][row]}"
    return discrepancy(where, name, expected, found)
