"""Whether the weights that were best once are best again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.progress import Progress
from backtrader_system.puts.weights.deflation import area_of
from backtrader_system.puts.weights.evidence import FACTOR_NAMES, JudgedRows, whole_units
from backtrader_system.puts.weights.search import SearchResult, search_weights
from backtrader_system.puts.weights.time_split import growing_folds


def best_by(rows: JudgedRows, places: np.ndarray, objective: str, top_n: int, *, vectors: np.ndarray | None = None,
            threads: int | None = None, progress: Progress | None = None) -> SearchResult:
    """Return the search over some of the rows; of Brier score and return only what the objective asks for."""
    wants_return = objective == "top_n_return"
    return search_weights(
        rows.factors[places], rows.column("worthless", places), pnl=rows.returns(places) if wants_return else None,
        ranks_within=rows.column("expiry", places), available=rows.available, weights=vectors,
        has_brier=objective == "brier", top_n=top_n, threads=threads, progress=progress)


def weight_stability(rows: JudgedRows, current: np.ndarray, folds: int, objective: str, *, top_n: int,
                     vectors: np.ndarray | None = None, threads: int | None = None) -> pd.DataFrame:
    """Return the best weights of growing pasts and what they achieved on the expiry dates that came next.

    current : percent, shape (6,).
    Returns: DataFrame fold (1 ...), n_train, n_test (rows), first_test_expiry, last_test_expiry, the six best weights,
        train_auc, test_auc, current_test_auc; NaN where a part has no row or one outcome only.
    """
    lines = []
    for number, (train, test) in enumerate(growing_folds(rows.table, folds), start=1):
        found = best_by(rows, train, objective, top_n, vectors=vectors, threads=threads) if len(train) else None
        best = found.best(objective) if found else -1
        ranked = rows.take(test)
        weights = found.weights[best] if best >= 0 else np.full(len(FACTOR_NAMES), np.nan)
        dates = rows.table["expiry"].iloc[test]
        lines.append({
            "fold": number, "n_train": len(train), "n_test": len(test),
            "first_test_expiry": dates.min(), "last_test_expiry": dates.max(),
            **dict(zip(FACTOR_NAMES, weights, strict=True)),
            "train_auc": found.auc[best] if best >= 0 else np.nan,
            "test_auc": area_of(ranked, found.units[best]) if best >= 0 else np.nan,
            "current_test_auc": area_of(ranked, whole_units(current)),
        })
    return pd.DataFrame(lines)


def weight_spread(stability: pd.DataFrame) -> float:
    """Return the mean over factors of the standard deviation over folds of their best weight, in percent points."""
    known = stability[list(FACTOR_NAMES)].dropna()
    return float(known.std(ddof=1).mean()) if len(known) > 1 else float("nan")
