"""Closes of the underlyings as their options' rows tell them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import PRICES, BarPanel, panel_from_table
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.chain_reading.issue_list import IssueList

_MAX_DISAGREEMENT = 0.01        # of the median


def underlying_bars(chain: OptionChain) -> BarPanel:
    """Return the underlyings' bars, all four prices equal to the close, volume 0, as traded (no split is known).

    Sessions are the days on which the chain has any price of an underlying.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-02")
    >>> contracts = pd.DataFrame({"contract": ["A 2024-01-19 P 90"], "underlying": ["A"]})
    >>> quotes = pd.DataFrame({"quote_date": [day], "number": [0], "underlying_price": [100.0]})
    >>> underlying_bars(OptionChain(contracts, quotes)).close.tolist()
    [[100.0]]
    """
    closes = chain.underlying_closes
    if closes is None:
        rows = chain.quotes[["quote_date", "underlying_price"]].assign(underlying=chain.of_contract("underlying"))
        closes = underlying_closes(rows)
    bars = closes.assign(**dict.fromkeys(PRICES, closes["close"]), volume=0.0)
    return panel_from_table(bars)


def underlying_closes(rows: pd.DataFrame, issues: IssueList | None = None) -> pd.DataFrame:
    """Return session, symbol and close of each underlying and day: the median of the rows' prices.

    rows : quote_date, underlying, underlying_price; of calls as well, rows without a price are left out.
    issues : where days are noted whose prices lie more than a hundredth apart.
    """
    price = rows["underlying_price"].to_numpy()
    with np.errstate(invalid="ignore"):
        is_used = (price > 0) & np.isfinite(price) & rows["quote_date"].notna().to_numpy()
    is_used &= (rows["underlying"] != "").to_numpy()
    used = rows.loc[is_used, ["quote_date", "underlying", "underlying_price"]]
    grouped = used.groupby(["underlying", "quote_date"], sort=True)["underlying_price"]
    days = grouped.agg(["median", "min", "max"]).reset_index()
    if issues is not None:
        apart = ((days["max"] - days["min"]) > _MAX_DISAGREEMENT * days["median"]).to_numpy()
        if apart.any():
            worst = days.iloc[int(np.argmax(apart))]
            issues.note("warning", "underlying_disagrees", int(apart.sum()),
                        f"{worst['underlying']} on {worst['quote_date'].date()}: {worst['min']:g} to {worst['max']:g}")
    return pd.DataFrame({"session": days["quote_date"].astype("datetime64[ns]"), "symbol": days["underlying"],
                         "close": days["median"]})
