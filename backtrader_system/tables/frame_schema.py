"""Schemas of tables, checked where a table enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError

MAX_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind and the range its finite values must lie in.

    kind : "session" (datetime64 without time zone, midnight), "instant" (datetime64 UTC), "text",
        "number", "count" (whole number) or "flag" (bool).
    nullable : whether missing values are allowed.
    """

    name: str
    kind: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class FrameSchema:
    """The columns, key and order of a table.

    Examples
    --------
    >>> import pandas as pd
    >>> schema = FrameSchema("sizes", (Column("symbol", "text"), Column("size", "number")), key=("symbol",))
    >>> schema.check(pd.DataFrame({"symbol": ["A"], "size": [1.0]})).shape
    (1, 2)
    """

    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def check(self, frame: pd.DataFrame, *, source: str = "") -> pd.DataFrame:
        """Return `frame` with the schema's columns first, or raise DataError with all faults."""
        where = f"{source}: " if source else ""
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise DataError(
                f"{where}table '{self.table}' lacks columns {missing}; found {list(frame.columns)}"
            )
        faults = [fault for column in self.columns for fault in _column_faults(frame[column.name], column)]
        if self.key and not faults:
            faults += _key_faults(frame, self.key)
        if faults:
            raise DataError(f"{where}table '{self.table}' breaks its schema", faults=faults)
        return frame[self.names + [name for name in frame.columns if name not in self.names]]


def _is_text(values: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(values) or values.isna().all() or (
        values.dtype == object and values.dropna().map(lambda value: isinstance(value, str)).all()
    )


def _is_session(values: pd.Series) -> bool:
    if not pd.api.types.is_datetime64_dtype(values):
        return False
    return bool((values.dropna() == values.dropna().dt.normalize()).all())


_KINDS: dict[str, tuple[Callable[[pd.Series], bool], str]] = {
    "session": (_is_session, "dates at midnight without a time zone"),
    "instant": (lambda s: str(getattr(s.dtype, "tz", "")) == "UTC", "instants in UTC"),
    "text": (_is_text, "text"),
    "number": (
        lambda s: pd.api.types.is_numeric_dtype(s) and not pd.api.types.is_bool_dtype(s), "numbers"),
    "count": (pd.api.types.is_integer_dtype, "whole numbers"),
    "flag": (pd.api.types.is_bool_dtype, "true or false"),
}


def _column_faults(values: pd.Series, column: Column) -> list[str]:
    is_kind, description = _KINDS[column.kind]
    if not is_kind(values):
        return [f"column '{column.name}' holds {values.dtype}; expected {description}"]
    bad = np.zeros(len(values), dtype=bool)
    if not column.nullable:
        bad |= values.isna().to_numpy()
    if column.kind in ("number", "count"):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        bad |= np.isinf(numbers)
        if column.minimum is not None:
            bad |= numbers < column.minimum
        if column.maximum is not None:
            bad |= numbers > column.maximum
    rows = np.flatnonzero(bad)
    if rows.size == 0:
        return []
    shown = ", ".join(f"row {row}: {values.iloc[[row]].tolist()[0]!r}" for row in rows[:MAX_ROWS_SHOWN])
    more = f" and {rows.size - MAX_ROWS_SHOWN} more" if rows.size > MAX_ROWS_SHOWN else ""
    return [f"column '{column.name}' has {rows.size} impossible values ({shown}{more}); allowed: {_range(column)}"]


def _range(column: Column) -> str:
    low = "-inf" if column.minimum is None else f"{column.minimum:g}"
    high = "inf" if column.maximum is None else f"{column.maximum:g}"
    return f"{column.kind} in [{low}, {high}]{' or empty' if column.nullable else ''}"


def _key_faults(frame: pd.DataFrame, key: tuple[str, ...]) -> list[str]:
    repeated = frame.duplicated(list(key), keep=False).to_numpy()
    rows = np.flatnonzero(repeated)
    if rows.size == 0:
        return []
    shown = "; ".join(
        f"row {row}: " + ", ".join(str(frame[name].iloc[row]) for name in key) for row in rows[:MAX_ROWS_SHOWN]
    )
    return [f"key {key} repeats in {rows.size} rows ({shown})"]
