"""Faults of a chain file, collected with their counts and a first example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import ChainIssue

ADVICE = {
    "call": "nothing to do: only puts are read",
    "bad_right": "write P or C",
    "bad_quote_date": "write dates as YYYY-MM-DD, one quote a day",
    "bad_expiry": "write dates as YYYY-MM-DD",
    "bad_strike": "a strike is a number above 0",
    "bad_number": "write numbers as 1234.5, without currency or separators",
    "no_underlying": "name the underlying of each row",
    "negative_price": "prices are never below 0: ask the source",
    "crossed_quote": "the bid lies above the ask: two moments in one row, or columns exchanged",
    "no_price": "neither bid and ask nor a last price: open interest alone is no quote",
    "quoted_after_expiry": "the contract had ended: the source repeats its last row",
    "repeated_quote": "the same row twice: the last one is kept",
    "duplicate_quote": "one day, one contract, different prices: likely a contract adjusted by a corporate action that "
                       "took the strike of a new one; give a column contract or multiplier to tell them apart",
    "last_price_only": "no bid and no ask in the whole file: sales at the last price flatter the seller",
    "no_bid": "nobody bids: such a put cannot be sold that day",
    "wide_spread": "above quotes.max_spread_ratio: not sold; the mid is no price that one gets",
    "stale_quote": "the same prices while the underlying moved: they may not be real, see quotes.max_stale_sessions",
    "put_below_intrinsic": "the price lies below what exercise pays: it is old, or of another moment than the "
                           "underlying's",
    "adjusted_contract": "strike or multiplier was changed by a corporate action: its premium and its payoff may be "
                         "of different units",
    "contract_replaced": "from that day on quoted under other terms: its strike and the closes after it are of "
                         "different units, so its outcome is unknown",
    "underlying_jump": "a split, a spin-off or a bad price: prices of this file are not adjusted, strikes change too",
    "underlying_disagrees": "several prices of the underlying on one day: their median is taken",
    "underlying_ends": "no quotes any more though its contracts had not expired: renamed, delisted or left out",
    "bad_underlying_price": "not above 0: taken as missing",
    "bad_volatility": "not above 0: taken as missing and solved from the price where it is needed",
    "bad_probability": "not between 0 and 1: taken as missing",
    "off_calendar": "no session of the exchange: check data.calendar or the source's dates",
}


@dataclass(slots=True)
class IssueList:
    """Collects issues of one source.

    row_word, first_row : what the file's rows are called and the number of the first: `line` 2 of a CSV, `row` 1 of a
        Parquet file. written : cells that could not be read, as they are, by column; the index is that of the rows.

    Examples
    --------
    >>> rows = pd.DataFrame({"underlying": ["A"], "strike": [-1.0]})
    >>> issues = IssueList("quotes.csv")
    >>> issues.add("excluded", "bad_strike", rows, np.array([True]), "strike")
    >>> issues.issues[0].count, issues.issues[0].example
    (1, 'quotes.csv, row 1: underlying A, strike -1')
    """

    source: str
    row_word: str = "row"
    first_row: int = 1
    written: Mapping[str, pd.Series] = field(default_factory=dict)
    issues: list[ChainIssue] = field(default_factory=list)

    def add(self, severity: str, rule: str, rows: pd.DataFrame, is_faulty: np.ndarray, *shown: str) -> None:
        """Note how many of `rows` are faulty, with the first as an example: its identity and the columns `shown`.

        The index of `rows` counts the rows of the file from 0, without the header.
        """
        count = int(np.count_nonzero(is_faulty))
        if count:
            row = rows.iloc[int(np.argmax(is_faulty))]
            names = dict.fromkeys(("underlying", "expiry", "strike", "quote_date", *shown))
            position = int(row.name)
            values = ", ".join(f"{name} {self._cell(name, position, row[name])}" for name in names if name in row.index)
            self.note(severity, rule, count, f"{self.row_word} {position + self.first_row}: {values}")

    def note(self, severity: str, rule: str, count: int, example: str) -> None:
        """Add an issue whose example is already words."""
        self.issues.append(ChainIssue(severity, rule, self.source, count, f"{self.source}, {example}", ADVICE[rule]))

    def _cell(self, name: str, position: int, value: object) -> str:
        written = self.written.get(name)
        if written is None or position not in written.index or pd.isna(written[position]):
            return _shown(value)
        return f"'{written[position]}'"


def _shown(value: object) -> str:
    if value is pd.NaT or value != value or value == "":
        return "empty"
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return f"{value:g}" if isinstance(value, float) else str(value)
