"""A whole run of puts: its folder, its account, and what its tables have in common."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from backtrader_system import load_run, run

OWNERS_FILES = ("historical_options_outcomes.csv", "backtest_results.csv", "hit_rate_analysis.csv",
                "factor_importance.csv", "weight_optimization.csv", "backtest_report.pdf")


def test_the_folder_holds_the_owners_files_and_a_report(result):
    names = {path.name for path in result.folder.iterdir()}
    assert names.issuperset({*OWNERS_FILES, "report.md", "manifest.json", "plot_hit_rate.png"})
    assert (result.folder / "backtest_report.pdf").read_bytes().startswith(b"%PDF")
    report = next(result.folder.glob("performance_report_*.json"))
    assert json.loads(report.read_text())["puts"]["phase"] == 2


def test_a_stored_run_reads_back_as_it_was(result):
    again = load_run(result.folder)
    assert again.metrics["puts"]["auc"] == result.metrics["puts"]["auc"]
    for name, table in result.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table.reset_index(drop=True), check_dtype=False)


def test_outcomes_follow_from_the_closes(result):
    outcomes = result.tables["historical_options_outcomes"]
    known = outcomes[outcomes["Outcome"] != "unknown"]
    assert len(known) > 1_000
    assert ((known["FinalStockPrice"] > known["StrikePrice"]) == (known["Outcome"] == "worthless")).all()
    unknown = outcomes[outcomes["Outcome"] == "unknown"]
    assert (unknown["ExpiryDate"] > result.equity["session"].iloc[-1]).all()


def test_every_option_is_judged_once_in_its_window(result):
    rows = result.tables["evidence_rows"]
    assert rows["contract"].is_unique
    assert rows["days_to_expiry"].between(1, 35).all()
    assert (rows["expiry"] - pd.Timedelta(days=35) <= rows["quote_date"]).all()


def test_the_daily_score_of_the_entry_day_is_the_judged_one(result):
    daily = result.tables["backtest_results"].set_index(["OptionName", "Date"])
    rows = result.tables["evidence_rows"]
    rows = rows[rows["score"].notna()]
    there = daily.loc[pd.MultiIndex.from_frame(rows[["contract", "quote_date"]])]
    np.testing.assert_array_equal(there["score"].to_numpy(), rows["score"].to_numpy())


def test_what_was_sold_was_recommended_the_session_before(result):
    rows = result.tables["evidence_rows"].set_index("contract")
    sold = result.trades[result.trades["size"] < 0]
    assert len(sold) > 5
    judged = rows.loc[sold["symbol"]]
    assert judged["passes_filter"].all()
    assert (judged["quote_date"].to_numpy() < sold["entry_session"].to_numpy()).all()
    deployed = result.signals[result.signals["deployed"]]
    assert sorted(deployed["symbol"]) == sorted(sold["symbol"])
    assert (result.signals.loc[~result.signals["deployed"], "reason"] != "").all()


def test_held_trades_earn_what_the_evidence_says(result):
    # The account and the table of judged options are two computations of the same sale.
    rows = result.tables["evidence_rows"].set_index("contract")
    sold = result.trades[(result.trades["size"] < 0) & (result.trades["status"] == "closed")]
    per_contract = sold["net_pnl"].to_numpy() / -sold["size"].to_numpy()
    np.testing.assert_allclose(per_contract, rows.loc[sold["symbol"], "pnl"].to_numpy(), atol=1e-9)


def test_the_same_settings_give_the_same_bytes(result, quick_settings, tmp_path):
    again = run("put_recommendations_sample.yaml", quick_settings, output_dir=tmp_path)
    names = [path.name for path in result.folder.glob("*.csv") if "20" not in path.stem[-15:]] + [
        "backtest_report.pdf"]
    assert set(OWNERS_FILES) <= set(names)
    for name in names:
        if name.endswith(".csv"):
            assert (again.folder / name).read_bytes() == (result.folder / name).read_bytes(), name
    for name in ("trades", "orders", "equity", "signals"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(result, name))


@pytest.mark.parametrize("overrides", [{"puts.selling.min_score": 100}, {"puts.score.min_days_since_break": 9_999}])
def test_a_run_that_sells_nothing_still_judges_the_score(quick_settings, overrides):
    quiet = run("put_recommendations_sample.yaml", quick_settings | {
        "puts.compare_rules": False, "puts.weight_search.enabled": False} | overrides, store=False)
    assert quiet.tables["selling_variants"].empty
    assert quiet.tables["sensitivity"]["variant"].tolist() == ["as configured", "only what the page recommends"]
    assert len(quiet.trades) == 0
    assert quiet.equity["equity"].nunique() == 1
    assert quiet.metrics["puts"]["n_sold"] == 0
    assert quiet.metrics["puts"]["auc"] is not None
    assert "Nothing was sold" in quiet.summary()


@pytest.mark.nightly
def test_learned_weights_begin_after_ten_expiry_dates(quick_settings):
    learned = run("put_recommendations_sample.yaml", quick_settings | {
        "puts.score.learn_weights": True, "puts.weight_search.enabled": False, "puts.compare_rules": False},
        store=False)
    table = learned.tables["learned_weights"]
    assert not table.loc[table["n_expiries"] < 10, "is_learned"].any()
    assert table["is_learned"].any()
    assert learned.metrics["puts"]["weight_recommendation"] is None


def test_original_arithmetic_and_whole_life_recovery_are_named_as_such(quick_settings):
    compat = run("put_recommendations_sample.yaml", quick_settings | {
        "puts.score.arithmetic": "compat", "puts.score.recovery": "whole_life",
        "puts.weight_search.enabled": False, "puts.compare_rules": False}, store=False)
    assert any(warning.startswith("LOOK-AHEAD") for warning in compat.warnings)
    assert (compat.tables["evidence_rows"]["coverage"] <= 1).all()


@pytest.mark.parametrize(("overrides", "expectation"), [
    ({"puts.selling.decide": "every_day"}, lambda run, base: len(run.trades) > len(base.trades)),
    ({"puts.selling.collateral": "margin"},
     lambda run, base: run.tables["collateral"]["collateral"].max() > 0 and len(run.trades) > 0),
    ({"puts.selling.take_profit_fraction": 0.5},
     lambda run, base: (run.trades["exit_reason"] == "take_profit").any()),
    ({"puts.outcome.settlement": "cash"}, lambda run, base: (run.trades["size"] < 0).all()),
    ({"puts.synthetic.expiries": "weekly"},
     lambda run, base: run.metrics["puts"]["n_expiries"] > 3 * base.metrics["puts"]["n_expiries"]),
    ({"puts.outcome.fill": "mid"},
     lambda run, base: run.tables["evidence_rows"]["premium"].sum() > base.tables["evidence_rows"]["premium"].sum()),
    ({"puts.score.rolling_period": 30},
     lambda run, base: run.tables["evidence_rows"]["passes_filter"].sum()
     != base.tables["evidence_rows"]["passes_filter"].sum()),
    ({"puts.score.weights.recovery_advantage": 0},
     lambda run, base: not run.tables["evidence_rows"]["score"].equals(base.tables["evidence_rows"]["score"])),
], ids=["every_day", "margin", "take_profit", "cash", "weekly", "mid", "rolling_period", "weights"])
def test_each_setting_has_its_effect(overrides, expectation, quick_settings, result):
    # Every run also replays its fills, quotes, payoffs and collateral, and fails where they differ.
    changed = run("put_recommendations_sample.yaml", quick_settings | {
        "puts.weight_search.enabled": False, "puts.compare_rules": False} | overrides, store=False)
    assert expectation(changed, result)
