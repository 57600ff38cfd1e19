"""Bid and ask for files that give a last price only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backtrader_system.puts.chain import ChainIssue, OptionChain

ASSUMED_SPREAD = "assumed_spread"


def with_assumed_spread(chain: OptionChain, half_spread_fraction: float) -> OptionChain:
    """Return the chain with bid and ask around the last price where a quote has neither, and an issue that says so.

    half_spread_fraction : of the last price. A seller who filled at the last price would pay no spread at all.

    Examples
    --------
    >>> import pandas as pd
    >>> quotes = pd.DataFrame({"bid": [np.nan], "ask": [np.nan], "last": [2.0]})
    >>> with_assumed_spread(OptionChain(pd.DataFrame(), quotes), 0.05).quotes[["bid", "ask"]].values.tolist()
    [[1.9, 2.1]]
    """
    quotes = chain.quotes
    is_bare = (quotes["bid"].isna() & quotes["ask"].isna() & quotes["last"].notna()).to_numpy()
    if not is_bare.any():
        return chain
    last = quotes["last"].to_numpy(dtype=float)
    sides = {name: np.where(is_bare, last * (1 + sign * half_spread_fraction), quotes[name])
             for name, sign in (("bid", -1), ("ask", 1))}
    issue = ChainIssue(
        "warning", ASSUMED_SPREAD, "", int(is_bare.sum()), f"last {last[is_bare][0]:g}",
        f"bid and ask are assumed {half_spread_fraction:.1%} below and above the last price; real spreads may be wider")
    return replace(chain, quotes=quotes.assign(**sides), issues=(*chain.issues, issue))
