"""The account that sells recommended puts, and the one that holds their underlyings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import Ledgers, run_backtest
from backtrader_system.engine.puts.market import put_market
from backtrader_system.engine.puts.selling import PutLedgers, run_put_selling
from backtrader_system.progress import Progress
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.trading import SizerSettings
from backtrader_system.signals.features import compute_features
from backtrader_system.systems.checks import check_ledgers, check_put_ledgers
from backtrader_system.systems.ml_trading import BASELINE, KNOWN_LINES
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts, outcomes_of
from backtrader_system.systems.put_recommendations.sources import PutSources, within_period


@dataclass(frozen=True, slots=True, eq=False)
class PutAccount:
    """The account that sold puts.

    sales : table of `sales_table`. contracts : names of the contracts that were for sale.
    """

    ledgers: PutLedgers
    sales: pd.DataFrame
    contracts: frozenset[str]
    baseline: Ledgers | None = None


def sell_puts(scored: ScoredPuts, entries: np.ndarray, settings: Settings, progress: Progress) -> PutAccount:
    """Return the account that sells the recommended puts, checked by a replay of its fills, and its baseline.

    Raises: ReconciliationError if ledgers and replay differ.
    """
    sales = sales_table(scored, entries)
    progress.say(f"Selling puts: {int(sales['is_for_sale'].sum()):,} for sale")
    account = account_of(scored, sales, settings, progress)
    baseline = hold_underlyings(scored.sources, settings)
    check_ledgers(BASELINE, baseline, scored.sources.bars.between(scored.sources.first_session), settings)
    return replace(account, baseline=baseline)


def account_of(
    scored: ScoredPuts, sales: pd.DataFrame, settings: Settings, progress: Progress | None = None
) -> PutAccount:
    """Return the account under these settings, without a baseline.

    Raises: ReconciliationError if its ledgers and a replay of its fills differ.
    """
    sources, chain = scored.sources, scored.sources.chain
    offered = sales[sales["is_for_sale"]]
    is_changed = settings.puts.outcome != sources.settings.puts.outcome
    outcomes, early = outcomes_of(sources, settings.puts) if is_changed else (scored.outcomes, scored.early)
    market = put_market(
        chain, sources.bars.between(sources.first_session), offered[["quote_date", "number", "score", "probability"]],
        outcomes, early, settings, history=sources.bars)
    ledgers = run_put_selling(market, settings, progress=progress)
    check_put_ledgers(settings.strategy.name, ledgers, market, settings)
    return PutAccount(ledgers, sales, frozenset(chain.contracts["contract"].iloc[offered["number"].unique()]))


def sales_table(scored: ScoredPuts, entries: np.ndarray) -> pd.DataFrame:
    """Return the puts that may be sold, one row per day and contract, with the reason of those that may not.

    entries : rows of the quotes on which options are judged; with `decide: every_day` all days in the window count.
    Columns quote_date, number, score (0-100), probability, is_for_sale, reason.
    """
    sources = scored.sources
    chain, puts = sources.chain, sources.settings.puts
    rows = entries if puts.selling.decide == "entry_day" else _window(scored)
    quotes = chain.quotes.iloc[rows]
    bid, ask = (quotes[name].to_numpy(dtype=float) for name in ("bid", "ask"))
    last = chain.mid()[rows]
    offered = np.where(np.isfinite(ask), np.nan_to_num(bid), last)      # files without bid and ask: the last price
    offered = offered * chain.of_contract("multiplier")[rows]
    score = scored.score[rows]
    reason = np.asarray(scored.reason)[rows].astype(object)
    with np.errstate(divide="ignore", invalid="ignore"):
        faults = ((~np.isfinite(score), "no score: no factor is known"),
                  (score < puts.selling.min_score, "score below puts.selling.min_score"),
                  (offered < puts.selling.min_premium, "bid below puts.selling.min_premium"),
                  (ask / bid > puts.quotes.max_spread_ratio, "ask / bid above puts.quotes.max_spread_ratio"),
                  (chain.of_contract("is_adjusted")[rows], "adjusted contract"))
    for is_faulty, why in faults:
        reason = np.where(is_faulty & (reason == ""), why, reason)
    return pd.DataFrame({
        "quote_date": quotes["quote_date"].to_numpy(), "number": quotes["number"].to_numpy(), "score": score,
        "probability": scored.history.current[rows], "is_for_sale": reason == "", "reason": reason})


def _window(scored: ScoredPuts) -> np.ndarray:
    score, days = scored.sources.settings.puts.score, scored.sources.chain.days_to_expiry()
    return np.flatnonzero(within_period(scored.sources) & (days >= score.min_days_to_expiry)
                          & (days <= score.max_days_to_expiry))


def hold_underlyings(sources: PutSources, settings: Settings) -> Ledgers:
    """Return the baseline: the same money in the underlyings, in equal parts, held from the first session on."""
    features = compute_features(sources.bars, KNOWN_LINES.values())
    bars = sources.bars.between(sources.first_session)
    known = {line: features[feature][-len(bars.sessions):] for line, feature in KNOWN_LINES.items()}
    return run_backtest(bars, None, baseline_settings(settings), known=known, strategy_name=BASELINE)


def baseline_settings(settings: Settings) -> Settings:
    """Return the settings of the baseline: same costs and capital, nothing of the puts."""
    strategy = settings.strategy.model_copy(update={"name": BASELINE, "params": {}})
    sizer = SizerSettings(lot_size=settings.sizer.lot_size)
    return settings.model_copy(update={"strategy": strategy, "sizer": sizer, "analyzers": ()})
