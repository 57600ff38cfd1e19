"""One flat section of a run's figures as text: never a silent gap, a missing figure says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from backtrader_system.reports.figure_text import NOT_COMPUTED, is_missing, percent

Form = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class SectionFigures:
    """A flat section of a run's metrics, as text.

    Examples
    --------
    >>> figures = SectionFigures({"win_rate": 0.25, "recall": None, "recall_note": "no winner among the signals"})
    >>> figures.text("win_rate"), figures.text("recall"), figures.interval("win_rate")
    ('25.00 %', 'not computed: no winner among the signals', '')
    """

    section: Mapping[str, object]

    def value(self, name: str) -> object:
        """Return the figure, or None if it is absent or was not computed."""
        value = self.section.get(name)
        return None if is_missing(value) else value

    def text(self, name: str, form: Form = percent) -> str:
        """Return the figure in its form with its note, or why there is none."""
        value, note = self.value(name), self.section.get(f"{name}_note")
        if value is None:
            return f"{NOT_COMPUTED}: {note}" if note else NOT_COMPUTED
        return form(value) + (f" ({note})" if note else "")

    def interval(self, name: str, form: Form = percent) -> str:
        """Return `low to high`, or nothing where the figure has no interval."""
        return interval_text(self.value(f"{name}_low"), self.value(f"{name}_high"), form)

    def count(self, name: str) -> int:
        """Return a count; 0 where the run holds none."""
        value = self.value(name)
        return 0 if value is None else int(value)


def interval_text(low: object, high: object, form: Form = percent) -> str:
    """Return `low to high`, or nothing if an end is missing.

    Examples
    --------
    >>> interval_text(0.1, 0.25)
    '10.00 % to 25.00 %'
    """
    return "" if is_missing(low) or is_missing(high) else f"{form(low)} to {form(high)}"


def value_text(value: object, form: Form) -> str:
    """Return a cell of a table in its form; nothing where there is no value."""
    return "" if is_missing(value) or value is pd.NA or value is pd.NaT else form(value)
