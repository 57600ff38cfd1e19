"""Weights learned before each month from the options that had expired by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.progress import Progress, Silent
from backtrader_system.puts.weights.areas import MIN_CLUSTERS
from backtrader_system.puts.weights.evidence import FACTOR_NAMES, judged_rows, percent_of
from backtrader_system.puts.weights.stability import best_by
from backtrader_system.settings.puts import FactorWeights, WeightSearchSettings


def learned_weights(rows: pd.DataFrame, months: pd.DatetimeIndex, settings: WeightSearchSettings, *,
                    current: FactorWeights | np.ndarray | None = None, missing: str = "renormalise", top_n: int = 20,
                    threads: int | None = None, progress: Progress | None = None) -> pd.DataFrame:
    """Return the weights of the score for each month.

    rows : see `judged_rows`; `expiry_session` if present, else `expiry`, says when an outcome was known.
    months : first day of each month, rising.
    Returns: DataFrame month, the six weights (percent, sum 100), n_rows, n_expiries (behind them), is_learned: False
        before ten expiry dates are known or while only one outcome has occurred; the current weights hold then.
    Timing: options whose expiry session lies before the first day of the month; usable for every day of the month.
    """
    judged = judged_rows(rows, missing)
    now = percent_of(current if current is not None else FactorWeights())
    ended = judged.table["expiry_session" if "expiry_session" in judged.table else "expiry"].to_numpy()
    lines = []
    for month in (progress or Silent()).track(months, "weights of each month", len(months)):
        known = np.flatnonzero(ended < np.datetime64(month))
        n_expiries = len(np.unique(judged.column("expiry", known)))
        best, found = -1, None
        if n_expiries >= MIN_CLUSTERS:
            found = best_by(judged, known, settings.objective, top_n, threads=threads)
            best = found.best(settings.objective)
        weights = found.weights[best] if found is not None and best >= 0 else now
        lines.append({"month": month, **dict(zip(FACTOR_NAMES, weights, strict=True)), "n_rows": len(known),
                      "n_expiries": n_expiries, "is_learned": best >= 0})
    return pd.DataFrame(lines, columns=["month", *FACTOR_NAMES, "n_rows", "n_expiries", "is_learned"])
