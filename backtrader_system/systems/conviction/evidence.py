"""What a run of ideas has shown: its ledgers, tables and figures in the form that reports read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.metrics.conviction.barriers import break_even_hit_rate, zero_skill_hit_rate
from backtrader_system.metrics.conviction.selection_quality import selection_quality
from backtrader_system.metrics.figure import flatten
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.loading import LoadedSettings
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.issues import excluded_issues, issues_table
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.systems.conviction.account import AccountRun, fates
from backtrader_system.systems.conviction.choosing import strength_of
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.model_tables import model_tables
from backtrader_system.systems.conviction.random_entries import random_entries
from backtrader_system.systems.conviction.scenarios import Scenarios, days_to_target, money_of
from backtrader_system.systems.conviction.scoring import IN_SAMPLE, IdeaScores
from backtrader_system.systems.conviction.sources import IdeaSources
from backtrader_system.systems.conviction.verdicts import conclusion, flags, score_figures
from backtrader_system.systems.conviction.warnings import run_warnings

_OF_SELECTION = ("n_selected", "n_resolved", "n_censored", "win_rate", "win_rate_low", "win_rate_high",
                 "positive_share", "mean_win", "mean_loss", "days_to_target", "longest_losing_run")
_OF_LABEL = tuple(
    f"{name}{end}" for name in ("base_rate", "precision", "recall", "lift") for end in ("", "_low", "_high"))


def conviction_result(
    loaded: LoadedSettings, sources: IdeaSources, ideas: Ideas, scores: IdeaScores, chosen: Selection,
    account: AccountRun, baseline: AccountRun, scenarios: Scenarios,
) -> RunResult:
    """Return the result of a run."""
    settings = sources.settings
    signals = signals_table(ideas, scores, chosen, account, settings)
    ledgers = account.ledgers
    metrics = performance_metrics(
        ledgers.equity, ledgers.trades, ledgers.orders, baseline_equity=baseline.ledgers.equity,
        evidence=settings.evidence, periods_per_year=settings.data.periods_per_year)
    tables = {
        "excluded": _excluded(ideas), "signal_issues": issues_table(ideas.issues), "scenarios": scenarios.table,
        "scenario_equity": scenarios.equity,
        "features": pd.concat([ideas.table[["signal_id"]], ideas.features.reset_index(drop=True)], axis=1),
    }
    tables |= model_tables(ideas, scores, chosen, settings)
    section = conviction_figures(sources, ideas, scores, chosen, signals, scenarios, settings)
    section |= account_facts(ledgers.trades, metrics) | score_figures(ideas, scores, settings)
    section["flags"] = flags(ideas, scores, section, metrics, ledgers.trades, settings)
    section["conclusion"] = conclusion(ideas, scores, section, scenarios, settings)
    metrics |= {"conviction": section}
    return RunResult(
        settings=settings, name=loaded.name, equity=ledgers.equity, trades=ledgers.trades, orders=ledgers.orders,
        signals=signals, actions=ledgers.actions, baseline_equity=baseline.ledgers.equity,
        predictions=_predictions(signals), metrics=metrics, data_report=sources.market.report,
        analyzers=ledgers.analyzers, tables=tables,
        warnings=(*loaded.warnings, *run_warnings(sources, ideas, scores, chosen)))


def signals_table(
    ideas: Ideas, scores: IdeaScores, chosen: Selection, account: AccountRun, settings: Settings
) -> pd.DataFrame:
    """Return one row per idea: the columns of every signals ledger, then those of this system."""
    table, outcomes, strategy = ideas.table, ideas.outcomes, settings.conviction.strategy
    bought, reason = fates(account, ideas, chosen)
    base = pd.DataFrame({
        "signal_id": table["signal_id"], "session": table["session"], "symbol": table["symbol"], "direction": 1,
        "score": strength_of(strategy, scores),
        "base_score": np.clip(table["rule_score"].to_numpy(dtype=float) / 10, 0, 1),
        "probability": scores.table["probability"], "ml_multiplier": np.nan, "ml_enhanced": strategy != "rules",
        "source": scores.source, "known_at": table["known_at"], "deployed": bought,
        "reason": pd.Series(reason, dtype="str"), "forward_return": outcomes[_return_column(settings)],
        "outcome": outcomes["outcome"],
    })
    own = pd.DataFrame({
        "ticker": table["ticker"], "asset_type": table["asset_type"], "signal_source": table["signal_source"],
        "signal_time": table["signal_time"], "decided_at": table["decided_at"], "ml_score": scores.table["ml_score"],
        "rule_score": table["rule_score"], "rule_status": table["rule_status"],
        "hybrid_score": scores.table["hybrid_score"], "selected": chosen.is_selected, "threshold": chosen.threshold,
        "fold": scores.table["fold"], "trained_on": scores.table["trained_on"],
    })
    rest = outcomes.drop(columns="outcome").reset_index(drop=True).assign(is_mature=ideas.is_mature)
    return pd.concat([base, own, rest], axis=1)


def _return_column(settings: Settings) -> str:
    days = settings.conviction.outcome_days
    return "return_30d" if 30 in days else f"return_{days[len(days) // 2]}d"


def conviction_figures(
    sources: IdeaSources, ideas: Ideas, scores: IdeaScores, chosen: Selection, signals: pd.DataFrame,
    scenarios: Scenarios, settings: Settings,
) -> dict[str, object]:
    """Return the figures of signals, models and the comparison with the rules."""
    conviction, exits, costs = settings.conviction, settings.strategy.exits, settings.backtest
    confidence = settings.evidence.confidence
    traded = flatten(selection_quality(
        ideas.label("traded"), chosen.is_selected, ideas.net_return, confidence, days_to_target=days_to_target(ideas)))
    labelled = flatten(selection_quality(ideas.label(conviction.label), chosen.is_selected, None, confidence))
    touched = flatten(selection_quality(ideas.label("touch"), chosen.is_selected, None, confidence))
    slippage, commission = (costs.slippage_bps + costs.half_spread_bps) / 1e4, costs.commission_bps / 1e4
    stop, target = exits.stop_loss_fraction, exits.take_profit_fraction
    manifest, n_excluded = scores.newest.manifest, len(excluded_issues(ideas.issues))
    section: dict[str, object] = {
        "model": conviction.model.name if conviction.model else _models_text(scores),
        "model_trained_through": manifest.trained_through, "score_source": scores.source,
        "strategy": conviction.strategy, "selection": conviction.selection,
        # Every excluded row is one issue, also of those that never became a signal.
        "n_signals": len(ideas.table) + n_excluded, "n_excluded": n_excluded,
        "n_scored": int(np.isfinite(scores.table["probability"]).sum()), "n_deployed": int(signals["deployed"].sum()),
        "zero_skill_hit_rate": zero_skill_hit_rate(stop, target, slippage) if stop else None,
        "break_even_hit_rate": break_even_hit_rate(stop, target, slippage, commission) if stop else None,
        "touch_rate": touched["precision"], "simulated_signals": sources.history.is_simulated,
        "cold_start_share": float((scores.table["trained_on"] == "synthetic").mean()),
        "in_sample_signals": sum(issue.rule == IN_SAMPLE for issue in ideas.issues),
    }
    section |= random_entries(sources, ideas, settings)
    section |= _with_notes(traded, _OF_SELECTION) | _with_notes(labelled, _OF_LABEL)
    return section | _comparison_figures(scenarios)


def account_facts(trades: pd.DataFrame, metrics: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return the figures of the account's closed trades in dollars."""
    closed = trades[trades["status"] == "closed"]
    gains, losses = (closed.loc[sign * closed["net_pnl"] > 0, "net_pnl"] for sign in (1, -1))
    return money_of(trades) | {
        "mean_win_dollars": float(gains.mean()) if len(gains) else None,
        "mean_loss_dollars": float(losses.mean()) if len(losses) else None,
    } | _recovery(metrics["risk"])


def _recovery(risk: dict[str, object]) -> dict[str, object]:
    """Return calendar days from the peak before the deepest drawdown to its recovery."""
    peak, back = (pd.to_datetime(risk.get(f"max_drawdown_{name}_session"), errors="coerce")
                  for name in ("peak", "recovery"))
    if pd.isna(peak) or pd.isna(back):
        return {"recovery_days": None, "recovery_days_note": "the deepest drawdown is not recovered, or there was none"}
    return {"recovery_days": (back - peak).days}


def _comparison_figures(scenarios: Scenarios) -> dict[str, object]:
    comparison, money = scenarios.comparison, scenarios.in_money
    if comparison is None or money is None:
        why = "the scenario ml_vs_rules was not asked for"
        return {"comparison_verdict": None, "comparison_verdict_note": why, "difference": None, "difference_note": why}
    return {
        "ml_win_rate": comparison.rate_a, "rules_win_rate": comparison.rate_b, "difference": comparison.difference,
        "difference_low": comparison.low, "difference_high": comparison.high, "clusters": comparison.n_clusters,
        "comparison_verdict": comparison.verdict, "comparison_text": comparison.text,
        "more_trades_needed": comparison.more_trades_needed, "power_text": comparison.power_text,
        "net_difference": money.difference, "net_difference_low": money.low, "net_difference_high": money.high,
        "net_difference_text": money.text,
    }


def _with_notes(figures: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    notes = (f"{name}_note" for name in names)
    return {name: figures[name] for name in names} | {name: figures[name] for name in notes if name in figures}


def _excluded(ideas: Ideas) -> pd.DataFrame:
    return issues_table(excluded_issues(ideas.issues)).drop(columns="severity")


def _predictions(signals: pd.DataFrame) -> pd.DataFrame:
    names = ["session", "symbol", "signal_id", "probability", "ml_score", "fold", "trained_on"]
    return signals[names]


def _models_text(scores: IdeaScores) -> str:
    n_models = len(scores.walk.models)
    return "1 model for one month" if n_models == 1 else f"{n_models} models, one before each month"
