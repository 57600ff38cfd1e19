"""What a run of puts has shown: its ledgers, tables and figures in the form that reports read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.calendar import session_close_instant
from backtrader_system.metrics.figure import flatten
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.metrics.puts.evidence import PutEvidence
from backtrader_system.puts.factors.support_table import support_table
from backtrader_system.puts.probabilities.methods import method_sources
from backtrader_system.puts.probabilities.validation import reliability_by_method, validation_table
from backtrader_system.puts.recovery.comparison import recovery_comparison
from backtrader_system.puts.recovery.headline import recovery_headline
from backtrader_system.puts.score import FACTORS
from backtrader_system.puts.weights.study import WeightStudy
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.systems.put_recommendations.account import PutAccount
from backtrader_system.systems.put_recommendations.cautions import cautions, phase_of
from backtrader_system.systems.put_recommendations.judging import missing_rule, weights_array
from backtrader_system.systems.put_recommendations.scoring import ScoredPuts
from backtrader_system.systems.put_recommendations.tables import daily_table, issues_table, outcomes_table

UNFILLED = "its order did not fill before the data end"


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that a run computed from its scores.

    rows : judged options. account : what was sold. variants, sensitivity : under other rules. weights : None where
    the search was not asked for; learned : weights by month of phase 3, else None.
    """

    rows: pd.DataFrame
    account: PutAccount
    variants: pd.DataFrame
    evidence: PutEvidence
    sensitivity: pd.DataFrame
    weights: WeightStudy | None
    learned: pd.DataFrame | None


def put_result(loaded: LoadedSettings, scored: ScoredPuts, found: Findings) -> RunResult:
    """Return the result of a run."""
    sources, ledgers = scored.sources, found.account.ledgers
    settings, baseline = sources.settings, found.account.baseline
    metrics = performance_metrics(
        ledgers.equity, ledgers.trades, ledgers.orders, baseline_equity=baseline.equity, evidence=settings.evidence,
        periods_per_year=settings.data.periods_per_year)
    metrics["puts"] = put_figures(scored, found)
    metrics["checks"] = {"kernel_verification": "the second engine does not know puts; the fills of this run were "
                         "replayed against quotes and payoffs by a separate account", "kernel_fills_compared": 0}
    return RunResult(
        settings=settings, name=loaded.name, equity=ledgers.equity, trades=ledgers.trades, orders=ledgers.orders,
        signals=signals_table(scored, found.account), actions=ledgers.actions, baseline_equity=baseline.equity,
        predictions=_predictions(found.rows), metrics=metrics, data_report=sources.report,
        analyzers=ledgers.analyzers, tables=put_tables(scored, found),
        warnings=(*loaded.warnings, *cautions(scored, found.rows, found.account.ledgers.collateral)))


def put_tables(scored: ScoredPuts, found: Findings) -> dict[str, pd.DataFrame]:
    """Return the tables of a run beside its ledgers."""
    sources = scored.sources
    chain, bars = sources.chain, sources.bars
    tables = {
        "historical_options_outcomes": outcomes_table(scored), "backtest_results": daily_table(scored),
        **found.evidence.tables, "sensitivity": found.sensitivity, "selling_variants": found.variants,
        "recovery_comparison": recovery_comparison(chain, scored.probabilities, scored.outcomes, sources.settings.puts),
        "probability_validation": validation_table(
            chain, scored.probabilities, scored.outcomes, sources.settings.puts,
            confidence=sources.settings.evidence.confidence),
        "probability_reliability": reliability_by_method(
            chain, scored.probabilities, scored.outcomes, sources.settings.puts,
            confidence=sources.settings.evidence.confidence),
        "data_issues": issues_table(chain), "evidence_rows": found.rows,
        "expiries": found.account.ledgers.expiries, "collateral": found.account.ledgers.collateral,
        "support": support_table(scored.support, bars, bars.sessions[-1]),
    }
    if found.weights is not None:
        tables |= found.weights.tables
    return tables if found.learned is None else tables | {"learned_weights": found.learned}


def put_figures(scored: ScoredPuts, found: Findings) -> dict[str, object]:
    """Return the figures of the section `puts` as plain JSON values."""
    sources, settings = scored.sources, scored.sources.settings
    puts, chain = settings.puts, sources.chain
    phase, phase_text = phase_of(sources)
    figures: dict[str, object] = {
        **found.evidence.figures, "phase": phase, "phase_text": phase_text, "source": puts.source,
        "is_synthetic": chain.is_synthetic, "probability_method": puts.score.probability_method,
        "probability_source": method_sources(chain)[puts.score.probability_method], "recovery": puts.score.recovery,
        "arithmetic": puts.score.arithmetic, "missing": missing_rule(settings),
        "entry_days_to_expiry": puts.score.entry_days_to_expiry,
    }
    figures |= _counts(scored, found) | _money(found.account)
    figures |= flatten(recovery_headline(
        chain, scored.probabilities, scored.outcomes, puts, confidence=settings.evidence.confidence))
    figures |= _weights(found, settings)
    figures["conclusion"] = list(found.evidence.conclusion)
    return figures


def _counts(scored: ScoredPuts, found: Findings) -> dict[str, object]:
    chain, outcomes, rows = scored.sources.chain, scored.outcomes, found.rows
    kinds = outcomes["outcome"].value_counts()
    coverage = rows["coverage"]
    return {
        "n_contracts": len(chain.contracts), "n_option_days": len(chain.quotes),
        "n_judged": len(rows), "n_outcomes_known": int(outcomes["worthless"].notna().sum()),
        "n_contracts_unknown": int(kinds.get("unknown", 0)),
        "n_worthless": int(kinds.get("worthless", 0)), "n_assigned": int(kinds.get("assigned", 0)),
        "n_assigned_early": int((rows["outcome"] == "assigned_early").sum()),
        "n_pinned": int(outcomes["is_pinned"].sum()), "n_recommended": int(rows["passes_filter"].sum()),
        "coverage_mean": float(coverage.mean()) if len(rows) else None,
        "coverage_min": float(coverage.min()) if len(rows) else None,
        "factors_available": [name for name in FACTORS if rows[name].notna().any()],
    }


def _money(account: PutAccount) -> dict[str, object]:
    """Return what the account took in as premium, and how much of it was left at the end."""
    trades = account.ledgers.trades
    sold = trades[trades["symbol"].isin(account.contracts)]
    collected = float((sold["entry_price"] * sold["size"].abs()).sum())
    kept = float(sold["net_pnl"].sum())
    figures: dict[str, object] = {
        "n_for_sale": int(account.sales["is_for_sale"].sum()), "n_sold": len(sold), "premium_collected": collected,
        "puts_net_pnl": kept, "premium_kept_share": kept / collected if collected else None,
        "n_open_at_end": int((sold["status"] == "open").sum())}
    if not collected:
        figures["premium_kept_share_note"] = "no put was sold"
    used = account.ledgers.collateral
    figures |= {"collateral_mean": float((used["collateral"] / used["equity"]).mean()),
                "collateral_max": float((used["collateral"] / used["equity"]).max()),
                "collateral_breaches": int(used["is_breach"].sum())}
    shares = trades[~trades["symbol"].isin(account.contracts)]
    return figures | {"assigned_shares_net_pnl": float(shares["net_pnl"].sum())}


def _weights(found: Findings, settings) -> dict[str, object]:
    current = {name: float(weight) for name, weight in zip(FACTORS, weights_array(settings), strict=True)}
    if found.weights is None:
        why = "puts.weight_search.enabled is false"
        return {"current_weights": current, "best_weights": None, "best_weights_note": why,
                "weight_recommendation": None, "weight_recommendation_note": why, "weight_text": why}
    return {"current_weights": current, **flatten_figures(found.weights.figures),
            "weight_recommendation": found.weights.recommendation, "weight_text": found.weights.text}


def flatten_figures(figures: Mapping[str, object]) -> dict[str, object]:
    """Return figures as JSON values; mappings (such as weights by factor) stay as they are."""
    plain = {name: value for name, value in figures.items() if not isinstance(value, Mapping)}
    return flatten(plain) | {name: dict(value) for name, value in figures.items() if isinstance(value, Mapping)}


def signals_table(scored: ScoredPuts, account: PutAccount) -> pd.DataFrame:
    """Return one row per put that might have been sold on a day: the columns of every signals ledger, then its terms.

    direction is -1: a put is sold. score is the composite score / 100. forward_return : of a sale held to expiry, on
    the strike; a label, it looks ahead.
    """
    sources, sales = scored.sources, account.sales.reset_index(drop=True)
    number = sales["number"].to_numpy()
    contracts = sources.chain.contracts.iloc[number].reset_index(drop=True)
    outcomes = scored.outcomes.iloc[number].reset_index(drop=True)
    sold, reason = _fates(account, sales, contracts["contract"])
    days = pd.DatetimeIndex(sales["quote_date"])
    closes = session_close_instant(sources.settings.data.calendar, days.unique())
    base = pd.DataFrame({
        "signal_id": contracts["contract"] + days.strftime("@%Y-%m-%d"), "session": sales["quote_date"],
        "symbol": contracts["contract"], "direction": -1, "score": sales["score"] / 100, "base_score": np.nan,
        "probability": sales["probability"], "ml_multiplier": np.nan, "ml_enhanced": False,
        "source": "composite score", "known_at": closes[days.unique().get_indexer(days)], "deployed": sold,
        "reason": pd.Series(reason, dtype="str"), "forward_return": np.nan, "outcome": outcomes["outcome"],
    })
    own = contracts[["underlying", "strike", "expiry", "multiplier"]]
    return pd.concat([base, own], axis=1)


def _fates(account: PutAccount, sales: pd.DataFrame, contract: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows of `sales` led to a sale, and why not for every other."""
    orders = account.ledgers.orders
    entries = orders[(orders["side"] == "sell") & orders["symbol"].isin(account.contracts)]
    sent = entries.groupby("order_id").agg(
        session=("session", "first"), symbol=("symbol", "first"),
        filled=("status", lambda status: status.isin(("filled", "partly_filled")).any()), reason=("reason", "last"))
    keys = list(zip(sent["session"], sent["symbol"], strict=True))
    filled = {key for key, is_filled in zip(keys, sent["filled"], strict=True) if is_filled}
    skipped = account.ledgers.skipped
    why = dict(zip(zip(skipped["session"], skipped["symbol"], strict=True), skipped["reason"], strict=True))
    why |= dict(zip(keys, sent["reason"].fillna(UNFILLED), strict=True))
    reasons, sold = sales["reason"].to_numpy(dtype=object).copy(), np.zeros(len(sales), dtype=bool)
    for n, key in enumerate(zip(sales["quote_date"], contract, strict=True)):
        if sales["is_for_sale"].iloc[n]:
            sold[n] = key in filled
            reasons[n] = "" if sold[n] else why.get(key, UNFILLED)
    return sold, reasons


def _predictions(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.rename(columns={"quote_date": "session", "contract": "symbol"})[
        ["session", "symbol", "probability", "market_probability", "score"]]
