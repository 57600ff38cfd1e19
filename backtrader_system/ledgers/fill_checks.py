"""Whether each fill could have happened in its bar, and not before its order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.discrepancies import capped, differs, discrepancy, place
from backtrader_system.ledgers.put_facts import EXPIRY
from backtrader_system.ledgers.replay import Bars, fills_of, last_known, positions_in
from backtrader_system.ledgers.schemas import OrderStatus

DELISTED = "delisted"
AT_NEXT_BAR = ("market", "close")

# Slippage is kept in dollars per fill; going back to a price per share costs some bits.
_PRICE_ROUNDING = 1e-9


def market_prices(fills: pd.DataFrame) -> np.ndarray:
    """Return the prices of fills before slippage, dollars per share, shape (n_fills,)."""
    size = fills["size"].to_numpy(float)
    return fills["price"].to_numpy(float) - fills["slippage"].to_numpy(float) / size


def fill_discrepancies(
    bars: Bars, orders: pd.DataFrame, haircut_fraction: float, *, settles_puts: bool = False
) -> list[str]:
    """Return the fills that cannot have happened, in words.

    haircut_fraction : loss against the last close at which a delisted position is closed.
    settles_puts : do not judge the fills of orders of type `expiry`.
    """
    fills = fills_of(orders)
    if settles_puts:
        fills = fills[fills["order_type"] != EXPIRY].reset_index(drop=True)
    if fills.empty:
        return []
    is_forced = (fills["reason"] == DELISTED).to_numpy()
    lines = _prices(bars, fills[~is_forced]) + _delistings(bars, fills[is_forced], haircut_fraction)
    return lines + _times(orders, fills[~is_forced])


def _prices(bars: Bars, fills: pd.DataFrame) -> list[str]:
    rows, columns = positions_in(fills, bars.sessions, bars.symbols, "fill")
    price, low, high = market_prices(fills), bars.low[rows, columns], bars.high[rows, columns]
    has_bar = np.isfinite(bars.close[rows, columns])
    slack = _PRICE_ROUNDING * np.abs(fills["price"].to_numpy(float))
    outside = has_bar & ~((price >= low - slack) & (price <= high + slack))
    lines = [discrepancy(_place(fills, i), "fill", "no fill without a bar", "a fill")
             for i in np.flatnonzero(~has_bar)]
    return capped(lines) + capped([
        discrepancy(_place(fills, i), "fill price before slippage", f"within the bar's {low[i]:g} to {high[i]:g}",
                    float(price[i])) for i in np.flatnonzero(outside)])


def _delistings(bars: Bars, fills: pd.DataFrame, haircut_fraction: float) -> list[str]:
    if fills.empty:
        return []
    rows, columns = positions_in(fills, bars.sessions, bars.symbols, "fill")
    # A long position, closed by a sale, loses the haircut; a short one pays it.
    expected = last_known(bars.close)[rows, columns] * (1 + haircut_fraction * np.sign(fills["size"].to_numpy(float)))
    found = market_prices(fills)
    lines = [discrepancy(_place(fills, i), "price of the closed delisted position", float(expected[i]), float(found[i]))
             for i in np.flatnonzero(differs(expected, found, _PRICE_ROUNDING * np.abs(expected)))]
    still_trades = [np.isfinite(bars.close[row:, column]).any() for row, column in zip(rows, columns, strict=True)]
    lines += [discrepancy(_place(fills, i), "closed as delisted", "no further bar", "a bar in or after this session")
              for i in np.flatnonzero(still_trades)]
    return capped(lines)


def _times(orders: pd.DataFrame, fills: pd.DataFrame) -> list[str]:
    submitted = orders[orders["status"] == OrderStatus.SUBMITTED].drop_duplicates("order_id")
    sent = fills["order_id"].map(submitted.set_index("order_id")["session"])
    at_next_bar = fills["order_type"].isin(AT_NEXT_BAR)
    same = fills["session"] == sent
    # A protective order is born of an entry's fill; in that session it may close what the entry opened.
    keys = pd.MultiIndex.from_arrays([fills["session"], fills["symbol"], np.sign(fills["size"])])
    opposite = pd.MultiIndex.from_arrays([fills["session"], fills["symbol"], -np.sign(fills["size"])])
    has_entry = pd.Series(opposite.isin(keys), index=fills.index)
    too_early = (fills["session"] < sent) | (same & (at_next_bar | ~has_entry))
    return capped([
        discrepancy(f"{place(row['session'], row['symbol'])} order {row['order_id']}", "session of the fill",
                    f"later than its submission on {sent[number]:%Y-%m-%d}", f"{row['session']:%Y-%m-%d}")
        for number, row in fills[too_early].iterrows()])


def _place(fills: pd.DataFrame, number: int) -> str:
    fill = fills.iloc[number]
    return f"{place(fill['session'], fill['symbol'])} order {fill['order_id']}"
