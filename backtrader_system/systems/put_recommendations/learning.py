"""Phase 3: scores by weights that were learned, month by month, from options that had expired before."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from backtrader_system.progress import Progress
from backtrader_system.puts.score import FACTORS, option_scores
from backtrader_system.puts.weights.learned import learned_weights
from backtrader_system.systems.put_recommendations.judged import entry_quotes, evidence_rows
from backtrader_system.systems.put_recommendations.judging import missing_rule, weights_array
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts


def with_learned_weights(scored: ScoredPuts, progress: Progress) -> tuple[ScoredPuts, pd.DataFrame]:
    """Return the scores by learned weights, and the weights of each month.

    A month without enough expired options before it keeps the weights of the settings.
    """
    settings = scored.sources.settings
    rows = evidence_rows(scored, entry_quotes(scored))
    month = pd.DatetimeIndex(scored.sources.chain.quotes["quote_date"]).to_period("M").to_timestamp()
    months = month.unique().sort_values()
    progress.say(f"Learning weights for {len(months)} months, each from options that expired before it")
    table = learned_weights(
        rows, months, settings.puts.weight_search, current=weights_array(settings), missing=missing_rule(settings),
        top_n=settings.puts.selling.top_n, progress=progress)
    weights = table[list(FACTORS)].to_numpy(dtype=float)[months.get_indexer(month)]
    score, coverage = option_scores(scored.factors, settings.puts.score, weights)
    return replace(scored, score=score, coverage=coverage), table
