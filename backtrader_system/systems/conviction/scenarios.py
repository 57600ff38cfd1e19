"""The four questions of the source document, each as accounts over the same signals and prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtrader_system.engine.backtest import Ledgers
from backtrader_system.metrics.conviction.comparison import (
    Comparison,
    MeanDifference,
    compare_selections,
    mean_difference,
)
from backtrader_system.metrics.conviction.selection_quality import selection_quality
from backtrader_system.metrics.figure import flatten
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.progress import Progress
from backtrader_system.settings.settings import Settings
from backtrader_system.signals.conviction.selection import Selection
from backtrader_system.systems.conviction.account import AccountMarket, AccountRun, trade_ideas
from backtrader_system.systems.conviction.choosing import choose, is_by_model, strength_of
from backtrader_system.systems.conviction.ideas import Ideas
from backtrader_system.systems.conviction.scoring import IdeaScores

THRESHOLDS = (7, 8, 9)
_RATES = ("n_signals", "n_selected", "n_resolved", "winners", "win_rate", "win_rate_low", "win_rate_high", "base_rate",
          "lift", "recall", "positive_share", "mean_net_return", "mean_win", "mean_loss")
_ACCOUNT = ("trades", "net_pnl", "return_on_stakes", "total_return", "sharpe", "sharpe_low", "sharpe_high",
            "max_drawdown", "profit_factor")
COLUMNS = ["scenario", "group", "selection", *_RATES, *_ACCOUNT]


@dataclass(frozen=True, slots=True)
class Scenarios:
    """What the questions found.

    table : one row per scenario, see docs/conviction_metrics.md. equity : session, scenario, equity.
    comparison, in_money : ML against rules by win rate and by mean net return, None if it was not asked for.
    """

    table: pd.DataFrame
    equity: pd.DataFrame
    comparison: Comparison | None
    in_money: MeanDifference | None


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    group: str
    strategy: str
    settings: Settings
    doubles: bool = False


def run_scenarios(
    market: AccountMarket, ideas: Ideas, scores: IdeaScores, settings: Settings, progress: Progress
) -> Scenarios:
    """Return what the scenarios named in `conviction.scenarios` found."""
    cases = list(_cases(settings))
    rows, curves = [], []
    for case in progress.track(cases, "Scenarios", len(cases)):
        chosen = choose(case.strategy, ideas, scores, settings.conviction)
        factor = size_factors(scores, settings) if case.doubles else None
        ledgers = trade(market, ideas, scores, case.strategy, chosen, case.settings, factor).ledgers
        rows.append({"scenario": case.name, "group": case.group, "selection": _words(case, settings)}
                    | quality(ideas, chosen, settings) | account_figures(ledgers, settings))
        curves.append(ledgers.equity[["session", "equity"]].assign(scenario=case.name))
    against_rules = (None, None)
    if "ml_vs_rules" in settings.conviction.scenarios:
        against_rules = compare_with_rules(ideas, scores, settings)
    return Scenarios(pd.DataFrame(rows, columns=COLUMNS), _stacked(curves), *against_rules)


def trade(
    market: AccountMarket, ideas: Ideas, scores: IdeaScores, strategy: str, chosen: Selection, settings: Settings,
    size_factor: np.ndarray | None = None,
) -> AccountRun:
    """Return the account of a strategy's choice."""
    probability = scores.table["probability"].to_numpy(dtype=float)
    return trade_ideas(market, ideas, chosen, strength_of(strategy, scores), probability, settings,
                       size_factor=size_factor, is_by_model=is_by_model(strategy))


def quality(ideas: Ideas, chosen: Selection, settings: Settings) -> dict[str, object]:
    """Return how well a selection did, signal by signal, whatever an account could afford."""
    figures = flatten(selection_quality(
        ideas.label("traded"), chosen.is_selected, ideas.net_return, settings.evidence.confidence,
        days_to_target=days_to_target(ideas)))
    return {name: figures[name] for name in _RATES}


def days_to_target(ideas: Ideas) -> np.ndarray:
    """Return calendar days from entry to target; NaN for trades that ended otherwise."""
    return np.where(ideas.label("traded") == 1, ideas.outcomes["days_held"], np.nan)


def account_figures(ledgers: Ledgers, settings: Settings) -> dict[str, object]:
    """Return the figures of one account: closed trades, money, risk."""
    metrics = performance_metrics(
        ledgers.equity, ledgers.trades, ledgers.orders, baseline_equity=None, evidence=settings.evidence,
        periods_per_year=settings.data.periods_per_year)
    evidence, summary = metrics["evidence"], metrics["summary"]
    return {
        "trades": metrics["trade"]["total_trades"], **money_of(ledgers.trades),
        "total_return": summary["total_return"], "sharpe": summary["sharpe_ratio"],
        "sharpe_low": evidence["sharpe_ratio_low"], "sharpe_high": evidence["sharpe_ratio_high"],
        "max_drawdown": summary["max_drawdown"], "profit_factor": metrics["trade"]["profit_factor"],
    }


def money_of(trades: pd.DataFrame) -> dict[str, float | None]:
    """Return dollars won or lost by closed trades, dollars staked in them, and their ratio."""
    closed = trades[trades["status"] == "closed"]
    stakes, net = float((closed["entry_price"] * closed["size"]).sum()), float(closed["net_pnl"].sum())
    return {"net_pnl": net, "stakes": stakes, "return_on_stakes": net / stakes if stakes else None}


def size_factors(scores: IdeaScores, settings: Settings) -> np.ndarray:
    """Return the multiple of the usual stake of each idea: more from `high_conviction_score` on."""
    conviction = settings.conviction
    is_high = scores.table["ml_score"].to_numpy(dtype=float) >= conviction.high_conviction_score
    return np.where(is_high, conviction.high_conviction_multiple, 1.0)


def _cases(settings: Settings) -> Iterator[_Case]:
    wanted = settings.conviction.scenarios
    if "top_decile" in wanted:
        yield _Case("top_decile", "top_decile", "top10", settings)
    if "thresholds" in wanted:
        for minimum in THRESHOLDS:
            yield _Case(f"threshold_{minimum}", "thresholds", f"threshold{minimum}", settings)
    if "ml_vs_rules" in wanted:
        yield _Case("ml_best", "ml_vs_rules", "best_ml", settings)
        yield _Case("rules_best", "ml_vs_rules", "best_rules", settings)
        yield _Case("hybrid", "ml_vs_rules", "hybrid", settings)
    if "sizing" in wanted:
        chosen = settings.conviction.strategy
        yield _Case("fixed_size", "sizing", chosen, _sized(settings, type="fixed_cash"))
        yield _Case("double_size", "sizing", chosen, _sized(settings, type="fixed_cash"), doubles=True)
        for name, reading in (("kelly_at_risk", "at_risk"), ("kelly_growth", "growth_optimal")):
            yield _Case(name, "sizing", chosen, _sized(settings, type="kelly", kelly_reading=reading))


def _sized(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update={"sizer": settings.sizer.model_copy(update=changes)})


def compare_with_rules(
    ideas: Ideas, scores: IdeaScores, settings: Settings
) -> tuple[Comparison, MeanDifference]:
    """Return the best ideas by the model against the best by the rules, on the same signals and prices.

    By win rate and by net return per signal: win rates say nothing where hardly any signal wins.
    """
    is_ml, is_rules = (choose(name, ideas, scores, settings.conviction).is_selected
                       for name in ("best_ml", "best_rules"))
    decided_at, rule = pd.DatetimeIndex(ideas.table["decided_at"]), {
        "confidence": settings.evidence.confidence, "cluster_days": settings.conviction.label_days}
    by_wins = compare_selections(ideas.label("traded"), is_ml, is_rules, decided_at, **rule)
    in_money = mean_difference(ideas.net_return, is_ml, is_rules, decided_at, **rule)
    return replace(by_wins, text=NO_MODEL) if scores.is_cold.all() else by_wins, in_money


NO_MODEL = ("Not enough evidence: no month had a model of real outcomes, so nothing is known of ML. More signals with "
            "a known outcome are needed, or a target that is reached more often.")


def _words(case: _Case, settings: Settings) -> str:
    if case.strategy.startswith("threshold"):
        return "by score"
    return "best of each month" if case.strategy.startswith("best_") else settings.conviction.selection


def _stacked(curves: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["session", "scenario", "equity"]
    return pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns)
