"""The recovery advantage by both definitions: peaks known in time, and the original's peaks of the whole life."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.probabilities.bins import DAYS_BINS, PROBABILITY_BINS
from backtrader_system.puts.probabilities.history import ProbabilityHistory, peaks_before, peaks_of_whole_life
from backtrader_system.puts.probabilities.option_days import OptionDays, option_days
from backtrader_system.puts.recovery.rates import N_CELLS, in_original_table, recovery_cells
from backtrader_system.settings.puts import PutsSettings

THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
DEFINITIONS = {"causal": peaks_before, "whole_life": peaks_of_whole_life}
ORIGINAL_RANGE, ANY_DAYS = "50-90%", "all"
COLUMNS = ("definition", "threshold", "probability_bin", "days_to_expiry_bin", "option_days", "candidates",
           "candidate_contracts", "candidate_expiries", "share_flagged", "worthless_rate", "all_rate", "other_rate",
           "advantage", "advantage_over_others")


def recovery_comparison(
    chain: OptionChain, probabilities: pd.DataFrame, outcomes: pd.DataFrame, settings: PutsSettings
) -> pd.DataFrame:
    """Return the recovery table by both definitions, of all option-days whose outcome is known by now.

    probabilities : of `probability_methods`; `settings.score.probability_method` is used.
    One row per definition, threshold, bin of the current probability (and "50-90%", the original's range) and bin of
    days to expiry (and "all"). Rates and advantages are fractions, NaN where nothing was counted:
        share_flagged : candidates among option-days. worthless_rate, all_rate, other_rate : of the candidates, of all
        option-days and of those that are no candidates. advantage : worthless_rate - all_rate, as the original has it;
        advantage_over_others : worthless_rate - other_rate. candidate_contracts, candidate_expiries : what is behind
        the candidates; days of one contract and contracts of one expiry are near copies of each other.
    Proof of the look-ahead: over "days_to_expiry_bin" of one row of bins, a peak known in time can only grow as expiry
    comes nearer; with the whole life's peak the share flagged is largest long before it.
    """
    days, current = option_days(chain, outcomes), probabilities[settings.score.probability_method].to_numpy(dtype=float)
    cell = recovery_cells(chain, current)
    thresholds = sorted({*THRESHOLDS, settings.score.peak_threshold})
    tables = [candidate_table(days, cell, peaks(days.number, current, threshold)).assign(
                  definition=name, threshold=threshold)
              for name, peaks in DEFINITIONS.items() for threshold in thresholds]
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def candidate_table(days: OptionDays, cell: np.ndarray, history: ProbabilityHistory) -> pd.DataFrame:
    """Return the rows of `recovery_comparison` for one definition and threshold.

    cell : of `recovery_cells`. Only option-days whose outcome is known and was open are counted.
    """
    is_counted = days.is_evidence & (cell >= 0)
    cells, worthless, found = cell[is_counted], days.worthless[is_counted], history.is_candidate[is_counted]
    sums = np.column_stack([np.bincount(place, weights=what, minlength=N_CELLS) for place, what in (
        (cells, None), (cells[found], None), (cells, worthless), (cells[found], worthless[found]))])
    behind = {"candidate_contracts": _different(cells[found], days.number[is_counted][found]),
              "candidate_expiries": _different(cells[found], days.expiry_day[is_counted][found])}
    return pd.concat([_with_rates(_together(place, sums, behind)) for place in _groupings()], ignore_index=True)


def _different(place: np.ndarray, what: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair of place and thing once."""
    code, things = pd.factorize(what)
    return np.divmod(pd.unique(place * np.int64(len(things)) + code), max(len(things), 1))


def _groupings() -> list[np.ndarray]:
    """Return for four ways to group the row of each cell: both bins, one of them, all together; -1 is left out."""
    probability, days = np.divmod(np.arange(N_CELLS), len(DAYS_BINS))
    is_original, width, total = in_original_table(np.arange(N_CELLS)), len(DAYS_BINS) + 1, len(PROBABILITY_BINS)
    return [probability * width + days, probability * width + len(DAYS_BINS),
            np.where(is_original, total * width + days, -1), np.where(is_original, total * width + len(DAYS_BINS), -1)]


def _together(
    place: np.ndarray, sums: np.ndarray, behind: dict[str, tuple[np.ndarray, np.ndarray]]
) -> pd.DataFrame:
    n_rows, inside = (len(PROBABILITY_BINS) + 1) * (len(DAYS_BINS) + 1), place >= 0
    totals = np.zeros((n_rows, sums.shape[1]))
    np.add.at(totals, place[inside], sums[inside])
    table = pd.DataFrame(totals, columns=["option_days", "candidates", "worthless", "recovered"])
    for name, (cell, what) in behind.items():
        is_kept = inside[cell]
        table[name] = np.bincount(_different(place[cell[is_kept]], what[is_kept])[0], minlength=n_rows)
    table["probability"], table["days"] = np.divmod(np.arange(n_rows), len(DAYS_BINS) + 1)
    return table[table["option_days"] > 0]


def _with_rates(table: pd.DataFrame) -> pd.DataFrame:
    n, found = table["option_days"], table["candidates"]
    rates = pd.DataFrame({
        "probability_bin": np.array([*PROBABILITY_BINS, ORIGINAL_RANGE])[table["probability"]],
        "days_to_expiry_bin": np.array([*DAYS_BINS, ANY_DAYS])[table["days"]],
        "share_flagged": found / n, "worthless_rate": _ratio(table["recovered"], found),
        "all_rate": table["worthless"] / n, "other_rate": _ratio(table["worthless"] - table["recovered"], n - found)})
    rates["advantage"] = rates["worthless_rate"] - rates["all_rate"]
    rates["advantage_over_others"] = rates["worthless_rate"] - rates["other_rate"]
    counts = table[["option_days", "candidates", "candidate_contracts", "candidate_expiries"]].astype(int)
    return pd.concat([rates, counts], axis=1)


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return numerator / denominator.where(denominator > 0)
