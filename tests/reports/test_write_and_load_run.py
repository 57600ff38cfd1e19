"""A stored run comes back as it was, or not at all."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import OutputError
from backtrader_system.reports.load_run import load_run
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.write_run import write_run

TABLES = ("equity", "trades", "orders", "signals", "actions", "baseline_equity", "predictions")
NO_PLOTS = {"output": {"save_plots": False}}


def store(result: RunResult, results: Path, *, minute: int = 4) -> RunResult:
    with open_run_folder(results, result.name, clock=lambda: datetime(2024, 1, 2, 3, minute, 5)) as folder:
        return write_run(result, folder.path, folder.timestamp, timings={"data": 1.5}, command=["run", "-c", "x.yaml"])


def names_in(folder: Path) -> set[str]:
    return {re.sub(r"_20240102_\d{6}", "_TS", path.name) for path in folder.iterdir()}


def refuse(constant: str) -> None:
    raise ValueError(f"not strict JSON: {constant}")


def test_all_files_have_the_promised_names(tmp_path, make_result):
    stored = store(make_result(), tmp_path)

    assert names_in(stored.folder) == {
        "performance_report_TS.json", "trade_blotter_TS.csv", "equity_curve_TS.csv", "baseline_equity_curve_TS.csv",
        "orders_TS.csv", "signals_TS.csv", "predictions_TS.csv", "corporate_actions_TS.csv", "turnover_TS.csv",
        "plot_equity.png", "plot_drawdown.png", "plot_monthly_returns.png", "plot_exposure.png",
        "report.md", "manifest.json", "run.log",
    }
    assert all(path.stat().st_size for path in stored.folder.iterdir())


def test_the_settings_choose_what_is_saved(tmp_path, make_result):
    nothing = {f"save_{part}": False for part in ("trades", "equity_curve", "performance_metrics", "plots")}
    one_plot = {"plots": {"drawdown": False, "monthly_returns": False, "exposure": False}}
    bare = {"analyzers": {}, "actions": make_result().actions.iloc[:0]}

    least = store(make_result(settings={"output": nothing}, **bare), tmp_path)
    some = store(make_result(settings={"output": one_plot}, **bare), tmp_path)

    assert names_in(least.folder) == {"report.md", "manifest.json", "run.log"}
    assert {name for name in names_in(some.folder) if name.endswith(".png")} == {"plot_equity.png"}
    assert "corporate_actions_TS.csv" not in names_in(some.folder)


def test_a_stored_run_comes_back_equal(tmp_path, make_result):
    stored = store(make_result(settings=NO_PLOTS), tmp_path)

    loaded = load_run(stored.folder)

    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(stored, name), check_exact=True, obj=name)
    pd.testing.assert_frame_equal(loaded.analyzers["turnover"], stored.analyzers["turnover"], check_index_type=False)
    for name in ("settings", "name", "data_report", "folder", "warnings", "run_id"):
        assert getattr(loaded, name) == getattr(stored, name), name
    assert loaded.metrics["summary"]["total_return"] == 0.123456
    assert loaded.metrics["summary"]["volatility"] is None
    assert loaded.summary() == stored.summary()


def test_an_indexed_analyzer_table_keeps_its_index(tmp_path, make_result):
    table = pd.DataFrame({"value": [0.5]}, index=pd.Index(["2021-01"], name="month", dtype="str"))

    loaded = load_run(store(make_result(settings=NO_PLOTS, analyzers={"monthly": table}), tmp_path).folder)

    pd.testing.assert_frame_equal(loaded.analyzers["monthly"], table)


def test_an_analyzer_cannot_take_the_name_of_a_ledger(tmp_path, make_result):
    tables = {name: pd.DataFrame({"x": [number]}) for number, name in enumerate(["orders", "../equity_curve"])}

    stored = store(make_result(settings=NO_PLOTS, analyzers=tables), tmp_path)

    assert {"analyzer_orders_TS.csv", "analyzer_equity_curve_TS.csv"} <= names_in(stored.folder)
    assert load_run(stored.folder).analyzers["orders"]["x"].tolist() == [0]
    assert len(load_run(stored.folder).orders) == 4


def test_further_tables_of_a_system_are_files_of_the_run_and_come_back(tmp_path, make_result):
    tables = {"scenarios": pd.DataFrame({"scenario": ["top_decile", "=1+1"], "winners": [3, 0], "lift": [1.5, np.nan]}),
              "excluded": pd.DataFrame({"signal_id": pd.Series([], dtype="str")}),
              "orders": pd.DataFrame({"x": [True]})}
    same_name = {"scenarios": pd.DataFrame({"x": [1]})}

    stored = store(make_result(settings=NO_PLOTS, tables=tables, analyzers=same_name), tmp_path)
    loaded = load_run(stored.folder)

    assert {"scenarios_TS.csv", "excluded_TS.csv", "table_orders_TS.csv", "analyzer_scenarios_TS.csv"} <= names_in(
        stored.folder)
    assert json.loads((stored.folder / "manifest.json").read_text())["tables"]["table:scenarios"]["rows"] == 2
    assert set(loaded.tables) == set(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], table, check_exact=True, obj=name)
    assert loaded.analyzers["scenarios"]["x"].tolist() == [1]


def test_what_was_not_saved_comes_back_empty_with_a_warning(tmp_path, make_result):
    loaded = load_run(store(make_result(settings={"output": {
        "save_plots": False, "save_trades": False, "save_performance_metrics": False}}), tmp_path).folder)

    assert loaded.trades.empty
    assert list(loaded.trades.columns) == list(make_result().trades.columns)
    assert any("did not save its table 'trades' (3 rows)" in warning for warning in loaded.warnings)
    assert any("did not save its figures" in warning for warning in loaded.warnings)
    assert len(loaded.equity) == 60


def test_latest_is_found_from_results_folder_link_and_text(tmp_path, make_result, monkeypatch):
    store(make_result(settings=NO_PLOTS), tmp_path / "results", minute=1)
    newest = store(make_result(settings=NO_PLOTS), tmp_path / "results", minute=2).folder
    monkeypatch.chdir(tmp_path)

    assert load_run("latest").folder.name == newest.name
    assert load_run(tmp_path / "results").folder == newest
    assert load_run(tmp_path / "results" / "latest").run_id == newest.name
    (tmp_path / "results" / "latest").unlink()
    (tmp_path / "results" / "latest.txt").write_text(f"{newest.name}\n")
    assert load_run().folder.name == newest.name


def test_an_incomplete_run_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_run_folder(tmp_path, "sample") as folder:
        raise KeyboardInterrupt

    with pytest.raises(OutputError, match=r"is incomplete and cannot be loaded: .*interrupted \(Ctrl-C\)"):
        load_run(folder.path)


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(OutputError, match=r"no run at .*nowhere: name a run folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(OutputError, match=r"empty is no run folder: it holds no manifest\.json"):
        load_run(tmp_path / "empty")


@pytest.mark.parametrize(("content", "message"), [
    pytest.param("not json", "is not the manifest of a run", id="no json"),
    pytest.param("[]", "is not the manifest of a run", id="other json"),
    pytest.param('{"format": 99}', "has format 99, this version reads 1", id="other version"),
    pytest.param('{"format": 1}', r"lacks \['name', ", id="keys missing"),
])
def test_a_damaged_manifest_is_refused(tmp_path, content, message):
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(OutputError, match=message):
        load_run(tmp_path)


def test_a_ledger_changed_or_lost_after_the_run_is_refused(tmp_path, make_result):
    folder = store(make_result(settings=NO_PLOTS), tmp_path).folder
    blotter = folder / "trade_blotter_20240102_030405.csv"

    blotter.write_text(blotter.read_text().replace("100.0", "900.0"))
    with pytest.raises(OutputError, match=r"trade_blotter_.*\.csv was changed after the run"):
        load_run(folder)
    blotter.unlink()
    with pytest.raises(OutputError, match=r"cannot read .*trade_blotter"):
        load_run(folder)


def test_the_report_json_is_strict_and_has_all_sections(tmp_path, make_result):
    folder = store(make_result(settings=NO_PLOTS), tmp_path).folder

    report = json.loads((folder / "performance_report_20240102_030405.json").read_text(), parse_constant=refuse)

    assert list(report) == ["run", "summary", "risk", "trade", "ml", "data", "evidence"]
    assert report["summary"]["volatility"] is None
    assert report["run"]["id"] == "20240102_030405_sample"
    assert report["run"]["first_session"] == "2021-01-04"
    assert report["data"]["warnings"][0]["rule"] == "one_day_move"


def test_the_same_run_writes_the_same_bytes_at_any_time(tmp_path, make_result):
    first, second = (store(make_result(settings=NO_PLOTS), tmp_path / "1", minute=1).folder for _ in range(2))
    later = store(make_result(settings=NO_PLOTS), tmp_path, minute=2).folder

    for path in first.glob("*.csv"):
        again = later / path.name.replace("030105", "030205")
        assert path.read_bytes() == again.read_bytes(), path.name
    assert first.name + "-2" == second.name


def test_a_run_without_trades_or_signals_is_written_and_read(tmp_path, make_result):
    full = make_result()
    empty = {name: getattr(full, name).iloc[:0] for name in ("trades", "orders", "signals", "predictions", "actions")}

    loaded = load_run(store(make_result(returns=[0.0] * 30, **empty), tmp_path).folder)

    assert loaded.trades.empty
    assert "0 closed, 0 open" in (loaded.folder / "report.md").read_text()
    assert np.allclose(loaded.equity["equity"], 100_000)
