"""A finished put run on invented options, whose skill, size and gaps each test chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, EXPIRIES, ORDERS, SIGNALS, TRADES, ledger_table
from backtrader_system.market_data.quality import DataReport
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.metrics.puts.evidence import PutEvidence, put_evidence
from backtrader_system.metrics.puts.simulated import simulated_rows
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.settings import Settings

CAPITAL = 100_000.0
MULTIPLIER = 100.0
FACTORS = ("recovery_advantage", "support_strength", "days_since_break", "historical_peak", "monthly_seasonality",
           "current_performance")
WEIGHTS = (25.0, 20.0, 15.0, 15.0, 15.0, 10.0)
SETTINGS = {
    "system": "put_recommendations", "data": {"source": "files"}, "evidence": {"bootstrap_samples": 200},
    "puts": {"source": "chain", "chain": "options.parquet", "selling": {"top_n": 2}},
}
PHASE_2 = {**SETTINGS, "puts": {"source": "synthetic", "selling": {"top_n": 2}}}
PROBABILITY_BINS = ("<50%", "50-60%", "60-70%", "70-80%", "80-90%", ">=90%", "50-90%")
DAYS_BINS = ("0-7", "8-14", "15-21", "22-28", "29-35", "36+", "all")


def put_trade_rows(rows: pd.DataFrame, top_n: int) -> pd.DataFrame:
    """Return the trades of one contract of the best options of each expiry, and of the shares of those assigned."""
    chosen = rows[rows["worthless"].notna()].sort_values(["expiry", "score"], ascending=[True, False])
    chosen = chosen.groupby("expiry").head(top_n).reset_index(drop=True)
    premium = MULTIPLIER * chosen["premium"]
    payoff = (premium - MULTIPLIER * chosen["pnl"]).clip(lower=0.0).where(chosen["worthless"] == 0, 0.0)
    puts = pd.DataFrame({
        "symbol": chosen["contract"], "entry_session": chosen["quote_date"], "exit_session": chosen["expiry"],
        "entry_price": premium, "exit_price": payoff, "size": -1.0, "commission": 0.65,
        "net_pnl": premium - payoff - 0.65, "score": chosen["score"],
        "exit_reason": np.where(chosen["worthless"] > 0, "worthless", "assigned")})
    shares = puts[puts["exit_reason"] == "assigned"].assign(
        symbol=chosen["underlying"], entry_session=lambda rows: rows["exit_session"], entry_price=95.0, exit_price=95.2,
        size=100.0, commission=5.0, net_pnl=15.0, exit_reason="assigned shares",
        exit_session=lambda rows: rows["exit_session"] + pd.offsets.BDay())
    trades = pd.concat([puts, shares]).sort_values(["entry_session", "symbol"], ignore_index=True)
    return ledger_table(TRADES, trades.assign(
        trade_id=np.arange(1, len(trades) + 1), status="closed", gross_pnl=trades["net_pnl"] + trades["commission"],
        slippage=0.0, dividends=0.0, bars_held=20, probability=0.8, ml_enhanced=False, ambiguous=False,
        **{"return": trades["net_pnl"] / 10_000.0}))


def account(trades: pd.DataFrame, first: str, n_sessions: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    sessions = pd.bdate_range(first, periods=n_sessions)
    booked = trades.groupby("exit_session")["net_pnl"].sum()
    own = CAPITAL + booked.reindex(sessions, fill_value=0.0).cumsum().to_numpy()
    rng = np.random.default_rng(seed)
    return tuple(equity_of(value, sessions) for value in (own, CAPITAL * np.cumprod(
        1 + rng.normal(0.0003, 0.01, n_sessions))))


def equity_of(value: np.ndarray, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    before, peak = np.concatenate([[CAPITAL], value[:-1]]), np.maximum.accumulate(np.maximum(value, CAPITAL))
    return ledger_table(EQUITY, pd.DataFrame({
        "session": sessions, "cash": value * 1.05, "positions_value": -value * 0.05, "equity": value,
        "return": value / before - 1, "drawdown": value / peak - 1, "gross_exposure": 0.05, "net_exposure": -0.05,
        "positions": 20}))


def recovery_rows() -> pd.DataFrame:
    """Return both definitions in the shape of the original's report: whole-life shares rise with days to expiry."""
    rows = []
    for definition, threshold, (place, probability), (column, days) in product(
            ("causal", "whole_life"), (0.8, 0.9), enumerate(PROBABILITY_BINS), enumerate(DAYS_BINS)):
        is_causal = definition == "causal"
        share = min(0.9, 0.55 - 0.05 * column + 0.03 * place if is_causal else 0.3 + 0.06 * column + 0.03 * place)
        advantage = (0.01 if is_causal else 0.18 - 0.025 * place) * (1 if days == "all" else 0.9)
        rate = 0.45 + 0.07 * place
        rows.append({
            "definition": definition, "threshold": threshold, "probability_bin": probability,
            "days_to_expiry_bin": days, "option_days": 1_000, "candidates": int(1_000 * share),
            "candidate_contracts": 120, "candidate_expiries": 24, "share_flagged": share,
            "worthless_rate": min(1.0, rate + advantage), "all_rate": rate, "other_rate": rate - advantage,
            "advantage": advantage, "advantage_over_others": 2 * advantage})
    return pd.DataFrame(rows)


def weight_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    steps = np.arange(0, 55, 5)
    listed = pd.DataFrame([dict(zip(FACTORS, rng.permutation([50, 20, 15, 10, 5, 0]), strict=True)) for _ in range(30)])
    listed = listed.assign(rank=np.arange(1, 31), role="listed", train_auc=np.sort(rng.uniform(0.6, 0.64, 30))[::-1],
                           validation_auc=rng.uniform(0.5, 0.6, 30), test_auc=rng.uniform(0.48, 0.56, 30),
                           test_brier=0.15, test_top_return=0.004)
    named = pd.DataFrame([dict(zip(FACTORS, WEIGHTS, strict=True)) | {"role": "current", "rank": 20_111},
                          dict.fromkeys(FACTORS, 100 / 6) | {"role": "equal", "rank": -1}]).assign(
        train_auc=0.56, validation_auc=0.55, test_auc=0.55, test_brier=0.152, test_top_return=0.003)
    single = pd.DataFrame([
        {"factor_a": factor, "weight_a": weight, "factor_b": "", "weight_b": np.nan,
         "best_auc": 0.62 - 0.0004 * abs(weight - 10 * place), "mean_auc": 0.58, "n_vectors": 900}
        for (place, factor), weight in product(enumerate(FACTORS), steps)])
    pairs = pd.DataFrame([
        {"factor_a": FACTORS[0], "weight_a": one, "factor_b": FACTORS[2], "weight_b": two,
         "best_auc": 0.62 - 0.00001 * (one - 15) ** 2 - 0.000006 * (two - 30) ** 2, "mean_auc": 0.57, "n_vectors": 90}
        for one, two in product(steps, steps) if one + two <= 100])
    folds = listed.head(4)[list(FACTORS)].assign(
        fold=[1, 2, 3, 4], n_train=400, n_test=100, first_test_expiry=pd.Timestamp("2011-02-18"),
        last_test_expiry=pd.Timestamp("2011-05-20"), train_auc=0.62, test_auc=0.54, current_test_auc=0.55)
    return {"weight_optimization": pd.concat([listed, named], ignore_index=True),
            "weight_surface": pd.concat([single, pairs], ignore_index=True), "weight_stability": folds}


def further_tables(n_rows: int) -> dict[str, pd.DataFrame]:
    return {
        "sensitivity": pd.DataFrame({
            "variant": ["as configured", "never assigned early", "filled at mid", "only what the page recommends"],
            "options": [n_rows, n_rows, n_rows, 210],
            "hit_rate": [0.78, 0.79, 0.78, 0.84], "expectancy": [3.1, 3.3, 18.0, 1.2], "auc": [0.55, 0.55, 0.55, 0.54],
            "top_bottom_difference": [0.05, 0.05, 0.05, np.nan],
            "verdict": ["no evidence", "no evidence", "no evidence", "not enough evidence"]}),
        "recovery_comparison": recovery_rows(),
        "probability_validation": pd.DataFrame({
            "sample": "entry", "method": ["black_scholes", "bayesian"], "source": ["re-implementation"] * 2,
            "options": 900, "contracts": 900, "expiries": 24, "base_rate": 0.78, "brier": [0.141, 0.135],
            "base_brier": 0.156, "brier_skill": [0.1, 0.13], "auc": [0.75, 0.76], "auc_low": 0.7, "auc_high": 0.8,
            "log_loss": [0.44, 0.42], "calibration_error": [0.06, 0.03], "note": ""}),
        "data_issues": pd.DataFrame({
            "severity": ["excluded", "warning"], "rule": ["duplicate_quote", "stale_quote"],
            "source": "options.parquet",
            "count": [1_988, 12],
            "example": ["line 17: 510050 2015-12-23 P 2.25", "line 99: bid 0.01 for 9 sessions"],
            "advice": ["two contracts share these terms: give the column contract", "look at the source"]}),
    }


def collateral_of(equity: pd.DataFrame) -> pd.DataFrame:
    """Return a tenth of the equity set aside in every session."""
    used = equity["equity"] * 0.1
    return pd.DataFrame({"session": equity["session"], "equity": equity["equity"], "collateral": used,
                         "free": equity["equity"] - used, "is_breach": False})


def expiries_of(trades: pd.DataFrame) -> pd.DataFrame:
    puts = trades[trades["size"] < 0]
    return ledger_table(EXPIRIES, pd.DataFrame({
        "session": puts["exit_session"], "contract": puts["symbol"], "underlying": "S000",
        "expiry": puts["exit_session"],
        "underlying_close": 97.0, "strike": 95.0, "moneyness": 97 / 95 - 1, "contracts": 1.0,
        "outcome": puts["exit_reason"], "payoff": puts["exit_price"],
        "assignment": np.where(puts["exit_reason"] == "assigned", "shares", ""), "shares": 0.0,
        "pnl_at_expiry": puts["net_pnl"]}).reset_index(drop=True))


def figures_of(evidence: dict[str, object], rows: pd.DataFrame, *, is_synthetic: bool) -> dict[str, object]:
    known = rows["worthless"].notna()
    return {
        **evidence, "phase": 2 if is_synthetic else 1, "source": "synthetic" if is_synthetic else "chain",
        "phase_text": "four price-based factors, renormalised" if is_synthetic else "all six factors",
        "is_synthetic": is_synthetic, "probability_method": "bayesian", "probability_source": "re-implementation",
        "recovery": "causal", "arithmetic": "point_in_time", "missing": "renormalise", "n_contracts": len(rows),
        "n_option_days": 40 * len(rows), "n_outcomes_known": int(known.sum()), "n_judged": len(rows),
        "n_contracts_unknown": int((~known).sum()), "collateral_mean": 0.1, "collateral_max": 0.1,
        "collateral_breaches": 0, "puts_net_pnl": 500.0,
        "n_worthless": int(rows["worthless"].sum()),
        "n_assigned": int((rows["worthless"] == 0).sum()), "n_assigned_early": 7, "n_pinned": 1,
        "coverage_mean": 0.6 if is_synthetic else 0.93, "coverage_min": 0.6 if is_synthetic else 0.35,
        "factors_available": list(FACTORS[1:3] + FACTORS[4:] if is_synthetic else FACTORS),
        "weight_recommendation": "keep", "best_weights": [50, 20, 15, 10, 5, 0], "current_weights": list(WEIGHTS),
        "weight_text": "The best weights of the past gain 0.004 of AUC on later dates (-0.020 to 0.031): keep those in "
        "use.",
        "recovery_advantage_causal": 0.011, "recovery_advantage_whole_life": 0.127,
        "recovery_text": "Puts that had looked safer before expired worthless 1.1 points more often than all puts of "
        "the same probability and days to expiry.",
    }


@cache
def judged(skill: float, n_expiries: int, n_underlyings: int) -> tuple[pd.DataFrame, PutEvidence]:
    rows = simulated_rows(3, skill=skill, n_expiries=n_expiries, n_underlyings=n_underlyings)
    weights = dict(zip(FACTORS, WEIGHTS, strict=True))
    return rows, put_evidence(rows, samples=200, top_n=2, random_portfolios=200, weights=weights)


@pytest.fixture
def put_result() -> Callable[..., RunResult]:
    """Return a function that makes a run: skill of the score, number of expiries and underlyings, phase, parts."""
    def build(*, skill: float = 0.0, n_expiries: int = 24, n_underlyings: int = 12, is_synthetic: bool = False,
              settings: dict[str, object] | None = None, figures: dict[str, object] | None = None,
              tables: dict[str, pd.DataFrame] | None = None, **parts: object) -> RunResult:
        chosen = Settings(**{**(PHASE_2 if is_synthetic else SETTINGS), **(settings or {})})
        rows, evidence = judged(skill, n_expiries, n_underlyings)
        trades = put_trade_rows(rows, 2)
        equity, baseline = account(trades, "2009-12-01", 23 * n_expiries + 40, seed=4)
        metrics = performance_metrics(equity, trades, ledger_table(ORDERS), baseline_equity=baseline,
                                      evidence=chosen.evidence)
        section = figures_of(evidence.figures, rows, is_synthetic=is_synthetic) | {"conclusion": evidence.conclusion}
        values = {
            "settings": chosen, "name": "puts", "equity": equity, "baseline_equity": baseline, "trades": trades,
            "orders": ledger_table(ORDERS), "signals": ledger_table(SIGNALS), "actions": ledger_table(ACTIONS),
            "predictions": pd.DataFrame({"signal_id": pd.Series([], dtype="str")}),
            "metrics": {**metrics, "puts": section | (figures or {})},
            "data_report": DataReport((), (), (), "abc", n_underlyings, 500, 6_000),
            "tables": {**evidence.tables, **weight_tables(np.random.default_rng(5)), **further_tables(len(rows)),
                       "evidence_rows": rows, "expiries": expiries_of(trades),
                       "collateral": collateral_of(equity),
                       "historical_options_outcomes": rows[["contract", "expiry", "worthless"]].rename(
                           columns={"contract": "OptionName", "expiry": "ExpiryDate", "worthless": "Outcome"}),
                       "backtest_results": rows[["contract", "quote_date", "score"]], **(tables or {})},
        }
        return RunResult(**(values | parts))
    return build
