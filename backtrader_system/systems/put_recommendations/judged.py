"""The options that are judged: each once, on the day it comes within so many days of its expiry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.engine.puts.collateral import collateral_per_contract
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.margin import return_on_margin
from backtrader_system.puts.pricing.black_scholes import put_delta
from backtrader_system.puts.pricing.clocks import years_to_expiry
from backtrader_system.puts.sale import hold_to_expiry, sale_premium
from backtrader_system.puts.score import FACTORS
from backtrader_system.settings.puts import OutcomeSettings
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts, outcomes_of
from backtrader_system.systems.put_recommendations.sources import within_period

VANISHED = "delisted"       # in the reason why an outcome is unknown
TREND_SESSIONS, VOLATILITY_SESSIONS, USUAL_SESSIONS = 63, 21, 252


def entry_quotes(scored: ScoredPuts) -> np.ndarray:
    """Return the row of the quote on which each judged option is judged, rising by day.

    That is its first quote with at most `entry_days_to_expiry` calendar days left. Options that were already nearer to
    their expiry when the period began are left out: nobody saw them come in.
    """
    sources, score = scored.sources, scored.sources.settings.puts.score
    chain, days = sources.chain, sources.chain.days_to_expiry()
    is_near = (days <= score.entry_days_to_expiry) & (days >= score.min_days_to_expiry)
    rows = np.flatnonzero(is_near & within_period(sources))
    number = chain.quotes["number"].to_numpy()[rows]
    _, first = np.unique(number, return_index=True)     # quotes are sorted by day
    entries = np.sort(rows[first])
    entered = chain.of_contract("expiry")[entries] - np.timedelta64(score.entry_days_to_expiry, "D")
    return entries[(entered >= sources.first_session.to_datetime64()) | _is_new(scored, entries)]


def _is_new(scored: ScoredPuts, entries: np.ndarray) -> np.ndarray:
    """Return whether a contract was first seen in the period, however near its expiry."""
    return scored.sources.chain.of_contract("first_seen")[entries] > scored.sources.first_session.to_datetime64()


def evidence_rows(
    scored: ScoredPuts, entries: np.ndarray, *, outcome: OutcomeSettings | None = None,
) -> pd.DataFrame:
    """Return one row per judged option: what was known on its entry day, and what became of a sale after it.

    outcome : other rules of filling and assignment than those of the run, for comparison.
    The columns are described in docs/puts.md. A sale decided after the close of the entry day fills at
    the contract's next quote. Money is per contract; pnl is after fees.
    """
    sources = scored.sources
    puts, chain = sources.settings.puts, sources.chain
    outcomes, early = scored.outcomes, scored.early
    if outcome is not None:
        puts = puts.model_copy(update={"outcome": outcome})
        outcomes, early = outcomes_of(sources, puts)
    quotes = chain.quotes.iloc[entries].reset_index(drop=True)
    contracts = chain.contracts.iloc[quotes["number"]].reset_index(drop=True)
    results = outcomes.iloc[quotes["number"]].reset_index(drop=True)
    sales = _sales(chain, entries, outcomes, puts.outcome)
    premium = sales["premium"]
    held = hold_to_expiry(sales, outcomes, early, chain, puts)
    known = pd.DataFrame({
        "contract": contracts["contract"], "number": quotes["number"], "underlying": contracts["underlying"],
        "expiry": contracts["expiry"], "expiry_session": results["expiry_session"], "quote_date": quotes["quote_date"],
        "days_to_expiry": chain.days_to_expiry()[entries], "strike": contracts["strike"],
        "underlying_price": quotes["underlying_price"],
        "moneyness": contracts["strike"] / quotes["underlying_price"] - 1,
        "iv": scored.volatility[entries], "delta": _delta(scored, entries),
        "market_probability": scored.probabilities["black_scholes"].to_numpy()[entries],
        "probability": scored.history.current[entries], "score": scored.score[entries],
        "coverage": scored.coverage[entries],
    })
    factors = scored.factors[list(FACTORS)].iloc[entries].reset_index(drop=True)
    margin = collateral_per_contract(
        quotes["quote_date"].to_numpy(), quotes["number"].to_numpy(), chain.contracts, sources.bars,
        puts.selling.model_copy(update={"collateral": "margin"}))
    paid = premium * contracts["multiplier"]
    money = pd.DataFrame({
        "passes_filter": scored.passes[entries], "worthless": results["worthless"], "outcome": held["outcome"],
        "premium": paid, "pnl": held["pnl"], "capital": held["capital"],
        "return_on_capital": held["return_on_capital"],
        "pnl_at_last_close": _pnl_at_last_close(sources.bars, contracts, results, held, paid), "margin": margin,
        "return_on_margin": return_on_margin(paid, margin, known["days_to_expiry"]),
        "regime": market_regime(sources.bars, pd.DatetimeIndex(quotes["quote_date"])),
    })
    return pd.concat([known, factors, money], axis=1)


def _pnl_at_last_close(
    bars: BarPanel, contracts: pd.DataFrame, results: pd.DataFrame, held: pd.DataFrame, paid: pd.Series
) -> np.ndarray:
    """Return the P&L of a sale, puts on a stock that vanished before their expiry settled at its last close.

    Nobody knows what they were settled at, and a collapse is the usual reason to vanish: the known P&L alone flatters.
    NaN where the expiry lies beyond the data, or the put was not sold.
    """
    rows = np.where(np.isfinite(bars.close), np.arange(len(bars.sessions))[:, None], 0).max(axis=0)
    last = pd.Series(bars.close[rows, np.arange(len(bars.symbols))], index=bars.symbols)
    price = last.reindex(contracts["underlying"]).to_numpy(dtype=float)
    payoff = np.maximum(contracts["strike"].to_numpy(dtype=float) - price, 0) * contracts["multiplier"].to_numpy()
    has_vanished = results["why_unknown"].str.contains(VANISHED).to_numpy() & held["pnl"].isna().to_numpy()
    return np.where(has_vanished, paid - payoff - held["fees"], held["pnl"])


def _delta(scored: ScoredPuts, rows: np.ndarray) -> np.ndarray:
    """Return the Black-Scholes delta of quotes at their implied volatility."""
    chain, quotes = scored.sources.chain, scored.sources.settings.puts.quotes
    days = chain.quotes["quote_date"].to_numpy()[rows]
    return put_delta(
        chain.quotes["underlying_price"].to_numpy(dtype=float)[rows], chain.of_contract("strike")[rows],
        years_to_expiry(days, chain.of_contract("expiry")[rows], quotes.clock, "iv"), quotes.risk_free_rate,
        scored.volatility[rows], quotes.dividend_yield)


def _sales(
    chain: OptionChain, entries: np.ndarray, outcomes: pd.DataFrame, outcome: OutcomeSettings
) -> pd.DataFrame:
    """Return the sale of each entry at the contract's next quote, as the account fills it.

    premium NaN and quote_date that of the entry without one before the expiry session, whose quote knows the end.
    """
    number = chain.quotes["number"].to_numpy()
    order = np.argsort(number, kind="stable")           # by contract, then by day
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    after = place[entries] + 1
    has_next = after < len(order)
    following = order[np.where(has_next, after, 0)]
    day = chain.quotes["quote_date"].to_numpy()
    ends = outcomes["expiry_session"].fillna(chain.contracts["expiry"]).to_numpy()[number[entries]]
    has_next &= (number[following] == number[entries]) & (day[following] < ends)
    premium = sale_premium(chain.quotes["bid"].to_numpy(dtype=float)[following], chain.mid()[following], outcome)
    return pd.DataFrame({
        "number": number[entries], "quote_date": np.where(has_next, day[following], day[entries]),
        "premium": np.where(has_next, premium, np.nan)})


def market_regime(bars: BarPanel, days: pd.DatetimeIndex) -> np.ndarray:
    """Return rising or falling, calm or stormy, of the equally weighted underlyings, as known after each day.

    Rising: the last 63 sessions gained. Stormy: the volatility of the last 21 sessions is above its median of the last
    252. Text "unknown" before there is such a past.
    """
    close = pd.DataFrame(bars.close * bars.growth_factor(), index=bars.sessions)
    returns = close.ffill().pct_change(fill_method=None).mean(axis=1).fillna(0.0)
    level = (1 + returns).cumprod()
    gained = level / level.shift(TREND_SESSIONS) - 1
    volatility = returns.rolling(VOLATILITY_SESSIONS).std()
    usual = volatility.rolling(USUAL_SESSIONS, min_periods=TREND_SESSIONS).median()
    text = np.where(gained > 0, "rising", "falling") + np.where(volatility > usual, ", stormy", ", calm")
    text = pd.Series(np.where(gained.notna() & usual.notna(), text, "unknown"), index=bars.sessions)
    return text.reindex(days, method="ffill").fillna("unknown").to_numpy(dtype=object)


