"""Prices of a signal log that cannot be true: zeros, jumps, wrong units, feeds that stand still, rewritten entries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.issues import WARNING, SignalIssue

JUMP_FACTOR = 2.0
UNIT_FACTOR = 10.0
# Longer than any holiday weekend of an exchange: Friday's close to Tuesday's open is 3.7 days.
FROZEN_AFTER = pd.Timedelta(days=4)
PRICE_RULES = ("not_positive", "far_from_entry", "jump", "frozen")


def price_faults(prices: pd.DataFrame) -> pd.Series:
    """Return why each quote cannot be used: text, "" for a good one, same index as `prices`.

    prices : columns time (UTC), ticker, price and, if known, entry_price (dollars, NaN for none); one row per quote.
    Rules, the first that holds:
    - not_positive : 0, negative or missing. A price of 0 is a feed that failed.
    - far_from_entry : more than 10 times the entry price or less than a tenth: another instrument or unit.
    - jump : more than double or less than half of the ticker's positive quote before.
    - frozen : part of a run of equal quotes over more than 4 days.
    Timing: the whole log is judged at once, which suits a check of data, not a decision.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=4, tz="UTC")
    >>> log = pd.DataFrame({"time": days, "ticker": "TAO", "price": [100.0, 0.0, 101.0, 250.0]})
    >>> price_faults(log).tolist()
    ['', 'not_positive', '', 'jump']
    """
    ordered = prices.sort_values(["ticker", "time"], kind="stable")
    price = ordered["price"].where(ordered["price"] > 0)
    entry = ordered["entry_price"] if "entry_price" in ordered else pd.Series(np.nan, index=ordered.index)
    entry_ratio = price / entry.where(entry > 0)
    ratio = price / price.groupby(ordered["ticker"]).ffill().groupby(ordered["ticker"]).shift()
    found = {
        "not_positive": price.isna(),
        "far_from_entry": (entry_ratio > UNIT_FACTOR) | (entry_ratio < 1 / UNIT_FACTOR),
        "jump": (ratio > JUMP_FACTOR) | (ratio < 1 / JUMP_FACTOR),
        "frozen": _run_spans(ordered) > FROZEN_AFTER}
    chosen = np.select([found[rule] for rule in PRICE_RULES], PRICE_RULES, default="")
    return pd.Series(chosen, index=ordered.index, name="fault").reindex(prices.index).astype("str")


def check_signal_prices(prices: pd.DataFrame, *, source: str = "price history") -> list[SignalIssue]:
    """Return one issue per run of quotes with the same fault, and one per rewritten entry price.

    prices : as for `price_faults`. source : the file, for the messages.
    A faulty quote must be taken as missing, never as a price; bars come from a price source, not from a signal log.
    """
    return [*_runs(prices.assign(fault=price_faults(prices)), source), *_rewritten_entries(prices, source)]


def _run_spans(ordered: pd.DataFrame) -> pd.Series:
    run = _run_numbers(ordered, "price")
    times = ordered["time"].groupby(run)
    return times.transform("max") - times.transform("min")


def _run_numbers(ordered: pd.DataFrame, column: str) -> pd.Series:
    is_new = (ordered[column] != ordered[column].shift()) | (ordered["ticker"] != ordered["ticker"].shift())
    return is_new.cumsum()


def _runs(marked: pd.DataFrame, source: str) -> Iterator[SignalIssue]:
    ordered = marked.sort_values(["ticker", "time"], kind="stable")
    faulty = ordered[ordered["fault"] != ""]
    for _, run in faulty.groupby(_run_numbers(ordered, "fault").loc[faulty.index]):
        first, last = run.iloc[0], run.iloc[-1]
        low, high = run["price"].min(), run["price"].max()
        shown = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        yield SignalIssue(WARNING, first["fault"], source, "", str(first["ticker"]),
                          f"{len(run)} quotes of {shown} from {first['time']:%Y-%m-%d %H:%M} to "
                          f"{last['time']:%Y-%m-%d %H:%M} UTC", "take them as missing; prices come from bars")


def _rewritten_entries(prices: pd.DataFrame, source: str) -> Iterator[SignalIssue]:
    if "entry_price" not in prices:
        return
    stated = prices[prices["entry_price"].notna()].sort_values(["ticker", "time"], kind="stable")
    before = stated.groupby("ticker")["entry_price"].shift()
    for index in stated.index[before.notna() & (before != stated["entry_price"])]:
        row = stated.loc[index]
        yield SignalIssue(WARNING, "entry_rewritten", source, "", str(row["ticker"]),
                          f"entry {before[index]:g} became {row['entry_price']:g} on {row['time']:%Y-%m-%d %H:%M} UTC",
                          "an entry price that changes is no record of a trade")
