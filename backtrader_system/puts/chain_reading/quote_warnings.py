"""Quotes that may be true but deserve a look: they are kept and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain_reading.chain_columns import PRICES
from backtrader_system.puts.chain_reading.issue_list import IssueList
from backtrader_system.puts.pricing.clocks import years_to_expiry
from backtrader_system.settings.puts import QuoteSettings

# A price below intrinsic value by less than this share of the strike is a matter of moments, not of faults.
_INTRINSIC_TOLERANCE = 0.001
# Puts cheaper than this share of the strike stand still for good reason.
_CHEAP = 0.005
_JUMP = np.log(1.4)
_MAX_GAP_DAYS = 10


def warn_of_quotes(rows: pd.DataFrame, quotes: QuoteSettings, issues: IssueList) -> None:
    """Note missing bids, wide spreads, stale prices and prices below the intrinsic value.

    rows : possible puts with their `number`, one per day and contract.
    """
    bid, ask, last = (rows[name].to_numpy() for name in PRICES)
    with np.errstate(invalid="ignore"):
        if np.isnan(bid).all() and np.isnan(ask).all():
            issues.add("warning", "last_price_only", rows, np.ones(len(rows), dtype=bool), "last")
        else:
            issues.add("info", "no_bid", rows, ~(bid > 0), *PRICES)
            issues.add("info", "wide_spread", rows, (bid > 0) & (ask > quotes.max_spread_ratio * bid), "bid", "ask")
        price = np.where(np.isnan(ask), last, ask)
        is_below = price < _least_value(rows, quotes) - _INTRINSIC_TOLERANCE * rows["strike"].to_numpy()
    issues.add("warning", "put_below_intrinsic", rows, is_below, *PRICES, "underlying_price")
    issues.add("warning", "stale_quote", rows, stale_quotes(rows, quotes.max_stale_sessions), *PRICES)


def stale_quotes(rows: pd.DataFrame, max_stale_sessions: int) -> np.ndarray:
    """Return which quotes repeat the contract's last ones for longer than allowed, while the underlying moved.

    Each quote is judged by itself and the contract's quotes before it. Shape (n_rows,).
    """
    order = np.lexsort((rows["quote_date"].to_numpy(), rows["number"].to_numpy()))
    number, spot = rows["number"].to_numpy()[order], rows["underlying_price"].to_numpy()[order]
    prices = rows[list(PRICES)].to_numpy()[order]
    same = np.zeros(order.size, dtype=bool)
    equal = (prices[1:] == prices[:-1]) | (np.isnan(prices[1:]) & np.isnan(prices[:-1]))
    same[1:] = (number[1:] == number[:-1]) & equal.all(axis=1) & (spot[1:] != spot[:-1])
    positions = np.arange(order.size)
    run_start = np.maximum.accumulate(np.where(same, 0, positions))
    dearest = np.fmax.reduce(prices, axis=1)
    is_stale = (positions - run_start > max_stale_sessions) & (dearest > _CHEAP * rows["strike"].to_numpy()[order])
    found = np.empty(order.size, dtype=bool)
    found[order] = is_stale
    return found


def warn_of_underlyings(closes: pd.DataFrame, rows: pd.DataFrame, issues: IssueList) -> None:
    """Note one-day moves beyond 40 % and underlyings that vanish before their contracts expire.

    closes : session, symbol, close, sorted by symbol and session. rows : as for `warn_of_quotes`.
    """
    symbol, session = closes["symbol"].to_numpy(), closes["session"].to_numpy()
    follows = (symbol[1:] == symbol[:-1]) & (np.diff(session) <= np.timedelta64(_MAX_GAP_DAYS, "D"))
    moved = np.abs(np.diff(np.log(closes["close"].to_numpy()))) > _JUMP
    jumps = np.flatnonzero(follows & moved)
    if jumps.size:
        day = closes.iloc[jumps[0] + 1]
        issues.note("warning", "underlying_jump", jumps.size,
                    f"{day['symbol']} on {day['session'].date()}: {closes['close'].iloc[jumps[0]]:g} to "
                    f"{day['close']:g}")
    last = rows.groupby("underlying")["quote_date"].max()
    ended = last[last < rows["quote_date"].max() - np.timedelta64(_MAX_GAP_DAYS, "D")]
    alive = rows[["underlying", "expiry", "number"]].drop_duplicates("number")
    lost = alive[(alive["underlying"].isin(ended.index) & (alive["expiry"] > alive["underlying"].map(last))).to_numpy()]
    if len(lost):
        name = lost["underlying"].iloc[0]
        issues.note("warning", "underlying_ends", len(lost),
                    f"{name}, last quoted on {ended[name].date()}, contracts to {lost['expiry'].max().date()}")


def warn_of_calendar(rows: pd.DataFrame, sessions: pd.DatetimeIndex, issues: IssueList) -> None:
    """Note quotes on days that are no session of the exchange."""
    issues.add("warning", "off_calendar", rows, ~rows["quote_date"].isin(sessions).to_numpy())


def _least_value(rows: pd.DataFrame, quotes: QuoteSettings) -> np.ndarray:
    strike, spot = rows["strike"].to_numpy(), rows["underlying_price"].to_numpy()
    if quotes.style == "american":
        return strike - spot
    years = years_to_expiry(rows["quote_date"].to_numpy(), rows["expiry"].to_numpy())
    return strike * np.exp(-quotes.risk_free_rate * years) - spot * np.exp(-quotes.dividend_yield * years)
