"""One conviction run from invented signals to report: it adds up, repeats itself, and cannot see the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system import load_run, run
from backtrader_system.errors import DataError
from backtrader_system.settings.loading import load_settings
from backtrader_system.systems.conviction.training import train_conviction

SMALL = {
    "conviction.simulated.n_signals": 240, "data.simulated.n_symbols": 8, "conviction.simulated.skill": 0.9,
    "backtest.start_date": "2023-01-01", "backtest.end_date": "2023-12-31",
    "conviction.classifier.n_estimators": 30, "conviction.classifier.n_folds": 2,
    "conviction.classifier.cold_start_signals": 200, "conviction.classifier.min_training_signals": 60,
    # The impact of a large order moves its levels; the outcome of a signal knows of no order.
    "backtest.impact_coefficient": 0.0, "evidence.bootstrap_samples": 100, "output.save_plots": False,
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return run("conviction_sample.yaml", SMALL, output_dir=tmp_path_factory.mktemp("results"))


def test_money_of_the_report_is_that_of_the_blotter(stored):
    closed = stored.trades[stored.trades["status"] == "closed"]
    section = stored.metrics["conviction"]
    assert len(closed) > 5
    assert section["net_pnl"] == pytest.approx(closed["net_pnl"].sum())
    assert section["stakes"] == pytest.approx((closed["entry_price"] * closed["size"]).sum())
    assert section["return_on_stakes"] == pytest.approx(closed["net_pnl"].sum() / section["stakes"])
    gain = stored.equity["equity"].iloc[-1] - stored.settings.backtest.initial_capital
    assert stored.trades["net_pnl"].sum() == pytest.approx(gain)


def test_every_deployed_signal_is_a_trade_with_its_own_outcome(stored):
    bought = stored.signals[stored.signals["deployed"]]
    trades = stored.trades.set_index(["symbol", "entry_session"])
    assert len(bought) == len(stored.trades) == stored.metrics["conviction"]["n_deployed"]
    for signal in bought.itertuples():
        trade = trades.loc[(signal.symbol, signal.entry_session)]
        if trade["status"] == "closed" and signal.outcome != "censored":
            assert trade["exit_session"] == signal.exit_session
            assert {"take_profit": "target", "stop_loss": "stop", "time_limit": "time"}.get(
                trade["exit_reason"], trade["exit_reason"]) == signal.outcome


def test_every_signal_that_was_not_bought_says_why(stored):
    silent = stored.signals[~stored.signals["deployed"]]
    assert (silent["reason"] != "").all()
    assert (stored.signals.loc[stored.signals["deployed"], "reason"] == "").all()


def test_selected_signals_were_decided_before_they_were_bought(stored):
    chosen = stored.signals[stored.signals["selected"] & stored.signals["entry_session"].notna()]
    assert (chosen["known_at"] <= chosen["decided_at"]).all()
    assert (chosen["entry_session"] > chosen["session"]).all()


def test_both_accounts_are_verified_by_the_second_engine(stored):
    assert stored.metrics["checks"]["kernel_verification"].count("verified by the kernel") == 2


def test_stored_run_reads_back_equal(stored):
    again = load_run(stored.folder)
    for name, table in stored.tables.items():
        # NaN of text columns and row order are the file's business; the numbers are ours.
        numbers = table.select_dtypes("number")
        np.testing.assert_allclose(again.tables[name][numbers.columns].to_numpy(dtype=float), numbers.to_numpy(float))
    assert again.metrics["conviction"]["comparison_verdict"] == stored.metrics["conviction"]["comparison_verdict"]


def test_same_settings_write_the_same_bytes(stored, tmp_path):
    other = run("conviction_sample.yaml", SMALL, output_dir=tmp_path)
    first, second = ({path.name[:-len("_20240101_000000.csv")]: path.read_bytes() for path in folder.glob("*.csv")}
                     for folder in (stored.folder, other.folder))
    assert len(first) > 10
    assert first == second


def test_scenarios_are_the_four_of_the_source_document(stored):
    assert stored.tables["scenarios"]["scenario"].tolist() == [
        "top_decile", "threshold_7", "threshold_8", "threshold_9", "ml_best", "rules_best", "hybrid",
        "fixed_size", "double_size", "kelly_at_risk", "kelly_growth"]
    row = stored.tables["scenarios"].set_index("scenario").loc["top_decile"]
    section = stored.metrics["conviction"]
    assert (row["n_selected"], row["win_rate"]) == (section["n_selected"], section["win_rate"])
    assert row["net_pnl"] == pytest.approx(section["net_pnl"])


def test_walk_forward_trains_only_on_earlier_outcomes(stored):
    months = stored.tables["walk_forward"]
    trained = months[months["trained_on"] != "synthetic"]
    assert len(trained) > 3
    last_day = pd.to_datetime(trained["trained_on"].str.extract(r"to (\S+)$")[0])
    assert (last_day < pd.to_datetime(trained["fold"])).all()


def test_model_file_trades_only_signals_it_had_not_seen(tmp_path):
    loaded = load_settings("conviction_sample.yaml", SMALL)
    model, report = train_conviction(loaded, tmp_path / "model.skops", until=pd.Timestamp("2023-07-31").date())
    result = run("conviction_sample.yaml", SMALL | {
        "conviction.model": str(tmp_path / "model.skops"), "conviction.scenarios": ["top_decile"]}, store=False)

    through = pd.Timestamp(model.manifest.trained_through)
    excluded = result.tables["excluded"]
    assert (result.signals["session"] > through).all()
    assert (excluded["rule"] == "in_sample").sum() > 50
    assert len(result.signals) + len(excluded) == result.metrics["conviction"]["n_signals"] == 240
    assert result.tables["scenarios"]["n_signals"].tolist() == [len(result.signals)]
    assert result.equity["session"].iloc[0] > through
    assert report.startswith("# Training report")
    assert "SIMULATED SIGNALS" in report


def test_stakes_grow_with_conviction_where_asked(stored):
    doubled = run("conviction_sample.yaml", SMALL | {
        "conviction.size_by_conviction": True, "conviction.high_conviction_score": 7,
        "conviction.scenarios": ["top_decile"]}, store=False)
    bought = stored.signals[stored.signals["deployed"]]
    is_high = bought.set_index(["symbol", "entry_session"])["ml_score"] >= 7
    stakes = [(run.trades["size"] * run.trades["entry_price"]).set_axis(
        pd.MultiIndex.from_frame(run.trades[["symbol", "entry_session"]])) for run in (stored, doubled)]
    ratio = (stakes[1] / stakes[0]).round(1)
    expected = is_high.reindex(ratio.index).map({True: 2.0, False: 1.0})
    assert (ratio == expected).all()
    assert set(expected) == {1.0, 2.0}
    assert doubled.metrics["checks"]["kernel_verification"].count("verified by the kernel") == 2


def test_model_that_has_seen_everything_is_refused(tmp_path):
    train_conviction(load_settings("conviction_sample.yaml", SMALL), tmp_path / "model.skops")
    with pytest.raises(DataError, match="nothing would be out of sample"):
        run("conviction_sample.yaml", SMALL | {"conviction.model": str(tmp_path / "model.skops")}, store=False)
