"""All errors that a user of this package can meet.

    BacktraderSystemError            exit code 1: something the user can mend
    ├── SettingsError                a YAML file, an override or a command-line value
    ├── DataError                    bars, corporate actions, universe or a file that holds them
    ├── SourceUnavailableError       a data source that did not answer (network)
    ├── StrategyError                a strategy, analyzer or one of its parameters
    ├── OutputError                  a results folder that cannot be written or read
    └── ReconciliationError          exit code 3: ledgers that do not agree with the bars

Every message says what is wrong, where, what was found and what to do. An error that collects
several faults carries all of them in `faults`, so that a user mends everything in one round.
"""

from __future__ import annotations

from collections.abc import Sequence


class BacktraderSystemError(Exception):
    """Base of all errors above. `exit_code` is what the command line returns."""

    exit_code = 1

    def __init__(self, message: str, *, faults: Sequence[str] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join([message, *(f"  {fault}" for fault in self.faults)]))


class SettingsError(BacktraderSystemError):
    """A setting is missing, unknown, duplicate, of the wrong type or out of range."""


class DataError(BacktraderSystemError):
    """Data are missing, unreadable or impossible."""


class SourceUnavailableError(BacktraderSystemError):
    """A data source did not answer after all retries."""


class StrategyError(BacktraderSystemError):
    """A strategy or analyzer cannot be loaded, or was given an unknown parameter."""


class OutputError(BacktraderSystemError):
    """A results folder or one of its files cannot be written or read."""


class ReconciliationError(BacktraderSystemError):
    """The ledgers of a run disagree with an independent replay of its fills."""

    exit_code = 3
