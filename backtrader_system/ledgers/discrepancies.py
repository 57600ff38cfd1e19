"""How a disagreement between ledgers is told: where, what, expected, found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

MAX_SHOWN = 5


def discrepancy(where: str, what: str, expected: object, found: object) -> str:
    """Return one readable line.

    Examples
    --------
    >>> discrepancy("2024-01-03 AAPL", "fill price", 101.5, 101.75)
    '2024-01-03 AAPL: fill price: expected 101.5, found 101.75'
    """
    return f"{where}: {what}: expected {_text(expected)}, found {_text(found)}"


def place(session: object, symbol: str | None = None) -> str:
    """Return 'session symbol' for the start of a line."""
    day = "no session" if pd.isna(session) else f"{pd.Timestamp(session):%Y-%m-%d}"
    return day if symbol is None else f"{day} {symbol}"


def capped(lines: Sequence[str]) -> list[str]:
    """Return the first lines of one kind and a count of the rest: one error early on breaks every later session."""
    if len(lines) <= MAX_SHOWN:
        return list(lines)
    return [*lines[:MAX_SHOWN], f"... and {len(lines) - MAX_SHOWN} more of this kind"]


def differs(expected: np.ndarray, found: np.ndarray, tolerance: np.ndarray | float) -> np.ndarray:
    """Return where two arrays differ by more than `tolerance`; missing agrees with missing only."""
    expected, found = np.asarray(expected, dtype=float), np.asarray(found, dtype=float)
    is_missing = np.isnan(expected) | np.isnan(found)
    both_missing = np.isnan(expected) & np.isnan(found)
    with np.errstate(invalid="ignore"):
        return np.where(is_missing, ~both_missing, np.abs(expected - found) > tolerance)


def _text(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return "nothing" if np.isnan(value) else f"{value:,.10g}"
    if value is pd.NaT:
        return "nothing"
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
