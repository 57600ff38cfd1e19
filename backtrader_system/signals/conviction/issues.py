"""What is wrong or odd about raw signals: one issue at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

EXCLUDED = "excluded"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class SignalIssue:
    """One row that is left out (`excluded`) or one thing that is odd or was taken as missing (`warning`).

    rule : what was looked for, such as `future_signal`. source : file and line (`signals.csv:12`), or the store.
    signal_id, ticker : which signal; empty when the whole file is meant. value : what was found.
    advice : what to do about it.

    Examples
    --------
    >>> print(SignalIssue("warning", "plain_word_ticker", "signals.csv:4", "a1", "AI", "'AI' is a word", "check it"))
    signals.csv:4: AI: plain_word_ticker: 'AI' is a word; check it
    """

    severity: str
    rule: str
    source: str
    signal_id: str
    ticker: str
    value: str
    advice: str

    def __str__(self) -> str:
        where = f"{self.source}: {self.ticker}: " if self.ticker else f"{self.source}: "
        return f"{where}{self.rule}: {self.value}; {self.advice}"


def excluded_issues(issues: Sequence[SignalIssue]) -> tuple[SignalIssue, ...]:
    """Return the issues that leave a row out, in their order."""
    return tuple(issue for issue in issues if issue.severity == EXCLUDED)


def issues_table(issues: Sequence[SignalIssue]) -> pd.DataFrame:
    """Return one row per issue: severity, rule, source, signal_id, ticker, value, advice (text)."""
    columns = list(SignalIssue.__dataclass_fields__)
    return pd.DataFrame([asdict(issue) for issue in issues], columns=columns).astype("str")


def excluded_lines(issues: Sequence[SignalIssue], shown: int = 20) -> tuple[str, ...]:
    """Return a line for each of the first `shown` rows that are left out, and how many more there are."""
    excluded = excluded_issues(issues)
    more = (f"... and {len(excluded) - shown:,} more left out",) if len(excluded) > shown else ()
    return (*(f"left out: {issue}" for issue in excluded[:shown]), *more)


def warning_lines(issues: Sequence[SignalIssue]) -> tuple[str, ...]:
    """Return one line per rule that warned, with the first case and how many there are.

    Examples
    --------
    >>> odd = SignalIssue("warning", "plain_word_ticker", "signals.csv:4", "a1", "AI", "'AI' is a word", "check it")
    >>> print(warning_lines([odd, odd])[0])
    signals.csv:4: AI: plain_word_ticker: 'AI' is a word; check it (2 such warnings)
    """
    by_rule: dict[str, list[SignalIssue]] = {}
    for issue in issues:
        if issue.severity == WARNING:
            by_rule.setdefault(issue.rule, []).append(issue)
    return tuple(f"{found[0]}" + (f" ({len(found):,} such warnings)" if found[1:] else "")
                 for found in by_rule.values())
