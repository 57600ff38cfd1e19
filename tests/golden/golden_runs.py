"""Runs whose order list is pinned, and how it is condensed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from backtrader_system import run
from backtrader_system.reports.result import RunResult

GOLDEN = Path(__file__).with_name("golden.json")
MARKET = {
    "data.simulated.n_symbols": 6, "data.warmup_sessions": 380, "data.prices": "raw",
    "backtest.start_date": "2024-08-23",
    "backtest.end_date": "2025-03-31", "ml_config.cache_dir": None, "ml_config.workers": 1,
    "output.save_plots": False,
}
RUNS = {
    "rules": MARKET | {"ml_config.enabled": False},
    "ml": MARKET | {
        "ml_config.retrain_every_sessions": 20, "ml_config.models.regime.n_estimators": 5,
        "ml_config.models.strength.n_estimators": 5, "strategy.exits.trailing_stop_atr": 3.0,
        "backtest.max_participation_fraction": 0.01, "sizer.type": "equal_weight"},
    # By the rules: the last bits of a boosted model may differ between processors, and with them a decision.
    "conviction": {
        "conviction.strategy": "rules", "conviction.simulated.n_signals": 300, "conviction.scenarios": ["top_decile"],
        "backtest.end_date": "2023-12-31", "data.simulated.n_symbols": 8, "conviction.classifier.n_estimators": 5,
        "conviction.classifier.n_folds": 2, "evidence.bootstrap_samples": 100},
}
CONFIGS = {"conviction": "conviction_sample.yaml"}


def facts(name: str) -> dict[str, object]:
    """Return what is pinned of a run: a hash of every order event, and figures a reader can follow."""
    return condense(run(CONFIGS.get(name, "sample.yaml"), RUNS[name], store=False))


def condense(result: RunResult) -> dict[str, object]:
    # Nine decimals: the last bits of a float may differ between processors, a decision may not.
    orders = result.orders.round({"price": 9, "commission": 9, "slippage": 9, "size": 9})
    text = orders.to_csv(index=False, float_format="%.9f", date_format="%Y-%m-%d", lineterminator="\n")
    closed = result.trades[result.trades["status"] == "closed"]
    return {
        "orders_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "order_events": len(orders), "trades": len(result.trades), "closed_trades": len(closed),
        "actions": len(result.actions), "final_equity": round(float(result.equity["equity"].iloc[-1]), 4),
    }


def approved() -> dict[str, dict[str, object]]:
    """Return the pinned facts by run."""
    return json.loads(GOLDEN.read_text())
