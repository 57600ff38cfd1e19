"""What may be made of a run: how well its probabilities hold, its flags, and the answers to the four questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.bands import score_trend
from backtrader_system.metrics.conviction.calibration import calibration_figures
from backtrader_system.metrics.conviction.clusters import month_clusters, time_clusters
from backtrader_system.metrics.conviction.conclusion import Basis, conclusion_sentences
from backtrader_system.metrics.conviction.flags import Estimate, conviction_flags
from backtrader_system.metrics.figure import flatten
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scenarios import Scenarios
from backtrader_system.systems.conviction.scoring import IdeaScores

TOP_SCORE = 9
Figures = Mapping[str, object]


def score_figures(ideas: Ideas, scores: IdeaScores, settings: Settings) -> dict[str, object]:
    """Return how well the probabilities of trained models ranked within months, and how well they held."""
    label = np.where(scores.is_cold, np.nan, ideas.label(settings.conviction.label))
    figures = flatten(calibration_figures(
        label, scores.table["probability"].to_numpy(dtype=float), _clusters(ideas, settings),
        stratum=_months(ideas), confidence=settings.evidence.confidence, seed=settings.evidence.seed))
    figures.pop("n")
    return figures


def flags(
    ideas: Ideas, scores: IdeaScores, section: Figures, metrics: Mapping[str, Figures], trades: pd.DataFrame,
    settings: Settings,
) -> list[dict[str, object]]:
    """Return the red and green flags of the source document, raised or not, with what was measured."""
    confidence = settings.evidence.confidence
    won = ideas.label("traded")
    is_top = (scores.table["ml_score"] >= TOP_SCORE).to_numpy() & np.isfinite(won)
    summary, evidence = metrics["summary"], metrics["evidence"]
    n_sessions = int(summary["sessions"])
    found = conviction_flags(
        win_rate=Estimate(section["win_rate"], section["win_rate_low"], section["win_rate_high"],
                          int(section["n_resolved"])),
        top_band=Estimate.of_share(int(won[is_top].sum()), int(is_top.sum()), confidence),
        sharpe=Estimate(summary["sharpe_ratio"], evidence["sharpe_ratio_low"], evidence["sharpe_ratio_high"],
                        n_sessions),
        max_drawdown=Estimate(abs(float(summary["max_drawdown"] or 0.0)) if len(trades) else None, n=n_sessions),
        net_pnl=trades.loc[trades["status"] == "closed", "net_pnl"].to_numpy(dtype=float),
        score=scores.table["ml_score"].to_numpy(dtype=float), confidence=confidence, seed=settings.evidence.seed)
    return [asdict(flag) for flag in found]


def conclusion(
    ideas: Ideas, scores: IdeaScores, section: Figures, scenarios: Scenarios, settings: Settings
) -> list[str]:
    """Return the answers to the four questions, then what limits them."""
    trend = score_trend(
        scores.table["ml_score"].to_numpy(dtype=float), ideas.label("traded"),
        _clusters(ideas, settings), settings.evidence.confidence)
    basis = Basis(
        confidence=settings.evidence.confidence, is_simulated=bool(section["simulated_signals"]),
        looks_ahead=settings.conviction.selection == "whole_sample",
        cold_start_share=float(section["cold_start_share"]), in_sample_signals=int(section["in_sample_signals"]),
        break_even_hit_rate=section["break_even_hit_rate"], zero_skill_hit_rate=section["zero_skill_hit_rate"])
    comparison = scenarios.comparison
    return conclusion_sentences(scenarios.table, comparison and comparison.text, trend.text, basis)


def _months(ideas: Ideas) -> np.ndarray:
    return month_clusters(ideas.table["decided_at"].dt.tz_localize(None).to_numpy())


def _clusters(ideas: Ideas, settings: Settings) -> np.ndarray:
    return time_clusters(pd.DatetimeIndex(ideas.table["decided_at"]), settings.conviction.label_days)
