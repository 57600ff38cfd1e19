"""Raw signals from a file: CSV, JSON lines or a signal store, recognised by content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.fields import BLOCKS, IDENTITY, SIMULATED_ID
from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.issues import WARNING, SignalIssue, excluded_issues
from backtrader_system.signals.conviction.reading.duplicates import without_reposts
from backtrader_system.signals.conviction.reading.layouts import name_columns
from backtrader_system.signals.conviction.reading.parsed_rows import (
    ParsedRows,
    RowFault,
    has_content,
    parse_rows,
    signal_issues,
    unstamped_changing_blocks,
)
from backtrader_system.signals.conviction.reading.raw_rows import RawRows, is_sqlite, read_raw_rows
from backtrader_system.signals.conviction.reading.signal_checks import (
    misplaced_text_faults,
    repeated_id_faults,
    score_faults,
    ticker_faults,
    within_ranges,
)
from backtrader_system.signals.conviction.store.revisions import history_of
from backtrader_system.signals.conviction.store.store import open_store

MAX_FAULTS_SHOWN = 50


def read_signals(path: Path, *, now: datetime, keep_reposts: bool = False) -> SignalHistory:
    """Return the signals of a file with everything that is odd about them.

    path : CSV (comma, semicolon, tab), JSON lines or a signal store; its content decides, not its name. Layouts are in
        `layouts.py`; results in a file (current price, price after 7 days, ...) are never read.
    now : clock with a zone; what claims to be later is excluded.
    keep_reposts : leave in what repeats an earlier signal under another id (see `duplicates.py`): a signal store
        keeps every signal ever scraped, a backtest must count each once.
    Raises: DataError if there is no such file, it is no text, its layout is unknown or none of its rows is usable;
        the message lists every fault.
    """
    path = Path(path)
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    if not path.is_file():
        raise DataError(f"{path}: no such file of signals")
    if is_sqlite(path):
        history, where = _from_store(path), {}
    else:
        rows = read_raw_rows(path)
        history, where = _from_rows(rows, now)
    return history if keep_reposts else without_reposts(history, where)


def history_of_rows(rows: RawRows, *, now: datetime) -> SignalHistory:
    """Return the signals of rows that were read or typed, reposts included.

    Raises: DataError if their layout is unknown or none of them is usable.
    """
    return _from_rows(rows, now)[0]


def _from_store(path: Path) -> SignalHistory:
    with open_store(path, must_exist=True) as store:
        history = history_of(store)
    if history.signals.empty:
        raise DataError(f"{path}: the signal store is empty; import signals first")
    return history


def _from_rows(rows: RawRows, now: datetime) -> tuple[SignalHistory, dict[str, str]]:
    named = name_columns(rows)
    parsed = parse_rows(named, len(rows.lines), now)
    table, range_faults = within_ranges(parsed.table)
    faults = [*parsed.faults, *range_faults, *ticker_faults(table), *score_faults(table),
              *misplaced_text_faults(named.outcomes)]
    faults += repeated_id_faults(table, ParsedRows(table, tuple(faults)).usable())
    checked = ParsedRows(table, tuple(faults))
    usable = checked.usable()
    where = [rows.where(row) for row in range(len(table))]
    issues = (*rows.issues, *named.issues, *signal_issues(faults, table, where, rows.source))
    if not usable.any():
        raise _no_usable_row(rows.source, issues)
    used = table[usable]
    issues += signal_issues(_unstamped_faults(used), table, where, rows.source)
    first = used["signal_id"].drop_duplicates()
    lines = {name: where[row] for row, name in first.items()}
    is_simulated = bool(used["signal_id"].str.startswith(SIMULATED_ID).any())
    return SignalHistory(_signals(used), _revisions(used), issues, is_simulated), lines


def _no_usable_row(source: str, issues: Sequence[SignalIssue]) -> DataError:
    excluded = [str(issue) for issue in excluded_issues(issues)]
    shown = excluded[:MAX_FAULTS_SHOWN] or ["the file holds a header but no signal"]
    if len(excluded) > MAX_FAULTS_SHOWN:
        shown.append(f"... and {len(excluded) - MAX_FAULTS_SHOWN} more")
    return DataError(f"{source}: no usable signal; {len(excluded)} rows were excluded", faults=shown)


def _unstamped_faults(used: pd.DataFrame) -> list[RowFault]:
    return [RowFault(-1, WARNING, "unstamped_block", f"{count} rows have {block} without the time of reading",
                     f"taken as known when posted, or missing, by the setting; add a column {block}_known_at")
            for block, count in unstamped_changing_blocks(used).items()]


def _signals(used: pd.DataFrame) -> pd.DataFrame:
    first = used[list(IDENTITY)].drop_duplicates("signal_id")
    return first.sort_values("signal_time", kind="stable").reset_index(drop=True)


def _revisions(used: pd.DataFrame) -> dict[str, pd.DataFrame]:
    tables = {}
    for block, fields in BLOCKS.items():
        part = used[has_content(used, block)]
        table = pd.DataFrame({"signal_id": part["signal_id"], "known_at": part[f"known:{block}"],
                              "recorded_at": pd.Series(pd.NaT, index=part.index, dtype="datetime64[ns, UTC]"),
                              "is_stamped": part[f"stamped:{block}"].astype(bool),
                              **{name: part[name] for name in fields}})
        tables[block] = table.drop_duplicates(["signal_id", "known_at", *fields]).reset_index(drop=True)
    return tables
