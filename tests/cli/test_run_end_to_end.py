"""The command as a user runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

PROJECT = Path(__file__).resolve().parents[2]
QUICK = [
    "--set", "data.simulated.n_symbols=4", "--set", "data.warmup_sessions=120", "--end-date", "2024-10-31",
    "--set", "ml_config.retrain_every_sessions=10", "--set", "ml_config.models.regime.n_estimators=5",
    "--set", "ml_config.models.strength.n_estimators=5", "--set", "ml_config.workers=1",
]


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "backtest_runner.py"), *arguments], cwd=folder, text=True, capture_output=True,
        timeout=300, env=os.environ | {"COLUMNS": "200"})


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    return folder, command(folder, "--config", "sample.yaml", "-o", "out", *QUICK)


def test_first_line_says_that_the_market_is_simulated(sample):
    _, done = sample
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("SIMULATED MARKET")
    assert "BACKTEST RESULTS SUMMARY" in done.stdout
    assert "Traceback" not in done.stderr


def test_run_folder_holds_every_promised_file(sample):
    folder, _ = sample
    latest = folder / "out" / "latest"
    stamp = latest.resolve().name.removesuffix("_sample")
    names = {path.name for path in latest.iterdir()}
    assert {
        f"performance_report_{stamp}.json", f"trade_blotter_{stamp}.csv", f"equity_curve_{stamp}.csv",
        f"orders_{stamp}.csv", f"signals_{stamp}.csv", "plot_equity.png", "plot_drawdown.png",
        "plot_monthly_returns.png", "plot_exposure.png", "report.md", "manifest.json", "run.log",
    } <= names
    report = json.loads((latest / f"performance_report_{stamp}.json").read_text(),
                        parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert {"run", "summary", "risk", "trade", "ml", "data", "evidence"} <= set(report)


def test_ledgers_agree_with_each_other(sample):
    folder, _ = sample
    stamp = (folder / "out" / "latest").resolve().name.removesuffix("_sample")
    read = {name: pd.read_csv(folder / "out" / "latest" / f"{name}_{stamp}.csv")
            for name in ("equity_curve", "trade_blotter")}
    change = read["equity_curve"]["equity"].iloc[-1] - 100_000
    assert read["trade_blotter"]["net_pnl"].sum() == pytest.approx(change, abs=1e-6)


def test_second_run_gives_the_same_bytes(sample):
    folder, _ = sample
    again = command(folder, "--config", "sample.yaml", "-o", "again", *QUICK, "--set", "ml_config.workers=2")
    assert again.returncode == 0, again.stderr
    first, second = ((folder / name / "latest").resolve() for name in ("out", "again"))
    stamps = [run.name.removesuffix("_sample") for run in (first, second)]
    for name in ("orders", "trade_blotter", "equity_curve", "signals"):
        files = [run / f"{name}_{stamp}.csv" for run, stamp in zip((first, second), stamps, strict=True)]
        assert files[0].read_bytes() == files[1].read_bytes(), name


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["--config", "nothing"], 1, "nothing"),
    (["--start-date", "2025-01-02", "--end-date", "2024-01-02", "-c", "sample"], 1, "end_date"),
    (["-c", "sample", "--set", "data.source=files", "--set", "data.path=gone.parquet"], 1, "gone.parquet"),
    (["-c", "sample", "--set", "strategy.name=ml_tradin"], 1, "Did you mean 'ml_trading'"),
    (["-c", "sample", "--set", "strategy.params={signal_treshold: 0.3}"], 1, "signal_threshold"),
    (["-c", "sample", "--symbols", "NOPE"], 1, "NOPE"),
    (["-c", "sample", "-o", "a_file/x"], 1, "a_file"),
    (["--no-such-flag"], 2, "--no-such-flag"),
], ids=["config", "dates", "file", "strategy", "parameter", "symbol", "output", "usage"])
def test_bad_input_gets_one_clear_message_and_leaves_nothing(tmp_path, arguments, code, message):
    (tmp_path / "a_file").write_text("in the way")
    done = command(tmp_path, *arguments, *(QUICK if code == 1 and "--start-date" not in arguments else ()))
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not list(tmp_path.glob("results/*")), "something was written"
