"""Area, Brier score and return of the best for chosen weight vectors on every part of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.puts.weights.deflation import area_of
from backtrader_system.puts.weights.evidence import JudgedRows
from backtrader_system.puts.weights.search import HIGHEST_UNITS, evaluate_units, top_return_of_units
from backtrader_system.puts.weights.tenths import RankedRows

JUDGED_BY = ("auc", "brier", "top_return")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of the time: its rows ready for the search, their expiry dates and returns (per row of the part)."""

    rows: RankedRows
    expiry: np.ndarray
    returns: np.ndarray


def part_of(rows: JudgedRows, places: np.ndarray) -> Part:
    return Part(rows.take(places), rows.column("expiry", places), rows.returns(places))


def objectives(units: np.ndarray, parts: dict[str, Part], top_n: int) -> pd.DataFrame:
    """Return area, Brier score and return of the best of each vector on each part, NaN unknown.

    units : whole numbers, shape (n_vectors, n_factors). parts : by name; "train" among them.
    Returns: DataFrame of n_vectors rows and the columns <part>_auc, <part>_brier, <part>_top_return. The Brier score
        is that of the score mapped to a probability by the rising function that fits the train part best, linear
        between the scores of the train part and level beyond them.
    """
    briers = np.array([_briers(one, parts) for one in units]).reshape(len(units), len(parts))
    table = {}
    for place, (name, part) in enumerate(parts.items()):
        table[f"{name}_auc"] = _areas(part.rows, units)
        table[f"{name}_brier"] = briers[:, place]
        table[f"{name}_top_return"] = top_return_of_units(part.rows, units, part.returns, part.expiry, top_n)
    return pd.DataFrame(table)


def _areas(rows: RankedRows, units: np.ndarray) -> np.ndarray:
    if len(units) and units.sum(axis=1).max() <= HIGHEST_UNITS:
        return evaluate_units(rows, units)[0]
    return np.array([area_of(rows, one) for one in units], dtype=float)


def _briers(units: np.ndarray, parts: dict[str, Part]) -> list[float]:
    """Return the Brier score of one vector on each part; the map is fitted on the part "train"."""
    train = parts["train"].rows
    if len(train.row) == 0:
        return [float("nan")] * len(parts)
    from backtrader_system.puts.weights import kernel

    levels, group = np.unique(train.scores(units), return_inverse=True)
    n_worthless = np.bincount(group, weights=train.worthless, minlength=len(levels)).astype(np.int64)
    fitted = kernel.rising_fit(np.bincount(group, minlength=len(levels)) - n_worthless, n_worthless)
    return [float(np.mean((np.interp(part.rows.scores(units), levels, fitted) - part.rows.worthless) ** 2))
            if len(part.rows.row) else float("nan") for part in parts.values()]
