"""Which ideas a strategy buys."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.settings.conviction import ConvictionSettings
from backtrader_system.signals.conviction.rules.rule_scores import HIGHEST_RULE_SCORE
from backtrader_system.signals.conviction.selection import Selection, select_best, select_threshold, select_top
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import IdeaScores

# Strategy -> column of the scores that ranks; every other one ranks by the model's probability.
RANKED_BY = {"hybrid": "hybrid_score", "rules": "rule_score", "best_rules": "rule_score"}
# Column -> its highest value.
HIGHEST = {"probability": 1.0, "hybrid_score": 10.0, "rule_score": HIGHEST_RULE_SCORE}


def choose(strategy: str, ideas: Ideas, scores: IdeaScores, settings: ConvictionSettings) -> Selection:
    """Return which ideas the strategy buys and why not the others.

    strategy : top10, threshold7|8|9, hybrid, rules; or best_ml, best_rules: the best of each month.
    Timing: causal but for `whole_sample` and the best of a month, which rank signals that were not all posted yet.
    """
    usable = (ideas.table["obstacle"] == "").to_numpy()
    if strategy.startswith("threshold"):
        rank = scores.table["ml_score"].to_numpy(dtype=float)
        chosen = select_threshold(np.where(usable, rank, np.nan), int(strategy.removeprefix("threshold")))
    elif strategy.startswith("best_"):
        chosen = _best_of_months(strategy, usable, ideas, scores, settings)
    else:
        chosen = _top(np.where(usable, rank_of(strategy, scores), np.nan), strategy, ideas, scores, settings)
    obstacle = ideas.table["obstacle"]
    reason = pd.Series(chosen.reason, dtype=object).where(obstacle == "", obstacle).to_numpy()
    return Selection(chosen.is_selected, chosen.threshold, reason)


def rank_of(strategy: str, scores: IdeaScores) -> np.ndarray:
    """Return the numbers that a strategy ranks ideas by."""
    return scores.table[ranking_column(strategy)].to_numpy(dtype=float)


def ranking_column(strategy: str) -> str:
    """Return the column of the scores that a strategy ranks by."""
    return RANKED_BY.get(strategy, "probability")


def is_by_model(strategy: str) -> bool:
    """Return whether a model had a say in what a strategy buys."""
    return ranking_column(strategy) != "rule_score"


def strength_of(strategy: str, scores: IdeaScores) -> np.ndarray:
    """Return the rank as a strength in [0, 1], the order of simultaneous ideas; 0 where there is no score."""
    highest = HIGHEST[ranking_column(strategy)]
    return np.clip(np.nan_to_num(rank_of(strategy, scores)) / highest, 0.0, 1.0)


def _best_of_months(
    strategy: str, usable: np.ndarray, ideas: Ideas, scores: IdeaScores, settings: ConvictionSettings
) -> Selection:
    """Return the best of each month among ideas that a trained model scored: as many by either score.

    By month, since the level of monthly probabilities follows the last win rate: the best of all months would compare
    months, not ideas. Of months without a trained model nothing is taken, for either score.
    """
    candidates = usable & ~scores.is_cold & np.isfinite(scores.table["probability"].to_numpy(dtype=float))
    rank = np.where(candidates, rank_of(strategy, scores), np.nan)
    posted, ticker = pd.DatetimeIndex(ideas.table["signal_time"]), ideas.table["ticker"].to_numpy()
    is_selected, month = np.zeros(len(rank), dtype=bool), ideas.table["session"].dt.strftime("%Y-%m").to_numpy()
    for one in np.unique(month[candidates]):
        mine = np.flatnonzero(month == one)
        count = settings.compare_count or max(1, round(settings.top_fraction * int(candidates[mine].sum())))
        is_selected[mine] = select_best(rank[mine], posted[mine], ticker[mine], count).is_selected
    reason = np.where(is_selected, "", "not among the best of its month").astype(object)
    return Selection(is_selected, np.full(len(rank), np.nan), reason)


def _top(
    rank: np.ndarray, strategy: str, ideas: Ideas, scores: IdeaScores, settings: ConvictionSettings
) -> Selection:
    """Return the top fraction; a causal rule compares scores of the cold start and of trained models apart.

    Probabilities of a model of synthetic signals and of one of real ones lie on different levels: compared with each
    other, the first month of a trained model would buy all or nothing.
    """
    def top(values: np.ndarray) -> Selection:
        return select_top(
            values, pd.DatetimeIndex(ideas.table["decided_at"]), pd.DatetimeIndex(ideas.table["signal_time"]),
            ideas.table["ticker"].to_numpy(), fraction=settings.top_fraction, causal=settings.selection == "causal",
            trailing_days=settings.trailing_days, min_earlier=settings.min_earlier_signals)

    is_cold = scores.is_cold
    if settings.selection != "causal" or not is_by_model(strategy) or not is_cold.any():
        return top(rank)
    cold, trained = top(np.where(is_cold, rank, np.nan)), top(np.where(is_cold, np.nan, rank))
    return Selection(cold.is_selected | trained.is_selected, np.where(is_cold, cold.threshold, trained.threshold),
                     np.where(is_cold, cold.reason, trained.reason))
