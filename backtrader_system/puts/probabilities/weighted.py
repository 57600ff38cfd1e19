"""The weighted average of the first three methods."""

from __future__ import annotations

import numpy as np

from backtrader_system.puts.probabilities.option_days import OptionDays
from backtrader_system.puts.probabilities.past_counts import known_from, months_of

# Weights of black_scholes, bias_corrected and historical_iv in the owner's files of these vintages.
COMPAT_WEIGHTS = {"october_2025": (6.0, 43.0, 10.0), "november_2025": (2.0, 32.0, 24.0)}


def weighted_average(methods: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the average of the methods that are known, their weights rescaled; NaN where none is.

    methods : shape (n, 3), NaN unknown. weights : shape (3,) or (n, 3), not negative.

    Examples
    --------
    >>> weighted_average(np.array([[0.8, 0.9, np.nan]]), np.array([1.0, 3.0, 4.0])).round(3).tolist()
    [0.875]
    """
    weights = np.where(np.isnan(methods), 0.0, weights)
    mass = weights.sum(axis=1)
    average = np.full(len(methods), np.nan)
    np.divide(np.nansum(methods * weights, axis=1), mass, out=average, where=mass > 0)
    return average


def votes(days: OptionDays, methods: np.ndarray) -> np.ndarray:
    """Return each quote's weights of the methods, from their Brier scores before its month; shape (n_quotes, 3).

    Each name gives one vote to the method with the lowest past Brier score over its quotes that all methods judged, of
    contracts that had expired before the month; one more vote for every method. The owner's weights sum to the number
    of stocks, so they are likely such votes.
    methods : shape (n_quotes, 3), NaN unknown.
    """
    month, n_months = months_of(days)
    n_names, n_methods = days.n_underlyings, methods.shape[1]
    is_judged = days.is_evidence & np.isfinite(methods).all(axis=1)
    known_in = known_from(days)[is_judged]
    place = np.where(known_in < n_months, days.underlying[is_judged] * n_months + known_in, n_names * n_months)
    error = (methods[is_judged] - days.worthless[is_judged, None]) ** 2
    size = n_names * n_months
    # One sum per name, month and method.
    loss = np.stack([np.bincount(place, weights=error[:, column], minlength=size + 1)[:size]
                     for column in range(n_methods)], axis=-1).reshape(n_names, n_months, n_methods).cumsum(axis=1)
    is_best = (loss == loss.min(axis=-1, keepdims=True)) & (loss.sum(axis=-1, keepdims=True) > 0)
    vote = is_best / np.maximum(is_best.sum(axis=-1, keepdims=True), 1)
    return (1.0 + vote.sum(axis=0))[month]
