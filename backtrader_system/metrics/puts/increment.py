"""Whether the score knows anything that the option's price, or its strike, days and volatility, do not say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.discrimination import auc_estimate, placements
from backtrader_system.metrics.puts.errors_by_cluster import (
    Estimate,
    clustered_variance,
    resampling,
    t_quantile,
)
from backtrader_system.metrics.puts.logistic import cross_fitted, logistic_fit
from backtrader_system.metrics.puts.reliability import brier
from backtrader_system.metrics.puts.sample import EvidenceSample

COLUMNS = ("model", "baseline", "options", "mcfadden_r2", "auc", "brier", "score_coefficient", "score_low",
           "score_high", "p_value", "auc_difference", "auc_difference_low", "auc_difference_high", "note")
_MODELS = (
    ("score", "", ("score",)),
    ("market", "", ("market",)),
    ("market + score", "market", ("market", "score")),
    ("moneyness + days + volatility", "", ("moneyness", "days", "iv")),
    ("moneyness + days + volatility + score", "moneyness + days + volatility", ("moneyness", "days", "iv", "score")),
)
_LOWEST = 1e-6      # of a probability; its logit would be infinite at 0


def increment_table(sample: EvidenceSample, *, confidence: float, n_samples: int, seed: int) -> pd.DataFrame:
    """Return one row per logistic regression of worthless expiry; the columns `COLUMNS`.

    All regressions use the options that have every column. market : log-odds of N(d2) at the quote's volatility.
    mcfadden_r2 and score_coefficient (per 10 points, with interval and p_value that it is 0) : fitted on all of them.
    auc and brier : out of sample, each fifth of time judged by the other four; in sample a longer regression always
    looks better. auc_difference : over the baseline. A column that never varies (one constant day count) is left out.
    """
    columns = _columns(sample)
    complete = np.all([np.isfinite(value) for value in columns.values()], axis=0)
    part = sample.part(complete)
    columns = {name: value[complete] for name, value in columns.items()}
    rng = np.random.default_rng(seed)
    draws = resampling(rng, n_clusters=part.n_clusters, n_samples=n_samples, confidence=confidence)
    fitted: dict[str, np.ndarray] = {}
    rows = []
    for model, baseline, names in _MODELS:
        used = [name for name in names if len(part.worthless) and np.ptp(columns[name]) > 0]
        rows.append(_row(model, baseline, used, columns, part, fitted, confidence, draws, seed))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(model, baseline, used, columns, part, fitted, confidence, draws, seed) -> tuple:
    empty = (np.nan,) * 10
    if not used:
        return (model, baseline, len(part.worthless), *empty, "no column varies")
    design = np.column_stack([columns[name] for name in used])
    fit = logistic_fit(design, part, confidence, seed=seed)
    if fit.why_not:
        return (model, baseline, len(part.worthless), *empty, fit.why_not)
    chance = fitted[model] = cross_fitted(design, part)
    known = np.isfinite(chance)
    auc = auc_estimate(chance, part, draws).value if known.all() else np.nan
    error = brier(part.worthless, chance).error if known.all() else np.nan
    score = (np.nan,) * 4
    if "score" in used:
        place = used.index("score")
        score = (10 * fit.coefficient[place], 10 * fit.low[place], 10 * fit.high[place], fit.p_value[place])
    gain = Estimate(np.nan)
    if baseline in fitted and known.all() and np.isfinite(fitted[baseline]).all():
        gain = _auc_gain(chance, fitted[baseline], part, confidence)
    note = part.why_no_error or ("" if known.all() else "one fifth of time cannot be judged by the others")
    return (model, baseline, len(part.worthless), fit.mcfadden_r2, auc, error, *score, gain.value, gain.low, gain.high,
            note)


def _auc_gain(chance: np.ndarray, other: np.ndarray, part: EvidenceSample, confidence: float) -> Estimate:
    """Return AUC - AUC of the baseline; interval by placements summed by cluster, at a Student t quantile."""
    won = part.worthless > 0.5
    difference = placements(won, chance) - placements(won, other)
    value = float(difference[won].mean())
    if part.why_no_error:
        return Estimate(value)
    residual = (difference - value) / np.where(won, won.sum(), (~won).sum())
    half = t_quantile(part, confidence) * np.sqrt(clustered_variance(residual, part))
    return Estimate(value, value - half, value + half)


def _columns(sample: EvidenceSample) -> dict[str, np.ndarray]:
    rows = sample.rows
    chance = np.clip(rows["market_probability"].to_numpy(float), _LOWEST, 1 - _LOWEST)
    return {"market": np.log(chance / (1 - chance)), "score": sample.score,
            "moneyness": rows["moneyness"].to_numpy(float), "days": rows["days_to_expiry"].to_numpy(float),
            "iv": rows["iv"].to_numpy(float)}
