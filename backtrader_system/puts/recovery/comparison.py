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
    is_candidate, cells = history.is_candidate[is_counted], cell[is_counted]
    rows = pd.DataFrame({"probability": cells // len(DAYS_BINS), "days": cells % len(DAYS_BINS)})
    sums = pd.DataFrame({"option_days": 1.0, "candidates": is_candidate, "worthless": days.worthless[is_counted],
                         "recovered": is_candidate * days.worthless[is_counted]}).astype(float)
    behind = {"candidate_contracts": days.number[is_counted], "candidate_expiries": days.expiry_day[is_counted]}
    is_original = in_original_table(cells)
    return pd.concat([_with_rates(_counted(place[inside], sums[inside], is_candidate[inside],
                                           {name: code[inside] for name, code in behind.items()}))
                      for place, inside in _margins(rows, is_original)], ignore_index=True)


def _margins(rows: pd.DataFrame, is_original: np.ndarray) -> list[tuple[pd.DataFrame, np.ndarray]]:
    """Return the four ways to group: by both bins, by one of them, and all together."""
    everything = np.ones(len(rows), dtype=bool)
    total = len(PROBABILITY_BINS)
    return [(rows, everything), (rows.assign(days=len(DAYS_BINS)), everything),
            (rows.assign(probability=total), is_original),
            (rows.assign(probability=total, days=len(DAYS_BINS)), is_original)]


def _counted(
    place: pd.DataFrame, sums: pd.DataFrame, is_candidate: np.ndarray, behind: dict[str, np.ndarray]
) -> pd.DataFrame:
    code = (place["probability"] * (len(DAYS_BINS) + 1) + place["days"]).to_numpy()
    table = pd.DataFrame({name: np.bincount(code, weights=sums[name], minlength=2 * N_CELLS) for name in sums})
    for name, what in behind.items():
        seen = pd.DataFrame({"code": code[is_candidate], "what": what[is_candidate]}).drop_duplicates()["code"]
        table[name] = np.bincount(seen, minlength=2 * N_CELLS)
    table["probability"], table["days"] = np.divmod(np.arange(len(table)), len(DAYS_BINS) + 1)
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
