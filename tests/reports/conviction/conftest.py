"""Two finished conviction runs: one of ten trades that a reader can add up by hand, one drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, ORDERS, SIGNALS, TRADES, ledger_table
from backtrader_system.market_data.quality import DataReport
from backtrader_system.metrics.performance import performance_metrics
from backtrader_system.metrics.uncertainty import wilson_interval
from backtrader_system.reports.result import RunResult
from backtrader_system.settings.settings import Settings

CAPITAL = 100_000.0
SETTINGS = {
    "system": "conviction", "data": {"source": "files"},
    "backtest": {"start_date": None, "end_date": None, "commission_bps": 10.0, "slippage_bps": 50.0},
    "strategy": {"exits": {"stop_loss_fraction": 0.02, "take_profit_fraction": 1.0}},
    "sizer": {"type": "fixed_cash", "cash_per_position": 5_000.0},
    "conviction": {"signals": "history.csv"},
}
# Dollars of ten closed trades on stakes of $5,000, the exit of each, and one that is still open.
PNL = (4_900.0, 4_920.0, 4_940.0, 4_940.0, 4_960.0, 4_980.0, 500.0, -150.0, -160.0, -170.0)
REASONS = ("target",) * 6 + ("time_limit",) + ("stop",) * 3
OPEN_PNL = 75.0
SCENARIO_NAMES = (
    ("top_decile", "top_decile"), ("threshold_7", "thresholds"), ("threshold_8", "thresholds"),
    ("threshold_9", "thresholds"), ("ml_best", "ml_vs_rules"), ("rules_best", "ml_vs_rules"),
    ("hybrid", "ml_vs_rules"), ("fixed_size", "sizing"), ("double_size", "sizing"), ("kelly_at_risk", "sizing"),
    ("kelly_growth", "sizing"),
)


def equity_of(values: np.ndarray, start: str) -> pd.DataFrame:
    before = np.concatenate([[CAPITAL], values[:-1]])
    peak = np.maximum.accumulate(np.maximum(values, CAPITAL))
    return ledger_table(EQUITY, pd.DataFrame({
        "session": pd.date_range(start, periods=len(values)), "cash": values * 0.7, "positions_value": values * 0.3,
        "equity": values, "return": values / before - 1, "drawdown": values / peak - 1, "gross_exposure": 0.3,
        "net_exposure": 0.3, "positions": 3}))


def trade_rows(pnl: np.ndarray, reasons: list[str], entries: pd.DatetimeIndex, exits: pd.DatetimeIndex,
               symbols: list[str]) -> pd.DataFrame:
    return ledger_table(TRADES, pd.DataFrame({
        "trade_id": np.arange(1, len(pnl) + 1), "symbol": symbols, "status": "closed", "entry_session": entries,
        "entry_price": 50.0, "exit_session": exits, "exit_price": 50.0 + pnl / 100, "size": 100.0, "gross_pnl": pnl,
        "commission": 10.0, "slippage": 50.0, "dividends": 0.0, "net_pnl": pnl, "return": pnl / 5_000.0,
        "bars_held": (exits - entries).days, "exit_reason": reasons, "score": 0.5, "probability": 0.3,
        "ml_enhanced": False, "ambiguous": False}))


def signal_rows(trades: pd.DataFrame, scores: np.ndarray) -> pd.DataFrame:
    known_at = (trades["entry_session"] - pd.Timedelta(days=1)).dt.tz_localize("UTC")
    base = ledger_table(SIGNALS, pd.DataFrame({
        "signal_id": [f"s{number}" for number in trades["trade_id"]], "session": known_at.dt.tz_localize(None),
        "symbol": trades["symbol"], "direction": 1, "score": 0.5, "base_score": 0.4, "probability": 0.3,
        "ml_multiplier": np.nan, "ml_enhanced": False, "source": "conviction", "known_at": known_at, "deployed": True,
        "reason": "", "forward_return": 0.1, "outcome": "stop"}))
    return base.assign(ticker=trades["symbol"].str.removesuffix("USDT"), ml_score=scores,
                       entry_session=trades["entry_session"])


@pytest.fixture
def arithmetic_result() -> Callable[..., RunResult]:
    """Return a function that makes the run of ten trades; keyword arguments replace parts of it.

    6 targets earn 29,640 and a time limit 500; 3 stops lose 480: 29,660 net on 50,000 staked, 75 still open.
    """
    def build(*, conviction: dict[str, object] | None = None, **parts: object) -> RunResult:
        entries = pd.date_range("2025-09-02", periods=10)
        trades = trade_rows(np.array(PNL), list(REASONS), entries, entries + pd.Timedelta(days=5),
                            [f"T{number}USDT" for number in range(1, 11)])
        still = trades.iloc[[0]].assign(trade_id=11, symbol="OPENUSDT", status="open", exit_session=pd.NaT,
                                        exit_price=np.nan, net_pnl=OPEN_PNL, exit_reason=None,
                                        entry_session=pd.Timestamp("2025-09-20"), **{"return": 0.015})
        trades = pd.concat([trades, still], ignore_index=True)
        equity = equity_of(CAPITAL + np.linspace(0.1, 1, 30) * (sum(PNL) + OPEN_PNL), "2025-09-01")
        rules = equity_of(CAPITAL + np.linspace(0.1, 1, 30) * 1_000.0, "2025-09-01")
        orders = ledger_table(ORDERS)
        metrics = performance_metrics(equity, trades, orders, baseline_equity=rules,
                                      evidence=Settings(**SETTINGS).evidence, periods_per_year=365)
        section = {
            "model": "conviction_v0.1", "model_trained_through": "2025-08-31", "score_source": "model file",
            "strategy": "top10", "selection": "causal", "n_signals": 87, "n_excluded": 2, "n_scored": 85,
            "n_selected": 12, "n_deployed": 11, "n_resolved": 10, "n_censored": 2, "base_rate": 0.04,
            "zero_skill_hit_rate": 0.02 / 1.02, "break_even_hit_rate": 0.032 / 1.02, "win_rate": 0.6,
            "win_rate_low": 0.31, "win_rate_high": 0.83, "touch_rate": 0.7, "precision": 0.7, "recall": None,
            "recall_note": "no winner among all signals", "lift": 17.5, "net_pnl": sum(PNL), "stakes": 50_000.0,
            "return_on_stakes": sum(PNL) / 50_000.0, "days_to_target": 5.0, "longest_losing_run": 3,
            "simulated_signals": False, "ml_win_rate": 0.6, "rules_win_rate": 0.5, "difference": 0.1,
            "difference_low": -0.3, "difference_high": 0.5, "clusters": 9,
            "comparison_verdict": "not_enough_evidence", "comparison_text": "The interval spans all three verdicts.",
            "more_trades_needed": 380, "power_text": "With 10 trades of either, a difference of 10 points is seen in "
            "8 % of cases.", "flags": [{"kind": "green", "name": "drawdown", "text": "Drawdown below 15 %."},
                                       {"kind": "red", "name": "few_trades", "text": "Only 10 closed trades."}],
            "conclusion": ["Nothing may be concluded from ten trades."],
        }
        values = {
            "settings": Settings(**SETTINGS), "name": "example", "equity": equity, "baseline_equity": rules,
            "trades": trades, "orders": orders, "signals": signal_rows(trades, np.arange(11) % 4 + 7),
            "actions": ledger_table(ACTIONS), "predictions": pd.DataFrame({"signal_id": ["s1"]}),
            "metrics": {**metrics, "conviction": section | (conviction or {})},
            "data_report": DataReport((), (), (), "abc", 11, 30, 330),
            "tables": {"excluded": pd.DataFrame({"signal_id": ["x1", "x2"], "ticker": ["AI", "MOON"],
                                                 "rule": ["plain_word", "no_price"], "value": ["AI", None],
                                                 "advice": ["list it in symbols", "give its bars"]})},
        }
        return RunResult(**(values | parts))
    return build


def random_bands(rng: np.random.Generator, n_signals: int) -> pd.DataFrame:
    share = np.array([0.62, 0.15, 0.12, 0.08, 0.03])
    signals = rng.multinomial(n_signals, share)
    resolved = (signals * 0.9).astype(int)
    winners = rng.binomial(resolved, [0.03, 0.06, 0.08, 0.13, 0.2])
    ends = [wilson_interval(won, of) or (np.nan, np.nan) for won, of in zip(winners, resolved, strict=True)]
    return pd.DataFrame({
        "score": ["<7", "7", "8", "9", "10"], "signals": signals, "resolved": resolved, "winners": winners,
        "win_rate": np.divide(winners, resolved, out=np.full(5, np.nan), where=resolved > 0),
        "low": [low for low, _ in ends], "high": [high for _, high in ends],
        "mean_probability": [0.04, 0.065, 0.085, 0.12, 0.17]})


def random_scenarios(rng: np.random.Generator, n_signals: int) -> pd.DataFrame:
    rows = []
    for name, group in SCENARIO_NAMES:
        selected = int(rng.integers(8, max(9, n_signals // 6)))
        winners = int(rng.binomial(selected, 0.1))
        low, high = wilson_interval(winners, selected)
        pnl, sharpe = rng.normal(1_000, 4_000), rng.normal(0.4, 0.8)
        rows.append({
            "scenario": name, "group": group, "selection": "causal", "n_signals": n_signals, "n_selected": selected,
            "n_resolved": selected, "winners": winners, "win_rate": winners / selected, "win_rate_low": low,
            "win_rate_high": high, "base_rate": 0.05, "lift": winners / selected / 0.05, "recall": 0.3,
            "positive_share": 0.12, "mean_net_return": 0.01, "mean_win": 0.9, "mean_loss": -0.035,
            "trades": selected - 2, "net_pnl": pnl, "return_on_stakes": pnl / 5_000 / selected,
            "total_return": pnl / CAPITAL, "sharpe": sharpe, "sharpe_low": sharpe - 1.5, "sharpe_high": sharpe + 1.5,
            "max_drawdown": 0.06, "profit_factor": np.nan if winners == 0 else 1.3})
    return pd.DataFrame(rows)


def random_folds(rng: np.random.Generator, months: int) -> pd.DataFrame:
    selected = rng.integers(0, 14, months)
    winners = rng.binomial(selected, 0.12)
    ends = [wilson_interval(won, of) or (np.nan, np.nan) for won, of in zip(winners, selected, strict=True)]
    names = [f"{month}" for month in pd.period_range("2023-02", periods=months, freq="M")]
    return pd.DataFrame({
        "fold": names, "trained_on": ["cold start" if number < 2 else f"months before {name}"
                                      for number, name in enumerate(names)],
        "n_train": np.arange(months) * 40 + 20, "train_winners": np.arange(months) * 3, "n_test": 40, "n_resolved": 38,
        "base_rate": rng.uniform(0.02, 0.09, months), "auc": rng.uniform(0.45, 0.75, months),
        "brier": rng.uniform(0.03, 0.06, months), "n_selected": selected, "winners": winners,
        "win_rate": np.divide(winners, selected, out=np.full(months, np.nan), where=selected > 0),
        "low": [low for low, _ in ends], "high": [high for _, high in ends],
        "mean_net_return": np.where(selected > 0, rng.normal(0.01, 0.05, months), np.nan)})


def random_importance(rng: np.random.Generator) -> pd.DataFrame:
    names = ["dan_endorsed", "multi_source", "whale_accumulation", "google_trends_7d_change", "hype_ratio",
             *(f"feature_{number}" for number in range(20))]
    size = np.sort(rng.exponential(0.2, len(names)))[::-1]
    words = ["endorsed by Dan", "mentioned more than once", "whales are buying", "change of search interest, 7 days"]
    return pd.DataFrame({
        "feature": names, "group": "social", "winners": size, "losers": size * rng.uniform(0.3, 1.2, len(names)),
        "winners_signed": size * 0.8, "losers_signed": -size * 0.3,
        "words": [*words, *[None] * (len(names) - len(words))]})


@pytest.fixture
def random_result(arithmetic_result) -> Callable[..., RunResult]:
    """Return a function that makes a run of random tables: `seed`, number of signals and of months may be given."""
    def build(seed: int = 1, *, n_signals: int = 500, months: int = 12, n_trades: int = 150,
              **parts: object) -> RunResult:
        rng = np.random.default_rng(seed)
        stopped = rng.uniform(size=n_trades) > 0.08
        result = np.where(stopped, -0.032 - rng.exponential(0.008, n_trades) * (rng.uniform(size=n_trades) < 0.5),
                          np.where(rng.uniform(size=n_trades) < 0.6, 0.976, rng.normal(0.15, 0.2, n_trades)))
        reasons = np.where(stopped, "stop", np.where(result > 0.9, "target", "time_limit"))
        entries = pd.DatetimeIndex(pd.Timestamp("2023-02-01") + pd.to_timedelta(
            np.sort(rng.integers(0, 30 * months, n_trades)), unit="D"))
        exits = entries + pd.to_timedelta(rng.integers(0, 29, n_trades), unit="D")
        symbols = [f"{'ABCDEFGHIJ'[number % 10]}{number}USDT" for number in range(n_trades)]
        trades = trade_rows(result * 5_000, list(reasons), entries, exits, symbols)
        sessions = pd.date_range("2023-02-01", periods=30 * months + 30)
        booked = trades.groupby("exit_session")["net_pnl"].sum().reindex(sessions, fill_value=0.0).cumsum()
        equity = equity_of(CAPITAL + booked.to_numpy(), "2023-02-01")
        rules = equity_of(CAPITAL * np.cumprod(1 + rng.normal(0, 0.002, len(sessions))), "2023-02-01")
        metrics = performance_metrics(equity, trades, ledger_table(ORDERS), baseline_equity=rules,
                                      evidence=Settings(**SETTINGS).evidence, periods_per_year=365)
        base = arithmetic_result()
        scenarios = random_scenarios(rng, n_signals)
        curves = pd.concat([pd.DataFrame({
            "session": sessions, "scenario": name,
            "equity": CAPITAL * np.cumprod(1 + rng.normal(0, 0.002, len(sessions)))})
            for name in scenarios["scenario"]], ignore_index=True)
        conviction = base.metrics["conviction"] | {
            "score_source": "walk-forward", "simulated_signals": True, "base_rate": 0.05, "net_pnl": None,
            "stakes": None, "return_on_stakes": None, "n_signals": n_signals, "cold_start_share": 0.2,
            "in_sample_signals": 0}
        values = {
            "settings": base.settings, "name": "random", "equity": equity, "baseline_equity": rules, "trades": trades,
            "orders": base.orders, "signals": signal_rows(trades, rng.integers(1, 11, n_trades)),
            "actions": base.actions, "predictions": base.predictions,
            "metrics": {**metrics, "conviction": conviction}, "data_report": base.data_report,
            "tables": {
                **base.tables, "scenarios": scenarios, "scenario_equity": curves,
                "conviction_bands": random_bands(rng, n_signals), "walk_forward": random_folds(rng, months),
                "importance": random_importance(rng),
                "ablation": pd.DataFrame({"group": ["social", "timing"], "auc_full": 0.66, "auc_without": [0.6, 0.661],
                                          "difference": [-0.06, 0.001], "low": [-0.1, -0.02], "high": [-0.02, 0.02]}),
            },
            "warnings": (f"drawn at random on {date(2025, 1, 2)}",),
        }
        return RunResult(**(values | parts))
    return build
