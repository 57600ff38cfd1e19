"""Which ideas a strategy buys."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.settings.conviction import ConvictionSettings
from backtrader_system.signals.conviction.selection import Selection, select_best, select_threshold, select_top
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import HIGHEST_RULE_SCORE, IN_SAMPLE, IdeaScores

# Strategy -> column of the scores that ranks.
RANKED_BY = {"top10": "probability", "hybrid": "hybrid_score", "rules": "rule_score"}


def choose(strategy: str, ideas: Ideas, scores: IdeaScores, settings: ConvictionSettings) -> Selection:
    """Return which ideas the strategy buys and why not the others.

    strategy : top10, threshold7|8|9, hybrid, rules; or best_ml, best_rules: the `compare_count` best of all.
    Timing: causal but for `whole_sample` and the best of all, which rank a sample that was not over yet.
    """
    usable = is_usable(ideas, scores)
    if strategy.startswith("threshold"):
        rank = scores.table["ml_score"].to_numpy(dtype=float)
        chosen = select_threshold(np.where(usable, rank, np.nan), int(strategy.removeprefix("threshold")))
    elif strategy.startswith("best_"):
        rank, usable = rank_of("rules" if strategy == "best_rules" else "top10", scores), _comparable(usable, scores)
        chosen = select_best(
            np.where(usable, rank, np.nan), pd.DatetimeIndex(ideas.table["signal_time"]),
            ideas.table["ticker"].to_numpy(), compare_count(int(usable.sum()), settings))
    else:
        chosen = _top(np.where(usable, rank_of(strategy, scores), np.nan), strategy, ideas, scores, settings)
    return Selection(chosen.is_selected, chosen.threshold, _reasons(chosen, ideas, scores))


def rank_of(strategy: str, scores: IdeaScores) -> np.ndarray:
    """Return the numbers that a strategy ranks ideas by."""
    column = "probability" if strategy.startswith("threshold") else RANKED_BY[strategy]
    return scores.table[column].to_numpy(dtype=float)


def strength_of(strategy: str, scores: IdeaScores) -> np.ndarray:
    """Return the rank as a strength in [0, 1], the order of simultaneous ideas; 0 where there is no score."""
    scale = {"hybrid": 10.0, "rules": HIGHEST_RULE_SCORE}.get(strategy, 1.0)
    return np.clip(np.nan_to_num(rank_of(strategy, scores)) / scale, 0.0, 1.0)


def compare_count(n_usable: int, settings: ConvictionSettings) -> int:
    """Return how many of the best are compared: as many as set, else `top_fraction` of all and at least 10."""
    return settings.compare_count or max(10, int(np.ceil(settings.top_fraction * n_usable)))


def _comparable(usable: np.ndarray, scores: IdeaScores) -> np.ndarray:
    """Return the usable ideas that a trained model scored, all of them where there is none: ML means a trained one."""
    trained = usable & ~scores.is_cold
    return trained if trained.any() else usable


def is_usable(ideas: Ideas, scores: IdeaScores) -> np.ndarray:
    """Return which ideas may be bought whatever their score: liquid, and new to the model."""
    return (ideas.table["obstacle"] == "").to_numpy() & scores.table["is_out_of_sample"].to_numpy()


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
    if settings.selection != "causal" or strategy == "rules" or not is_cold.any():
        return top(rank)
    cold, trained = top(np.where(is_cold, rank, np.nan)), top(np.where(is_cold, np.nan, rank))
    return Selection(cold.is_selected | trained.is_selected, np.where(is_cold, cold.threshold, trained.threshold),
                     np.where(is_cold, cold.reason, trained.reason))


def _reasons(chosen: Selection, ideas: Ideas, scores: IdeaScores) -> np.ndarray:
    reason = pd.Series(chosen.reason, dtype=object)
    obstacle = ideas.table["obstacle"]
    reason = reason.where(scores.table["is_out_of_sample"], IN_SAMPLE)
    return reason.where(obstacle == "", obstacle).to_numpy()
