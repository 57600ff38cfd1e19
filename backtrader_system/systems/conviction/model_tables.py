"""The tables that say how good the scores were: by conviction, by month, by feature."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from backtrader_system.metrics.conviction.bands import win_rate_by_band
from backtrader_system.metrics.conviction.selection_quality import selection_quality
from backtrader_system.metrics.figure import flatten
from backtrader_system.models.conviction.ablation import ablation
from backtrader_system.models.conviction.importance import importance_of
from backtrader_system.models.conviction.walk_forward import walk_forward_contributions
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.features.feature_names import FEATURE_GROUPS, FEATURE_WORDS
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import IdeaScores

_SHARES = ("base_rate", "win_rate", "low", "high", "mean_net_return")


def model_tables(
    ideas: Ideas, scores: IdeaScores, chosen: Selection, settings: Settings
) -> dict[str, pd.DataFrame]:
    """Return the tables conviction_bands, walk_forward, importance and ablation; the last three where they exist."""
    tables = {
        "conviction_bands": win_rate_by_band(
            scores.table["ml_score"].to_numpy(dtype=float), ideas.label("traded"),
            scores.table["probability"].to_numpy(dtype=float), settings.evidence.confidence),
        "importance": importance(ideas, scores, settings),
    }
    wanted, walk = settings.conviction.scenarios, scores.walk
    if walk is not None and "walk_forward" in wanted:
        tables["walk_forward"] = walk_forward_table(ideas, scores, chosen, settings)
    if walk is not None and "ablation" in wanted and walk.is_trained.any():
        tables["ablation"] = ablation(walk, scores.rows, settings.conviction.classifier, FEATURE_GROUPS)
    return tables


def importance(ideas: Ideas, scores: IdeaScores, settings: Settings) -> pd.DataFrame:
    """Return what moved the scores of winners and of losers, of signals that their model had not seen."""
    label = ideas.label(settings.conviction.label)
    if scores.walk is None:
        contributions = scores.newest.contributions(ideas.features)
    else:
        every = walk_forward_contributions(scores.walk, scores.rows.features)
        contributions = replace(every, values=every.values[scores.is_judged])
    table = importance_of(contributions, label, FEATURE_GROUPS)
    return table.assign(words=[FEATURE_WORDS.get(name, name) for name in table["feature"]], method=contributions.method)


def walk_forward_table(
    ideas: Ideas, scores: IdeaScores, chosen: Selection, settings: Settings
) -> pd.DataFrame:
    """Return one row per month: what its model was trained on and how its selection did."""
    rows = []
    won, net_return = ideas.label("traded"), ideas.net_return
    for month in scores.walk.folds["fold"]:
        mine = (scores.table["fold"] == month).to_numpy()
        figures = flatten(selection_quality(
            won[mine], chosen.is_selected[mine], net_return[mine], settings.evidence.confidence))
        # Of the trade, as the win rate beside it; AUC and Brier score of the fold are of the label that models learn.
        rows.append({"base_rate": figures["base_rate"], "n_resolved": figures["n_signals_resolved"],
                     "n_selected": figures["n_selected"], "winners": figures["winners"],
                     "win_rate": figures["win_rate"], "low": figures["win_rate_low"],
                     "high": figures["win_rate_high"], "mean_net_return": figures["mean_net_return"]})
    selected = pd.DataFrame(rows).astype(dict.fromkeys(_SHARES, float))
    folds = scores.walk.folds.drop(columns=["base_rate", "n_resolved"]).reset_index(drop=True)
    return pd.concat([folds, selected], axis=1)
