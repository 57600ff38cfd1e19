"""Dates as files hold them, turned into session dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# A date, perhaps with a time, perhaps with an offset from UTC. Other orders (01/02/2024) are ambiguous.
_ISO = (r"^(?P<day>\d{4}-\d{2}-\d{2}|\d{8})"
        r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?$")
_EARLIEST, _LATEST = pd.Timestamp("1800-01-01"), pd.Timestamp("2200-01-01")


@dataclass(frozen=True, slots=True)
class SessionDates:
    """Sessions read from a column.

    sessions : datetime64[ns], shape (n_rows,), naive midnights; NaT where `fault` says why.
    fault : text, shape (n_rows,), empty where the date is good.
    was_aware : bool, shape (n_rows,): the date came with a time zone.
    """

    sessions: np.ndarray
    fault: np.ndarray
    was_aware: np.ndarray


def session_dates(values: pd.Series, timezone: str) -> SessionDates:
    """Return the exchange-local session date of each value.

    values : naive or aware datetimes, or ISO texts (`2024-01-02`, `20240102`, `2024-01-02 00:00:00-05:00`).
    timezone : that of the exchange.
    A date with a time zone is the session in which it is midnight: on the exchange or, failing that, in its own
    zone (many vendors stamp the date itself as midnight UTC). Any other time of day is intraday: a fault.

    Examples
    --------
    >>> read = session_dates(pd.Series(["2024-07-03 00:00:00-04:00", "2024-07-03 09:30"]), "America/New_York")
    >>> str(read.sessions[0])[:10], read.fault[1][:35]
    ('2024-07-03', "'2024-07-03 09:30' is a time within")
    """
    codes, found = pd.factorize(values, use_na_sentinel=True)
    distinct = pd.Series(found)
    if pd.api.types.is_datetime64_dtype(distinct):
        read = _from_naive(distinct)
    elif isinstance(distinct.dtype, pd.DatetimeTZDtype):
        read = _from_aware(distinct, timezone)
    elif pd.api.types.is_string_dtype(distinct) or distinct.dtype == object:
        read = _from_text(distinct.astype("str"), timezone)
    else:
        read = _all_faulty(len(distinct), f"holds {distinct.dtype}, not dates")
    # The last entry stands for empty cells, whose code is -1.
    return SessionDates(np.append(read.sessions, np.datetime64("NaT", "ns"))[codes],
                        np.append(read.fault, "has no date")[codes], np.append(read.was_aware, False)[codes])


def _from_naive(values: pd.Series) -> SessionDates:
    return _checked(values, values, np.zeros(len(values), dtype=bool))


def _from_aware(values: pd.Series, timezone: str) -> SessionDates:
    own = values.dt.tz_localize(None)
    local = values.dt.tz_convert(timezone).dt.tz_localize(None)
    is_local_midnight = local == local.dt.normalize()
    return _checked(local.where(is_local_midnight, own), values, np.ones(len(values), dtype=bool))


def _from_text(values: pd.Series, timezone: str) -> SessionDates:
    parts = values.str.strip().str.extract(_ISO)
    day = pd.to_datetime(parts["day"].str.replace("-", ""), format="%Y%m%d", errors="coerce")
    has_time = parts["time"].fillna("").str.contains("[1-9]", regex=True)
    has_offset = parts["offset"].notna().to_numpy()
    moments = day + pd.to_timedelta(has_time.astype(int), unit="s")      # no midnight: replaced below, or a fault
    unclear = has_offset & has_time.to_numpy()
    if unclear.any():
        instants = pd.to_datetime(values[unclear], utc=True, format="ISO8601", errors="coerce")
        local = instants.dt.tz_convert(timezone).dt.tz_localize(None)
        moments = moments.where(~unclear, local.where(local == local.dt.normalize(), moments))
    read = _checked(moments, values, has_offset)
    fault = _with_text(read.fault, day.isna().to_numpy(), values, "'{}' is not a date of the form YYYY-MM-DD")
    return SessionDates(read.sessions, fault, has_offset)


def _checked(moments: pd.Series, shown: pd.Series, was_aware: np.ndarray) -> SessionDates:
    midnight = moments.dt.normalize()
    is_intraday = (moments != midnight).to_numpy() & moments.notna().to_numpy()
    is_unlikely = ~moments.between(_EARLIEST, _LATEST).to_numpy()
    fault = np.full(len(moments), "", dtype=object)
    fault = _with_text(fault, is_unlikely, shown, "'{}' lies outside the years 1800 to 2200")
    fault = _with_text(fault, is_intraday, shown, "'{}' is a time within a day; daily bars are dated at midnight")
    sessions = midnight.where(fault == "").astype("datetime64[ns]").to_numpy()
    return SessionDates(sessions, fault, was_aware)


def _with_text(fault: np.ndarray, is_wrong: np.ndarray, shown: pd.Series, text: str) -> np.ndarray:
    fault = fault.copy()
    fault[is_wrong] = [text.format(value) for value in shown[is_wrong]]
    return fault


def _all_faulty(length: int, fault: str) -> SessionDates:
    return SessionDates(np.full(length, np.datetime64("NaT", "ns")), np.full(length, fault, dtype=object),
                        np.zeros(length, dtype=bool))
