"""JSON that every parser reads: null where Python has NaN, no NumPy types, a fixed key order."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath

import numpy as np
import pandas as pd

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def to_plain(value: object) -> Plain:
    """Return `value` built of None, bool, int, float, str, list and dict only.

    NaN, NaT and infinities become None; dates and instants ISO text; sets sorted lists; a path the text it was
    given as.

    Raises
    ------
    TypeError
        For a type with no plain form, with its name: a report must not hold a `repr` by accident.

    Examples
    --------
    >>> to_plain({"sharpe": float("nan"), "days": (1, 2)})
    {'sharpe': None, 'days': [1, 2]}
    """
    if isinstance(value, Enum):
        return to_plain(value.value)
    if value is None or isinstance(value, bool | str) or value is pd.NaT or value is pd.NA:
        return None if value is pd.NaT or value is pd.NA else value
    if isinstance(value, np.generic | np.ndarray) and not isinstance(value, np.datetime64 | np.timedelta64):
        return to_plain(value.tolist())
    if isinstance(value, int | float):
        return value if isinstance(value, int) or math.isfinite(value) else None
    return _container_or_special(value)


def _container_or_special(value: object) -> Plain:
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((to_plain(item) for item in value), key=str)
    if isinstance(value, list | tuple | pd.Index | pd.Series):
        return [to_plain(item) for item in value]
    if isinstance(value, np.datetime64):
        return to_plain(pd.Timestamp(value))
    if isinstance(value, pd.Timestamp) and value.tz is None and value == value.normalize():
        return value.date().isoformat()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"a report cannot hold {type(value).__name__}: {value!r}")


def json_text(value: object) -> str:
    """Return `value` as indented strict JSON in the order given, ending in a line feed."""
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def canonical_hash(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`: sorted keys, no spaces, UTF-8.

    Examples
    --------
    >>> canonical_hash({"b": 1, "a": 2}) == canonical_hash({"a": 2, "b": 1})
    True
    """
    text = json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
