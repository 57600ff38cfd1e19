"""Counts of outcomes by cell that were known at the start of each month, and what is fitted on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.puts.probabilities.option_days import OptionDays

_ROWS_AT_ONCE = 4_096
# How much outcomes of different names of one expiry go together.
_SHARED_CORRELATION = 0.2
_ADDED = ("quotes", "worthless", "value", "pairs")


@dataclass(frozen=True, slots=True, eq=False)
class PastCounts:
    """What had expired before the start of each month, by cell; arrays of shape (n_cells, n_months).

    quotes : option-days in the cell. worthless : those of contracts that expired worthless. value : sum over them of a
        further number. pairs : different names and expiry days together. expiries : different expiry days.

    Examples
    --------
    >>> seen = np.array([[0.0, 4.0]])
    >>> PastCounts(seen, seen / 2, seen, seen / 4, seen / 4).drawn(0.9, 3.0).round(2).tolist()
    [[0.9, 0.8]]
    """

    quotes: np.ndarray
    worthless: np.ndarray
    value: np.ndarray
    pairs: np.ndarray
    expiries: np.ndarray

    def independent(self) -> np.ndarray:
        """Return as how many independent outcomes the counts are taken.

        Days and strikes of one name and expiry share one closing price, so they are one outcome; names of one expiry
        share the market. Formula: pairs / (1 + (pairs / expiries - 1) * correlation), Kish (1965).
        """
        names = self.pairs / np.maximum(self.expiries, 1)
        return self.pairs / (1 + np.maximum(names - 1, 0) * _SHARED_CORRELATION)

    def drawn(self, prior: np.ndarray | float, prior_outcomes: float) -> np.ndarray:
        """Return the worthless share of option-days, drawn towards `prior`.

        Formula: (n * share + prior_outcomes * prior) / (n + prior_outcomes) with n = `independent`.
        """
        n = self.independent()
        return (n * self.worthless / np.maximum(self.quotes, 1) + prior_outcomes * prior) / (n + prior_outcomes)

    def of_all_names(self, n_names: int) -> PastCounts:
        """Return the counts over all names, of cells that are numbered name by name; expiries of the fullest name."""
        shape = (n_names, -1, self.quotes.shape[1])
        added = (getattr(self, name).reshape(shape).sum(axis=0) for name in _ADDED)
        return PastCounts(*added, self.expiries.reshape(shape).max(axis=0))

    def of_other_names(self, n_names: int) -> PastCounts:
        """Return for each cell the counts of the same cell of all names but its own."""
        everyone = self.of_all_names(n_names)
        rest = (np.tile(getattr(everyone, name), (n_names, 1)) - getattr(self, name) for name in _ADDED)
        return PastCounts(*rest, np.tile(everyone.expiries, (n_names, 1)))


def months_of(days: OptionDays) -> tuple[np.ndarray, int]:
    """Return the month of each quote counted from the first one, and the number of months."""
    if len(days.quote_month) == 0:
        return days.quote_month, 0
    first = days.quote_month.min()
    return days.quote_month - first, int(days.quote_month.max() - first) + 1


def known_from(days: OptionDays) -> np.ndarray:
    """Return the first month, counted as `months_of` does, that begins after the expiry of each quote's contract."""
    return days.expiry_month - days.quote_month.min(initial=np.iinfo(np.int64).max) + 1


def past_counts(days: OptionDays, cell: np.ndarray, n_cells: int, value: np.ndarray | None = None) -> PastCounts:
    """Return the counts by cell of the contracts that had expired before the start of each month.

    cell : whole numbers in [0, n_cells), no two names in one; -1 leaves the quote out. value : finite
        numbers to be summed, else zeros.
    """
    _, n_months = months_of(days)
    is_counted = days.is_evidence & (cell >= 0)
    cell, month = cell[is_counted].astype(np.int64), known_from(days)[is_counted]
    place = np.where(month < n_months, cell * n_months + month, n_cells * n_months)

    def known(where: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        sums = np.bincount(where, weights=weights, minlength=n_cells * n_months + 1)[:-1]
        return np.cumsum(sums.reshape(n_cells, n_months), axis=1, dtype=float)

    _, expiry = np.unique(days.expiry_day[is_counted], return_inverse=True)
    is_first = ~pd.Series(cell * (expiry.max(initial=0) + 1) + expiry).duplicated().to_numpy()
    pairs = known(place[is_first])
    values = np.zeros(len(cell)) if value is None else value[is_counted]
    return PastCounts(known(place), known(place, days.worthless[is_counted]), known(place, values), pairs, pairs)


def monotone(rate: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the rising sequences nearest to `rate` by weighted squares, along the last axis.

    rate : shape (..., n_bins). weight : the same shape, above 0.
    Formula: isotonic regression as max over j <= i of min over k >= i of the weighted mean of bins j to k; Barlow,
    Bartholomew, Bremner and Brunk (1972).

    Examples
    --------
    >>> monotone(np.array([[0.2, 0.6, 0.4, 0.9]]), np.ones((1, 4))).round(6).tolist()
    [[0.2, 0.5, 0.5, 0.9]]
    """
    flat, weights = rate.reshape(-1, rate.shape[-1]), weight.reshape(-1, rate.shape[-1])
    parts = [_monotone_rows(flat[start:start + _ROWS_AT_ONCE], weights[start:start + _ROWS_AT_ONCE])
             for start in range(0, len(flat), _ROWS_AT_ONCE)]
    return np.concatenate(parts).reshape(rate.shape) if parts else rate.copy()


def _monotone_rows(rate: np.ndarray, weight: np.ndarray) -> np.ndarray:
    n_rows, n_bins = rate.shape
    total = np.concatenate([np.zeros((n_rows, 1)), np.cumsum(rate * weight, axis=1)], axis=1)
    mass = np.concatenate([np.zeros((n_rows, 1)), np.cumsum(weight, axis=1)], axis=1)
    fitted = np.full((n_rows, n_bins), -np.inf)
    for first in range(n_bins):
        mean = (total[:, first + 1:] - total[:, first, None]) / (mass[:, first + 1:] - mass[:, first, None])
        lowest = np.minimum.accumulate(mean[:, ::-1], axis=1)[:, ::-1]
        np.maximum(fitted[:, first:], lowest, out=fitted[:, first:])
    return fitted
