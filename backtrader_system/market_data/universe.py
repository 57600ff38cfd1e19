"""Which symbols belong to the universe, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from backtrader_system.errors import DataError
from backtrader_system.market_data.bar_columns import read_csv_text
from backtrader_system.settings.data import Symbol, UniverseSettings

_ALIASES = {"ticker": "symbol", "start_date": "start", "end_date": "end"}
MAX_NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Universe:
    """The symbols of a run.

    symbols : sorted; None means all that the source holds.
    intervals : columns symbol, start, end (NaT: still a member; both dates included), or None where every symbol
        is a member throughout. A symbol may have several intervals.

    Examples
    --------
    >>> spans = {"symbol": ["A"], "start": pd.to_datetime(["2024-01-03"]), "end": pd.to_datetime(["2024-01-03"])}
    >>> sessions = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])
    >>> Universe(("A",), pd.DataFrame(spans)).is_member(sessions, ["A"]).ravel().tolist()
    [False, True, False]
    """

    symbols: tuple[str, ...] | None
    intervals: pd.DataFrame | None = None

    def symbols_between(self, first: pd.Timestamp, last: pd.Timestamp) -> tuple[str, ...] | None:
        """Return the symbols that are members at any time from `first` to `last`."""
        if self.intervals is None:
            return self.symbols
        spans = self.intervals
        overlaps = (spans["start"] <= last) & (spans["end"].isna() | (spans["end"] >= first))
        return tuple(sorted(spans.loc[overlaps, "symbol"].unique()))

    def is_member(self, sessions: pd.DatetimeIndex, symbols: Sequence[str]) -> np.ndarray:
        """Return whether each symbol is a member in each session; bool, shape (n_sessions, n_symbols)."""
        if self.intervals is None:
            return np.ones((len(sessions), len(symbols)), dtype=bool)
        member = np.zeros((len(sessions), len(symbols)), dtype=bool)
        column = {symbol: number for number, symbol in enumerate(symbols)}
        starts = sessions.searchsorted(self.intervals["start"], side="left")
        ends = sessions.searchsorted(self.intervals["end"].fillna(pd.Timestamp.max), side="right")
        for symbol, start, end in zip(self.intervals["symbol"], starts, ends, strict=True):
            if symbol in column:
                member[start:end, column[symbol]] = True
        return member


def read_universe(settings: UniverseSettings) -> Universe:
    """Return the universe that the settings describe.

    Raises: DataError if the universe is empty, or its file cannot be read or holds impossible symbols or dates.
    """
    if settings.symbols is not None:
        return Universe(checked_symbols(settings.symbols, "universe.symbols"))
    if settings.file is not None:
        return Universe(checked_symbols(_symbols_of_file(settings.file), str(settings.file)))
    if settings.membership is not None:
        intervals = read_membership(settings.membership)
        return Universe(checked_symbols(intervals["symbol"], str(settings.membership)), intervals)
    return Universe(None)


def read_membership(path: Path) -> pd.DataFrame:
    """Return the membership intervals of a CSV file: symbol, start, end (NaT: still a member), both included.

    Raises: DataError with every row that has no readable start, or ends before it starts.
    """
    table = read_csv_text(Path(path))
    table = table.rename(columns=lambda name: _ALIASES.get(name.strip().lower(), name.strip().lower()))
    missing = [name for name in ("symbol", "start", "end") if name not in table]
    if missing:
        raise DataError(f"{path}: columns missing: {', '.join(missing)}; found: {', '.join(table.columns)}; "
                        "needed: symbol, start, end")
    text = {name: table[name].str.strip() for name in ("symbol", "start", "end")}
    start, end = (pd.to_datetime(text[name], format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
                  for name in ("start", "end"))
    no_start, no_end = start.isna(), end.isna() & (text["end"] != "")
    problems = (("start is not a date (YYYY-MM-DD)", no_start), ("end is not a date (YYYY-MM-DD)", no_end),
                ("ends before it starts", end < start))
    faults = [f"row {row + 1} after the header: {text['symbol'][row]}, {text['start'][row]}, {text['end'][row]}: {what}"
              for what, bad in problems for row in np.flatnonzero(bad)]
    if faults:
        raise DataError(f"{path}: impossible membership intervals", faults=faults)
    return pd.DataFrame({"symbol": text["symbol"], "start": start, "end": end})


def unknown_symbols_error(unknown: Iterable[str], known: Sequence[str], source: str) -> DataError:
    """Return the error for symbols that a source does not hold, with the nearest spellings it does hold."""
    names = sorted(unknown)
    upper = {symbol.upper(): symbol for symbol in sorted(known)}
    faults = []
    for name in names[:MAX_NAMES_SHOWN * 5]:
        near = [upper[match] for match in get_close_matches(name.upper(), list(upper), n=3, cutoff=0.6)]
        faults.append(f"{name}: " + (f"did you mean {' or '.join(near)}?" if near else "nothing similar there"))
    if len(names) > len(faults):
        faults.append(f"... and {len(names) - len(faults)} more")
    holds = ", ".join(sorted(known)[:MAX_NAMES_SHOWN]) + (" ..." if len(known) > MAX_NAMES_SHOWN else "")
    return DataError(f"{source}: {len(names)} unknown symbols; it holds {len(known)}: {holds}", faults=faults)


def checked_symbols(symbols: Iterable[str], source: str) -> tuple[str, ...]:
    """Return the symbols sorted, each once, after a check that each is fit to be part of a file name.

    Raises: DataError with every symbol that is not, or if there is none.
    """
    names = tuple(sorted(set(symbols)))
    if not names:
        raise DataError(f"{source}: the universe is empty; name at least one symbol")
    adapter = TypeAdapter(tuple[Symbol, ...])
    try:
        return adapter.validate_python(names)
    except ValidationError as error:
        bad = [repr(names[int(fault["loc"][0])]) for fault in error.errors()]
        raise DataError(f"{source}: impossible symbols: {', '.join(bad[:MAX_NAMES_SHOWN])}; allowed are up to 24 "
                        "letters, digits and . _ - = ^ /") from error


def _symbols_of_file(path: Path) -> list[str]:
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: universe.file cannot be read ({error}); "
                        "it must be a UTF-8 text with one symbol a line") from error
    return [symbol for line in lines if (symbol := line.split("#")[0].strip())]
