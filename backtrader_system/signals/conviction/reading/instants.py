"""Instants as signal files hold them, turned into UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_ISO = (r"^(?P<day>\d{4}-\d{2}-\d{2}|\d{8})"
        r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(?P<offset>Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$")
_EPOCH = r"^\d{10}(?:\d{3})?$"
_END_OF_DAY = pd.Timedelta(hours=23, minutes=59, seconds=59)
_EARLIEST, _LATEST = pd.Timestamp("1990-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")


@dataclass(frozen=True, slots=True)
class Instants:
    """Instants read from a column of texts.

    utc : datetime64[ns, UTC], cut to microseconds; NaT where empty or faulty. fault : text, "" where good or empty.
    is_date : the text was a date without a time. offset : text of the offset from UTC, "" where none was given.
    """

    utc: pd.Series
    fault: np.ndarray
    is_date: np.ndarray
    offset: np.ndarray


def read_instants(texts: Sequence[str], *, naive_is_utc: bool = False) -> Instants:
    """Return the UTC instant of each text.

    texts : ISO 8601 with an offset (`2024-05-01T10:00:00-05:00`, `...Z`), seconds or milliseconds since 1970, or dates.
    naive_is_utc : the column says so in its name; else a time without an offset is a fault.
    A date without a time is known at its end, 23:59:59 UTC: nobody can say that it was known earlier.

    Examples
    --------
    >>> read = read_instants(["2024-05-01", "2024-05-01T10:00:00-05:00", "2024-05-01 10:00"])
    >>> [str(instant)[:19] for instant in read.utc]
    ['2024-05-01 23:59:59', '2024-05-01 15:00:00', 'NaT']
    >>> read.fault[2]
    "'2024-05-01 10:00' has no offset from UTC"
    """
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    read = _distinct_instants(pd.Series(distinct, dtype="str"), naive_is_utc)
    return Instants(read.utc.iloc[codes].reset_index(drop=True), read.fault[codes], read.is_date[codes],
                    read.offset[codes])


def _distinct_instants(texts: pd.Series, naive_is_utc: bool) -> Instants:
    parts = texts.str.extract(_ISO).fillna("")
    is_epoch = texts.str.fullmatch(_EPOCH).to_numpy(dtype=bool)
    is_iso = (parts["day"] != "").to_numpy()
    has_time = (parts["time"] != "").to_numpy()
    offset = parts["offset"].replace({"Z": "+00:00", "UTC": "+00:00"})
    is_naive = has_time & (offset == "").to_numpy() & (not naive_is_utc)
    day = parts["day"].str.replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", regex=True)
    iso = day + "T" + parts["time"].where(has_time, "00:00") + offset.where(offset != "", "+00:00")
    utc = pd.to_datetime(iso.where(is_iso & ~is_naive), utc=True, errors="coerce", format="ISO8601")
    utc = utc.astype("datetime64[ns, UTC]")
    is_date = is_iso & ~has_time
    utc = utc.where(~is_date, utc + _END_OF_DAY)
    if is_epoch.any():
        utc = utc.where(~is_epoch, _from_epoch(texts.where(is_epoch)))
    utc = utc.where((utc >= _EARLIEST) & (utc < _LATEST)).dt.floor("us")
    faults = [_fault(text, naive, missing) for text, naive, missing in zip(texts, is_naive, utc.isna(), strict=True)]
    return Instants(utc, np.array(faults, dtype=object), is_date, offset.to_numpy(dtype=object))


def _from_epoch(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts)
    milliseconds = numbers.where(texts.str.len() == 13, numbers * 1000)
    return pd.to_datetime(milliseconds, unit="ms", utc=True).astype("datetime64[ns, UTC]")


def _fault(text: str, is_naive: bool, is_missing: bool) -> str:
    if is_naive:
        return f"'{text}' has no offset from UTC"
    if is_missing and text:
        return f"'{text}' is no date (2024-01-31) or instant (2024-01-31T15:30:00Z)"
    return ""
