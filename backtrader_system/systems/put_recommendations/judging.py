"""What judged options show: evidence of the score, the weight search, and how far conclusions hang on the rules."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from backtrader_system.metrics.puts.evidence import PutEvidence, put_evidence, sensitivity_table
from backtrader_system.progress import Progress
from backtrader_system.puts.score import FACTORS
from backtrader_system.puts.weights.study import WeightStudy, optimise_weights
from backtrader_system.settings.puts import FactorWeights, OutcomeSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.put_recommendations.judged import evidence_rows
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts


def judge(rows: pd.DataFrame, settings: Settings) -> PutEvidence:
    """Return tables, figures and conclusion about the score of judged options."""
    evidence, selling = settings.evidence, settings.puts.selling
    return put_evidence(
        rows, confidence=evidence.confidence, samples=evidence.bootstrap_samples, seed=evidence.seed,
        top_n=selling.top_n, random_portfolios=selling.random_portfolios,
        weights=dict(zip(FACTORS, weights_array(settings), strict=True)))


def study_weights(rows: pd.DataFrame, settings: Settings, progress: Progress) -> WeightStudy:
    """Return what all weights of the six factors would have done, chosen, confirmed and tested on separate years."""
    return optimise_weights(
        rows, settings.puts.weight_search, weights_array(settings), settings.evidence.seed,
        confidence=settings.evidence.confidence, samples=settings.evidence.bootstrap_samples,
        top_n=settings.puts.selling.top_n, missing=missing_rule(settings), progress=progress)


def weights_array(settings: Settings) -> np.ndarray:
    """Return the weights of the settings in the order of `FACTORS`, rescaled to sum 100; all zero stays so."""
    weights: FactorWeights = settings.puts.score.weights
    values = np.array([getattr(weights, name) for name in FACTORS], dtype=float)
    return values * 100 / values.sum() if values.sum() else values


def missing_rule(settings: Settings) -> str:
    """Return what stands for a missing factor: renormalise, neutral or zero."""
    score = settings.puts.score
    return "zero" if score.arithmetic == "compat" else score.missing


def rules_compared(outcome: OutcomeSettings, *, is_european: bool) -> Mapping[str, OutcomeSettings]:
    """Return the rules of filling and assignment whose effect the report shows, those of the run first.

    Rules that come to the same as those of the run are left out; no European option is assigned early.
    """
    def changed(**values: object) -> OutcomeSettings:
        return outcome.model_copy(update=values)

    others = {
        "filled at the bid": changed(fill="bid"),
        "filled at mid": changed(fill="mid"),
        "close equal to the strike is worthless": changed(worthless_at_strike=True),
    }
    if not is_european:
        others |= {"never assigned early": changed(early_assignment="never"),
                   "assigned early when deep in the money": changed(early_assignment="deep_in_the_money")}
    return {"as configured": outcome} | {name: rules for name, rules in others.items() if rules != outcome}


def sensitivity(scored: ScoredPuts, entries: np.ndarray, rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return how hit rate, expectancy and verdict move with the rules of filling and assignment and with the filter."""
    own, is_european = settings.puts.outcome, settings.puts.quotes.style == "european"
    compared = rules_compared(own, is_european=is_european) if settings.puts.compare_rules else {"as configured": own}
    variants = {name: evidence_rows(scored, entries, outcome=outcome) for name, outcome in compared.items()}
    variants["only what the page recommends"] = rows[rows["passes_filter"]].reset_index(drop=True)
    return sensitivity_table(
        variants, confidence=settings.evidence.confidence, samples=settings.evidence.bootstrap_samples,
        seed=settings.evidence.seed)
