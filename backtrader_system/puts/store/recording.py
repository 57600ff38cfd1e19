"""What became of options and what was said of them, into the registry; nothing known is ever replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.files.delimited import shortened
from backtrader_system.puts.store.registry import FACTORS, Registry, open_registry
from backtrader_system.tables.frame_schema import Column, FrameSchema

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
OUTCOME_NAMES = ("worthless", "assigned", "unknown")

# What became of an option. final_price: close of the stock on the expiry day; final_premium: last bid, per unit.
OUTCOMES = FrameSchema("recorded outcomes", (
    Column("contract", "text"), Column("expiry", "session"), Column("strike", "number", minimum=0.0),
    Column("final_price", "number", nullable=True, minimum=0.0), Column("outcome", "text"),
    Column("final_premium", "number", nullable=True, minimum=0.0)), key=("contract", "expiry"))

# The composite score of an option on a day, and its six factors, 0 to 100; coverage: share of the weights behind it.
SCORES = FrameSchema("recorded scores", (
    Column("day", "session"), Column("contract", "text"), Column("expiry", "session"),
    Column("score", "number", nullable=True), Column("coverage", "number", minimum=0.0, maximum=1.0),
    *(Column(factor, "number", nullable=True) for factor in FACTORS)), key=("day", "contract", "expiry"))


def record_outcomes(store: Path, outcomes: pd.DataFrame, now: datetime) -> int:
    """Add outcomes of expired options; return how many are new.

    outcomes : table of `OUTCOMES`. The same outcome again adds nothing; an unknown one may become known.
    Raises: DataError if a known outcome would change (each is listed, nothing is written), an option has not expired
        yet, or the table breaks its schema.
    """
    table = OUTCOMES.check(outcomes)[OUTCOMES.names].reset_index(drop=True)
    _refuse_bad_outcomes(table, now)
    with open_registry(store) as registry, registry.transaction() as connection:
        known = recorded_outcomes(registry)
        both = table.merge(known, on=["contract", "expiry"], how="left", suffixes=("", "_known"))
        # NaN here: nothing is recorded yet.
        was = both["outcome_known"].where(both["outcome_known"].notna(), None)
        differs = _differs(both, ("strike", "final_price", "final_premium")) | (both["outcome"] != was).to_numpy()
        is_settled = was.isin(["worthless", "assigned"]).to_numpy()
        _refuse_changes(store, both[is_settled & differs], "outcome")
        new = table[differs]
        moment = now.astimezone(UTC).strftime(INSTANT_FORMAT)
        connection.executemany(
            "INSERT INTO outcomes (option_name, expiry, strike, final_price, outcome, final_premium, recorded_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)", [(*row, moment) for row in _texts(new)])
    return len(new)


def record_scores(store: Path, scores: pd.DataFrame, now: datetime) -> int:
    """Add the scores of a day; return how many are new. The same score again adds nothing.

    scores : table of `SCORES`.
    Raises: DataError if a recorded score would change: it was said then, and hindsight must not improve it.
    """
    table = SCORES.check(scores)[SCORES.names].reset_index(drop=True)
    with open_registry(store) as registry, registry.transaction() as connection:
        both = table.merge(recorded_scores(registry), on=["day", "contract", "expiry"], how="left",
                           suffixes=("", "_known"), indicator=True)
        is_known = (both["_merge"] == "both").to_numpy()
        _refuse_changes(store, both[is_known & _differs(both, ("score", "coverage", *FACTORS))], "score")
        new = table[~is_known]
        moment = now.astimezone(UTC).strftime(INSTANT_FORMAT)
        marks = ", ".join("?" * (len(SCORES.names) + 1))
        connection.executemany(f"INSERT INTO scores VALUES ({marks})", [(*row, moment) for row in _texts(new)])
    return len(new)


def recorded_outcomes(registry: Registry) -> pd.DataFrame:
    """Return the latest outcome of each option: the columns of `OUTCOMES` and recorded_at (UTC)."""
    table = registry.read("SELECT option_name AS contract, expiry, strike, final_price, outcome, final_premium, "
                          "recorded_at FROM outcomes ORDER BY outcome_id")
    return _typed(table.drop_duplicates(["contract", "expiry"], keep="last"), OUTCOMES)


def recorded_scores(registry: Registry) -> pd.DataFrame:
    """Return all scores: the columns of `SCORES` and recorded_at (UTC)."""
    table = registry.read("SELECT day, option_name AS contract, expiry, score, coverage, "
                          f"{', '.join(FACTORS)}, recorded_at FROM scores ORDER BY day, option_name")
    return _typed(table, SCORES)


def _typed(table: pd.DataFrame, schema: FrameSchema) -> pd.DataFrame:
    kinds = {"text": "str", "number": "float64", "session": "datetime64[ns]"}
    typed = table.astype({column.name: kinds[column.kind] for column in schema.columns})
    recorded = pd.to_datetime(table["recorded_at"], utc=True).astype("datetime64[ns, UTC]")
    return typed.assign(recorded_at=recorded).reset_index(drop=True)


def _refuse_bad_outcomes(table: pd.DataFrame, now: datetime) -> None:
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    today = pd.Timestamp(now.astimezone(UTC).date())
    faults = [f"{row.contract}: outcome '{row.outcome}' is none of {', '.join(OUTCOME_NAMES)}"
              for row in table[~table["outcome"].isin(OUTCOME_NAMES)].itertuples()]
    faults += [f"{row.contract}: expires on {row.expiry:%Y-%m-%d}, which is in the future"
               for row in table[table["expiry"] > today].itertuples()]
    faults += [f"{row.contract}: {row.outcome} without a final price"
               for row in table[(table["outcome"] != "unknown") & table["final_price"].isna()].itertuples()]
    if faults:
        raise DataError("these outcomes cannot be recorded", faults=shortened(faults))


def _refuse_changes(store: Path, rows: pd.DataFrame, what: str) -> None:
    faults = [f"{row['contract']}: {what} {row[f'{what}_known']} is recorded, {row[what]} came now"
              for _, row in rows.iterrows()]
    if faults:
        raise DataError(f"{store}: recorded {what}s stay as they are; nothing was written", faults=shortened(faults))


def _differs(both: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    result = np.zeros(len(both), dtype=bool)
    for name in names:
        old, new = both[f"{name}_known"].to_numpy(dtype=float), both[name].to_numpy(dtype=float)
        result |= ~((old == new) | (np.isnan(old) & np.isnan(new)))
    return result


def _texts(table: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return rows as SQLite takes them: dates as text, missing as None."""
    columns = [table[name].dt.strftime("%Y-%m-%d") if pd.api.types.is_datetime64_dtype(table[name]) else table[name]
               for name in table]
    return [tuple(None if value != value else value for value in row) for row in zip(*columns, strict=True)]
