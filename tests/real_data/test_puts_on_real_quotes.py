"""The put system on real quotes and real bars, from files to the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system import run
from backtrader_system.market_data.parquet import read_parquet

pytestmark = pytest.mark.real_data

FIFTY_ETF = {"puts.quotes.style": "european", "puts.quotes.multiplier": 10_000, "data.calendar": "XSHG"}
MENDED = {"data.repair.not_finite": "drop", "data.repair.outside_high_low": "widen",
          "data.repair.high_below_low": "swap"}


@pytest.fixture(scope="module")
def fifty_etf(data_folder, tmp_path_factory):
    return run("put_chain.yaml", FIFTY_ETF | {
        "puts.chain": str(data_folder / "options_50etf_2015_2019.parquet"), "evidence.bootstrap_samples": 500,
        "puts.weight_search.folds": 2},
        output_dir=tmp_path_factory.mktemp("runs"))


def test_every_put_of_the_chain_is_followed_to_its_expiry(fifty_etf, data_folder):
    outcomes = fifty_etf.tables["historical_options_outcomes"]
    known = outcomes[outcomes["Outcome"] != "unknown"]
    assert len(known) == 976
    settlements = pd.read_csv(data_folder / "option_expiry_settlements.csv", parse_dates=["expiry"])
    settlements = settlements[settlements["underlying"] == "510050.SH"]
    beside = known.merge(settlements, left_on="ExpiryDate", right_on="expiry")
    assert len(beside) == 976
    # The file of settlements was made from the same quotes by another hand, to four decimals.
    np.testing.assert_allclose(beside["FinalStockPrice"], beside["settle_price"], atol=5.1e-5)
    assert ((beside["settle_price"] > beside["StrikePrice"]) == (beside["Outcome"] == "worthless")).all()


def test_the_market_ranks_these_puts_better_than_the_score(fifty_etf):
    figures = fifty_etf.metrics["puts"]
    assert figures["market_auc"] > 0.85
    assert figures["market_auc"] > figures["auc"]
    assert figures["verdict"] != "score works"


def test_the_recovery_advantage_of_the_original_comes_from_the_future(fifty_etf):
    figures = fifty_etf.metrics["puts"]
    assert figures["recovery_advantage_whole_life"] > 0.05
    assert figures["recovery_advantage_causal"] < 0


def test_the_report_tells_what_is_assumed(fifty_etf):
    text = (fifty_etf.folder / "report.md").read_text()
    assert "a half spread of 5%" in text
    assert "re-implementation" in text
    assert (fifty_etf.folder / "backtest_report.pdf").stat().st_size > 100_000


def test_two_expiries_of_a_spike_state_no_p_value(data_folder):
    # SPXW, January and February 2018: the volatility spike of 5 February lies between the two expiry dates.
    result = run("put_chain.yaml", {
        "puts.chain": str(data_folder / "options_spx_sample_1990_2018.parquet"), "puts.quotes.style": "european",
        "backtest.start_date": "2018-01-02", "backtest.end_date": "2018-02-28", "puts.outcome.settlement": "cash",
        "puts.selling.capital_per_position": 300_000, "evidence.bootstrap_samples": 200,
        "puts.score.strike_below_rolling_low": False, "puts.score.min_days_since_break": 0,
        "puts.score.min_history_days": 0}, store=False)
    figures = result.metrics["puts"]
    assert figures["n_expiries"] == 2
    assert figures["trend_p"] is None
    assert "2" in figures["trend_p_note"]
    assert figures["verdict"] == "not enough evidence"
    assert figures["weight_recommendation"] == "not_enough_evidence"
    outcomes = result.tables["historical_options_outcomes"].set_index("OptionName")
    assert outcomes.loc["SPXW 2018-02-28 P 2700", "Outcome"] == "worthless"       # closed at 2,713.78
    assert outcomes.loc["SPXW 2018-02-28 P 2750", "Outcome"] == "ITM"


def test_quotes_of_three_weeks_of_spy_run_through(data_folder):
    result = run("put_chain.yaml", {
        "puts.chain": str(data_folder / "options_spy_20260722_20260806.parquet"), "evidence.bootstrap_samples": 200,
        "puts.selling.capital_per_position": 100_000, "puts.compare_rules": False,
        "puts.score.strike_below_rolling_low": False,
        "puts.score.min_days_since_break": 0, "puts.weight_search.enabled": False}, store=False)
    outcomes = result.tables["historical_options_outcomes"]
    # The session of 23 July is missing from the file: what expired on it has no close, so no outcome.
    assert (outcomes.loc[outcomes["ExpiryDate"] == "2026-07-23", "Outcome"] == "unknown").all()
    assert (outcomes["Outcome"] == "worthless").sum() > 300
    assert result.metrics["puts"]["trend_p"] is None


def synthetic(data_folder, symbols: int, start: str, end: str, **overrides):
    prices = read_parquet(data_folder / "prices_sp500_2013_2018.parquet")
    dollars = (prices["close"] * prices["volume"]).groupby(prices["symbol"]).sum()
    return run("put_recommendations.yaml", MENDED | {
        "data.source": "files", "data.path": str(data_folder / "prices_sp500_2013_2018.parquet"),
        "universe.symbols": dollars.nlargest(symbols).index.tolist(), "backtest.start_date": start,
        "backtest.end_date": end, **overrides}, store=False)


def test_prices_alone_lead_to_a_phase_2_report(data_folder):
    result = synthetic(data_folder, 8, "2015-02-02", "2016-12-30", **{
        "puts.weight_search.enabled": False, "puts.compare_rules": False, "evidence.bootstrap_samples": 300})
    figures = result.metrics["puts"]
    assert figures["phase"] == 2
    assert figures["is_synthetic"]
    assert figures["n_expiries"] >= 20
    closes = read_parquet(data_folder / "prices_sp500_2013_2018.parquet").set_index(["symbol", "date"])["close"]
    outcomes = result.tables["historical_options_outcomes"]
    known = outcomes[outcomes["Outcome"] != "unknown"].sample(300, random_state=1)
    there = closes.loc[pd.MultiIndex.from_frame(known[["StockName", "expiry_session"]])]
    np.testing.assert_allclose(there.to_numpy(), known["FinalStockPrice"].to_numpy(), rtol=1e-12)


@pytest.mark.nightly
def test_fifty_stocks_over_five_years(data_folder):
    result = synthetic(data_folder, 50, "2013-02-08", "2018-02-07")
    figures = result.metrics["puts"]
    assert figures["n_expiries"] >= 55
    assert figures["n_option_days"] > 1_000_000
    assert figures["market_auc"] > figures["auc"]


@pytest.mark.nightly
def test_stocks_that_left_keep_their_unknown_puts(data_folder, tmp_path):
    leavers = read_parquet(data_folder / "prices_sp500_removed_2013_2018.parquet")
    ended = leavers.groupby("symbol")["date"].max().sort_values()
    symbols = ended[(ended > "2014-06-01") & (ended < "2017-01-01")].index[:15].tolist()
    result = run("put_recommendations.yaml", MENDED | {
        "data.source": "files", "data.path": str(data_folder / "prices_sp500_removed_2013_2018.parquet"),
        "universe.symbols": symbols, "backtest.start_date": "2013-06-03", "backtest.end_date": "2017-06-30",
        "data.max_one_day_move": 2.0, "puts.weight_search.enabled": False}, store=False)
    outcomes = result.tables["historical_options_outcomes"]
    gone = outcomes[outcomes["ExpiryDate"] > outcomes["StockName"].map(ended)]
    assert len(gone) > 50
    assert (gone["Outcome"] == "unknown").all()
    assert gone["why_unknown"].str.contains("delisted").any()
