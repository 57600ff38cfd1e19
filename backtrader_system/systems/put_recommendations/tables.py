"""The owner's tables: universe, outcomes and daily scores, under the column names of his document."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import ChainIssue, OptionChain
from backtrader_system.puts.score import FACTORS, score_band
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts
from backtrader_system.systems.put_recommendations.sources import within_period

OWNERS_WORDS = {"worthless": "worthless", "assigned": "ITM", "unknown": "unknown"}


def universe_table(chain: OptionChain) -> pd.DataFrame:
    """Return one row per contract: OptionName, StockName, StrikePrice, ExpiryDate, FirstSeen, LastSeen and more."""
    contracts = chain.contracts
    quoted = np.bincount(chain.quotes["number"], minlength=len(contracts))
    return _named(contracts).assign(
        FirstSeen=contracts["first_seen"], LastSeen=contracts["last_seen"], days_quoted=quoted,
        multiplier=contracts["multiplier"], is_adjusted=contracts["is_adjusted"])


def outcomes_table(scored: ScoredPuts) -> pd.DataFrame:
    """Return one row per contract: what it settled at and what became of it.

    FinalStockPrice : price the expiry was settled at; empty if unknown. Outcome : worthless, ITM or unknown.
    FinalPremium : last bid before the expiry session, per unit; empty if none was quoted.
    """
    chain, outcomes = scored.sources.chain, scored.outcomes
    return _named(chain.contracts).assign(
        FinalStockPrice=outcomes["settle_price"].to_numpy(),
        Outcome=outcomes["outcome"].map(OWNERS_WORDS).to_numpy(),
        FinalPremium=final_premium(chain, outcomes), expiry_session=outcomes["expiry_session"].to_numpy(),
        settle_source=outcomes["settle_source"].to_numpy(), is_pinned=outcomes["is_pinned"].to_numpy(),
        payoff=outcomes["payoff"].to_numpy(), why_unknown=outcomes["why_unknown"].to_numpy())


def final_premium(chain: OptionChain, outcomes: pd.DataFrame) -> np.ndarray:
    """Return each contract's last bid before its expiry session: 0 where only an ask stood, else the last price."""
    quotes = chain.quotes
    bid = quotes["bid"].where(quotes["bid"].notna() | quotes["ask"].isna(), 0.0)
    bid = bid.where(quotes["bid"].notna() | quotes["ask"].notna(), quotes["last"]).to_numpy(dtype=float)
    ends = outcomes["expiry_session"].fillna(chain.contracts["expiry"]).to_numpy()[quotes["number"]]
    is_before = np.isfinite(bid) & (quotes["quote_date"].to_numpy() < ends)
    final = np.full(len(chain.contracts), np.nan)
    final[quotes["number"].to_numpy()[is_before]] = bid[is_before]      # quotes are sorted by day: the latest stays
    return final


def daily_table(scored: ScoredPuts) -> pd.DataFrame:
    """Return one row per option and day of the study, with what was known that day and, last, its outcome.

    Only days with a score between the least and the most days to expiry of the settings.
    """
    sources, score = scored.sources, scored.sources.settings.puts.score
    chain, days = sources.chain, sources.chain.days_to_expiry()
    wanted = within_period(sources) & (days >= score.min_days_to_expiry) & (days <= score.max_days_to_expiry)
    rows = np.flatnonzero(wanted & np.isfinite(scored.score))
    quotes = chain.quotes.iloc[rows].reset_index(drop=True)
    number = quotes["number"].to_numpy()
    table = pd.DataFrame({"Date": quotes["quote_date"]}).join(
        _named(chain.contracts).iloc[number].reset_index(drop=True))
    values = {name: quotes[name] for name in ("underlying_price", "bid", "ask")} | {
        "days_to_expiry": days[rows], "iv": scored.volatility[rows], "probability": scored.history.current[rows],
        "peak_probability": scored.history.peak[rows]}
    factors = scored.factors[list(FACTORS)].iloc[rows].reset_index(drop=True)
    after = {"score": scored.score[rows], "coverage": scored.coverage[rows],
             "band": score_band(scored.score[rows]), "passes_filter": scored.passes[rows],
             "Outcome": scored.outcomes["outcome"].map(OWNERS_WORDS).to_numpy()[number]}
    return table.assign(**values).join(factors).assign(**after)


def support_history(scored: ScoredPuts) -> pd.DataFrame:
    """Return the support level of every underlying and session of the study, of the chosen rolling period."""
    sources, panel = scored.sources, scored.support
    place, bars = panel.of_period(sources.settings.puts.score.rolling_period), sources.bars
    rows, columns = np.nonzero(bars.has_bar & (bars.sessions >= sources.first_session)[:, None])
    figures = {"rolling_low": panel.rolling_low, "days_since_break": panel.days_since_break,
               "trading_days_per_break": panel.trading_days_per_break(), "stability": panel.stability(),
               "strength": panel.strength()}
    known = {name: values[place][rows, columns] for name, values in figures.items()}
    return pd.DataFrame({"Date": bars.sessions[rows], "StockName": np.array(bars.symbols)[columns], **known})


def issues_table(chain: OptionChain) -> pd.DataFrame:
    """Return what was left out of the chain or is odd in it: severity, rule, source, count, example, advice."""
    names = list(ChainIssue.__dataclass_fields__)
    return pd.DataFrame([[getattr(issue, name) for name in names] for issue in chain.issues], columns=names)


def _named(contracts: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "OptionName": contracts["contract"], "StockName": contracts["underlying"],
        "StrikePrice": contracts["strike"], "ExpiryDate": contracts["expiry"]})
