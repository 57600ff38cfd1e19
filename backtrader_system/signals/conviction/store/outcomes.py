"""What became of the signals of a store, computed from bars: kept result by result."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.store.store import INSTANT_FORMAT, SignalStore, to_instants

UNRESOLVED = "censored"
_SESSIONS = ("entry_session", "exit_session", "label_end")


def record_outcomes(
    store: SignalStore, outcomes: pd.DataFrame, *, bars_fingerprint: str, computed_at: datetime
) -> int:
    """Add the outcomes that differ from the last ones of their signals; return how many were added.

    outcomes : signal_id, outcome ("target", "stop", "time", "delisted", "censored") and any numbers, flags, texts and
        sessions. The same outcomes again add nothing, whatever the bars they come from; a changed one is a new row.
    bars_fingerprint : SHA-256 of the bars. computed_at : now, with a zone.
    Raises: DataError for a signal that the store does not hold.
    """
    if computed_at.tzinfo is None:
        raise ValueError("computed_at must have a time zone")
    contents = {str(row["signal_id"]): json.dumps(_plain(row), ensure_ascii=False, sort_keys=True)
                for row in outcomes.to_dict("records")}
    resolved = dict(zip(outcomes["signal_id"].astype("str"), outcomes["outcome"] != UNRESOLVED, strict=True))
    moment = computed_at.astimezone(UTC).strftime(INSTANT_FORMAT)
    with store.transaction() as connection:
        known = {name for name, in connection.execute("SELECT signal_id FROM signals")}
        unknown = sorted(contents.keys() - known)
        if unknown:
            raise DataError(f"{store.path}: {len(unknown)} outcomes belong to no signal of the store",
                            faults=unknown[:20])
        last = dict(connection.execute("SELECT signal_id, content FROM outcomes ORDER BY outcome_id"))
        rows = [(name, moment, bars_fingerprint, int(resolved[name]), content)
                for name, content in contents.items() if last.get(name) != content]
        connection.executemany("INSERT INTO outcomes (signal_id, computed_at, bars_fingerprint, is_resolved, content) "
                               "VALUES (?, ?, ?, ?, ?)", rows)
    return len(rows)


def outcomes(store: SignalStore) -> pd.DataFrame:
    """Return the last outcome of each signal that has one.

    Returns: signal_id, computed_at (UTC), bars_fingerprint, is_resolved and the columns that were recorded;
        sessions as datetime64[ns], missing values as NaN or NaT. Sorted by the time of the signal.
    """
    table = store.read("SELECT signal_id, computed_at, bars_fingerprint, is_resolved, content FROM outcomes "
                       "JOIN signals USING (signal_id) WHERE outcome_id IN "
                       "(SELECT max(outcome_id) FROM outcomes GROUP BY signal_id) ORDER BY signal_time, signal_id")
    contents = pd.DataFrame(json.loads(f"[{','.join(table['content'])}]"), index=table.index)
    sessions = {name: pd.to_datetime(contents[name]).astype("datetime64[ns]") for name in _SESSIONS if name in contents}
    head = table.drop(columns="content").astype({"signal_id": "str", "bars_fingerprint": "str", "is_resolved": bool})
    head = head.assign(computed_at=to_instants(head["computed_at"].astype("str")))
    return pd.concat([head, contents.assign(**sessions)], axis=1)


def _plain(row: Mapping[Hashable, object]) -> dict[str, object]:
    return {str(name): _json_value(value) for name, value in row.items() if name != "signal_id"}


def _json_value(value: object) -> object:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return _json_value(value.item())
    return value.isoformat() if isinstance(value, date) else value
