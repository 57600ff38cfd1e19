"""A chain of options from one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import exchange_timezone, sessions_between
from backtrader_system.puts.chain import CONTRACTS, PROBABILITY_COLUMNS, QUOTES, ChainIssue, OptionChain
from backtrader_system.puts.chain_reading.adjusted_contracts import flagged_contracts
from backtrader_system.puts.chain_reading.contract_table import numbered, without_repeats
from backtrader_system.puts.chain_reading.issue_list import IssueList
from backtrader_system.puts.chain_reading.quote_faults import possible_puts, puts_of, with_missing_for_impossible
from backtrader_system.puts.chain_reading.quote_warnings import (
    warn_of_calendar,
    warn_of_quotes,
    warn_of_underlyings,
)
from backtrader_system.puts.chain_reading.raw_quotes import read_raw_quotes
from backtrader_system.puts.chain_reading.underlying_bars import underlying_closes
from backtrader_system.settings.puts import PutsSettings


def read_chain(path: Path | str, settings: PutsSettings, *, calendar: str | None = None) -> OptionChain:
    """Return the puts of a Parquet or CSV file of option quotes, what is faulty left out and listed.

    path : one row per day and contract; the columns quote_date, underlying, expiry, strike, right and one of bid, ask,
        last; if there also contract, iv, underlying_price, multiplier and probabilities, under the names of
        `chain_columns.SYNONYMS`. Prices per unit of the underlying, iv per year of 365 days as a fraction.
    calendar : of the exchange; names days that are no session and the time zone of dates that have one.
    Returns: a chain without any call. Quotes at the last price, where a whole file has no bid and ask, are warned of.
        Expiries keep their listed date, also a Saturday.
    Raises: DataError if columns are missing, no put is left, or `quotes.strict` and anything is excluded or odd.
    """
    path = Path(path)
    raw = read_raw_quotes(path, "UTC" if calendar is None else exchange_timezone(calendar))
    issues = IssueList(path.name, *(("line", 2) if raw.is_text else ("row", 1)), written=raw.written)
    closes = underlying_closes(raw.rows, issues)
    rows = possible_puts(raw, puts_of(raw, issues), issues)
    if rows.empty:
        raise DataError(f"{path}: no usable quote of a put among {len(raw.rows)} rows", faults=_lines(issues.issues))
    contracts, rows = numbered(rows, settings.quotes.multiplier)
    rows = with_missing_for_impossible(without_repeats(rows, issues), issues)
    warn_of_quotes(rows, settings.quotes, issues)
    warn_of_underlyings(closes, rows, issues)
    if calendar is not None:
        first, last = rows["quote_date"].min(), rows["quote_date"].max()
        warn_of_calendar(rows, sessions_between(calendar, first, last), issues)
    contracts, rows = _without_unquoted(contracts, rows)
    contracts = flagged_contracts(contracts, rows, issues)
    if settings.quotes.strict:
        _refuse(path, issues.issues)
    return OptionChain(CONTRACTS.check(contracts, source=str(path)), _quotes(rows, path), tuple(issues.issues),
                       underlying_closes=closes)


def _without_unquoted(contracts: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drop contracts whose every quote was taken out, and number the rest anew."""
    number = rows["number"].to_numpy()
    is_quoted = np.zeros(len(contracts), dtype=bool)
    is_quoted[number] = True
    if is_quoted.all():
        return contracts, rows
    position = np.cumsum(is_quoted) - 1
    return contracts[is_quoted].reset_index(drop=True), rows.assign(number=position[number])


def _quotes(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    names = QUOTES.names + [name for name in PROBABILITY_COLUMNS if name in rows]
    order = np.lexsort((rows["number"].to_numpy(), rows["quote_date"].to_numpy()))
    quotes = rows[names].iloc[order].reset_index(drop=True)
    return QUOTES.check(quotes, source=str(path))


def _refuse(path: Path, issues: list[ChainIssue]) -> None:
    serious = [issue for issue in issues if issue.severity in ("excluded", "warning")]
    if serious:
        raise DataError(f"{path}: {len(serious)} kinds of faulty or odd quotes, and puts.quotes.strict is true; mend "
                        "the file, or set it to false to leave out or accept them", faults=_lines(serious))


def _lines(issues: list[ChainIssue]) -> list[str]:
    return [f"{issue.severity}: {issue.rule}, {issue.count} rows, first {issue.example}; {issue.advice}"
            for issue in issues]
