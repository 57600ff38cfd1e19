"""Which features moved the scores of winners, and which those of losers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from backtrader_system.models.conviction.contributions import Contributions
from backtrader_system.models.conviction.model import ConvictionModel

IMPORTANCE_COLUMNS = ("feature", "group", "winners", "losers", "winners_signed", "losers_signed")


def importance_table(
    model: ConvictionModel, features: pd.DataFrame, label: np.ndarray, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the mean contributions of each feature among winners and among losers; see `importance_of`.

    features : signals the model has not trained on, else the table says what the model learnt by heart.
    """
    return importance_of(model.contributions(features), label, groups)


def importance_of(
    contributions: Contributions, label: np.ndarray, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the mean contributions, in log-odds before calibration, of each feature.

    label : 1 winner, 0 loser, NaN unknown and left out, as are rows without contributions. groups : group -> names.
    Returns: IMPORTANCE_COLUMNS, one row per feature, the largest mean first. winners, losers : mean absolute
        contribution among them; ..._signed : the mean itself; NaN where there is no such row. `attrs["method"]` says
        how the contributions were made. Both outcomes are shown: what is large among winners may be as large among
        losers.
    """
    group_of = {name: group for group, names in groups.items() for name in names}
    values, known = contributions.values.to_numpy(dtype=float), ~contributions.values.isna().all(axis=1).to_numpy()
    table = pd.DataFrame({"feature": contributions.values.columns})
    table["group"] = [group_of.get(name, "") for name in table["feature"]]
    for kind, outcome in (("winners", 1.0), ("losers", 0.0)):
        rows = values[known & (label == outcome)]
        table[kind] = _mean(np.abs(rows))
        table[f"{kind}_signed"] = _mean(rows)
    n_known = max(int((known & np.isfinite(label)).sum()), 1)
    overall = np.abs(values[known & np.isfinite(label)]).sum(axis=0) / n_known
    order = np.argsort(-overall, kind="stable")
    table = table.iloc[order].reset_index(drop=True)[list(IMPORTANCE_COLUMNS)]
    table.attrs["method"] = contributions.method
    return table


def _mean(rows: np.ndarray) -> np.ndarray:
    return rows.mean(axis=0) if len(rows) else np.full(rows.shape[1], np.nan)
