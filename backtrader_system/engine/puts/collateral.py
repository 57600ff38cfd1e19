"""What one short put blocks of the account, quote by quote."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.margin import margin_per_contract, past_worst_decline
from backtrader_system.settings.puts import SellingSettings

_A_YEAR = np.timedelta64(364, "D")      # whole weeks, so that weekdays stay


def collateral_per_contract(
    day: np.ndarray, place: np.ndarray, terms: pd.DataFrame, underlyings: BarPanel, settings: SellingSettings
) -> np.ndarray:
    """Return the money that one short contract blocks after each quote, shape (n_quotes,).

    day : datetime64, of each quote. place : its row in `terms` (underlying, strike, multiplier, expiry). underlyings :
        bars with all history there is.
    cash_secured: strike * multiplier. margin: the owner's formula at the close of the day, with the worst fall of the
    past within as many sessions as are left; its buffer is added where an ex-day lay in the same days a year before,
    for coming ones are not known. A contract whose underlying has no history is cash secured.

    Timing: uses closes and dividends up to the day of the quote.
    """
    put = terms.iloc[place]
    strike, multiplier = put["strike"].to_numpy(dtype=float), put["multiplier"].to_numpy(dtype=float)
    secured = strike * multiplier
    if settings.collateral == "cash_secured":
        return secured
    row = underlyings.sessions.searchsorted(pd.DatetimeIndex(day), side="right") - 1
    column = pd.Index(underlyings.symbols).get_indexer(put["underlying"])
    expiry = put["expiry"].to_numpy().astype("datetime64[D]")
    today = np.asarray(day).astype("datetime64[D]")
    ahead = np.maximum(np.busday_count(today, expiry), 1)
    close = pd.DataFrame(underlyings.close).ffill().to_numpy()
    decline = np.full(len(place), np.nan)
    for sessions in np.unique(ahead):
        which = np.flatnonzero((ahead == sessions) & (row >= 0) & (column >= 0))
        decline[which] = past_worst_decline(underlyings.close, int(sessions))[row[which], column[which]]
    has_event = _ex_days(underlyings, column, today - _A_YEAR, expiry - _A_YEAR) > 0
    margin = margin_per_contract(
        close[row, column], strike, decline, settings, has_event=has_event, multiplier=multiplier)
    return np.where(np.isfinite(margin), margin, secured)


def _ex_days(underlyings: BarPanel, column: np.ndarray, after: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return how many ex-dividend days each underlying had after one day and until another."""
    days = underlyings.sessions.to_numpy().astype("datetime64[D]")
    paid = np.vstack([np.zeros((1, underlyings.shape[1]), dtype=int), np.cumsum(underlyings.dividend > 0, axis=0)])
    first, last = (np.searchsorted(days, day, side="right") for day in (after, until))
    return np.where(column >= 0, paid[last, column] - paid[first, column], 0)
