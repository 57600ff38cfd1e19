"""What was found in the data: one issue at a time, and the report of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

import pandas as pd

from backtrader_system.errors import DataError

MAX_FAULTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class DataIssue:
    """One thing that is impossible (error), was changed (repair) or is suspicious (warning).

    rule : what was looked for, such as `high_below_low`. source : the file or source. symbol, session : where;
    an empty symbol means all. value : what was found. advice : what to do about it.

    Examples
    --------
    >>> print(DataIssue("error", "duplicate", "bars.csv", "A", date(2024, 1, 2), "the same bar again", "mend it"))
    bars.csv: A 2024-01-02: duplicate: the same bar again
    """

    severity: str
    rule: str
    source: str
    symbol: str
    session: date | None
    value: str
    advice: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.symbol, str(self.session or "")) if part)
        return f"{self.source}: {where + ': ' if where else ''}{self.rule}: {self.value}"


@dataclass(frozen=True, slots=True)
class DataReport:
    """What a run's data are and what is odd about them.

    fingerprint : SHA-256 of the panel. snapshot : id of the stored download, None for other sources.
    faults is empty for data that were let in: an impossible row that no setting repairs stops the run.
    """

    faults: tuple[DataIssue, ...]
    warnings: tuple[DataIssue, ...]
    repairs: tuple[DataIssue, ...]
    fingerprint: str
    n_symbols: int
    n_sessions: int
    n_bars: int
    snapshot: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON values."""
        lists = {name: [_plain(issue) for issue in getattr(self, name)] for name in ("faults", "warnings", "repairs")}
        counts = {name: getattr(self, name) for name in ("n_symbols", "n_sessions", "n_bars")}
        rules = Counter(issue.rule for issue in self.warnings)
        return {"fingerprint": self.fingerprint, "snapshot": self.snapshot, **counts,
                "warnings_by_rule": dict(sorted(rules.items())), **lists}

    def to_table(self) -> pd.DataFrame:
        """Return one row per issue: severity, rule, source, symbol, session, value, advice."""
        issues = (*self.faults, *self.repairs, *self.warnings)
        table = pd.DataFrame([asdict(issue) for issue in issues], columns=list(DataIssue.__dataclass_fields__))
        return table.astype({"session": "datetime64[ns]"})


def issues_of(issues: Sequence[DataIssue], severity: str) -> tuple[DataIssue, ...]:
    """Return the issues of one severity, sorted by symbol, session and rule."""
    chosen = [issue for issue in issues if issue.severity == severity]
    return tuple(sorted(chosen, key=lambda i: (i.symbol, i.session or date.min, i.rule, i.source, i.value)))


def stop_on_errors(issues: Sequence[DataIssue]) -> None:
    """Raise DataError that lists every error (up to a readable number) and what would handle it."""
    errors = issues_of(issues, "error")
    if not errors:
        return
    faults = [str(issue) for issue in errors[:MAX_FAULTS_SHOWN]]
    if len(errors) > MAX_FAULTS_SHOWN:
        faults.append(f"... and {len(errors) - MAX_FAULTS_SHOWN} more")
    counts = Counter((issue.rule, issue.advice) for issue in errors)
    faults += [f"{rule} ({count}): {advice}" for (rule, advice), count in sorted(counts.items())]
    raise DataError(f"the data hold {len(errors)} impossible bars or dates", faults=faults)


def _plain(issue: DataIssue) -> dict[str, object]:
    return {**asdict(issue), "session": issue.session and issue.session.isoformat()}
