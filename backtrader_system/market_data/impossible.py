"""Rows that cannot be true, and the repairs a user may allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import PRICES
from backtrader_system.market_data.quality import DataIssue
from backtrader_system.settings.data import RepairSettings

# Prices stored as float32 or scaled by an adjustment differ from their neighbours by up to 1e-7; the smallest
# real fault in five years of 400 adjusted Yahoo symbols was 4e-5. So 1e-6 parts rounding from faults.
ROUNDING = 1e-6
MAX_OFF_CALENDAR, MAX_OFF_CALENDAR_SHARE = 5, 0.02


def repair_impossible(
    bars: pd.DataFrame, repair: RepairSettings, calendar_sessions: pd.DatetimeIndex, source_of: Mapping[str, str]
) -> tuple[pd.DataFrame, list[DataIssue]]:
    """Return the bars without impossible rows, sorted by symbol and session, and an issue for each such row.

    bars : columns session (datetime64[ns], naive midnight), symbol, open, high, low, close, volume and others,
        in the order of the file.
    calendar_sessions : all sessions of the calendar from the first to the last bar.
    Each rule either reports an error or, where `repair` says so, changes the rows and reports a repair. The
    bars are fit for use only if no issue is an error.
    """
    gate = _Gate(repair, source_of)
    bars = bars.reset_index(drop=True)
    for rule in (_not_finite, _not_positive, _negative_volume, _high_below_low, _outside_high_low):
        bars = rule(gate, bars)
    bars = _off_calendar(gate, bars, calendar_sessions)
    bars = _unsorted(gate, bars)
    bars = bars.sort_values(["symbol", "session"], kind="stable", ignore_index=True)
    return _duplicates(gate, bars), gate.issues


@dataclass(slots=True)
class _Gate:
    repair: RepairSettings
    source_of: Mapping[str, str]
    issues: list[DataIssue] | None = None

    def __post_init__(self) -> None:
        self.issues = []

    def action(self, setting: str) -> str:
        return getattr(self.repair, setting)

    def note(
        self, rows: pd.DataFrame, rule: str, describe: Callable[[pd.Series], str], setting: str
    ) -> None:
        """Add one issue for each of the rows."""
        action = self.action(setting)
        options = [option for option in _options(setting) if option != "error"]
        advice = (f"mend the source, or set data.repair.{setting} to {' or '.join(options)}" if action == "error"
                  else f"data.repair.{setting} is {action}")
        severity = "error" if action == "error" else "repair"
        for _, row in rows.iterrows():
            self.issues.append(DataIssue(
                severity, rule, self.source_of[row["symbol"]], row["symbol"], row["session"].date(),
                describe(row), advice))

    def drop(
        self, bars: pd.DataFrame, bad: np.ndarray, rule: str, describe: Callable[[pd.Series], str], setting: str
    ) -> pd.DataFrame:
        """Note the bad rows and return the others."""
        if not bad.any():
            return bars
        self.note(bars[bad], rule, describe, setting)
        # An error row leaves too: it is reported already, and later rules would report it again.
        return bars[~bad].reset_index(drop=True)


def _off_calendar(gate: _Gate, bars: pd.DataFrame, calendar_sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Take out bars of days on which the exchange was closed; nothing could have filled there.

    A few are a slip of the source. Many mean the wrong calendar, so then dropping them is refused.
    """
    off = ~bars["session"].isin(calendar_sessions).to_numpy()
    sessions = bars["session"].to_numpy()
    n_off = np.unique(sessions[off]).size
    share = n_off / max(np.unique(sessions).size, 1)
    if gate.action("off_calendar") == "drop" and n_off > MAX_OFF_CALENDAR and share > MAX_OFF_CALENDAR_SHARE:
        gate.repair = gate.repair.model_copy(update={"off_calendar": "error"})
        return gate.drop(bars, off, "off_calendar", lambda row: (
            f"no session ({row['session']:%A}); {share:.0%} of all dates are none, so data.calendar looks wrong"),
            "off_calendar")
    return gate.drop(bars, off, "off_calendar", lambda row: f"no session ({row['session']:%A})", "off_calendar")


def _options(setting: str) -> tuple[str, ...]:
    return RepairSettings.model_fields[setting].annotation.__args__


def _not_finite(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    names = [*PRICES, "volume"]
    bad = ~np.isfinite(bars[names].to_numpy()).all(axis=1)

    def describe(row: pd.Series) -> str:
        return ", ".join(f"{name} is {row[name]}" for name in names if not np.isfinite(row[name]))

    return gate.drop(bars, bad, "not_finite", describe, "not_finite")


def _not_positive(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    bad = (bars[list(PRICES)].to_numpy() <= 0).any(axis=1)
    return gate.drop(bars, bad, "not_positive", _prices, "not_positive")


def _negative_volume(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    bad = bars["volume"].to_numpy() < 0
    return gate.drop(bars, bad, "negative_volume", lambda row: f"volume {row['volume']:g}", "not_positive")


def _high_below_low(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    high, low = bars["high"].to_numpy(), bars["low"].to_numpy()
    bad = high < low * (1 - ROUNDING)
    if not bad.any() or gate.action("high_below_low") != "swap":
        return gate.drop(bars, bad, "high_below_low", _prices, "high_below_low")
    gate.note(bars[bad], "high_below_low", _prices, "high_below_low")
    return bars.assign(high=np.where(bad, low, high), low=np.where(bad, high, low))


def _outside_high_low(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    high, low = bars["high"].to_numpy(), bars["low"].to_numpy()
    top = bars[["open", "close"]].max(axis=1).to_numpy()
    bottom = bars[["open", "close"]].min(axis=1).to_numpy()
    bad = (top > high * (1 + ROUNDING)) | (bottom < low * (1 - ROUNDING))
    if not bad.any() or gate.action("outside_high_low") != "widen":
        return gate.drop(bars, bad, "outside_high_low", _prices, "outside_high_low")
    gate.note(bars[bad], "outside_high_low", _prices, "outside_high_low")
    return bars.assign(high=np.where(bad, np.maximum(high, top), high), low=np.where(bad, np.minimum(low, bottom), low))


def _unsorted(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    previous = bars.groupby("symbol", sort=False)["session"].shift()
    backward = (bars["session"] < previous).to_numpy()
    if backward.any():
        count = bars[backward].groupby("symbol").size()
        first = bars[backward].drop_duplicates("symbol")
        gate.note(first, "unsorted", lambda row: f"{count[row['symbol']]} bars come after a later date", "unsorted")
    return bars


def _duplicates(gate: _Gate, bars: pd.DataFrame) -> pd.DataFrame:
    keep = "last" if gate.action("duplicates") == "keep_last" else "first"
    key = ["symbol", "session"]
    bad = bars.duplicated(key, keep=keep).to_numpy()
    if not bad.any():
        return bars
    kept = bars[~bad].set_index(key)

    def describe(row: pd.Series) -> str:
        other = kept.loc[(row["symbol"], row["session"])]
        same = all(row[name] == other[name] for name in (*PRICES, "volume"))
        return "the same bar again" if same else f"close {row['close']:g} volume {row['volume']:g} beside " \
            f"close {other['close']:g} volume {other['volume']:g}"

    return gate.drop(bars, bad, "duplicate", describe, "duplicates")


def _prices(row: pd.Series) -> str:
    return " ".join(f"{name} {row[name]:g}" for name in PRICES)
