"""The study of weights: chosen on the train part, confirmed on the validation part, reported on the test part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from backtrader_system.progress import Progress
from backtrader_system.puts.weights.areas import Difference, area_difference
from backtrader_system.puts.weights.deflation import SearchNull, area_of, search_null
from backtrader_system.puts.weights.evidence import FACTOR_NAMES, JudgedRows, judged_rows, percent_of, whole_units
from backtrader_system.puts.weights.objectives import Part, objectives, part_of
from backtrader_system.puts.weights.paid import NOTHING_PAID, paid_difference
from backtrader_system.puts.weights.recommendation import recommendation
from backtrader_system.puts.weights.search import SearchResult, evaluate_units
from backtrader_system.puts.weights.stability import best_by, weight_spread, weight_stability
from backtrader_system.puts.weights.surface import weight_surface
from backtrader_system.puts.weights.time_split import TimeSplit, split_by_expiry
from backtrader_system.settings.puts import FactorWeights, WeightSearchSettings

LISTED_VECTORS = 1000
COARSE_PERCENT = 10            # the shuffled searches use every second step: the surface is smooth
FEW_VECTORS = 3000
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class WeightStudy:
    """What the search over all weights found, and whether to believe it.

    tables : weight_optimization, weight_stability, weight_surface. figures : flat numbers, None where unknown, with
    the reason under `<name>_note`. recommendation : "change", "keep" or "not_enough_evidence"; text : one sentence.
    best, current : percent, shape (6,); best is NaN where nothing could be chosen.
    """

    tables: dict[str, pd.DataFrame]
    figures: dict[str, float | int | str | None]
    recommendation: str
    text: str
    best: np.ndarray
    current: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The search on the train part and the vectors that stand beside the list: name to percent."""

    found: SearchResult
    best: int
    named: dict[str, np.ndarray]
    null: SearchNull


def optimise_weights(rows: pd.DataFrame, settings: WeightSearchSettings, current: FactorWeights | np.ndarray,
                     seed: int, *, missing: str = "renormalise", top_n: int = 20, confidence: float = 0.95,
                     samples: int = 2000, shuffles: int = 99, vectors: np.ndarray | None = None,
                     threads: int | None = None, progress: Progress | None = None) -> WeightStudy:
    """Return the study of all weights on rows of evidence, one row per option judged.

    rows : see `judged_rows`. current : the weights in use. missing : how the score treats a missing factor.
    vectors : weights to choose from, percent in multiples of 5; default all 41,118.
    The expiry dates are split in time (`train_fraction`, `validation_fraction`, the rest tests), rows whose outcome
    was not known when the next part began are left out. The vector best on the train part by `objective` is set
    against the current weights. Area decides the recommendation, whatever the objective. `shuffles` searches over
    outcomes shuffled within expiry dates say how good the best of useless factors looks; `shrunk` weights go only the
    part of the way from current to best that this search does not explain.
    Timing: the test part was never used to choose. Same rows and seed, same result.
    """
    judged, now = judged_rows(rows, missing), percent_of(current)
    split = split_by_expiry(judged.table, settings.train_fraction, settings.validation_fraction)
    parts = {name: part_of(judged, getattr(split, name)) for name in PARTS}
    choice = _choose(judged, split, parts["train"], settings.objective, now, vectors, top_n, shuffles, seed, threads,
                     progress)
    best = choice.named.get("best", np.full(len(FACTOR_NAMES), np.nan))
    test, gains = _against_current(choice, parts, judged, confidence, samples, seed)
    stability = weight_stability(judged, now, settings.folds, settings.objective, top_n=top_n, vectors=vectors,
                                 threads=threads)
    tables = {
        "weight_optimization": _listed(choice, parts, settings.objective, top_n),
        "weight_stability": stability,
        "weight_surface": weight_surface(choice.found),
    }
    figures = _figures(judged, split, choice, test, gains, tables, parts, threads)
    paid = NOTHING_PAID if choice.best < 0 else paid_difference(
        parts["test"], choice.found.units[choice.best], whole_units(choice.named["current"]), top_n, confidence)
    figures |= {"test_paid_difference_low": paid.low, "test_paid_difference_high": paid.high}
    word, text = recommendation(
        len(np.unique(parts["train"].expiry)), choice.null, gains["validation"], test, settings.min_improvement, paid)
    return WeightStudy(tables, figures | {"recommendation": word, "recommendation_text": text}, word, text, best, now)


def _choose(judged: JudgedRows, split: TimeSplit, train: Part, objective: str, now: np.ndarray,
            vectors: np.ndarray | None, top_n: int, shuffles: int, seed: int, threads: int | None,
            progress: Progress | None) -> _Choice:
    found = best_by(judged, split.train, objective, top_n, vectors=vectors, threads=threads, progress=progress)
    is_coarse = (found.grid % COARSE_PERCENT == 0).all(axis=1) | (len(found.grid) <= FEW_VECTORS)
    coarse = found.vector_of_grid[is_coarse]
    null = search_null(train.rows, train.expiry[train.rows.row], found.units[np.unique(coarse[coarse >= 0])],
                       shuffles=shuffles, seed=seed)
    best = found.best(objective)
    named = {"current": now, "equal": percent_of(judged.available.astype(float))}
    if best >= 0:
        shrunk = now + (null.shrinkage if np.isfinite(null.shrinkage) else 0.0) * (found.weights[best] - now)
        named = {"best": found.weights[best], **named, "shrunk": shrunk}
    return _Choice(found, best, named, null)


def _against_current(choice: _Choice, parts: dict[str, Part], judged: JudgedRows, confidence: float, samples: int,
                     seed: int) -> tuple[Difference, dict[str, float]]:
    """Return the difference of best and current weights on the test part, and the gain on validation and test."""
    n_test = len(np.unique(parts["test"].expiry))
    nothing = Difference(float("nan"), float("nan"), float("nan"), n_test, "no weights could be chosen")
    if choice.best < 0 or len(parts["test"].rows.row) == 0:
        return nothing, {"validation": float("nan")}
    units, now = choice.found.units[choice.best], whole_units(choice.named["current"])
    gain = area_of(parts["validation"].rows, units) - area_of(parts["validation"].rows, now)
    rows = parts["test"].rows
    test = area_difference(rows.scores(units), rows.scores(now), rows.worthless, parts["test"].expiry[rows.row],
                           confidence=confidence, samples=samples, seed=seed)
    return test, {"validation": gain}


def _listed(choice: _Choice, parts: dict[str, Part], objective: str, top_n: int) -> pd.DataFrame:
    """Return the best vectors of the train part, then the named ones; rank by the objective on the train part."""
    found = choice.found
    value = {"auc": found.auc, "brier": -found.brier, "top_n_return": found.top_return}[objective]
    order = np.argsort(-value, kind="stable")[:LISTED_VECTORS]
    order = order[np.isfinite(value[order])]
    # Thirds of a percent are no whole hundredths; the best vector keeps its own whole units.
    named = [found.units[choice.best] if role == "best" else whole_units(one) for role, one in choice.named.items()]
    table = pd.DataFrame(np.vstack([found.weights[order], list(choice.named.values())]), columns=list(FACTOR_NAMES))
    judged = [objectives(units, parts, top_n) for units in (found.units[order], np.array(named))]
    table = pd.concat([table, pd.concat(judged, ignore_index=True)], axis=1)
    column = {"auc": "train_auc", "brier": "train_brier", "top_n_return": "train_top_return"}[objective]
    reached = table[column].to_numpy() * (-1 if objective == "brier" else 1)
    rank = 1 + np.searchsorted(np.sort(-value[np.isfinite(value)]), -reached - 1e-12)
    table.insert(0, "rank", np.where(np.isfinite(reached), rank, -1))
    table.insert(1, "role", ["listed"] * len(order) + list(choice.named))
    return table


def _figures(judged: JudgedRows, split: TimeSplit, choice: _Choice, test: Difference, gains: dict[str, float],
             tables: dict[str, pd.DataFrame], parts: dict[str, Part],
             threads: int | None) -> dict[str, float | int | str | None]:
    named = tables["weight_optimization"].set_index("role").drop(index="listed", errors="ignore")
    null = choice.null
    figures: dict[str, float | int | str | None] = {"n_rows": len(judged.table), "n_purged": split.n_purged}
    for name in PARTS:
        figures[f"n_{name}"] = len(parts[name].rows.row)
        figures[f"n_{name}_expiries"] = len(np.unique(parts[name].expiry))
    for role in named.index:
        for column in named.columns[named.columns.str.contains("|".join(PARTS))]:
            figures[f"{role}_{column}"] = named.loc[role, column]
    figures |= {
        "n_vectors": len(choice.found.grid), "n_distinct_vectors": len(choice.found.units),
        "effective_trials": null.effective_trials, "n_shuffles": null.n_shuffles, "null_best_auc": null.null_best,
        "search_p": null.p_value, "search_optimism": null.optimism, "shrinkage": null.shrinkage,
        "deflated_train_auc": named.get("train_auc", pd.Series(dtype=float)).get("best", np.nan) - null.optimism,
        "validation_difference": gains["validation"], "test_difference": test.value,
        "test_difference_low": test.low, "test_difference_high": test.high,
        "weight_spread": weight_spread(tables["weight_stability"]),
        "surface_agreement": _agreement(choice.found, parts["validation"], threads),
    }
    if test.note:
        figures["test_difference_low_note"] = test.note
    return {name: None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in figures.items()}


def _agreement(found: SearchResult, validation: Part, threads: int | None) -> float:
    """Return the rank correlation over all vectors of the area on train and validation: 0 if the surface is noise."""
    later = evaluate_units(validation.rows, found.units, threads=threads)[0]
    known = np.isfinite(later) & np.isfinite(found.auc)
    if known.sum() < 3 or np.ptp(later[known]) == 0 or np.ptp(found.auc[known]) == 0:
        return float("nan")
    return float(spearmanr(found.auc[known], later[known]).statistic)
