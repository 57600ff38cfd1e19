"""Logistic regressions of worthless expiry, with errors by month of expiry and underlying."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from backtrader_system.metrics.puts.errors_by_cluster import t_quantile
from backtrader_system.metrics.puts.sample import EvidenceSample

N_BLOCKS = 5
_MOST_LOG_ODDS = 25.0       # fitted log-odds beyond it: the fit runs off to infinity
_SEPARATED = "worthless and assigned options are wholly separated by these columns: no slope fits best"


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """A logistic regression; coefficients are per unit of the columns given, without the intercept.

    coefficient, low, high, p_value : shape (K,), NaN where there is none. mcfadden_r2 : 1 - log-likelihood / that of a
        constant, McFadden (1974). fitted : probability of each row. why_not : why nothing was fitted, else None.

    Examples
    --------
    >>> not_fitted(2, "no outcome varies").why_not
    'no outcome varies'
    """

    coefficient: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    mcfadden_r2: float
    fitted: np.ndarray
    why_not: str | None = None


def not_fitted(n_columns: int, why: str) -> LogisticFit:
    """Return a fit without any number."""
    empty = np.full(n_columns, np.nan)
    return LogisticFit(empty, empty, empty, empty, float("nan"), np.zeros(0), why)


def logistic_fit(columns: np.ndarray, sample: EvidenceSample, confidence: float, *, n_flips: int = 1_999,
                 seed: int = 0) -> LogisticFit:
    """Return the logistic regression of worthless on `columns`, shape (n, K), finite.

    Fit by statsmodels. Errors: jackknife by month of expiry (CV3 of MacKinnon, Nielsen and Webb 2023: the sandwich is
    too narrow with few months), and by underlying too where there are 10 of both, joined as Cameron, Gelbach and Miller
    (2011); intervals at the Student t quantile of the fewer clusters - 1. p-values: scores of each month under the
    null, their signs flipped at random (Kline and Santos 2012). Below 10 months neither.
    """
    n_columns = columns.shape[1]
    why = _why_not(columns, sample.worthless)
    if why:
        return not_fitted(n_columns, why)
    scale = columns.std(axis=0)
    design = np.column_stack([np.ones(len(columns)), (columns - columns.mean(axis=0)) / scale])
    result = _maximum_likelihood(sample.worthless, design)
    if result is None:
        return not_fitted(n_columns, _SEPARATED)
    slope, empty = result.params[1:], np.full(n_columns, np.nan)
    # statsmodels would fit the constant anew by a slow optimiser; its likelihood is known.
    n, rate = len(sample.worthless), sample.worthless.mean()
    constant = n * (rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    r2, fitted = float(1 - result.llf / constant), np.asarray(result.predict(design))
    if sample.why_no_error:
        return LogisticFit(slope / scale, empty, empty, empty, r2, fitted)
    reach = t_quantile(sample, confidence) * np.sqrt(_variance(design, fitted, sample))[1:]
    p_value = np.array([_score_test(design, place, sample, n_flips, np.random.default_rng([seed, place]))
                        for place in range(1, n_columns + 1)])
    return LogisticFit(slope / scale, (slope - reach) / scale, (slope + reach) / scale, p_value, r2, fitted)


def cross_fitted(columns: np.ndarray, sample: EvidenceSample) -> np.ndarray:
    """Return for each option the probability by the regression on the months of the other four fifths of time.

    columns : shape (n, K). NaN for a block whose fit does not exist. Options of one month are never on both sides.
    """
    block = sample.cluster * N_BLOCKS // max(sample.n_clusters, 1)
    fitted = np.full(len(columns), np.nan)
    for number in range(N_BLOCKS):
        is_out = block == number
        if not is_out.any() or _why_not(columns[~is_out], sample.worthless[~is_out]):
            continue
        mean, scale = columns[~is_out].mean(axis=0), columns[~is_out].std(axis=0)
        design = np.column_stack([np.ones(len(columns)), (columns - mean) / scale])
        result = _maximum_likelihood(sample.worthless[~is_out], design[~is_out])
        if result is not None:
            fitted[is_out] = result.predict(design[is_out])
    return fitted


def _why_not(columns: np.ndarray, worthless: np.ndarray) -> str | None:
    if len(worthless) == 0:
        return "no option has a known outcome and all of these columns"
    if np.ptp(worthless) == 0:
        return "all known outcomes are alike"
    if np.any(np.ptp(columns, axis=0) <= 1e-12 * np.maximum(1, np.abs(columns).max(axis=0))):
        return "a column does not vary"
    standard = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    if np.linalg.cond(standard.T @ standard) > 1e10:
        return "the columns are copies of each other"
    return None


def _maximum_likelihood(worthless: np.ndarray, design: np.ndarray):
    """Return the result of statsmodels, or None where the likelihood has no maximum."""
    # Imported here: it takes a second, and most commands fit nothing.
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")      # separation is found by the fitted log-odds below
        try:
            result = Logit(worthless, design).fit(disp=0, method="newton", maxiter=100)
        except (PerfectSeparationError, np.linalg.LinAlgError):
            return None
    is_sound = result.mle_retvals["converged"] and np.all(np.isfinite(result.params))
    if not is_sound or np.abs(design @ result.params).max() > _MOST_LOG_ODDS:
        return None
    return result


def _variance(design: np.ndarray, fitted: np.ndarray, sample: EvidenceSample) -> np.ndarray:
    """Return the variance of each coefficient, shape (K + 1,): jackknife by month and, with 10 of both, underlying."""
    information = (design * (fitted * (1 - fitted))[:, None]).T @ design
    score = design * (sample.worthless - fitted)[:, None]
    by_month = _jackknife(design, fitted, score, information, sample.cluster)
    if not sample.is_two_way:
        return by_month
    cell = np.unique(sample.cluster * sample.n_underlyings + sample.underlying, return_inverse=True)[1]
    by_stock = _jackknife(design, fitted, score, information, sample.underlying)
    # The difference may be negative by chance; then the first part stands.
    return np.maximum(by_month, by_month + by_stock - _jackknife(design, fitted, score, information, cell))


def _jackknife(
    design: np.ndarray, fitted: np.ndarray, score: np.ndarray, information: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Return (G - 1) / G * sum of squared changes when one group is left out, each change one Newton step."""
    n_groups, n_columns = int(group.max()) + 1, design.shape[1]
    weighted = design * (fitted * (1 - fitted))[:, None]
    own = np.stack([np.bincount(group, weighted[:, i] * design[:, j], n_groups)
                    for i in range(n_columns) for j in range(n_columns)], axis=1).reshape(-1, n_columns, n_columns)
    sums = np.stack([np.bincount(group, column, n_groups) for column in score.T], axis=1)
    try:
        change = np.linalg.solve(information - own, sums[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.full(n_columns, np.nan)      # a column that varies in one group only
    return (n_groups - 1) / n_groups * (change**2).sum(axis=0)


def _score_test(
    design: np.ndarray, place: int, sample: EvidenceSample, n_flips: int, rng: np.random.Generator
) -> float:
    """Return the p-value that the column at `place` adds nothing, by flipping the signs of months' scores."""
    others = np.delete(design, place, axis=1)
    restricted = _maximum_likelihood(sample.worthless, others)
    if restricted is None:
        return float("nan")
    chance = np.asarray(restricted.predict(others))
    weight = chance * (1 - chance)
    # The part of the column that the others do not explain: its score does not feel the error of their slopes.
    projected = np.linalg.solve((others * weight[:, None]).T @ others, (others * weight[:, None]).T @ design[:, place])
    score = (design[:, place] - others @ projected) * (sample.worthless - chance)
    signs = rng.integers(0, 2, (n_flips, sample.n_clusters)) * 2.0 - 1
    t = np.abs(_flipped(score, sample, np.vstack([np.ones(sample.n_clusters), signs])))
    return float((1 + np.count_nonzero(t[1:] >= t[0] - 1e-12)) / (1 + n_flips))


def _flipped(score: np.ndarray, sample: EvidenceSample, signs: np.ndarray) -> np.ndarray:
    """Return sum / error of scores for each row of signs by month, shape (n_rows,)."""
    n_underlyings = sample.n_underlyings
    cell = sample.cluster * n_underlyings + sample.underlying
    cells = np.bincount(cell, score, sample.n_clusters * n_underlyings).reshape(sample.n_clusters, n_underlyings)
    month = cells.sum(axis=1)
    variance = np.full(len(signs), month @ month)
    if sample.is_two_way:
        variance = np.maximum(variance, variance + ((signs @ cells) ** 2).sum(axis=1) - (cells**2).sum())
    return (signs @ month) / np.sqrt(variance)
