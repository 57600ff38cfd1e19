"""The figures of the section `puts` of a run, its tables, and the words and forms of this system."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from backtrader_system.reports.figure_text import is_missing
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.section_figures import Form, SectionFigures, interval_text, value_text
from backtrader_system.settings.settings import Settings

FEWEST_EXPIRIES = 10        # expiry dates, or months of expiry, below which no p-value and no interval is stated
FACTOR_NAMES = {
    "recovery_advantage": "recovery advantage", "support_strength": "support strength",
    "days_since_break": "days since break", "historical_peak": "historical peak",
    "monthly_seasonality": "monthly seasonality", "current_performance": "current performance",
}
METHOD_NAMES = {
    "score": "score / 100", "probability": "chosen probability",
    "market_probability": "market: N(d2) at the quote's iv",
    "black_scholes": "Black-Scholes N(d2)", "bias_corrected": "bias corrected", "historical_iv": "historical iv",
    "weighted": "weighted average", "bayesian": "Bayesian calibrated",
}
VERDICTS = {
    "score works": "Yes.", "repeats the price": "Only as the option's price does.",
    "no evidence": "No sign of it.", "not enough evidence": "Not enough evidence.",
    "worse than chance": "No: worse than chance.",
}
RECOMMENDATIONS = {"change": "Yes.", "keep": "No.", "not_enough_evidence": "Not enough evidence."}
SOURCES = {"synthetic": "synthetic chain over {bars} bars", "chain": "quotes of an option chain",
           "collected": "collected daily files"}
CellText = Callable[[dict[str, object]], str]


def facts_of(result: RunResult) -> SectionFigures:
    """Return the put figures of a run."""
    return SectionFigures(result.metrics.get("puts", {}))


def table_of(result: RunResult, name: str) -> pd.DataFrame:
    """Return a further table of the run; an empty one if the run has none."""
    return result.tables.get(name, pd.DataFrame())


def has_column(frame: pd.DataFrame, *names: str) -> bool:
    """Return whether a table has rows and all these columns."""
    return len(frame) > 0 and set(names) <= set(frame.columns)


def rate(fraction: object) -> str:
    """Return a share as percent with one decimal: 0.8134 as `81.3 %`."""
    return f"{round(float(fraction) * 100, 1) + 0.0:.1f} %"


def points(fraction: object) -> str:
    """Return a difference of shares in percentage points: 0.0421 as `+4.2 points`."""
    number = round(float(fraction) * 100, 1) + 0.0
    return f"{number:+.1f} points" if number else "0.0 points"


def plain_points(fraction: object) -> str:
    """Return `points` without the word."""
    return points(fraction).removesuffix(" points")


def money(amount: object) -> str:
    """Return an amount in the currency of the quotes, whole from 100 up: -1234.6 as `-1,235`, 2.5 as `2.50`."""
    decimals = 0 if abs(float(amount)) >= 100 else 2
    return f"{round(float(amount), decimals) + 0.0:,.{decimals}f}"


def auc_text(value: object) -> str:
    """Return an AUC with three decimals."""
    return f"{float(value):.3f}"


def p_text(value: object) -> str:
    """Return a p-value: 0.0004 as `p < 0.001`, 0.034 as `p = 0.034`."""
    return "p < 0.001" if float(value) < 0.001 else f"p = {float(value):.3f}"


def factor_name(name: object) -> str:
    """Return a factor in words."""
    return FACTOR_NAMES.get(str(name), str(name).replace("_", " "))


def method_name(name: object) -> str:
    """Return a method of probability in words."""
    return METHOD_NAMES.get(str(name), str(name).replace("_", " "))


def source_text(settings: Settings) -> str:
    """Return where the puts come from.

    Examples
    --------
    >>> source_text(Settings(system="put_recommendations", data={"source": "simulated"}))
    'synthetic chain over simulated bars'
    """
    return SOURCES[settings.puts.source].format(bars="simulated" if settings.data.source == "simulated" else "real")


def confidence_text(result: RunResult) -> str:
    """Return the confidence of the run's intervals, as `95 %`."""
    return f"{result.settings.evidence.confidence * 100:g} %"


def with_interval(facts: SectionFigures, name: str, form: Form) -> str:
    """Return a figure with its interval in brackets, or why there is none."""
    interval = facts.interval(name, form)
    return f"{facts.text(name, form)} ({interval})" if interval else facts.text(name, form)


def plural(number: int, word: str, more: str = "") -> str:
    """Return a count with its word.

    Examples
    --------
    >>> plural(1, "option"), plural(1200, "expiry date"), plural(2, "contract of", "contracts of")
    ('1 option', '1,200 expiry dates', '2 contracts of')
    """
    return f"{number:,} {word if number == 1 else more or f'{word}s'}"


def column_rows(frame: pd.DataFrame, columns: dict[str, CellText]) -> list[list[str]]:
    """Return the rows of a table, every cell by the function of its column."""
    return [[text(row) for text in columns.values()] for row in frame.to_dict("records")]


def shown(name: str, form: Form) -> CellText:
    """Return what writes a column in its form; nothing where the table lacks it or it has no value."""
    return lambda row: value_text(row.get(name), form)


def shown_interval(low: str, high: str, form: Form) -> CellText:
    """Return what writes `low to high` of two columns."""
    return lambda row: interval_text(row.get(low), row.get(high), form)


def without_empty(columns: dict[str, CellText], frame: pd.DataFrame) -> dict[str, CellText]:
    """Return the columns that say something in at least one row."""
    rows = frame.to_dict("records")
    return {name: text for name, text in columns.items() if any(text(row) for row in rows)}


def plain_text(text: object) -> str:
    """Return a sentence with the factors in words.

    Examples
    --------
    >>> plain_text("Factors: support_strength, historical_peak.")
    'Factors: support strength, historical peak.'
    """
    plain = str(text)
    for name, words in FACTOR_NAMES.items():
        plain = plain.replace(name, words)
    return plain


def learned_text(result: RunResult) -> str:
    """Return that the weights were learned month by month, and in how many months; nothing where they were not."""
    learned = table_of(result, "learned_weights")
    if not result.settings.puts.score.learn_weights or not has_column(learned, "is_learned"):
        return ""
    return f"learned month by month ({int(learned['is_learned'].sum()):,} of {plural(len(learned), 'month')}"


def weights_text(weights: object) -> str:
    """Return weights as `25 / 20 / 15 / 15 / 15 / 10`; nothing where they are no six numbers."""
    values = list(weights.values()) if isinstance(weights, dict) else weights
    if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str) or any(map(is_missing, values)):
        return ""
    return " / ".join(f"{float(value):g}" for value in values)
