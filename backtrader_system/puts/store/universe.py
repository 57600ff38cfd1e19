"""Every option ever seen, with its first and last day."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd

from backtrader_system.puts.files.option_code import OptionCode, parse_option_code
from backtrader_system.puts.store.registry import Registry


def record_universe(connection: sqlite3.Connection, registry: Registry, tables: Mapping[str, pd.DataFrame],
                    day: pd.Timestamp, now: datetime) -> int:
    """Add the options of a day's tables, or widen the days on which they were seen; return how many are new.

    tables : `data` (seen on `day`) and `probabilities` (seen on every Update_date), those that are there.
    """
    universe = registry.read("SELECT option_name, expiry FROM universe")
    seen = _seen(tables, day, universe)
    if seen is None:
        return 0
    known = set(universe.itertuples(index=False, name=None))
    recorded_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [(*row, recorded_at) for row in seen.itertuples(index=False, name=None)]
    connection.executemany(
        "UPDATE universe SET first_seen = min(first_seen, ?5), last_seen = max(last_seen, ?6) "
        "WHERE option_name = ?1 AND expiry = ?2", [row[:6] for row in rows if row[:2] in known])
    new = [row for row in rows if row[:2] not in known]
    connection.executemany("INSERT INTO universe VALUES (?, ?, ?, ?, ?, ?, ?)", new)
    return len(new)


def _seen(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp, universe: pd.DataFrame) -> pd.DataFrame | None:
    """Return option_name, expiry, stock_name, strike, first_seen, last_seen with dates as text, sorted."""
    parts = []
    stated = universe.astype({"option_name": "str"}).assign(expiry=pd.to_datetime(universe["expiry"]))
    if "data" in tables:
        data = tables["data"]
        parts.append(pd.DataFrame({
            "option_name": data["OptionName"], "expiry": data["ExpiryDate"], "stock_name": data.get("StockName", ""),
            "strike": data["StrikePrice"], "first_seen": day, "last_seen": day}))
        stated = pd.concat([stated, parts[0][["option_name", "expiry"]]], ignore_index=True)
    if "probabilities" in tables and len(tables["probabilities"]):
        parts.append(_seen_in_history(tables["probabilities"], stated))
    if not parts:
        return None
    both = pd.concat(parts, ignore_index=True).dropna(subset=["expiry", "strike"])
    found = both.groupby(["option_name", "expiry"], as_index=False).agg(
        stock_name=("stock_name", "first"), strike=("strike", "first"), first_seen=("first_seen", "min"),
        last_seen=("last_seen", "max"))
    for name in ("expiry", "first_seen", "last_seen"):
        found[name] = found[name].dt.strftime("%Y-%m-%d")
    return found


def _seen_in_history(history: pd.DataFrame, stated: pd.DataFrame) -> pd.DataFrame:
    """Return the options of the history; the expiry that a file states counts, else that of the code."""
    found = history.groupby("OptionName", as_index=False)["Update_date"].agg(["min", "max"])
    codes = [parse_option_code(name) for name in found["OptionName"]]
    expiries = stated.dropna().groupby("option_name")["expiry"].agg(list).to_dict()
    chosen = [_expiry(code, day, expiries.get(name, []))
              for code, day, name in zip(codes, found["min"], found["OptionName"], strict=True)]
    return pd.DataFrame({
        "option_name": found["OptionName"], "expiry": chosen, "stock_name": [code.ticker for code in codes],
        "strike": [code.strike for code in codes], "first_seen": found["min"], "last_seen": found["max"]})


def _expiry(code: OptionCode, seen: pd.Timestamp, stated: list[pd.Timestamp]) -> pd.Timestamp:
    # The same code comes again after ten years.
    later = [expiry for expiry in stated if seen <= expiry < seen + pd.DateOffset(years=9)]
    return min(later) if later else code.expiry(seen)
