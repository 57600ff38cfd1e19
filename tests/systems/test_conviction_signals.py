"""Which signals a conviction run judges, and what it says of the others."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system import run
from backtrader_system.cli.own_files import check_own
from backtrader_system.errors import DataError, OutputError, SettingsError
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.reports.conviction.report import conviction_report

QUICK = {
    "conviction.classifier.n_estimators": 10, "conviction.classifier.n_folds": 2,
    "conviction.classifier.cold_start_signals": 100, "conviction.scenarios": ["ml_vs_rules"],
    "evidence.bootstrap_samples": 100, "conviction.strategy": "rules", "conviction.selection": "whole_sample",
    "conviction.top_fraction": 1.0, "data.warmup_sessions": 5, "conviction.liquidity_floor_dollars": 0,
}


def bars(symbol: str, start: str, end: str, *, freq: str = "D") -> pd.DataFrame:
    """Return flat bars at 100 dollars."""
    session = pd.date_range(start, end, freq=freq).as_unit("ns")
    return pd.DataFrame({"session": session, "symbol": symbol, "open": 100.0, "high": 101.0, "low": 99.0,
                         "close": 100.0, "volume": 1e6})


def judge(folder, prices: pd.DataFrame, signals: str, **overrides):
    write_parquet(prices.sort_values(["session", "symbol"], ignore_index=True), folder / "bars.parquet")
    (folder / "signals.csv").write_text("signal_id,ticker,source,signal_time,message\n" + signals)
    return run("conviction.yaml", QUICK | {
        "data.source": "files", "data.path": str(folder / "bars.parquet"),
        "conviction.signals": str(folder / "signals.csv"), **overrides}, store=False)


def excluded(result) -> dict[str, str]:
    return dict(zip(result.tables["excluded"]["signal_id"], result.tables["excluded"]["rule"], strict=True))


def test_signal_is_not_traded_months_after_its_post(tmp_path):
    prices = pd.concat([bars("TAO", "2024-01-01", "2024-12-31"), bars("OLD", "2023-01-01", "2024-12-31")])
    result = judge(tmp_path, prices, "early,TAO,Yieldschool,2023-03-01T10:00:00Z,bullish\n"
                                     "late,TAO,Yieldschool,2024-03-01T10:00:00Z,bullish\n")
    assert excluded(result) == {"early": "stale"}
    assert result.signals["signal_id"].tolist() == ["late"]
    # Decided at the close of 1 March, midnight UTC; bought at the next open.
    assert result.trades["entry_session"].tolist() == [pd.Timestamp("2024-03-02")]


def test_every_row_of_the_file_is_judged_or_excluded(tmp_path):
    rows = ("a,TAO,Yieldschool,2024-03-01T10:00:00Z,bullish\n" "b,NOPE,Yieldschool,2024-03-01T10:00:00Z,bullish\n"
            "c,TAO,Yieldschool,2024-12-31T23:59:59Z,buying\n" "d,TAO,Yieldschool,not a date,buying\n"
            "e,TAO,Yieldschool,2024-04-01T10:00:00Z,buying more\n")
    result = judge(tmp_path, bars("TAO", "2024-01-01", "2024-12-31"), rows, **{"backtest.end_date": "2024-12-30"})
    assert excluded(result) == {"b": "no_prices", "c": "after_data", "d": "bad_time"}
    section = result.metrics["conviction"]
    assert section["n_signals"] == len(result.signals) + section["n_excluded"] == 5


def test_start_date_keeps_earlier_signals_for_training_only(tmp_path):
    rows = "a,TAO,Yieldschool,2024-03-01T10:00:00Z,bullish\n" "b,TAO,Yieldschool,2024-09-01T10:00:00Z,bullish\n"
    result = judge(tmp_path, bars("TAO", "2024-01-01", "2024-12-31"), rows, **{"backtest.start_date": "2024-08-01"})
    assert excluded(result) == {"a": "before_period"}
    assert result.equity["session"].iloc[0] >= pd.Timestamp("2024-08-01")
    assert any("they may train models" in warning for warning in result.warnings)


def test_without_a_trained_model_nothing_is_said_of_ml(tmp_path):
    result = judge(tmp_path, bars("TAO", "2024-01-01", "2024-12-31"), "".join(
        f"s{day},TAO,Yieldschool,2024-03-{day:02d}T10:00:00Z,bullish number {day}\n" for day in range(1, 29)))
    section = result.metrics["conviction"]
    assert section["comparison_verdict"] == "not_enough_evidence"
    assert "no month had a model of real outcomes" in section["comparison_text"]
    assert section["auc"] is None


def test_stocks_on_the_calendar_of_crypto_are_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"data\.calendar is 24/7.*XNYS"):
        judge(tmp_path, bars("AAPL", "2024-01-02", "2024-12-31", freq="B"),
              "a,AAPL,DumbMoney,2024-03-01T10:00:00Z,moat\n", **{"data.max_gap_sessions": 9})


def test_prices_that_end_before_the_signals_are_named(tmp_path):
    with pytest.raises(DataError, match="no bars around the signals: they are from 2025-03-01 to 2025-03-01"):
        judge(tmp_path, bars("TAO", "2024-01-01", "2024-06-30"), "a,TAO,Yieldschool,2025-03-01T10:00:00Z,bullish\n")


def test_coins_may_have_a_suffix_in_the_bars(tmp_path):
    result = judge(tmp_path, bars("TAOUSDT", "2024-01-01", "2024-06-30"),
                   "a,TAO,Yieldschool,2024-03-01T10:00:00Z,bullish\n", **{"conviction.coin_suffix": "USDT"})
    assert result.signals[["ticker", "symbol"]].to_numpy().tolist() == [["TAO", "TAOUSDT"]]


def test_files_of_others_are_not_overwritten(tmp_path):
    mine = tmp_path / "notes.md"
    mine.write_text("keep")
    with pytest.raises(OutputError, match="was not written by this command"):
        check_own(mine, "# Drift")
    mine.write_text("# Drift: older")
    check_own(mine, "# Drift")
    with pytest.raises(OutputError, match="was not written by this command"):
        check_own(mine)


def test_run_without_scenarios_still_reports_the_account(tmp_path):
    result = judge(tmp_path, bars("TAO", "2024-01-01", "2024-12-31"),
                   "a,TAO,Yieldschool,2024-03-01T10:00:00Z,bullish\n", **{"conviction.scenarios": []})
    assert result.tables["scenarios"].empty
    assert len(result.trades) == 1
    assert "# Backtest" in conviction_report(result, files=[])
