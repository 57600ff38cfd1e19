"""Which phase of the owner's plan a run is, and what a reader must know before believing its figures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from backtrader_system.puts.assumed_spread import ASSUMED_SPREAD
from backtrader_system.puts.probabilities.methods import REBUILT, method_sources
from backtrader_system.puts.score import FACTORS
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts
from backtrader_system.systems.put_recommendations.sources import PutSources

FULL_HISTORY_DAYS = 730        # the owner: phase 3 when two years of probabilities exist
FEW_EXPIRIES = 10
PROBABILITY_FACTORS = ("recovery_advantage", "historical_peak")


def phase_of(sources: PutSources) -> tuple[int, str]:
    """Return the phase, 1, 2 or 3, and what it means."""
    if sources.chain.is_synthetic:
        return 2, ("prices of the underlyings only: the chain, its quotes and so its probabilities are made up; "
                   "outcomes come from real closes")
    days = (sources.last_session - sources.first_session).days
    span = f"{days / 365.25:.1f} years" if days >= FULL_HISTORY_DAYS else f"{days} days"
    if sources.settings.puts.score.learn_weights:
        return 3, f"all six factors over {span} of quotes, weights learned month by month"
    few = "" if days >= FULL_HISTORY_DAYS else ": too few expiry dates for a verdict, most likely"
    return 1, f"all six factors over {span} of quotes, weights as configured{few}"


def cautions(scored: ScoredPuts, rows: pd.DataFrame, collateral: pd.DataFrame) -> tuple[str, ...]:
    """Return the warnings of a run, the gravest first.

    collateral : of each session of the account, with a flag where it exceeds the equity.
    """
    return (*_of_lookahead(scored), *_of_collateral(collateral), *_of_vanished(scored, rows), *_of_prices(scored),
            *_of_rows(scored, rows))


def _of_collateral(collateral: pd.DataFrame) -> Iterator[str]:
    breaches = collateral[collateral["is_breach"]]
    if len(breaches):
        yield (f"in {len(breaches):,} sessions, first on {breaches['session'].iloc[0]:%Y-%m-%d}, the collateral of "
               "open puts exceeded the equity: a broker would have asked for money or closed positions; here they stay")


def _of_lookahead(scored: ScoredPuts) -> Iterator[str]:
    score = scored.sources.settings.puts.score
    if score.recovery == "whole_life":
        yield ("LOOK-AHEAD: puts.score.recovery whole_life uses each option's later probabilities and the outcomes of "
               "the period under test, as the original does; causal does not")


def _of_vanished(scored: ScoredPuts, rows: pd.DataFrame) -> Iterator[str]:
    is_marked = rows["pnl"].isna() & rows["pnl_at_last_close"].notna()
    if not is_marked.any():
        return
    marked = rows[is_marked]
    losing, both = int((marked["pnl_at_last_close"] < 0).sum()), (rows["pnl_at_last_close"].mean(), rows["pnl"].mean())
    yield (f"{len(marked):,} judged puts on {marked['underlying'].nunique()} stocks that vanished before the expiry "
           f"have no known outcome; settled at the last close, {losing:,} of them lose money, and the mean P&L of all "
           f"judged puts is {both[0]:,.2f} a contract instead of {both[1]:,.2f}")


def _of_prices(scored: ScoredPuts) -> Iterator[str]:
    sources = scored.sources
    puts, chain = sources.settings.puts, sources.chain
    if chain.is_synthetic:
        yield ("premiums are model prices (Black-Scholes on past volatility x "
               f"{puts.synthetic.volatility_premium:g}), no market quoted them: returns show the method, not the money")
    elif any(issue.rule == ASSUMED_SPREAD for issue in chain.issues):
        yield (f"the file has neither bid nor ask: a half spread of {puts.quotes.assumed_half_spread_fraction:.0%} of "
               "the last price is assumed (puts.quotes.assumed_half_spread_fraction)")
    if not chain.is_synthetic and method_sources(chain)[puts.score.probability_method] == REBUILT:
        yield (f"the source gives no probability: {puts.score.probability_method} is our walk-forward "
               "re-implementation, not the owner's")
    bars = sources.bars
    if np.array_equal(bars.low, bars.close, equal_nan=True):
        yield "the underlyings have closes only: support levels are lows of closes, not of the day"


def _of_rows(scored: ScoredPuts, rows: pd.DataFrame) -> Iterator[str]:
    n_expiries = rows.loc[rows["worthless"].notna(), "expiry_session"].nunique()
    if n_expiries < FEW_EXPIRIES:
        yield (f"{n_expiries} expiry dates only: options of one date share the market's move, so no p-value is stated "
               f"below {FEW_EXPIRIES}")
    lost = [name.replace("_", " ") for name in FACTORS if len(rows) and rows[name].isna().all()]
    if lost:
        yield f"never known, so without weight: {', '.join(lost)}"
    unknown = rows["worthless"].isna().to_numpy()
    if unknown.any():
        why = scored.outcomes["why_unknown"].to_numpy()[rows["number"].to_numpy()[unknown]]
        kinds = pd.Series(why).str.partition(" on ")[0].value_counts()
        text = "; ".join(f"{kind} ({count:,})" for kind, count in kinds.items())
        yield (f"{unknown.sum():,} of {len(rows):,} judged options have no known outcome, and none of them counts as "
               f"worthless: {text}")
