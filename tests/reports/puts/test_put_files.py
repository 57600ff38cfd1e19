"""The files of a put run: the owner's names, and a run that comes back as it was."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd
import pytest

from backtrader_system.reports.load_run import load_run
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.write_run import write_run

OWNERS = {"historical_options_outcomes.csv", "backtest_results.csv", "hit_rate_analysis.csv", "factor_importance.csv",
          "weight_optimization.csv", "backtest_report.pdf"}


@pytest.fixture
def stored(put_result, tmp_path):
    result = put_result(settings={"output": {"save_plots": False}})
    with open_run_folder(tmp_path, result.name, clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
        return write_run(result, folder.path, folder.timestamp)


def test_the_owners_six_files_have_no_time_in_their_names(stored):
    names = {path.name for path in stored.folder.iterdir()}

    assert names >= OWNERS
    assert {"reliability_20240102_030405.csv", "trade_blotter_20240102_030405.csv", "report.md"} <= names
    assert not {name for name in names if re.match("hit_rate_analysis_|weight_optimization_", name)}
    text = (stored.folder / "report.md").read_text()
    assert all(f"- {name}" in text for name in OWNERS)
    assert (stored.folder / "backtest_report.pdf").read_bytes().startswith(b"%PDF-")


def test_a_put_run_comes_back_equal(stored):
    loaded = load_run(stored.folder)

    assert set(loaded.tables) == set(stored.tables)
    for name, table in stored.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], table, check_exact=True, check_dtype=False, obj=name)
    pd.testing.assert_frame_equal(loaded.trades, stored.trades, check_exact=True)
    assert loaded.metrics["puts"]["auc"] == stored.metrics["puts"]["auc"]
    assert loaded.summary() == stored.summary()


def test_other_systems_keep_the_time_in_the_same_table_names(make_result, tmp_path):
    result = make_result(settings={"output": {"save_plots": False}},
                         tables={"hit_rate_analysis": pd.DataFrame({"x": [1]})})
    with open_run_folder(tmp_path, "other", clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
        other = write_run(result, folder.path, folder.timestamp)

    names = {path.name for path in other.folder.iterdir()}
    assert "hit_rate_analysis_20240102_030405.csv" in names
    assert not names & OWNERS
