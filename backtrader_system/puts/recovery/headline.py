"""How much of the recovery advantage was known in time, in figures and in words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.clusters import cluster_variance
from backtrader_system.metrics.conviction.distributions import student_t_quantile
from backtrader_system.metrics.figure import Figure, missing
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.bins import DAYS_BINS
from backtrader_system.puts.probabilities.option_days import OptionDays, option_days
from backtrader_system.puts.recovery.comparison import DEFINITIONS
from backtrader_system.puts.recovery.rates import N_CELLS, in_original_table, recovery_cells
from backtrader_system.settings.puts import PutsSettings

MIN_EXPIRIES = 10       # with fewer expiry dates no error can be told from them
_PROOF_BIN = 1          # 50-60 %, where the original's report shows the look-ahead best


def recovery_headline(
    chain: OptionChain, probabilities: pd.DataFrame, outcomes: pd.DataFrame, settings: PutsSettings, *,
    confidence: float = 0.95,
) -> dict[str, Figure]:
    """Return the recovery advantage by both definitions, its interval, and the proof of the look-ahead.

    Threshold and method of `settings.score`; probabilities from 50 to below 90 %, as in the original's table. Figures,
    for each definition d in causal, whole_life:
        recovery_advantage_d, _low, _high : worthless rate of candidates minus that of all option-days of the same bins
        of probability and days, weighted by candidates; a fraction. Interval by expiry dates, none below 10 of them;
        dates that were quoted at the same time share the market, so the true doubt is larger.
        recovery_crude_d : the same difference without regard to the bins. recovery_candidates_d,
        recovery_expiries_d : option-days flagged and their expiry dates.
        recovery_flagged_near_d, recovery_flagged_far_d : share flagged in the 50-60 % bin, 0-7 and 36+ days to expiry.
        recovery_text : all of it in plain words.
    """
    days = option_days(chain, outcomes)
    current = probabilities[settings.score.probability_method].to_numpy(dtype=float)
    cell = recovery_cells(chain, current)
    figures: dict[str, Figure] = {}
    for name, peaks in DEFINITIONS.items():
        is_candidate = peaks(days.number, current, settings.score.peak_threshold).is_candidate
        figures |= _advantage(days, cell, is_candidate, confidence, name) | _flagged(days, cell, is_candidate, name)
    return figures | {"recovery_text": Figure(_text(figures))}


def _advantage(
    days: OptionDays, cell: np.ndarray, is_candidate: np.ndarray, confidence: float, name: str
) -> dict[str, Figure]:
    is_used = days.is_evidence & in_original_table(cell)
    worthless, cells, found = days.worthless[is_used], cell[is_used], is_candidate[is_used]
    expiry = days.expiry_day[is_used]
    n_expiries = len(np.unique(expiry[found]))
    counts = {f"recovery_candidates_{name}": Figure(int(found.sum())), f"recovery_expiries_{name}": Figure(n_expiries)}
    value = f"recovery_advantage_{name}"
    if not found.any():
        nothing = missing("no option-day with a known outcome was a recovery candidate")
        return counts | dict.fromkeys((value, f"{value}_low", f"{value}_high", f"recovery_crude_{name}"), nothing)
    n, of_all = (np.bincount(part, minlength=N_CELLS) for part in (cells[found], cells))
    rate = np.bincount(cells[found], weights=worthless[found], minlength=N_CELLS) / np.maximum(n, 1)
    all_rate = np.bincount(cells, weights=worthless, minlength=N_CELLS) / np.maximum(of_all, 1)
    advantage = float(n @ (rate - all_rate) / n.sum())
    residual = (np.where(found, worthless - rate[cells], 0.0)
                - (n / np.maximum(of_all, 1))[cells] * (worthless - all_rate[cells])) / n.sum()
    return counts | {value: Figure(advantage), f"recovery_crude_{name}": Figure(
        float(worthless[found].mean() - worthless.mean()))} | _interval(
            value, advantage, residual, expiry, n_expiries, confidence)


def _interval(
    name: str, advantage: float, residual: np.ndarray, expiry: np.ndarray, n_found: int, confidence: float
) -> dict[str, Figure]:
    if n_found < MIN_EXPIRIES:
        few = missing(f"an interval needs {MIN_EXPIRIES} expiry dates with candidates, here {n_found}")
        return {f"{name}_low": few, f"{name}_high": few}
    variance, n_expiries = cluster_variance(residual, expiry)
    half = student_t_quantile(0.5 + confidence / 2, n_expiries - 1) * math.sqrt(variance)
    return {f"{name}_low": Figure(advantage - half), f"{name}_high": Figure(advantage + half)}


def _flagged(days: OptionDays, cell: np.ndarray, is_candidate: np.ndarray, name: str) -> dict[str, Figure]:
    shares = {}
    for distance, column in (("near", 0), ("far", len(DAYS_BINS) - 1)):
        found = is_candidate[days.is_evidence & (cell == _PROOF_BIN * len(DAYS_BINS) + column)]
        shares[f"recovery_flagged_{distance}_{name}"] = (
            Figure(float(found.mean())) if len(found) else missing("no option-day in this bin"))
    return shares


def _text(figures: dict[str, Figure]) -> str:
    causal, hindsight = (figures[f"recovery_advantage_{name}"].value for name in DEFINITIONS)
    if causal is None or hindsight is None:
        return "No put with a known outcome was seen to be safer before: the recovery advantage is unknown."
    sentences = [f"Puts that had looked safer before expired worthless {_points(causal)} than all puts of the same "
                 f"probability and days to expiry{_range(figures)}. Counted as the original does, with each put's "
                 f"highest probability of its whole life, future days included, it would be {_points(hindsight)}."]
    shares = [figures[f"recovery_flagged_{distance}_{name}"].value
              for name in reversed(DEFINITIONS) for distance in ("far", "near")]
    if None not in shares:
        sentences.append("Of puts at 50-60 % the original flags {:.0%} at 36 or more days to expiry and {:.0%} in the "
                         "last week; with peaks known in time it is {:.0%} and {:.0%}.".format(*shares))
    return " ".join([*sentences, *_verdict(figures)])


def _verdict(figures: dict[str, Figure]) -> list[str]:
    low, high = (figures[f"recovery_advantage_causal_{end}"].value for end in ("low", "high"))
    if low is None:
        return []
    if high < 0:
        return ["Known in time, to have been safer before was a warning here, not an advantage."]
    return ["Known in time, no advantage can be told from chance." if low <= 0 else
            "Known in time, some advantage remains."]


def _points(difference: float) -> str:
    points = round(abs(difference) * 100, 1)
    return f"{points:.1f} points {'less' if difference < 0 and points else 'more'} often"


def _range(figures: dict[str, Figure]) -> str:
    low, high = (figures[f"recovery_advantage_causal_{end}"] for end in ("low", "high"))
    if low.value is None:
        return f" (no interval: {low.note})"
    return f" (interval by expiry dates {low.value * 100:+.1f} to {high.value * 100:+.1f})"
