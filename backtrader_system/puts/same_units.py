"""Whether strikes and bars speak of the same thing: the quotes' own prices of the underlying against the bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import ChainIssue, OptionChain

ALLOWED = 0.01          # of the price: quotes are taken at another minute than the close
ODD = 0.02              # a single day beyond it is reported


def with_checked_units(chain: OptionChain, bars: BarPanel, *, leaves_out: bool = False) -> OptionChain:
    """Return the chain with an issue for days on which quotes and bars disagree on the price of an underlying.

    Adjusted bars, of splits or of dividends, are in other units than the strikes of their time: every outcome would be
    wrong. A chain that gives no price of its underlyings cannot be checked; that is an issue, too.
    leaves_out : an underlying of which half of the days differ by more than 1 % is left out, with an issue, instead of
        refused: a store that is filled for years outlives a split.
    Raises: DataError for such an underlying unless `leaves_out`, or if none is left.
    """
    days = _both_prices(chain, bars)
    if days.empty:
        return replace(chain, issues=(*chain.issues, ChainIssue(
            "warning", "unchecked_units", "", len(chain.quotes), "the quotes give no price of their underlyings",
            "make sure that the bars are raw prices, in the units of the strikes")))
    ratio = days["close"] / days["quoted"]
    off = (ratio - 1).abs()
    typical = off.groupby(days["underlying"]).median()
    faults = [f"{name}: bars over quotes {ratio[days['underlying'] == name].median():.3f} on the median of "
              f"{(days['underlying'] == name).sum():,} days, as on {_first(days, name)}"
              for name in typical.index[typical > ALLOWED]]
    wrong = list(typical.index[typical > ALLOWED])
    if wrong and leaves_out and set(wrong) < set(chain.contracts["underlying"]):
        rest = chain.of_underlyings(set(chain.contracts["underlying"]) - set(wrong))
        issue = ChainIssue("excluded", "other_units", "", len(wrong), faults[0],
                           "bars and strikes are in different units, after a split most likely: collect it anew")
        return with_checked_units(replace(rest, issues=(*rest.issues, issue)), bars)
    if faults:
        raise DataError(
            "bars and strikes are in different units, so no outcome could be believed. Give raw bars (data.prices: raw "
            "with data.corporate_actions), or take the quotes' own prices (puts.underlying_prices: quotes)",
            faults=faults)
    odd = np.flatnonzero((off > ODD).to_numpy())
    if not odd.size:
        return chain
    row = days.iloc[odd[0]]
    return replace(chain, issues=(*chain.issues, ChainIssue(
        "warning", "underlying_mismatch", "", len(odd),
        f"{row['underlying']} on {row['quote_date']:%Y-%m-%d}: {row['quoted']:g} by the quotes, {row['close']:g} by "
        "the bars", "a split or a bad price in one of them? outcomes around that day may be wrong")))


def _both_prices(chain: OptionChain, bars: BarPanel) -> pd.DataFrame:
    """Return quote_date, underlying, quoted, close: one row per day and underlying that both know."""
    quotes = chain.quotes
    table = pd.DataFrame({
        "quote_date": quotes["quote_date"], "underlying": chain.of_contract("underlying"),
        "quoted": quotes["underlying_price"]})
    table = table[table["quoted"] > 0].drop_duplicates(["quote_date", "underlying"])
    row = bars.sessions.get_indexer(pd.DatetimeIndex(table["quote_date"]).as_unit(bars.sessions.unit))
    column = pd.Index(bars.symbols).get_indexer(table["underlying"])
    is_known = (row >= 0) & (column >= 0)
    table = table[is_known].assign(close=bars.close[row[is_known], column[is_known]])
    return table[np.isfinite(table["close"])].reset_index(drop=True)


def _first(days: pd.DataFrame, name: str) -> str:
    row = days[days["underlying"] == name].iloc[0]
    return f"{row['quote_date']:%Y-%m-%d}: {row['quoted']:g} by the quotes, {row['close']:g} by the bars"
