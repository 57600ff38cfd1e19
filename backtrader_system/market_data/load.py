"""From settings to checked bars: the one way into the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError, SettingsError
from backtrader_system.market_data.calendar import sessions_between, sessions_from
from backtrader_system.market_data.corporate_actions import (
    actions_of_factors,
    adjusted_backwards,
    attach_actions,
    scale_by_factor,
)
from backtrader_system.market_data.impossible import repair_impossible
from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.market_data.quality import DataIssue, DataReport, issues_of, stop_on_errors
from backtrader_system.market_data.sources import SourceBars, read_source
from backtrader_system.market_data.suspicious import suspicious_issues
from backtrader_system.market_data.universe import Universe, read_universe
from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Market:
    """The bars of a run and what is known about them.

    bars : from `data.warmup_sessions` before the first session (fewer if the data begin later) to end_date.
    first_session : the first session on or after start_date; decisions begin there.
    source : files, yahoo or simulated.

    Examples
    --------
    >>> market = load_market(Settings.model_validate({"data": {"source": "simulated"}}))
    >>> str(market.first_session.date()), market.is_simulated, market.report.n_symbols
    ('2024-08-23', True, 20)
    """

    bars: BarPanel
    report: DataReport
    source: str
    is_simulated: bool
    first_session: pd.Timestamp


def load_market(settings: Settings, *, progress: Progress | None = None) -> Market:
    """Return the checked bars that the settings describe.

    Raises: SettingsError for settings that contradict each other; DataError if data are missing, impossible
        (all faults at once) or do not cover the period; SourceUnavailableError if Yahoo does not answer.
    """
    progress = progress or Silent()
    _check_actions_setting(settings)
    first_session, sessions = _sessions(settings)
    universe = read_universe(settings.universe)
    found = read_source(settings, universe, sessions, progress)
    if found.rows.empty:
        stop_on_errors(found.issues)
        raise _outside_error(settings, found)
    bars, issues = _checked(settings, found, sessions)
    stop_on_errors([*found.issues, *issues])
    _check_coverage(settings, found, bars, first_session, sessions)
    panel = _panel(settings, bars, universe)
    issues += [*found.issues, *_missing_bars(found, panel), *_warm_up_issue(settings, panel, first_session)]
    report = _report(panel, issues, found)
    progress.say(f"{report.n_bars:,} bars of {report.n_symbols} symbols over {report.n_sessions} sessions checked: "
                 f"{len(report.repairs)} repairs, {len(report.warnings)} warnings")
    source = settings.data.source
    return Market(panel, report, source, source == "simulated", first_session)


def _check_actions_setting(settings: Settings) -> None:
    data = settings.data
    if data.corporate_actions is not None and (data.prices != "raw" or data.source != "files"):
        raise SettingsError(f"data.corporate_actions has no use with data.source {data.source} and data.prices "
                            f"{data.prices}; remove it, or use raw prices from files")


def _sessions(settings: Settings) -> tuple[pd.Timestamp, pd.DatetimeIndex]:
    period, calendar = settings.backtest, settings.data.calendar
    within = sessions_between(calendar, period.start_date, period.end_date)
    if within.empty:
        raise DataError(f"calendar {calendar} has no session from {period.start_date} to {period.end_date}; "
                        "choose a longer period")
    return within[0], sessions_from(calendar, within[0], period.end_date, settings.data.warmup_sessions)


def _checked(
    settings: Settings, found: SourceBars, sessions: pd.DatetimeIndex
) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return possible bars with their actions, sorted by symbol and session, and all issues about them."""
    data = settings.data
    issues: list[DataIssue] = []
    rows = found.rows
    if data.prices == "adjusted":
        rows, issues = scale_by_factor(rows, found.source_of)
    bars, impossible = repair_impossible(rows, data.repair, sessions, found.source_of)
    actions, about_actions = _actions(data.prices, found, bars)
    bars, about_dividends = attach_actions(bars, actions, found.source_of)
    issues += [*impossible, *about_actions, *about_dividends]
    if not issues_of(issues, "error"):
        issues += suspicious_issues(bars, data, sessions, found.source_of)
    return bars, issues


def _actions(prices: str, found: SourceBars, bars: pd.DataFrame) -> tuple[pd.DataFrame, list[DataIssue]]:
    none = pd.DataFrame({"symbol": pd.Series(dtype="str"), "ex_date": pd.Series(dtype="datetime64[ns]"),
                         "split_ratio": pd.Series(dtype=float), "dividend": pd.Series(dtype=float)})
    if found.actions is not None:
        return found.actions, []
    if prices == "adjusted":
        return none, []
    if "split_factor" in bars or "price_factor" in bars:
        return actions_of_factors(bars, found.source_of)
    sources = sorted(set(found.source_of.values()))
    return none, [DataIssue("warning", "no_actions", sources[0], "", None, "raw prices without splits and dividends",
                            "name a file in data.corporate_actions, or set data.prices to adjusted")]


def _check_coverage(
    settings: Settings, found: SourceBars, bars: pd.DataFrame, first_session: pd.Timestamp, sessions: pd.DatetimeIndex
) -> None:
    if bars.empty or bars["session"].min() > first_session or bars["session"].max() < sessions[-1]:
        raise _outside_error(settings, found)
    if bars["symbol"].nunique() > 1:
        together = bars.loc[bars["session"] >= first_session, "session"].value_counts().max()
        if together < 2:
            raise DataError("no common session: no two symbols have a bar on the same date between "
                            f"{settings.backtest.start_date} and {settings.backtest.end_date}; check the dates")


def _outside_error(settings: Settings, found: SourceBars) -> DataError:
    span = found.covered()
    covered = "nothing" if span is None else f"{span[0].date()} to {span[1].date()}"
    period = settings.backtest
    return DataError(f"the data do not cover the run: they hold {covered} for {len(found.symbols)} symbols "
                     f"({_named(found.symbols)}), the run is from {period.start_date} to {period.end_date}; "
                     "change backtest.start_date or end_date, or add data")


def _panel(settings: Settings, bars: pd.DataFrame, universe: Universe) -> BarPanel:
    panel = panel_from_table(bars)
    panel = replace(panel, is_member=universe.is_member(panel.sessions, panel.symbols))
    return adjusted_backwards(panel) if settings.data.prices == "adjusted" else panel


def _missing_bars(found: SourceBars, panel: BarPanel) -> list[DataIssue]:
    return [
        DataIssue("warning", "no_bars", found.source_of[symbol], symbol, None, "no bar in the period of the run",
                  "it is left out; delisted before, listed later, or missing in the source")
        for symbol in found.symbols if symbol not in panel.symbols
    ]


def _warm_up_issue(settings: Settings, panel: BarPanel, first_session: pd.Timestamp) -> list[DataIssue]:
    wanted, found = settings.data.warmup_sessions, int(panel.sessions.searchsorted(first_session))
    if found >= wanted:
        return []
    return [DataIssue("warning", "short_warm_up", settings.data.source, "", first_session.date(),
                      f"{found} sessions before the first one; data.warmup_sessions is {wanted}",
                      "features with a long look-back and models begin later; start later or add data")]


def _report(panel: BarPanel, issues: Sequence[DataIssue], found: SourceBars) -> DataReport:
    faults, warnings, repairs = (issues_of(issues, name) for name in ("error", "warning", "repair"))
    n_sessions, n_symbols = panel.shape
    return DataReport(faults, warnings, repairs, panel.fingerprint(), n_symbols, n_sessions,
                      int(np.count_nonzero(panel.has_bar)), found.snapshot)


def _named(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:5]) + (" ..." if len(symbols) > 5 else "")
