"""Rows of a signal file, understood: texts turned into instants, numbers and flags, each fault with its row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from backtrader_system.signals.conviction.fields import (
    BLOCKS,
    CHANGING_BLOCKS,
    FIELDS,
    FLAGS,
    NUMBERS,
    STAMPS,
    TEXTS,
)
from backtrader_system.signals.conviction.issues import EXCLUDED, WARNING, SignalIssue
from backtrader_system.signals.conviction.reading.cell_values import read_flags, read_numbers, read_reactions
from backtrader_system.signals.conviction.reading.instants import Instants, read_instants
from backtrader_system.signals.conviction.reading.layouts import REACTION_COUNTS, NamedColumns

_ASSET_TYPES = {**dict.fromkeys(("crypto", "coin", "token", "cryptocurrency"), "crypto"),
                **dict.fromkeys(("stock", "stocks", "equity", "share", "shares", "etf"), "stock"), "": ""}


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row: its place, and what a `SignalIssue` says of it; row -1 means the whole file.

    Examples
    --------
    >>> RowFault(3, "excluded", "bad_ticker", "'?'", "name one symbol").rule
    'bad_ticker'
    """

    row: int
    severity: str
    rule: str
    value: str
    advice: str


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """All rows of a file with their faults; a row with an excluding fault must not be used.

    table : signal_id, ticker, asset_type, source, signal_time, is_date, every field, and per block `known:<block>`
        (UTC) and `stamped:<block>` (bool). texts of the ticker and the headers stay as the file has them in messages.

    Examples
    --------
    >>> ParsedRows(pd.DataFrame({"ticker": ["?"]}), (RowFault(0, "excluded", "bad_ticker", "'?'", "mend it"),)).usable()
    array([False])
    """

    table: pd.DataFrame
    faults: tuple[RowFault, ...]

    def usable(self) -> np.ndarray:
        """Return which rows may be used: bool, shape (n_rows,)."""
        usable = np.ones(len(self.table), dtype=bool)
        usable[[fault.row for fault in self.faults if fault.severity == EXCLUDED]] = False
        return usable


def parse_rows(named: NamedColumns, n_rows: int, now: datetime) -> ParsedRows:
    """Return the rows of a file with instants in UTC, numbers as float64 and flags as 0 or 1.

    A signal without an id gets one made of ticker, source and time, so that the same row always has the same id.
    """
    empty = [""] * n_rows
    faults: list[RowFault] = []
    ticker = [text.strip().removeprefix("$").upper() for text in named.texts["ticker"]]
    posted = read_instants(named.texts["signal_time"], naive_is_utc="signal_time" in named.naive_utc)
    faults += _time_faults(posted, named.texts["signal_time"], now)
    source = named.texts.get("source", empty)
    columns: dict[str, object] = {
        "signal_id": _signal_ids(named.texts.get("signal_id", empty), ticker, source, posted.utc),
        "ticker": ticker, "asset_type": _asset_types(named, n_rows, faults), "source": source,
        "signal_time": posted.utc, "is_date": posted.is_date, **_fields(named, n_rows, faults)}
    for block in BLOCKS:
        columns |= _stamps(named, block, posted, now, faults)
    if "source" not in named.texts:
        faults.append(RowFault(-1, WARNING, "no_source", "no column names the source", "add a column 'source'"))
    table = pd.DataFrame(columns, index=range(n_rows))
    return ParsedRows(table.astype(dict.fromkeys(("signal_id", "ticker", "asset_type", "source", *TEXTS), "str")),
                      tuple(faults))


def signal_issues(faults: Sequence[RowFault], table: pd.DataFrame, where: Sequence[str], source: str
                  ) -> tuple[SignalIssue, ...]:
    """Return faults as issues that name file, line, signal and ticker."""
    ids, tickers = table["signal_id"].to_numpy(), table["ticker"].to_numpy()
    return tuple(
        SignalIssue(fault.severity, fault.rule, source, "", "", fault.value, fault.advice) if fault.row < 0 else
        SignalIssue(fault.severity, fault.rule, where[fault.row], ids[fault.row], tickers[fault.row], fault.value,
                    fault.advice)
        for fault in faults)


def _signal_ids(given: Sequence[str], tickers: Sequence[str], sources: Sequence[str], posted: pd.Series) -> list[str]:
    if all(given):
        return list(given)
    instants = posted.astype("str").tolist()
    return [text or hashlib.sha256(f"{ticker}|{source}|{instant}".encode()).hexdigest()[:16]
            for text, ticker, source, instant in zip(given, tickers, sources, instants, strict=True)]


def _asset_types(named: NamedColumns, n_rows: int, faults: list[RowFault]) -> list[str]:
    texts = [text.lower() for text in named.texts.get("asset_type", [""] * n_rows)]
    faults += [RowFault(row, WARNING, "unknown_asset_type", f"'{text}'", "taken as unknown; write crypto or stock")
               for row, text in enumerate(texts) if text not in _ASSET_TYPES]
    return [_ASSET_TYPES.get(text, "") for text in texts]


def _time_faults(posted: Instants, texts: Sequence[str], now: datetime) -> list[RowFault]:
    faults = [RowFault(row, EXCLUDED, "bad_time", posted.fault[row], "give the offset, as in 2024-01-31T15:30:00Z")
              for row in np.flatnonzero(posted.fault != "")]
    missing = posted.utc.isna().to_numpy() & (posted.fault == "")
    faults += [RowFault(row, EXCLUDED, "no_time", "the time of the signal is empty", "say when it was posted")
               for row in np.flatnonzero(missing)]
    faults += [RowFault(row, EXCLUDED, "future_signal", f"'{texts[row]}' is after now, {now:%Y-%m-%d %H:%M} UTC",
                        "mend the date") for row in np.flatnonzero(_is_future(posted, now))]
    n_dates = int(posted.is_date.sum())
    if n_dates:
        faults.append(RowFault(-1, WARNING, "date_only", f"{n_dates} signals have a date without a time",
                               "taken as known at 23:59:59 UTC of that day"))
    offsets = sorted(set(posted.offset) - {""})
    if len(offsets) > 1:
        faults.append(RowFault(-1, WARNING, "mixed_time_zones", f"offsets {', '.join(offsets)}", "converted to UTC"))
    return faults


def _is_future(instants: Instants, now: datetime) -> np.ndarray:
    # The end of today is not yet over, but a signal of today is not from the future.
    moment = pd.Timestamp(now)
    limit = np.where(instants.is_date, moment.normalize() + pd.Timedelta(days=1), moment)
    return (instants.utc > pd.Series(limit).astype(instants.utc.dtype)).to_numpy()


def _fields(named: NamedColumns, n_rows: int, faults: list[RowFault]) -> dict[str, object]:
    columns: dict[str, object] = {}
    for field in FIELDS:
        texts = named.texts.get(field)
        if texts is None:
            columns[field] = "" if field in TEXTS else np.nan
        elif field in NUMBERS:
            columns[field] = _checked(read_numbers(texts), named, field, "a number", faults)
        elif field in FLAGS:
            columns[field] = _checked(read_flags(texts), named, field, "YES or NO", faults)
        else:
            columns[field] = texts
    return columns | _reactions(named, columns["total_reactions"], n_rows, faults)


def _checked(
    read: tuple[np.ndarray, np.ndarray], named: NamedColumns, field: str, kind: str, faults: list[RowFault]
) -> np.ndarray:
    values, is_bad = read
    faults += [RowFault(row, WARNING, "unreadable_value",
                        f"{named.headers[field]} '{named.texts[field][row][:40]}' is not {kind}", "taken as missing")
               for row in np.flatnonzero(is_bad)]
    return values


def _reactions(named: NamedColumns, given: object, n_rows: int, faults: list[RowFault]) -> dict[str, object]:
    counts, totals, is_bad = read_reactions(named.texts.get("reactions", [""] * n_rows))
    if is_bad.any():
        _checked((totals, is_bad), named, "reactions", "a JSON object of counts, or a total", faults)
    single = [name for name in REACTION_COUNTS if name in named.texts]
    if single:
        parts = zip(*(named.texts[name] for name in single), strict=True)
        built = [{name: text for name, text in zip(single, row, strict=True) if text not in ("", "0")} for row in parts]
        joined, _, is_wrong = read_reactions([_counts_json(row) for row in built])
        faults += [RowFault(row, WARNING, "unreadable_value", f"reaction counts {built[row]}", "taken as missing")
                   for row in np.flatnonzero(is_wrong)]
        counts = np.where(counts == "", joined, counts)
    total = np.broadcast_to(np.asarray(given, dtype=float), n_rows)
    return {"reactions": counts, "total_reactions": np.where(np.isnan(total), totals, total)}


def _counts_json(counts: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {text}' for name, text in counts.items()) + "}" if counts else ""


def _stamps(
    named: NamedColumns, block: str, posted: Instants, now: datetime, faults: list[RowFault]
) -> dict[str, object]:
    name = STAMPS.get(block, "")
    if name not in named.texts:
        return {f"known:{block}": posted.utc, f"stamped:{block}": False}
    stamps = read_instants(named.texts[name], naive_is_utc=name in named.naive_utc)
    header = named.headers[name]
    faults += [RowFault(row, EXCLUDED, "bad_time", f"{header} {stamps.fault[row]}",
                        "give the offset, as in 2024-01-31T15:30:00Z") for row in np.flatnonzero(stamps.fault != "")]
    faults += [RowFault(row, EXCLUDED, "future_stamp", f"{header} is after now, {now:%Y-%m-%d %H:%M} UTC",
                        "mend the date") for row in np.flatnonzero(_is_future(stamps, now))]
    is_early = (stamps.utc < posted.utc).to_numpy() & (block in ("message", "reactions"))
    faults += [RowFault(row, WARNING, "stamp_before_signal", f"{header} is before the signal was posted",
                        "taken as known when it was posted") for row in np.flatnonzero(is_early)]
    is_stamped = stamps.utc.notna()
    return {f"known:{block}": stamps.utc.where(is_stamped & ~is_early, posted.utc), f"stamped:{block}": is_stamped}


def has_content(table: pd.DataFrame, block: str) -> pd.Series:
    """Return which rows say anything in a block: bool Series."""
    fields = list(BLOCKS[block])
    stated = [table[field] != "" if field in TEXTS else table[field].notna() for field in fields]
    return pd.concat(stated, axis=1).any(axis=1)


def unstamped_changing_blocks(table: pd.DataFrame) -> dict[str, int]:
    """Return how many rows hold values of a changing block without saying when they were read."""
    counts = {block: int((has_content(table, block) & ~table[f"stamped:{block}"].astype(bool)).sum())
              for block in CHANGING_BLOCKS}
    return {block: count for block, count in counts.items() if count}
