"""What choosing by score would have brought: the top fifth against the bottom fifth, the top N against random ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.discrimination import mean_ranks, ranks_within
from backtrader_system.metrics.puts.errors_by_cluster import Estimate, Resampling, mean_estimate, ratio_estimate
from backtrader_system.metrics.puts.permutation import shuffle_within
from backtrader_system.metrics.puts.sample import EvidenceSample

N_PARTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Fifths:
    """Hit rates of the top and the bottom fifth of each expiry date.

    contrast : shape (n,), how far each option belongs to the top minus to the bottom. difference : top - bottom.

    Examples
    --------
    >>> Fifths(0.9, 0.6, Estimate(0.3), np.zeros(2)).difference.value
    0.3
    """

    top: float
    bottom: float
    difference: Estimate
    contrast: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Portfolios:
    """The options chosen by score against as many chosen at random from the same expiry dates.

    chosen : shape (n,), 1 for a chosen option, a fraction for those tied at the limit. table : draw, hit_rate,
        mean_return. beaten : share of random choices with a lower mean return, ties half. p_value : one-sided.

    Examples
    --------
    >>> Portfolios(np.ones(1), Estimate(0.01), 0.9, pd.DataFrame(), 0.5, 0.5).mean_return.value
    0.01
    """

    chosen: np.ndarray
    mean_return: Estimate
    hit_rate: float
    table: pd.DataFrame
    beaten: float
    p_value: float


def fifth_within_expiry(score: np.ndarray, sample: EvidenceSample) -> np.ndarray:
    """Return the fifth, 1 (lowest scores) to 5, among the options of the same expiry date; equal scores share one.

    Fifth k holds the mean ranks r of n with (r - 0.5) / n in [(k - 1) / 5, k / 5): top and bottom are equally large
    unless scores are equal.
    """
    size = np.bincount(sample.stratum, minlength=sample.n_strata)[sample.stratum]
    place = (ranks_within(score, sample) - 0.5) / np.maximum(size, 1)
    return np.minimum((place * N_PARTS + 1e-9).astype(np.int64), N_PARTS - 1) + 1


def fifth_of_all(score: np.ndarray) -> np.ndarray:
    """Return the fifth, 1 to 5, among all options; equal scores share one."""
    if len(score) == 0:
        return np.zeros(0, dtype=np.int64)
    place = (mean_ranks(score) - 0.5) / len(score)
    return np.minimum((place * N_PARTS + 1e-9).astype(np.int64), N_PARTS - 1) + 1


def top_against_bottom(score: np.ndarray, sample: EvidenceSample, draws: Resampling) -> Fifths:
    """Return the hit rates of the top and bottom fifth within expiry dates, and their difference.

    A fifth of n options is n / 5 of them, whole or not: options tied at its limit, and the one that it cuts, belong to
    it in part. So both fifths are equally large, equal scores differ in nothing, and dates count with their options.
    """
    if len(score) == 0 or np.ptp(score) == 0:
        return Fifths(float("nan"), float("nan"), Estimate(float("nan")), np.zeros(len(score)))
    size = np.bincount(sample.stratum, minlength=sample.n_strata).astype(float)
    top, bottom = (_part_in_top(one, sample, size / N_PARTS) for one in (score, -score))
    won_top, won_bottom = (np.bincount(sample.stratum, part * sample.worthless, sample.n_strata)
                           for part in (top, bottom))
    total = size.sum() / N_PARTS
    top_rate, bottom_rate = float(won_top.sum() / total), float(won_bottom.sum() / total)
    difference, row = top_rate - bottom_rate, sample.stratum
    middle = ((won_top + won_bottom) / (2 * size / N_PARTS))[row]
    residual = (top * (sample.worthless - middle - difference / 2)
                - bottom * (sample.worthless - middle + difference / 2)) / total
    contrast = top - bottom
    numerator = np.bincount(sample.cluster, contrast * sample.worthless, sample.n_clusters)
    denominator = np.bincount(sample.cluster, minlength=sample.n_clusters) / N_PARTS
    estimate = ratio_estimate(numerator, denominator, residual, sample, draws)
    return Fifths(top_rate, bottom_rate, estimate, contrast)


def top_choice(score: np.ndarray, sample: EvidenceSample, top_n: int) -> np.ndarray:
    """Return how far each option belongs to the top `top_n` of its expiry date, at most half of its options.

    Options tied at the limit share the places left. Choosing all options of a date would compare nothing, hence half.
    """
    size = np.bincount(sample.stratum, minlength=sample.n_strata)
    return _part_in_top(score, sample, np.minimum(top_n, size // 2).astype(float))


def portfolios_against_random(
    score: np.ndarray, sample: EvidenceSample, draws: Resampling, *, top_n: int, n_portfolios: int,
    rng: np.random.Generator
) -> Portfolios:
    """Return the top `top_n` of each expiry date against `n_portfolios` choices of as many options of the same dates.

    Return: mean return on capital of the options chosen. The p-value divides each choice's advantage by its own error
    by month and underlying (`shuffle_within`): a score that likes whole stocks varies more than single random options.
    """
    known = sample.part(sample.rows["return_on_capital"].notna().to_numpy())
    score = score[sample.rows["return_on_capital"].notna().to_numpy()]
    chosen = top_choice(score, known, top_n)
    returns = known.rows["return_on_capital"].to_numpy(float)
    names = ["draw", "hit_rate", "mean_return"]
    if chosen.sum() == 0:
        return Portfolios(chosen, Estimate(float("nan")), float("nan"), pd.DataFrame(columns=names), float("nan"),
                          float("nan"))
    outcome = np.column_stack([known.worthless, returns])
    share = chosen / chosen.sum()
    made = shuffle_within(share, outcome, known, n_portfolios, rng)
    own = share @ outcome
    drawn = own - made.total + made.shuffled_total       # what does not depend on the choice is in both
    table = pd.DataFrame({"draw": np.arange(1, len(drawn) + 1), "hit_rate": drawn[:, 0], "mean_return": drawn[:, 1]})
    beaten = float(np.mean(drawn[:, 1] < own[1] - 1e-12) + np.mean(np.abs(drawn[:, 1] - own[1]) <= 1e-12) / 2)
    p_value = float("nan") if known.why_no_error else float(made.one_sided()[1])
    return Portfolios(chosen, mean_estimate(returns, chosen, known, draws) if known.n_clusters == draws.counts.shape[1]
                      else Estimate(float(own[1])), float(own[0]), table, beaten, p_value)


def _part_in_top(score: np.ndarray, sample: EvidenceSample, places: np.ndarray) -> np.ndarray:
    """Return how far each option belongs to the `places` highest scores of its expiry date, in [0, 1].

    places : of each date, fractions allowed. Equal scores share what is left of the places.
    """
    groups = pd.Series(-score).groupby(sample.stratum)
    before, last = groups.rank(method="min").to_numpy() - 1, groups.rank(method="max").to_numpy()
    return np.clip((places[sample.stratum] - before) / (last - before), 0.0, 1.0)
