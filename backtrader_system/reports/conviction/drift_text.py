"""How far live outcomes have drifted from a backtest, as Markdown."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import count, is_missing, precise
from backtrader_system.reports.markdown_table import cell, table

ALARM = "alarm"
STATES = {"alarm": "ALARM", "ok": "within the limit", "not_enough_evidence": "not enough evidence"}


def drift_text(rows: pd.DataFrame) -> str:
    """Return what has drifted, alarms first.

    rows : one per check: name, expected, live, difference, low, high (interval of the difference), n (live
        observations), limit (of the difference), state (alarm, ok, not_enough_evidence or any other text) and text,
        the sentence about it. Numbers may be missing.

    Examples
    --------
    >>> rows = pd.DataFrame([{"name": "hit_rate", "expected": 0.3, "live": 0.1, "difference": -0.2, "low": -0.3,
    ...                       "high": -0.1, "n": 90, "limit": 0.05, "state": "alarm", "text": "It fell."}])
    >>> drift_text(rows).splitlines()[2]
    '**1 alarm of 1 check.** It fell.'
    """
    lines = ["# Drift: live signals against the backtest", ""]
    if rows.empty:
        return "\n".join([*lines, "Nothing could be checked: no live signal is resolved yet.", ""])
    is_alarm = rows["state"] == ALARM
    ordered = pd.concat([rows[is_alarm], rows[~is_alarm]])
    plural = "" if len(rows) == 1 else "s"
    alarms = "No alarm" if not is_alarm.any() else f"{is_alarm.sum():,} alarm{'' if is_alarm.sum() == 1 else 's'}"
    first = " ".join(cell(text) for text in rows.loc[is_alarm, "text"])
    header = ("check", "backtest", "live", "difference", "interval", "limit", "n", "state")
    body = [(_words(row.name), _number(row.expected), _number(row.live), _signed(row.difference),
             "" if is_missing(row.low) or is_missing(row.high) else f"{_signed(row.low)} to {_signed(row.high)}",
             _number(row.limit), "" if is_missing(row.n) else count(row.n), STATES.get(row.state, _words(row.state)))
            for row in ordered.itertuples(index=False)]
    lines += [f"**{alarms} of {len(rows):,} check{plural}.** {first}".rstrip(), "",
              *table(header, body, right=(1, 2, 3, 4, 5, 6))]
    lines += [f"- {_words(row.name)}: {cell(row.text)}" for row in ordered.itertuples(index=False)]
    return "\n".join([*lines, ""])


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def _number(value: object) -> str:
    return "" if is_missing(value) else precise(value)


def _signed(value: object) -> str:
    return "" if is_missing(value) else f"{float(value) + 0.0:+.3f}"
