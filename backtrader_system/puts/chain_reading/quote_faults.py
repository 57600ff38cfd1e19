"""Rows that cannot be quotes of puts: taken out and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import PROBABILITY_COLUMNS
from backtrader_system.puts.chain_reading.chain_columns import PRICES
from backtrader_system.puts.chain_reading.issue_list import IssueList
from backtrader_system.puts.chain_reading.raw_quotes import RawQuotes

_PUTS, _CALLS = ("P", "PUT", "PUTS"), ("C", "CALL", "CALLS")


def puts_of(raw: RawQuotes, issues: IssueList) -> np.ndarray:
    """Return which rows are puts; calls are counted, what is neither is a fault."""
    codes, found = pd.factorize(raw.rows["right"])
    names = pd.Series(found).astype("str").str.strip().str.upper()
    is_put, is_call = names.isin(_PUTS).to_numpy()[codes], names.isin(_CALLS).to_numpy()[codes]
    issues.add("info", "call", raw.rows, is_call)
    issues.add("excluded", "bad_right", raw.rows, ~is_put & ~is_call, "right")
    return is_put


def possible_puts(raw: RawQuotes, is_put: np.ndarray, issues: IssueList) -> pd.DataFrame:
    """Return the rows that are possible quotes of puts; a row is counted under its first fault only."""
    rows = raw.rows
    faulty = ~is_put
    for rule, is_fault, shown in _faults(raw):
        is_new = is_fault & ~faulty
        issues.add("excluded", rule, rows, is_new, *shown)
        faulty |= is_new
    return rows[~faulty].drop(columns="right")


def _faults(raw: RawQuotes) -> list[tuple[str, np.ndarray, tuple[str, ...]]]:
    rows = raw.rows
    bid, ask, last = (rows[name].to_numpy() for name in PRICES)
    quote_date, expiry = rows["quote_date"].to_numpy(), rows["expiry"].to_numpy()
    with np.errstate(invalid="ignore"):
        return [
            ("bad_quote_date", np.isnat(quote_date), ("quote_date",)),
            ("bad_expiry", np.isnat(expiry), ("expiry",)),
            ("no_underlying", (rows["underlying"] == "").to_numpy(), ()),
            ("bad_number", raw.bad_number, PRICES),
            ("bad_strike", ~(rows["strike"].to_numpy() > 0), ()),
            ("negative_price", (bid < 0) | (ask < 0) | (last < 0), PRICES),
            ("crossed_quote", bid > ask, ("bid", "ask")),
            ("quoted_after_expiry", quote_date > expiry, ()),
            ("no_price", np.isnan(bid) & np.isnan(ask) & np.isnan(last), ()),
        ]


def with_missing_for_impossible(rows: pd.DataFrame, issues: IssueList) -> pd.DataFrame:
    """Return the rows with NaN for volatilities, underlying prices and probabilities that cannot be."""
    changed: dict[str, np.ndarray] = {}
    for name, rule in (("iv", "bad_volatility"), ("underlying_price", "bad_underlying_price")):
        values = rows[name].to_numpy()
        with np.errstate(invalid="ignore"):
            is_bad = values <= 0
        issues.add("warning" if name != "iv" else "info", rule, rows, is_bad, name)
        changed[name] = np.where(is_bad, np.nan, values)
    for name in PROBABILITY_COLUMNS:
        if name in rows:
            values = rows[name].to_numpy()
            with np.errstate(invalid="ignore"):
                is_bad = (values < 0) | (values > 1)
            issues.add("warning", "bad_probability", rows, is_bad, name)
            changed[name] = np.where(is_bad, np.nan, values)
    return rows.assign(**changed)
