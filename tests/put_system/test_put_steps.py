"""The steps of the owner's document as commands."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.cli.puts import main

QUICK = ["--config", "put_recommendations_sample.yaml", "--start-date", "2023-06-01", "--end-date", "2024-06-28",
         "--set", "data.simulated.n_symbols=3", "--set", "data.warmup_sessions=150",
         "--set", "evidence.bootstrap_samples=100", "--set", "puts.selling.random_portfolios=100"]


@pytest.mark.parametrize(("step", "files"), [
    ("universe", {"options_universe.csv", "data_issues.csv"}),
    ("outcomes", {"historical_options_outcomes.csv", "data_issues.csv"}),
    ("support", {"support_history.csv", "support_level_metrics.csv"}),
    ("scores", {"backtest_results.csv", "evidence_rows.csv"}),
    ("analyze", {"hit_rate_analysis.csv", "factor_importance.csv", "criteria.csv", "reliability.csv",
                 "incremental.csv", "regime.csv", "random_portfolios.csv"}),
    ("optimize", {"weight_optimization.csv", "weight_stability.csv", "weight_surface.csv"}),
])
def test_each_step_writes_its_files(step, files, tmp_path, capsys):
    assert main([step, *QUICK, "--output", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == files
    assert all(name in capsys.readouterr().out or name for name in files)


def test_judged_options_of_a_file_lead_to_the_same_analysis(tmp_path, capsys):
    assert main(["scores", *QUICK, "--output", str(tmp_path / "a")]) == 0
    assert main(["analyze", *QUICK, "--output", str(tmp_path / "direct")]) == 0
    assert main(["analyze", *QUICK, "--rows", str(tmp_path / "a" / "evidence_rows.csv"),
                 "--output", str(tmp_path / "by_file")]) == 0
    for name in ("hit_rate_analysis.csv", "criteria.csv"):
        assert (tmp_path / "direct" / name).read_bytes() == (tmp_path / "by_file" / name).read_bytes()


def test_a_score_of_ones_own_needs_few_columns(tmp_path, capsys):
    days = pd.bdate_range("2022-01-03", periods=24, freq="21B")
    rows = [{"contract": f"{stock}-{n}", "underlying": stock, "expiry": day + pd.Timedelta(days=30),
             "quote_date": day, "score": 20 + 10 * k, "worthless": int((k + n) % 3 > 0)}
            for n, day in enumerate(days) for k, stock in enumerate("ABCDEF")]
    pd.DataFrame(rows).to_csv(tmp_path / "mine.csv", index=False)
    assert main(["analyze", "--rows", str(tmp_path / "mine.csv"), "--output", str(tmp_path / "out"),
                 "--set", "evidence.bootstrap_samples=100", "--set", "puts.selling.random_portfolios=100"]) == 0
    assert "144 options" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "fault"), [
    ("score\nA,A,2024-01-19,2023-12-15,50\n", "lacks columns ['worthless']"),
    ("score,worthless\nA,A,soon,2023-12-15,50,1\n", "line 2: expiry: found 'soon'"),
    ("score,worthless\nA,A,2024-01-19,2023-12-15,500,1\n", "impossible values"),
])
def test_a_file_of_judged_options_is_checked(text, fault, tmp_path, capsys):
    (tmp_path / "mine.csv").write_text(f"contract,underlying,expiry,quote_date,{text}")
    assert main(["analyze", "--rows", str(tmp_path / "mine.csv"), "--output", str(tmp_path / "out")]) == 1
    assert fault in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_system_is_refused(tmp_path, capsys):
    assert main(["universe", "--config", "sample.yaml", "--output", str(tmp_path)]) == 1
    assert "these commands need system: put_recommendations" in capsys.readouterr().err
