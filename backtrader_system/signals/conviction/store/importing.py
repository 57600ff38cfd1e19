"""Signals into the store: new ones, revisions of known ones, and a report of what was done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.fields import BLOCKS, TEXTS
from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.issues import (
    EXCLUDED,
    WARNING,
    SignalIssue,
    excluded_issues,
    warning_lines,
)
from backtrader_system.signals.conviction.reading.raw_rows import RawRows
from backtrader_system.signals.conviction.reading.read_signals import history_of_rows
from backtrader_system.signals.conviction.store.store import INSTANT_FORMAT, SignalStore, to_text

# How far a recording may be behind the last one: writers wait for each other, clocks are set.
CLOCK_TOLERANCE = timedelta(minutes=5)
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, counted in signals: new, known with something new, known and the same, rows left out.

    Examples
    --------
    >>> print("\\n".join(ImportReport(3, 1, 20, 0, 2, ()).lines()))
    3 signals added, 1 revised (2 revisions), 20 unchanged, 0 rows excluded
    """

    added: int
    revised: int
    unchanged: int
    excluded: int
    revisions: int
    issues: tuple[SignalIssue, ...]

    def lines(self) -> tuple[str, ...]:
        """Return the report as text: the counts, every exclusion and, of each rule that warned, the first case."""
        counts = (f"{self.added} signals added, {self.revised} revised ({self.revisions} revisions), "
                  f"{self.unchanged} unchanged, {self.excluded} rows excluded")
        gone = [f"excluded: {issue}" for issue in excluded_issues(self.issues)]
        return (counts, *gone, *warning_lines(self.issues))


@dataclass(frozen=True, slots=True)
class _Revision:
    signal_id: str
    block: str
    claimed_at: str
    is_stamped: bool
    content: str


def import_history(store: SignalStore, history: SignalHistory, *, recorded_at: datetime) -> ImportReport:
    """Add what a history says that the store does not know yet; the same history again adds nothing.

    recorded_at : now, with a zone. A new signal keeps the stamps of its file. What changes about a known signal is a
        new revision that is known from `recorded_at` on, so that an edited entry cannot act in the past.
    A signal whose ticker, source or time differs from what is stored under its id is excluded.
    A block that the history no longer states stays as it was. One transaction: all or nothing.
    Raises: DataError if `recorded_at` is more than 5 minutes before the last recording, if simulated and real
        signals would mix, or if another process keeps writing.
    """
    if recorded_at.tzinfo is None:
        raise ValueError("recorded_at must have a time zone")
    incoming = list(_revisions_of(history))
    with store.transaction() as connection:
        _refuse_mixture(store, history)
        moment = _moment(store, recorded_at)
        known = _known_signals(connection, history)
        issues = _identity_issues(store, history, known)
        refused = {issue.signal_id for issue in issues if issue.severity == EXCLUDED}
        added = _add_signals(connection, history, known, moment)
        new = [revision for revision in incoming if revision.signal_id not in refused]
        revised, n_revisions = _add_revisions(connection, new, added, moment)
    everything = (*history.issues, *issues)
    unchanged = len(history.signals) - len(added) - len(revised) - len(refused)
    return ImportReport(len(added), len(revised), unchanged, len(excluded_issues(everything)), n_revisions, everything)


def add_signal(store: SignalStore, values: Mapping[str, str], *, recorded_at: datetime) -> ImportReport:
    """Add one signal, or a revision of one, from names of fields and texts as in a file.

    values : at least ticker and signal_time; any field, stamp or alias that a file may have.
    Raises: DataError as `read_signals` and `import_history`; a field nobody knows is refused, not left out.
    """
    rows = RawRows("signal", {name: [text.strip()] for name, text in values.items()}, (1,), True, ())
    history = history_of_rows(rows, now=recorded_at)
    unread = [issue.value for issue in history.issues if issue.rule in ("column_not_read", "outcome_not_read")]
    if unread:
        raise DataError("a signal has no such fields", faults=unread)
    return import_history(store, history, recorded_at=recorded_at)


def _revisions_of(history: SignalHistory) -> Iterator[_Revision]:
    for block, fields in BLOCKS.items():
        if block not in history.revisions:
            continue
        table = history.revisions[block].sort_values("known_at", kind="stable")
        columns = [table[field].tolist() for field in fields]
        for name, claimed, stamped, *values in zip(
                table["signal_id"].tolist(), to_text(table["known_at"]), table["is_stamped"].tolist(), *columns,
                strict=True):
            stated = {field: value if field in TEXTS else float(value)
                      for field, value in zip(fields, values, strict=True) if _is_stated(field, value)}
            yield _Revision(name, block, claimed, bool(stamped), _JSON.encode(stated))


def _is_stated(field: str, value: object) -> bool:
    return value != "" if field in TEXTS else value == value


def _refuse_mixture(store: SignalStore, history: SignalHistory) -> None:
    kinds = store.read("SELECT DISTINCT is_simulated FROM signals")["is_simulated"].tolist()
    if kinds and history.is_simulated != bool(kinds[0]):
        raise DataError(f"{store.path}: simulated and real signals must not share a store; name another file")


def _moment(store: SignalStore, recorded_at: datetime) -> str:
    last = store.read("SELECT max(recorded_at) AS last FROM (SELECT recorded_at FROM signals UNION ALL "
                      "SELECT recorded_at FROM revisions)")["last"].iloc[0]
    latest = recorded_at if last is None else datetime.fromisoformat(last)
    if recorded_at < latest - CLOCK_TOLERANCE:
        raise DataError(f"{store.path}: the last recording was at {last}, later than {recorded_at:%Y-%m-%d %H:%M %Z}; "
                        "check the clock. Nothing was written")
    # A writer that waited for another one read its clock before the other was done.
    return max(recorded_at, latest).astimezone(UTC).strftime(INSTANT_FORMAT)


def _known_signals(connection: sqlite3.Connection, history: SignalHistory) -> dict[str, tuple[str, str, str, str]]:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS incoming (signal_id TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM incoming")
    connection.executemany("INSERT INTO incoming VALUES (?)", [(name,) for name in history.signals["signal_id"]])
    rows = connection.execute("SELECT signal_id, ticker, source, signal_time, asset_type FROM signals "
                              "JOIN incoming USING (signal_id)")
    return {name: (ticker, source, time, kind) for name, ticker, source, time, kind in rows}


def _identity_issues(
    store: SignalStore, history: SignalHistory, known: Mapping[str, tuple[str, str, str, str]]
) -> list[SignalIssue]:
    issues = []
    for name, ticker, kind, source, time in _identities(history):
        if name not in known:
            continue
        stored, stored_kind = known[name][:3], known[name][3]
        if stored != (ticker, source, time):
            issues.append(SignalIssue(
                EXCLUDED, "id_of_another_signal", store.path.name, name, ticker,
                f"{ticker} of '{source}' at {time}, stored as {stored[0]} of '{stored[1]}' at {stored[2]}",
                "ticker, source and time never change; give a new signal a new id"))
        elif kind and stored_kind and kind != stored_kind:
            issues.append(SignalIssue(WARNING, "asset_type_differs", store.path.name, name, ticker,
                                      f"{kind}, stored as {stored_kind}", "the stored one is kept"))
    return issues


def _identities(history: SignalHistory) -> Iterator[tuple[str, str, str, str, str]]:
    table = history.signals
    columns = [table[name].tolist() for name in ("signal_id", "ticker", "asset_type", "source")]
    return zip(*columns, to_text(table["signal_time"]), strict=True)


def _add_signals(
    connection: sqlite3.Connection, history: SignalHistory, known: Mapping[str, tuple[str, str, str, str]], moment: str
) -> set[str]:
    new = [row for row in _identities(history) if row[0] not in known]
    connection.executemany(
        "INSERT INTO signals (signal_id, ticker, asset_type, source, signal_time, recorded_at, is_simulated) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)", [(*row, moment, int(history.is_simulated)) for row in new])
    named = [(kind, name) for name, ticker, kind, source, time in _identities(history)
             if kind and known.get(name) == (ticker, source, time, "")]
    connection.executemany("UPDATE signals SET asset_type = ? WHERE signal_id = ?", named)
    return {row[0] for row in new}


def _add_revisions(
    connection: sqlite3.Connection, incoming: list[_Revision], added: set[str], moment: str
) -> tuple[set[str], int]:
    stored = {(name, block, claimed): content for name, block, claimed, content in connection.execute(
        "SELECT signal_id, block, claimed_at, content FROM revisions JOIN incoming USING (signal_id) "
        "ORDER BY revision_id")}
    rows, revised = [], set()
    for revision in incoming:
        key = (revision.signal_id, revision.block, revision.claimed_at)
        if stored.get(key) == revision.content:
            continue
        is_first = revision.signal_id in added
        kind = "first" if is_first else "edit" if key in stored else "observation"
        rows.append((revision.signal_id, revision.block, kind, revision.claimed_at,
                     revision.claimed_at if is_first else moment, moment, int(revision.is_stamped), revision.content))
        if not is_first:
            revised.add(revision.signal_id)
    connection.executemany(
        "INSERT INTO revisions (signal_id, block, kind, claimed_at, known_at, recorded_at, is_stamped, content) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return revised, sum(row[2] != "first" for row in rows)

