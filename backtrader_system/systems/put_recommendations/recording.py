"""What a day's collection leads to: outcomes of what has expired, and the scores of the day, into the registry."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import BacktraderSystemError
from backtrader_system.progress import Silent
from backtrader_system.puts.score import FACTORS
from backtrader_system.puts.store.recording import record_outcomes, record_scores
from backtrader_system.puts.store.stocks_of_options import LEFT_OUT
from backtrader_system.settings.settings import Settings
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts, score_puts
from backtrader_system.systems.put_recommendations.sources import read_put_sources
from backtrader_system.systems.put_recommendations.tables import final_premium


def record_day(store: Path, settings: Settings, now: datetime) -> tuple[str, ...]:
    """Record the outcomes known by now and the scores of the newest day of a store; return what was done, in words.

    settings : of the system put_recommendations; its period and its source are set here. What was recorded before is
    never changed. Options that are left out for want of a stock's name or bars are told. A store that cannot be scored
    yet (no bars, a damaged file) leads to a warning: the day itself is stored already.
    """
    puts = settings.puts.model_copy(update={"source": "collected", "collected": store})
    period = settings.backtest.model_copy(update={"start_date": None, "end_date": None})
    settings = settings.model_copy(update={"puts": puts, "backtest": period})
    try:
        scored = score_puts(read_put_sources(settings, Silent()), Silent())
        n_outcomes = record_outcomes(store, outcomes_to_record(scored, now), now)
        n_scores = record_scores(store, scores_to_record(scored), now)
    except BacktraderSystemError as error:
        return (f"warning: the day is stored, but not scored: {error}",)
    lost = (f"{issue.severity}: {issue.rule} ({issue.count:,} option-days): {issue.example}; {issue.advice}"
            for issue in scored.sources.chain.issues if issue.rule in LEFT_OUT)
    return (*lost, f"{n_outcomes:,} new outcomes of expired options, {n_scores:,} new scores recorded")


def outcomes_to_record(scored: ScoredPuts, now: datetime) -> pd.DataFrame:
    """Return the known outcomes of contracts that have expired by now, columns as `recording.OUTCOMES`."""
    contracts, outcomes = scored.sources.chain.contracts, scored.outcomes
    table = pd.DataFrame({
        "contract": contracts["contract"], "expiry": contracts["expiry"], "strike": contracts["strike"],
        "final_price": outcomes["settle_price"].to_numpy(), "outcome": outcomes["outcome"].to_numpy(),
        "final_premium": final_premium(scored.sources.chain, outcomes)})
    is_over = (contracts["expiry"] <= pd.Timestamp(now.date())).to_numpy()
    return table[is_over & outcomes["worthless"].notna().to_numpy()].reset_index(drop=True)


def scores_to_record(scored: ScoredPuts) -> pd.DataFrame:
    """Return the scores of the newest day with quotes, columns as `recording.SCORES`."""
    chain = scored.sources.chain
    rows = np.flatnonzero((chain.quotes["quote_date"] == chain.quotes["quote_date"].max()).to_numpy())
    contracts = chain.contracts.iloc[chain.quotes["number"].to_numpy()[rows]].reset_index(drop=True)
    known = pd.DataFrame({
        "day": chain.quotes["quote_date"].to_numpy()[rows], "contract": contracts["contract"],
        "expiry": contracts["expiry"], "score": scored.score[rows], "coverage": scored.coverage[rows]})
    return known.join(scored.factors[list(FACTORS)].iloc[rows].reset_index(drop=True))
