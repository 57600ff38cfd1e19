"""Contracts of the quotes: who they are, when they were seen, which day is told twice."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from backtrader_system.puts.chain_reading.chain_columns import PRICES
from backtrader_system.puts.chain_reading.issue_list import IssueList

_TERMS = ["underlying", "expiry", "strike", "multiplier"]
# The owner's exchange marks an adjusted contract by an X behind the strike.
_ADJUSTED_CODE = re.compile(r"\d[A-Z]\d*Y?\d+(\.\d+)?X$")


def numbered(rows: pd.DataFrame, multiplier: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the contracts sorted by underlying, expiry, strike and name, and the rows with their `number`.

    multiplier : of contracts for which the rows do not name one.
    Contracts with equal names and different terms get their terms added to the names.
    """
    given = rows["multiplier"].to_numpy() if "multiplier" in rows else np.full(len(rows), np.nan)
    rows = rows.assign(multiplier=np.where(given > 0, given, multiplier))
    keys = [name for name in ("contract", *_TERMS) if name in rows]
    codes = _combined_codes(rows, keys)
    code, first = np.unique(codes, return_index=True)
    contracts = rows.iloc[first][keys].reset_index(drop=True)
    contracts["contract"] = _names(contracts)
    order = contracts.sort_values(["underlying", "expiry", "strike", "contract"]).index.to_numpy()
    position = np.empty(order.size, dtype=np.int64)
    position[order] = np.arange(order.size)
    number = position[np.searchsorted(code, codes)]
    return contracts.iloc[order].reset_index(drop=True), rows.assign(number=number)


def without_repeats(rows: pd.DataFrame, issues: IssueList) -> pd.DataFrame:
    """Return one row per day and contract.

    Rows equal in all prices are one quote, the last is kept. Rows that differ are two contracts, or two moments: no
    one knows which is which, so neither is used.
    """
    days, _ = pd.factorize(rows["quote_date"])
    key = days * (int(rows["number"].max()) + 1) + rows["number"].to_numpy()
    if np.unique(key).size == key.size:
        return rows
    seen = pd.Series(key)
    in_pair = seen.duplicated(keep=False).to_numpy()
    pairs = rows[in_pair].assign(key=key[in_pair])
    distinct = pairs.drop_duplicates(["key", *PRICES])["key"]
    differing = np.isin(key, distinct[distinct.duplicated()].to_numpy())
    repeated = seen.duplicated(keep="last").to_numpy() & ~differing
    issues.add("info", "repeated_quote", rows, repeated, *PRICES)
    issues.add("excluded", "duplicate_quote", rows, differing, *PRICES)
    return rows[~differing & ~repeated]


def has_adjusted_code(names: pd.Series) -> np.ndarray:
    """Return which contract names end in the X of an adjusted contract, such as AAK6U180X."""
    return np.array([_ADJUSTED_CODE.search(name) is not None for name in names], dtype=bool)


def strike_text(strike: float) -> str:
    """Return a strike in full digits without trailing zeros.

    Examples
    --------
    >>> strike_text(12345.25), strike_text(90.0)
    ('12345.25', '90')
    """
    return np.format_float_positional(strike, trim="-")


def contract_name(underlying: str, expiry: pd.Timestamp, strike: float) -> str:
    """Return the name of a put that its source does not name.

    Examples
    --------
    >>> contract_name("A", pd.Timestamp("2024-01-19"), 90.0)
    'A 2024-01-19 P 90'
    """
    return f"{underlying} {expiry.date()} P {strike_text(strike)}"


def _names(contracts: pd.DataFrame) -> pd.Series:
    plain = pd.Series([contract_name(*terms) for terms in zip(
        contracts["underlying"], contracts["expiry"], contracts["strike"], strict=True)], dtype="str")
    with_multiplier = plain + " x" + contracts["multiplier"].map(strike_text)
    if "contract" in contracts:
        given = contracts["contract"].where(contracts["contract"] != "", plain)
        choices = [given, given + " " + plain, given + " " + with_multiplier]
    else:
        choices = [plain, with_multiplier]
    names = choices[0]
    for longer in choices[1:]:
        names = names.where(~names.duplicated(keep=False), longer)
    return names


def _combined_codes(rows: pd.DataFrame, keys: list[str]) -> np.ndarray:
    combined = np.zeros(len(rows), dtype=np.int64)
    for name in keys:
        codes, found = pd.factorize(rows[name])
        combined = pd.factorize(combined * len(found) + codes)[0].astype(np.int64)
    return combined
