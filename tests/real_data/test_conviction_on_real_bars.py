"""The commands of the conviction system, one after the other, over real crypto bars."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtrader_system.cli import backtest_model
from backtrader_system.cli.main import main

pytestmark = pytest.mark.real_data

EXITS = ["--set", "strategy.exits.stop_loss_fraction=0.1", "--set", "strategy.exits.take_profit_fraction=0.2"]
QUICK = [*EXITS, *(part for setting in (
    "conviction.classifier.n_estimators=30", "conviction.classifier.n_folds=2", "evidence.bootstrap_samples=100",
) for part in ("--set", setting))]


@pytest.fixture(scope="module")
def prices(data_folder):
    return str(data_folder / "crypto_bybit_perp_daily_to_2024.parquet")


@pytest.fixture(scope="module")
def signals(prices, tmp_path_factory):
    path = tmp_path_factory.mktemp("signals") / "signals.csv"
    assert main(["conviction", "simulate", "--prices", prices, "--output", str(path), "--count", "400", *EXITS]) == 0
    return str(path)


def test_model_is_trained_and_judged_on_signals_it_had_not_seen(prices, signals, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["conviction", "train", "--data", signals, "--prices", prices, "--until", "2023-06-30",
                 "--output", "models/conviction_v0.1.skops", *QUICK]) == 0
    assert backtest_model.main([
        "--model", "models/conviction_v0.1.skops", "--data", signals, "--prices", prices, "--strategy", "top10",
        "--position-size", "4000", "--output", "reports/backtest_v0.1.md", "--scenarios", "1,3", *QUICK]) == 0

    printed, report = capsys.readouterr().out, Path("reports/backtest_v0.1.md").read_text(encoding="utf-8")
    assert "SIMULATED SIGNALS" in printed
    assert "SIMULATED SIGNALS" in report
    assert "It adds up" in report
    assert "signals are left out of every result: the model was trained on them" in report
    assert "$4,000 per trade" in report
    assert Path("reports/backtest_v0.1_files/plot_equity.png").stat().st_size > 10_000


def test_store_of_signals_is_labelled_once_and_judged(prices, signals, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["signals", "update", "--store", "signals.db", "--import", signals, "--prices", prices,
                     *EXITS]) == 0
    assert main(["signals", "check", "--store", "signals.db"]) == 0
    printed = capsys.readouterr().out
    assert "400 signals added" in printed
    assert "0 signals added, 0 revised (0 revisions), 400 unchanged" in printed
    assert "400 outcomes written" in printed
    assert "0 outcomes written" in printed

    assert backtest_model.main(["--data", "signals.db", "--prices", prices, "--strategy", "rules", "--scenarios", "1",
                                *QUICK]) == 0
    assert "Total Signals: 400" in capsys.readouterr().out
