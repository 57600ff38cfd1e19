"""Which features moved the model, and how they are called."""

from __future__ import annotations

import pandas as pd

FEATURES_SHOWN = 15


def strongest(importance: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the features of largest mean contribution among winners or losers, strongest first."""
    size = importance[["winners", "losers"]].max(axis=1)
    return importance.assign(size=size).sort_values(
        ["size", "feature"], ascending=[False, True]).head(number).drop(columns="size")


def feature_words(importance: pd.DataFrame) -> list[str]:
    """Return each feature in plain words where the table has a column `words`, else its name."""
    names = importance["feature"].astype(str).str.replace("_", " ")
    if "words" not in importance:
        return names.tolist()
    words = importance["words"]
    return words.where(words.notna() & (words.astype(str) != ""), names).astype(str).tolist()
