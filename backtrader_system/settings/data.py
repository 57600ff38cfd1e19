"""Settings of the sections `universe` and `data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from backtrader_system.settings.section import Fraction, Section, Sessions, conflict

# A symbol becomes part of file names and CSV cells, so its alphabet is closed.
Symbol = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9^](\.?[A-Za-z0-9_\-=^/]){0,23}$"),
    Field(description="a symbol: quoted if it is a number, up to 24 letters, digits and . _ - = ^ /"),
]


class UniverseSettings(Section):
    """Which symbols may be bought in which session. At most one of symbols, file, membership."""

    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1)] | None = None
    file: Path | None = None                       # one symbol a line
    membership: Path | None = None                 # CSV: symbol, start, end (empty = still a member)
    on_leave: Literal["sell", "hold"] = "sell"     # what happens to a position whose symbol leaves

    @field_validator("symbols")
    @classmethod
    def _each_once(cls, symbols: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = sorted({symbol for symbol in symbols or () if symbols.count(symbol) > 1})
        if twice:
            raise conflict(f"{', '.join(twice)} is listed twice; list every symbol once")
        return symbols

    @field_validator("file", "membership")
    @classmethod
    def _only_one(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        for other in ("symbols", "file"):
            if value is not None and info.field_name != other and info.data.get(other) is not None:
                raise conflict(f"only one of symbols, file and membership may be given; {other} is too", other)
        return value


class RepairSettings(Section):
    """What to do with impossible rows. `error` stops the run; every repair is listed in the report."""

    duplicates: Literal["error", "keep_first", "keep_last"] = "error"
    unsorted: Literal["error", "sort"] = "error"
    not_finite: Literal["error", "drop"] = "error"
    not_positive: Literal["error", "drop"] = "error"
    high_below_low: Literal["error", "drop", "swap"] = "error"
    outside_high_low: Literal["error", "drop", "widen"] = "error"
    off_calendar: Literal["error", "drop"] = "drop"     # the calendar decides when one could trade


class YahooSettings(Section):
    """How to ask Yahoo. A snapshot that exists is used as it is and takes no network call."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 20.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    backoff_seconds: Annotated[float, Field(ge=0)] = 1.5


class SimulatedSettings(Section):
    """The simulated market. `edge` is the planted predictability; 0 makes a market nobody can beat."""

    seed: int = 7
    n_symbols: Annotated[int, Field(ge=1, le=5_000)] = 20
    edge: Annotated[float, Field(ge=0, le=1)] = 0.10
    annual_volatility: Annotated[float, Field(gt=0, le=3)] = 0.28
    annual_drift: Annotated[float, Field(ge=-1, le=1)] = 0.06
    correlation: Fraction = 0.35
    tail_degrees_of_freedom: Annotated[float, Field(gt=2)] = 5.0
    splits: bool = True
    dividends: bool = True
    late_listing: bool = True
    delisting: bool = True


ALWAYS_OPEN = "24/7"


class DataSettings(Section):
    """Where bars come from and what is asked of them."""

    source: Literal["files", "yahoo", "simulated"] = "yahoo"
    path: Path | None = None                       # files: one Parquet or CSV, or a folder of them
    missing_symbols: Literal["error", "leave_out"] = "error"    # symbols of the universe that the source lacks
    prices: Literal["adjusted", "raw"] = "adjusted"
    corporate_actions: Path | None = None          # CSV: symbol, ex_date, split_ratio, dividend (raw prices only)
    calendar: str = "XNYS"                         # a name of exchange_calendars; 24/7 for crypto
    warmup_sessions: Annotated[int, Field(ge=0)] = 320
    max_one_day_move: Annotated[float, Field(gt=0)] = 0.40
    stale_run_sessions: Sessions = 5               # this many equal closes in a row are reported
    max_gap_sessions: Sessions = 3                 # more missing sessions than this are reported
    repair: RepairSettings = RepairSettings()
    snapshot_dir: Path = Path(".cache/snapshots")
    snapshot: str | None = None                    # hash of the snapshot to use; None takes the newest that fits
    refresh: bool = False                          # ask Yahoo again and keep the answer as a new snapshot
    yahoo: YahooSettings = YahooSettings()
    simulated: SimulatedSettings = SimulatedSettings()

    @property
    def periods_per_year(self) -> int:
        """Sessions in a year, for annualising."""
        return 365 if self.calendar == ALWAYS_OPEN else 252
