"""A Backtrader feed of one put contract: its quotes, and its expiry as an event line."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.bar_columns import SIGNAL_LINES
from backtrader_system.engine.feeds import ScoredBars

# Lines beside those of `ScoredBars`. Money is per contract, multiplier inside.
PUT_LINES = {
    "bid": np.nan,
    "half_spread": np.nan,      # half of ask - bid
    "days_to_expiry": np.nan,   # calendar days
    "collateral": np.nan,       # blocked by one short contract
    "is_quoted": 1.0,           # 0: a bar without a quote, which only says how the contract ended
    "event": 0.0,               # a PutEvent, after the close of the session
    "settlement": np.nan,       # what the event costs the seller
}


class OptionQuotes(ScoredBars):
    """The quotes of one put contract, one a day, as a feed.

    dataname : as of `ScoredBars`, with any of `PUT_LINES` as further columns. Prices are money per contract, that is
        quote times multiplier, because Backtrader values a position as size times price: a size of -3 is three
        contracts sold. open = high = low = close = the mid of the day; in the expiry session the close is the payoff.
    terms : PutTerms of the contract.

    direction is 1 on days on which the contract may be sold; score and probability are those of its recommendation.

    Timing: a quote, and so each line, is known after the close of its session; `event` acts after that close, before
    the next decision.

    Examples
    --------
    >>> from datetime import date
    >>> import backtrader as bt
    >>> import pandas as pd
    >>> from backtrader_system.engine.puts.terms import PutTerms
    >>> terms = PutTerms("A P 90", "A", 90.0, date(2024, 1, 19))
    >>> frame = pd.DataFrame(
    ...     {"open": [110.0], "high": [110.0], "low": [110.0], "close": [110.0], "bid": [100.0], "half_spread": [10.0]},
    ...     index=pd.DatetimeIndex(["2024-01-02"]))
    >>> cerebro = bt.Cerebro()
    >>> _ = cerebro.adddata(OptionQuotes(dataname=frame, name=terms.contract, terms=terms))
    """

    lines = tuple(PUT_LINES)
    params = (("terms", None),)
    neutral_lines = SIGNAL_LINES | PUT_LINES

    def __init__(self) -> None:
        super().__init__()
        self.terms = self.p.terms
