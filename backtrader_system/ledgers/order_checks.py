"""Whether each order of the log lived a possible life."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.discrepancies import capped, discrepancy, place
from backtrader_system.ledgers.schemas import FILL_STATUSES, TERMINAL_STATUSES, OrderStatus

_ROUNDING = 1e-6


def order_discrepancies(orders: pd.DataFrame) -> list[str]:
    """Return what is impossible in the order log, in words.

    orders : table of `ledgers.schemas.ORDERS`. Each order is submitted first and once, ends once with nothing but
    adjustments after it, has one symbol and one side, and fills no more shares than were ordered.
    """
    if orders.empty:
        return []
    orders = orders.sort_values(["order_id", "event"], kind="stable").reset_index(drop=True)
    return [*_sides(orders), *_beginnings(orders), *_endings(orders), *_overfills(orders)]


def _name(row: pd.Series) -> str:
    return f"{place(row['session'], row['symbol'])} order {row['order_id']}"


def _sides(orders: pd.DataFrame) -> list[str]:
    side = np.where(orders["size"] > 0, "buy", "sell")
    wrong = orders[(orders["side"] != side) & (orders["size"] != 0)]
    lines = [discrepancy(_name(row), "side", "buy" if row["size"] > 0 else "sell", row["side"])
             for _, row in wrong.iterrows()]
    first = orders.groupby("order_id")[["symbol", "side"]].transform("first")
    mixed = orders[(orders["symbol"] != first["symbol"]) | (orders["side"] != first["side"])]
    lines += [discrepancy(_name(row), "symbol and side of its first event",
                          f"{first.loc[number, 'symbol']} {first.loc[number, 'side']}",
                          f"{row['symbol']} {row['side']}")
              for number, row in mixed.iterrows()]
    return capped(lines)


def _beginnings(orders: pd.DataFrame) -> list[str]:
    is_first = ~orders.duplicated("order_id")
    is_submitted = orders["status"] == OrderStatus.SUBMITTED
    wrong = orders[is_first != is_submitted]
    return capped([
        discrepancy(_name(row), "first event" if row["status"] != OrderStatus.SUBMITTED else "later event",
                    "submitted" if row["status"] != OrderStatus.SUBMITTED else "no second submission", row["status"])
        for _, row in wrong.iterrows()])


def _endings(orders: pd.DataFrame) -> list[str]:
    is_end = orders["status"].isin(TERMINAL_STATUSES)
    n_ends = is_end.groupby(orders["order_id"]).sum()
    last = orders.drop_duplicates("order_id", keep="last").set_index("order_id", drop=False)
    lines = [discrepancy(_name(last.loc[order_id]), "terminal events", 1, int(count))
             for order_id, count in n_ends[n_ends != 1].items()]
    ended_before = is_end.groupby(orders["order_id"]).cumsum() - is_end > 0
    after = orders[ended_before & ~is_end & (orders["status"] != OrderStatus.ADJUSTED)]
    lines += [discrepancy(_name(row), "event after the end of the order", "none", row["status"])
              for _, row in after.iterrows()]
    return capped(lines)


def _overfills(orders: pd.DataFrame) -> list[str]:
    """A split restates what is left of an order before the open, so only fills from then on count against it."""
    states = orders[orders["status"].isin((OrderStatus.SUBMITTED, OrderStatus.ADJUSTED))]
    stated = states.drop_duplicates("order_id", keep="last").set_index("order_id")
    fills = orders[orders["status"].isin(FILL_STATUSES) & orders["order_id"].isin(stated.index)]
    limits = stated.loc[fills["order_id"]]
    counts = (limits["status"].to_numpy() == OrderStatus.SUBMITTED) | (
        fills["session"].to_numpy() >= limits["session"].to_numpy())
    filled = fills[counts].groupby("order_id")["size"].sum().abs()
    ordered = stated["size"].abs().reindex(filled.index)
    final = fills.drop_duplicates("order_id", keep="last").set_index("order_id")
    too_many = filled[filled > ordered * (1 + _ROUNDING)].index
    complete = final.index[final["status"] == OrderStatus.FILLED].intersection(filled.index)
    too_few = complete[filled[complete] < ordered[complete] * (1 - _ROUNDING)]
    return capped([
        discrepancy(f"{place(final.loc[number, 'session'], final.loc[number, 'symbol'])} order {number}",
                    "shares filled", f"{limit} {ordered[number]:g}", float(filled[number]))
        for limit, numbers in (("at most", too_many), ("all", too_few)) for number in numbers])
