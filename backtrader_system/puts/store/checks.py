"""The owner's data-quality checklist over a store: what is missing, late, changed or damaged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.market_data.calendar import session_close_instant, sessions_between
from backtrader_system.puts.chain import ChainIssue
from backtrader_system.puts.files.schemas import DATA, PROBABILITIES, SCHEMAS, TEXT, FileSchema
from backtrader_system.puts.store.partitions import SNAPSHOT_DATE, damage_of, read_partitions
from backtrader_system.puts.store.recording import recorded_outcomes
from backtrader_system.puts.store.registry import GUARDS, Registry, open_registry

OUTCOME_DELAY = timedelta(hours=24)
FEWER_OPTIONS = 0.7            # of the median of the days before
DAYS_COMPARED = 5
# Warnings that somebody must act on today; the others tell what is odd.
URGENT = ("missing_day", "outcome_overdue")
SHOWN = 5


def needs_action(issues: Iterable[ChainIssue]) -> bool:
    """Return whether somebody must act: the store cannot be trusted, a day was lost, or an outcome is overdue."""
    return any(issue.severity == "excluded" or issue.rule in URGENT for issue in issues)


def check_store(store: Path, *, now: datetime, calendar: str = "XSTO", since: date = date.min) -> list[ChainIssue]:
    """Return what the checklist finds; an issue with severity "excluded" means that the store cannot be trusted.

    now : clock with a zone. calendar : whose sessions must all be there. since : sessions missed and outcomes overdue
    from before that day are known and not told again.
    Rules: `damaged`, `guard_missing` (excluded); `missing_day` and `missing_probabilities` (a session without them),
    `outcome_overdue` (24 hours after the close of the expiry session), `outcome_late`, `schema_changed`,
    `column_order`, `unit_changed` (what DaysToExpiry counts), `field_empty`, `fewer_options`, `option_missing` (on
    sale before and after, not on the day), `unregistered_file` (warnings).
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    store = Path(store)
    with open_registry(store) as registry:
        partitions = registry.read("SELECT * FROM partitions ORDER BY table_name, day")
        damage = list(_damage(store, registry, partitions))
        if damage:
            return damage
        outcomes = list(_outcomes(store, registry, now, calendar, since))
    return [*_missing_days(store, partitions, now, calendar, since), *outcomes, *_schema_changes(store, partitions),
            *_unit_changes(store, partitions), *_empty_fields(store, partitions), *_options(store, partitions),
            *_unregistered(store, partitions)]


def _found(store: Path, severity: str, rule: str, cases: list[str], advice: str, count: int | None = None
           ) -> Iterator[ChainIssue]:
    if cases:
        more = f" and {len(cases) - SHOWN:,} more" if len(cases) > SHOWN else ""
        yield ChainIssue(severity, rule, str(store), count or len(cases), "; ".join(cases[:SHOWN]) + more, advice)


def _damage(store: Path, registry: Registry, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    broken = [text for text in registry.read("PRAGMA integrity_check")["integrity_check"] if text != "ok"]
    broken += [text for row in partitions.itertuples() if (text := damage_of(store, row.file, row.file_sha256))]
    yield from _found(store, "excluded", "damaged", broken, "restore these from a copy")
    present = set(registry.read("SELECT sql FROM sqlite_master WHERE type = 'trigger'")["sql"])
    missing = [guard.split()[2] for guard in GUARDS if guard not in present]
    yield from _found(store, "excluded", "guard_missing", missing, "somebody could rewrite the past; restore a copy")


def _missing_days(store: Path, partitions: pd.DataFrame, now: datetime, calendar: str, since: date
                  ) -> Iterator[ChainIssue]:
    data = partitions[partitions["table_name"] == DATA.table]
    advice = "collect every trading day; take what is still to be had with `puts collect --date`"
    cases = _gaps(pd.to_datetime(data["day"]), now, calendar, since)
    yield from _found(store, "warning", "missing_day", cases, advice)
    history = partitions[partitions["table_name"] == PROBABILITIES.table]
    if len(history):
        dates = read_partitions(store, history, PROBABILITIES, ("Update_date",))["Update_date"]
        yield from _found(store, "warning", "missing_probabilities", _gaps(dates, now, calendar, since), advice)


def _gaps(days: pd.Series, now: datetime, calendar: str, since: date) -> list[str]:
    """Return the sessions from the first day to the last one closed a day ago that are not among the days."""
    if days.empty:
        return []
    sessions = sessions_between(calendar, days.min().date(), now.date())
    closed = session_close_instant(calendar, sessions) + OUTCOME_DELAY <= pd.Timestamp(now)
    missing = sessions[closed].difference(pd.DatetimeIndex(days))
    return [f"{day:%Y-%m-%d}" for day in missing if day.date() >= since]


def _outcomes(store: Path, registry: Registry, now: datetime, calendar: str, since: date) -> Iterator[ChainIssue]:
    universe = registry.read("SELECT option_name, expiry FROM universe ORDER BY expiry, option_name")
    if universe.empty:
        return
    due = _due(pd.to_datetime(universe["expiry"]), calendar)
    known = recorded_outcomes(registry).set_index(["contract", "expiry"])
    keys = pd.MultiIndex.from_arrays([universe["option_name"], pd.to_datetime(universe["expiry"])])
    states = known["outcome"].reindex(keys).fillna("none").to_numpy()
    recorded = known["recorded_at"].dt.tz_localize(None).reindex(keys).to_numpy(dtype="datetime64[ns]")
    names = (universe["option_name"] + " expired " + universe["expiry"]).to_numpy()
    overdue = (due <= pd.Timestamp(now).tz_convert("UTC").tz_localize(None)) & np.isin(states, ["none", "unknown"])
    overdue &= (universe["expiry"] >= since.isoformat()).to_numpy()
    yield from _found(store, "warning", "outcome_overdue", names[overdue].tolist(),
                      "`puts collect` records what became of them once their stocks have closes")
    late = np.isin(states, ["worthless", "assigned"]) & (recorded > due)
    yield from _found(store, "warning", "outcome_late", names[late].tolist(), "record outcomes within 24 hours")


def _due(expiries: pd.Series, calendar: str) -> np.ndarray:
    """Return when each outcome is due, naive UTC: 24 hours after the close of the last session up to the expiry."""
    sessions = sessions_between(calendar, (expiries.min() - pd.Timedelta(days=15)).date(), expiries.max().date())
    last = sessions[sessions.searchsorted(expiries.to_numpy(), side="right") - 1]
    closes = session_close_instant(calendar, sessions).tz_localize(None) + OUTCOME_DELAY
    return closes.to_numpy()[sessions.get_indexer(last)]


def _schema_changes(store: Path, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    changes, orders = [], []
    for schema in SCHEMAS:
        rows = partitions[partitions["table_name"] == schema.table]
        headers = [json.loads(text) for text in rows["columns"]]
        for day, before, after in zip(rows["day"][1:], headers[:-1], headers[1:], strict=True):
            added = [f"+{name}" for name in after if name not in before]
            gone = [f"-{name}" for name in before if name not in after]
            if added or gone:
                changes.append(f"{schema.file_name} on {day}: {' '.join([*added, *gone][:SHOWN])}")
            elif before != after:
                orders.append(f"{schema.file_name} on {day}")
    yield from _found(store, "warning", "schema_changed", changes, "note why; what needs a column lacks it now")
    yield from _found(store, "warning", "column_order", orders, "columns are read by name; nothing to do")


def _unit_changes(store: Path, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    data = partitions[partitions["table_name"] == DATA.table]
    units, days = data["unit"].tolist(), data["day"].tolist()
    cases = [f"{day}: {old} became {new}" for day, old, new in zip(days[1:], units[:-1], units[1:], strict=True)
             if old != new]
    yield from _found(store, "warning", "unit_changed", cases,
                      "DaysToExpiry counts something else since then; days are counted from dates here")


def _empty_fields(store: Path, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    cases = []
    for schema in SCHEMAS:
        for row in partitions[partitions["table_name"] == schema.table].itertuples():
            empty = json.loads(row.n_empty)
            cases += [f"{schema.file_name} on {row.day}: {name} in {count:,} of {row.n_source_rows:,} rows"
                      for name, count in empty.items()
                      if _must_be_full(schema.table, name) or _is_lost(schema, name, count, row.n_source_rows)]
    yield from _found(store, "warning", "field_empty", cases, "look why the source has no value")


def _must_be_full(table: str, name: str) -> bool:
    # The third probability of one option or the stock of a scenario is rightly empty at times.
    return table == DATA.table and name in (*DATA.required, "StockName", "StockPrice")


def _is_lost(schema: FileSchema, name: str, n_empty: int, n_rows: int) -> bool:
    # A text such as X-Day may be empty everywhere; no number should be.
    return n_empty == n_rows and schema.kind_of(name) != TEXT


def _options(store: Path, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    data = partitions[partitions["table_name"] == DATA.table]
    counts = data["n_source_rows"].astype(float)
    usual = counts.rolling(DAYS_COMPARED, min_periods=1).median().shift()
    few = (counts < FEWER_OPTIONS * usual).to_numpy()
    cases = [f"{day}: {n:.0f} options, {before:.0f} before" for day, n, before in zip(
        data["day"][few], counts[few], usual[few], strict=True)]
    yield from _found(store, "warning", "fewer_options", cases, "the file may be incomplete")
    if len(data) > 2:
        rows = read_partitions(store, data, DATA, ("OptionName", "ExpiryDate"))
        yield from _found(store, "warning", "option_missing", _holes(rows), "every option must be in every snapshot")


def _holes(rows: pd.DataFrame) -> list[str]:
    """Return options that are in snapshots before and after, but not in one between."""
    days = np.sort(rows[SNAPSHOT_DATE].unique())
    rows = rows.assign(position=np.searchsorted(days, rows[SNAPSHOT_DATE].to_numpy()))
    rows = rows.sort_values(["OptionName", "ExpiryDate", "position"])
    step = rows.groupby(["OptionName", "ExpiryDate"])["position"].diff()
    holes = rows[step > 1]
    return [f"{row.OptionName} in {int(n) - 1} snapshots before {row.snapshot_date:%Y-%m-%d}"
            for row, n in zip(holes.itertuples(), step[step > 1], strict=True)]


def _unregistered(store: Path, partitions: pd.DataFrame) -> Iterator[ChainIssue]:
    known = set(partitions["file"])
    files = (path.relative_to(store).as_posix() for path in store.glob("*/*.parquet"))
    yield from _found(store, "warning", "unregistered_file", sorted(file for file in files if file not in known),
                      "left by a collection that was killed; nothing reads it, the next one writes over it")
