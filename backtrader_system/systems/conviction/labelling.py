"""The story of `signals label` and `signals update`: what became of the signals of a store, computed from bars."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from backtrader_system.progress import Progress, Silent
from backtrader_system.settings.loading import load_settings
from backtrader_system.signals.conviction.issues import SignalIssue, excluded_issues
from backtrader_system.signals.conviction.reading.read_signals import read_signals
from backtrader_system.signals.conviction.store.importing import ImportReport, import_history
from backtrader_system.signals.conviction.store.outcomes import record_outcomes
from backtrader_system.signals.conviction.store.store import open_store
from backtrader_system.systems.conviction.ideas import prepare_ideas
from backtrader_system.systems.conviction.sources import read_sources


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What labelling did: signals seen, with a settled outcome, still open; outcomes written; signals left out.

    Examples
    --------
    >>> print("\\n".join(LabelReport(10, 7, 2, 3, ()).lines()))
    10 signals: 7 outcomes settled, 2 still open, 1 left out; 3 outcomes written
    """

    n_signals: int
    n_settled: int
    n_open: int
    n_written: int
    issues: tuple[SignalIssue, ...]

    def lines(self) -> tuple[str, ...]:
        """Return the report as text, every signal that was left out included."""
        out = self.n_signals - self.n_settled - self.n_open
        head = (f"{self.n_signals:,} signals: {self.n_settled:,} outcomes settled, {self.n_open:,} still open, "
                f"{out:,} left out; {self.n_written:,} outcomes written")
        return (head, *(f"left out: {issue}" for issue in excluded_issues(self.issues)))


def import_files(store: Path, files: Sequence[Path], *, now: datetime | None = None) -> list[tuple[Path, ImportReport]]:
    """Add the signals of files to a store, made if there is none; each file in one transaction.

    Every file is read and checked before the first is written.
    Raises: DataError for a file or store that cannot be used.
    """
    now = now or datetime.now(UTC)
    histories = [(file, read_signals(file, now=now, keep_reposts=True)) for file in files]
    with open_store(store) as opened:
        return [(file, import_history(opened, history, recorded_at=now)) for file, history in histories]


def label_store(
    store: Path, config: str, overrides: Sequence[str], *, progress: Progress | None = None,
    now: datetime | None = None,
) -> LabelReport:
    """Compute the outcome of every signal of the store from bars and keep those that changed.

    Safe to repeat: the same bars write nothing. A signal whose horizon has not passed stays open (`censored`).
    Raises: DataError if the store or the bars cannot be used.
    """
    now = now or datetime.now(UTC)
    with open_store(store, must_exist=True) as opened:
        n_signals = opened.count("signals")
    loaded = load_settings(config, [*overrides, f"conviction.signals={json.dumps(str(store.resolve()))}"])
    sources = read_sources(loaded.settings, progress or Silent(), now=now)
    ideas = prepare_ideas(sources)
    outcomes = ideas.outcomes.assign(
        signal_id=ideas.table["signal_id"].to_numpy(), symbol=ideas.table["symbol"].to_numpy(),
        decided_at=ideas.table["decided_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_numpy())
    # An early stop is no final outcome yet: until its time limit has passed, only losers would be known.
    outcomes["outcome"] = outcomes["outcome"].where(ideas.is_mature, "censored")
    with open_store(store, must_exist=True) as opened:
        written = record_outcomes(
            opened, pd.DataFrame(outcomes), bars_fingerprint=sources.market.report.fingerprint, computed_at=now)
    settled = int((outcomes["outcome"] != "censored").sum())
    return LabelReport(n_signals, settled, len(outcomes) - settled, written, ideas.issues)
