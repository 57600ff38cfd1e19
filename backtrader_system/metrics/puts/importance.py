"""What each factor of the score tells, alone and beside the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.discrimination import auc_estimate, auc_within_expiry, mean_ranks, ranks_within
from backtrader_system.metrics.puts.errors_by_cluster import resampling
from backtrader_system.metrics.puts.logistic import logistic_fit
from backtrader_system.metrics.puts.permutation import shuffle_within
from backtrader_system.metrics.puts.sample import FACTORS, EvidenceSample

NEGLIGIBLE_AUC = 0.55       # an AUC surely below it is called no prediction
MIN_COVERAGE = 0.5          # of a factor in the regression with all; one with less would cost the others their options
_UNIVARIATE = ("auc", "auc_low", "auc_high", "p_value", "auc_within_expiry")
COLUMNS = ("factor", "options", "coverage", "correlation", "spearman", *_UNIVARIATE, "p_within_expiry", "p_within_holm",
           "p_holm", "multivariate_coefficient", "multivariate_low", "multivariate_high", "multivariate_p",
           "multivariate_p_holm", "vif", "weight", "predictive", "note")


def factor_importance(
    sample: EvidenceSample, *, confidence: float, n_samples: int, seed: int, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return one row per factor; the columns `COLUMNS`.

    correlation : point-biserial; spearman : of ranks; auc : of all options with the factor, with its bootstrap interval
    and p_value. auc_within_expiry, p_within_expiry : of options of one expiry only. p_holm : Holm's (1979) p-value over
    the factors, of p_within_expiry, or of p_value where a factor is equal for all options of an expiry.
    multivariate_* : logistic regression with all factors that half of the options or more have, per standard deviation;
    vif : variance inflation there, 1 / (1 - R2), above 5 a factor hardly has a share of its own.
    p_within_holm : p_holm where it is of p_within_expiry, else NaN.
    predictive : "yes" if p_within_holm is below 1 - confidence and both AUCs lie above 0.5; "no" if p_holm is, and the
    AUC it belongs to lies below 0.5, or if the AUC of all options is surely below 0.55; else, and where both AUCs point
    in different directions though p_within_holm is small, "not enough evidence".
    """
    table = pd.DataFrame({"factor": FACTORS}).set_index("factor")
    alone = [_alone(sample, name, confidence, n_samples, seed + place) for place, name in enumerate(FACTORS)]
    table = table.join(pd.DataFrame(alone, index=list(FACTORS)))
    table["p_within_expiry"] = _shuffled(sample, n_samples, seed)
    is_flat = table["p_within_expiry"].isna() & (table["note"] == "")
    table.loc[is_flat, "note"] = "equal for all options of an expiry"
    is_daily = [name for name in FACTORS if table.loc[name, "note"] == "" and _is_equal_within_days(sample, name)]
    table.loc[is_daily, "note"] = "equal for all options of a day: within an expiry date it compares days of judgement"
    table = table.join(_together(sample, confidence, seed))
    used = table["p_within_expiry"].fillna(table["p_value"])
    table["p_holm"], table["multivariate_p_holm"] = holm(used.to_numpy()), holm(table["multivariate_p"].to_numpy())
    table["p_within_holm"] = table["p_holm"].where(table["p_within_expiry"].notna())
    is_torn = (table["p_within_holm"] < 1 - confidence) & ((table["auc"] > 0.5) != (table["auc_within_expiry"] > 0.5))
    torn = "within an expiry date and over all options it points in different directions"
    table.loc[is_torn, "note"] = [f"{note}; {torn}" if note else torn for note in table.loc[is_torn, "note"]]
    table["weight"] = [float("nan") if weights is None else float(weights[name]) for name in FACTORS]
    table["predictive"] = [_predictive(row, 1 - confidence) for _, row in table.iterrows()]
    return table.rename_axis("factor").reset_index()[list(COLUMNS)]


def holm(p_value: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their number by Holm (1979); NaN is not counted and stays.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()     # 3 * 0.01, 2 * 0.03, then never lower
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(len(p_value), np.nan)
    known = np.flatnonzero(~np.isnan(p_value))
    order = known[np.argsort(p_value[known], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p_value[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def variance_inflation(columns: np.ndarray) -> np.ndarray:
    """Return the diagonal of the inverse correlation matrix, shape (K,); infinite where a column is a sum of others."""
    correlation = np.atleast_2d(np.corrcoef(columns, rowvar=False))
    if np.linalg.cond(correlation) > 1e12:
        return np.full(len(correlation), np.inf)
    return np.diag(np.linalg.inv(correlation))


def _alone(sample: EvidenceSample, name: str, confidence: float, n_samples: int, seed: int) -> dict[str, object]:
    value = sample.rows[name].to_numpy(float)
    known = ~np.isnan(value)
    part, value = sample.part(known), value[known]
    n = len(value)
    row: dict[str, object] = {"options": n, "coverage": n / max(len(known), 1), "note": ""}
    if n == 0 or np.ptp(value) == 0 or np.ptp(part.worthless) == 0:
        why = "no option has it" if n == 0 else "it does not vary" if np.ptp(value) == 0 else "outcomes do not vary"
        return row | dict.fromkeys(("correlation", "spearman", *_UNIVARIATE), np.nan) | {"note": why}
    rng = np.random.default_rng(seed)
    draws = resampling(rng, n_clusters=part.n_clusters, n_samples=n_samples, confidence=confidence)
    auc, within = auc_estimate(value, part, draws), auc_within_expiry(value, part, draws)
    found = (auc.value, auc.low, auc.high, auc.p_value, within.value)
    return row | {"correlation": float(np.corrcoef(value, part.worthless)[0, 1]),
                  "spearman": float(np.corrcoef(mean_ranks(value), part.worthless)[0, 1]),
                  **dict(zip(_UNIVARIATE, found, strict=True)), "note": part.why_no_error or ""}


def _is_equal_within_days(sample: EvidenceSample, name: str) -> bool:
    days = sample.rows.dropna(subset=name).groupby(["expiry", "quote_date"])[name]
    return bool((days.size() > 1).any()) and bool((days.nunique() <= 1).all())


def _shuffled(sample: EvidenceSample, n_shuffles: int, seed: int) -> pd.Series:
    """Return the p-value of each factor's ranks within expiry dates; factors of the same options share the shuffles."""
    p_value = pd.Series(np.nan, index=list(FACTORS))
    known = {name: sample.rows[name].notna().to_numpy() for name in FACTORS}
    for mask in {is_known.tobytes(): is_known for is_known in known.values()}.values():
        names = [name for name in FACTORS if np.array_equal(known[name], mask)]
        part = sample.part(mask)
        if part.why_no_error is None:
            ranks = np.column_stack([ranks_within(part.rows[name].to_numpy(float), part) for name in names])
            made = shuffle_within(part.worthless, ranks, part, n_shuffles, np.random.default_rng(seed))
            p_value[names] = made.two_sided()
    return p_value


def _together(sample: EvidenceSample, confidence: float, seed: int) -> pd.DataFrame:
    names = ["multivariate_coefficient", "multivariate_low", "multivariate_high", "multivariate_p", "vif"]
    table = pd.DataFrame(np.nan, index=list(FACTORS), columns=names)
    value = sample.rows[list(FACTORS)]
    used = [name for name in FACTORS if len(value) and value[name].notna().mean() >= MIN_COVERAGE]
    complete = value[used].notna().all(axis=1).to_numpy()
    used = [name for name in used if complete.any() and np.ptp(value.loc[complete, name].to_numpy(float)) > 0]
    if not used:
        return table
    part, columns = sample.part(complete), value.loc[complete, used].to_numpy(float)
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    fit = logistic_fit(columns, part, confidence, seed=seed)
    table.loc[used] = np.column_stack([fit.coefficient, fit.low, fit.high, fit.p_value, variance_inflation(columns)])
    return table


def _predictive(row: pd.Series, alpha: float) -> str:
    is_within = not np.isnan(row["p_within_expiry"])
    if row["p_holm"] < alpha:
        if (row["auc_within_expiry"] if is_within else row["auc"]) < 0.5:
            return "no"
        return "yes" if is_within and row["auc"] > 0.5 else "not enough evidence"
    return "no" if row["auc_high"] < NEGLIGIBLE_AUC else "not enough evidence"
