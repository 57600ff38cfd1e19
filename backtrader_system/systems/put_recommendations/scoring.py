"""Every quoted put, day by day: its outcome, its probabilities, its six factors, its score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.progress import Progress
from backtrader_system.puts.early_assignment import early_assignments
from backtrader_system.puts.factors.option_days import option_factors
from backtrader_system.puts.factors.seasonality import SeasonalPanel, seasonal_factors
from backtrader_system.puts.factors.support import SupportPanel, support_of_bars
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.puts.probabilities.history import ProbabilityHistory, probability_history
from backtrader_system.puts.probabilities.methods import probability_methods, quote_volatility
from backtrader_system.puts.recovery.rates import recovery_rates
from backtrader_system.puts.score import option_scores, page_filter
from backtrader_system.settings.puts import PutsSettings
from backtrader_system.systems.put_recommendations.sources import PutSources


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPuts:
    """What is known of each quote, and of each contract afterwards.

    outcomes : one row per contract. early : days on which a holder is taken to exercise. probabilities (by method),
        volatility (implied, per year), history, factors, score (0-100, NaN without any factor), coverage (share of the
        weights behind it) : aligned with `chain.quotes`. passes : whether the page would show it; reason : why not.
    recovery_rate : of the chosen mode.
    """

    sources: PutSources
    outcomes: pd.DataFrame
    early: pd.DataFrame
    probabilities: pd.DataFrame
    volatility: np.ndarray
    history: ProbabilityHistory
    support: SupportPanel
    seasonal: SeasonalPanel
    recovery_rate: np.ndarray
    factors: pd.DataFrame
    score: np.ndarray
    coverage: np.ndarray
    passes: np.ndarray
    reason: pd.Categorical


def score_puts(sources: PutSources, progress: Progress) -> ScoredPuts:
    """Return the scores of every quote, each from what was known after its close, and the outcome of each contract."""
    settings, chain, bars = sources.settings, sources.chain, sources.bars
    puts, score = settings.puts, settings.puts.score
    progress.say(f"Following {len(chain.contracts):,} contracts over {len(chain.quotes):,} option-days to their expiry")
    outcomes, early = outcomes_of(sources, puts)
    volatility = quote_volatility(chain, puts.quotes)
    probabilities = probability_methods(chain, outcomes, puts)
    history = probability_history(chain, probabilities, score.probability_method, score.peak_threshold)
    rates = recovery_rates(chain, history, outcomes, score, mode=score.recovery)
    support = support_of_bars(bars)
    seasonal = seasonal_factors(
        bars, min_years=score.min_seasonal_years, monthly=sources.monthly, counts_missing=score.arithmetic == "compat")
    factors = option_factors(chain, bars, support, seasonal, score, history=history, recovery_rate=rates)
    values, coverage = option_scores(factors, score)
    passes, reason = page_filter(chain, factors, score)
    return ScoredPuts(sources, outcomes, early, probabilities, volatility, history, support, seasonal, rates, factors,
                      values, coverage, passes, reason)


def outcomes_of(sources: PutSources, puts: PutsSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the outcome of every contract and the days on which holders are taken to exercise, under these rules."""
    chain, bars, sessions = sources.chain, sources.bars, sources.exchange_sessions()
    outcomes = contract_outcomes(chain, bars, puts, sources.settlements, sessions=sessions)
    return outcomes, early_assignments(chain, bars, puts, sessions=sessions)
