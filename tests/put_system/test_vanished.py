"""Stocks that vanish while puts on them are open: nobody knows the outcome, and the report says what it may hide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system import run
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.market_data.simulated import simulate_market
from backtrader_system.settings.data import SimulatedSettings

QUICK = {
    "data.source": "files", "universe.symbols": None, "backtest.start_date": "2023-01-03",
    "backtest.end_date": "2023-12-29", "data.max_one_day_move": 10.0, "evidence.bootstrap_samples": 100,
    "puts.selling.random_portfolios": 100, "puts.weight_search.enabled": False,
    "puts.outcome.early_assignment": "never",
    "puts.score.strike_below_rolling_low": False, "puts.score.min_days_since_break": 0,
}


def test_a_collapse_before_the_delisting_is_not_forgotten(tmp_path):
    quiet = SimulatedSettings(n_symbols=4, late_listing=False, delisting=False, splits=False, dividends=False)
    bars = simulate_market(quiet, sessions_between("XNYS", "2022-01-03", "2023-12-29")).bars
    gone, end = sorted(bars["symbol"].unique())[0], pd.Timestamp("2023-09-08")
    is_gone = bars["symbol"] == gone
    falling = is_gone & (bars["session"] > pd.Timestamp("2023-08-31")) & (bars["session"] <= end)
    bars.loc[falling, ["open", "high", "low", "close"]] *= 0.1
    bars = bars[~(is_gone & (bars["session"] > end))]
    write_parquet(bars.reset_index(drop=True), tmp_path / "bars.parquet")

    result = run("put_recommendations.yaml", QUICK | {"data.path": str(tmp_path / "bars.parquet")}, store=False)

    rows = result.tables["evidence_rows"]
    lost = rows[(rows["underlying"] == gone) & (rows["expiry"] > end) & (rows["quote_date"] < end)]
    assert len(lost) > 3
    assert (lost["outcome"] == "unknown").all()
    assert lost["worthless"].isna().all()
    assert lost["pnl"].isna().all()
    last = bars.loc[is_gone, "close"].iloc[-1]
    priced = lost[lost["pnl_at_last_close"].notna()]
    payoff = np.maximum(priced["strike"] - last, 0) * 100
    np.testing.assert_allclose(priced["pnl_at_last_close"], priced["premium"] - payoff - 0.65)
    warning = next(text for text in result.warnings if "vanished" in text)
    assert "1 stocks" in warning
    worst = result.tables["selling_variants"]["worst_trade"].min()
    held = result.trades[(result.trades["status"] == "open") & result.trades["symbol"].str.startswith(gone)]
    assert len(held)
    assert worst <= held["net_pnl"].min()
