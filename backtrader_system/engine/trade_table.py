"""Every trade, flat to flat in one symbol, as a table made after the run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import pandas as pd

from backtrader_system.engine.bar_columns import date_of
from backtrader_system.ledgers.round_trips import ActionRecord, FillRecord, Mark, round_trips


def trade_table(fills: Iterable[FillRecord], corporate_actions: Iterable[tuple], feeds: Iterable[Any]) -> pd.DataFrame:
    """Return the trade blotter, sorted by entry session and symbol; see `backtrader_system.ledgers.round_trips`.

    fills : in the order they happened. corporate_actions : as `ContractBroker` keeps them. feeds : where the run left
    them, so that open trades are marked to the last close.
    """
    by_name = {data._name: data for data in feeds}
    actions = [
        ActionRecord(date_of(number), symbol, kind, shares, dollars,
                     bisect_right(by_name[symbol].datetime.array, number, 0, len(by_name[symbol])))
        for number, symbol, kind, _, shares, dollars in corporate_actions
    ]
    marks = {name: Mark(data.close[0], len(data)) for name, data in by_name.items() if len(data)}
    return round_trips(fills, actions, marks)
