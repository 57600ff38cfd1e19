"""The three sources of bars behind one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from backtrader_system.errors import DataError, SettingsError
from backtrader_system.market_data.calendar import exchange_timezone
from backtrader_system.market_data.corporate_actions import read_actions
from backtrader_system.market_data.files import covered_dates, open_bar_files, read_bars, source_by_symbol
from backtrader_system.market_data.quality import DataIssue
from backtrader_system.market_data.universe import Universe, checked_symbols, unknown_symbols_error
from backtrader_system.progress import Progress
from backtrader_system.settings.settings import Settings

Span = tuple[pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True, slots=True)
class SourceBars:
    """What a source delivered, not yet checked.

    rows : session (datetime64[ns], naive midnight), symbol, open, high, low, close, volume, perhaps factors.
    symbols : those that were asked for and exist. actions : corporate actions, None if the source knows none.
    source_of : name of the file or source of each symbol. covered : first and last session the source has for
        these symbols, asked only to explain an error.
    """

    rows: pd.DataFrame
    symbols: tuple[str, ...]
    actions: pd.DataFrame | None
    source_of: Mapping[str, str]
    covered: Callable[[], Span | None]
    issues: tuple[DataIssue, ...] = ()
    snapshot: str | None = None


def read_source(
    settings: Settings, universe: Universe, sessions: pd.DatetimeIndex, progress: Progress
) -> SourceBars:
    """Return the bars of the universe over `sessions` from the source that the settings name.

    Raises: DataError for a missing or unreadable file and for unknown symbols (with the nearest spellings; a
        member of dated intervals that the source lacks is a warning instead); SourceUnavailableError if Yahoo
        does not answer; SettingsError if a needed setting is missing.
    """
    return _READERS[settings.data.source](settings, universe, sessions, progress)


def _from_files(
    settings: Settings, universe: Universe, sessions: pd.DatetimeIndex, progress: Progress
) -> SourceBars:
    data = settings.data
    if data.path is None:
        raise SettingsError("data.path is missing; data.source files needs a Parquet or CSV file, or a folder")
    files = open_bar_files(data.path)
    available = {symbol for file in files for symbol in file.symbols}
    symbols, issues = _chosen(universe, sessions, available, str(data.path), data.missing_symbols == "leave_out")
    progress.say(f"Reading {len(symbols)} symbols from {data.path}")
    timezone = exchange_timezone(data.calendar)
    rows, date_issues = read_bars(files, symbols, sessions[0], sessions[-1], timezone)
    actions = None if data.corporate_actions is None else read_actions(data.corporate_actions)
    return SourceBars(rows, symbols, actions, source_by_symbol(files),
                      lambda: covered_dates(files, symbols, timezone), (*issues, *date_issues))


def _from_yahoo(
    settings: Settings, universe: Universe, sessions: pd.DatetimeIndex, progress: Progress
) -> SourceBars:
    from backtrader_system.market_data.yahoo import download_bars

    symbols = universe.symbols_between(sessions[0], sessions[-1])
    if symbols is None:
        raise SettingsError("universe is missing; data.source yahoo needs universe.symbols, file or membership")
    rows, snapshot = download_bars(
        _not_empty(symbols, sessions), sessions[0].date(), sessions[-1].date(), settings.data, progress)
    actions = _actions_in(rows) if "split_ratio" in rows else None
    rows = rows.drop(columns=["split_ratio", "dividend"], errors="ignore")
    return SourceBars(rows, symbols, actions, dict.fromkeys(symbols, "yahoo"), lambda: _span(rows), snapshot=snapshot)


def _from_simulation(
    settings: Settings, universe: Universe, sessions: pd.DatetimeIndex, progress: Progress
) -> SourceBars:
    from backtrader_system.market_data.simulated import simulate_market

    progress.say(f"Simulating a market of {settings.data.simulated.n_symbols} symbols")
    market = simulate_market(settings.data.simulated, sessions)
    source = "simulated market"
    may_lack = settings.data.missing_symbols == "leave_out"
    symbols, issues = _chosen(universe, sessions, set(market.bars["symbol"]), source, may_lack)
    rows = market.bars[market.bars["symbol"].isin(symbols)]
    return SourceBars(rows, symbols, market.actions, dict.fromkeys(symbols, source), lambda: _span(rows), issues)


_READERS = {"files": _from_files, "yahoo": _from_yahoo, "simulated": _from_simulation}


def _chosen(
    universe: Universe, sessions: pd.DatetimeIndex, available: set[str], source: str, may_lack: bool
) -> tuple[tuple[str, ...], tuple[DataIssue, ...]]:
    wanted = universe.symbols_between(sessions[0], sessions[-1])
    if wanted is None:
        return checked_symbols(available, source), ()
    missing = sorted(set(_not_empty(wanted, sessions)) - available)
    chosen = tuple(symbol for symbol in wanted if symbol in available)
    # Old members are often gone from a source. Stopping would forbid honest universes; silence would hide the bias.
    may_lack = may_lack or universe.intervals is not None
    if missing and not (chosen and may_lack):
        raise unknown_symbols_error(missing, sorted(available), source)
    advice = "a member without bars makes results look too good if it failed (survivorship bias); add its bars"
    return chosen, tuple(DataIssue("warning", "no_bars", source, symbol, None, "a member of the universe, unknown "
                                   "to the source", advice) for symbol in missing)


def _not_empty(symbols: Sequence[str], sessions: pd.DatetimeIndex) -> Sequence[str]:
    if not symbols:
        raise DataError(f"the universe is empty: no symbol is a member between {sessions[0].date()} and "
                        f"{sessions[-1].date()}; check universe.membership and the dates of the run")
    return symbols


def _actions_in(rows: pd.DataFrame) -> pd.DataFrame:
    is_action = (rows["split_ratio"] != 1) | (rows["dividend"] != 0)
    actions = rows.loc[is_action, ["symbol", "session", "split_ratio", "dividend"]]
    return actions.rename(columns={"session": "ex_date"}).reset_index(drop=True)


def _span(rows: pd.DataFrame) -> Span | None:
    return None if rows.empty else (rows["session"].min(), rows["session"].max())
