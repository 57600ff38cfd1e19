"""Quotes of a signal log that cannot be true."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.signals.conviction.reading.price_checks import check_signal_prices, price_faults


def quotes(prices, ticker="TAO", hours=1, **columns):
    time = pd.date_range("2026-02-01", periods=len(prices), freq=f"{hours}h", tz="UTC")
    return pd.DataFrame({"time": time, "ticker": ticker, "price": prices} | columns)


@pytest.mark.parametrize(("prices", "expected"), [
    pytest.param([10.0, 0.0, -1.0, float("nan"), 10.0], ["", "not_positive", "not_positive", "not_positive", ""],
                 id="zero-negative-missing"),
    pytest.param([10.0, 20.0, 40.1, 20.05], ["", "", "jump", ""], id="more-than-double"),
    pytest.param([10.0, 5.0, 2.4], ["", "", "jump"], id="less-than-half"),
    pytest.param([10.0, 0.0, 21.0], ["", "not_positive", "jump"], id="jump-over-a-gap")])
def test_impossible_prices(prices, expected):
    assert price_faults(quotes(prices)).tolist() == expected


def test_quotes_stand_still_for_more_than_four_days():
    four_days = quotes([5.0] * 5, hours=24)
    assert price_faults(four_days).tolist() == [""] * 5
    assert price_faults(quotes([5.0] * 6, hours=24)).tolist() == ["frozen"] * 6
    assert price_faults(quotes([5.0, 5.0, 5.1, 5.0, 5.0, 5.0], hours=24)).tolist() == [""] * 6


def test_price_of_another_unit_is_far_from_entry():
    log = quotes([0.16, 18.1, 18.0, 1802.6], entry_price=180.25)
    assert price_faults(log).tolist() == ["far_from_entry", "jump", "far_from_entry", "far_from_entry"]


def test_tickers_are_judged_apart_in_any_order():
    log = pd.concat([quotes([10.0, 11.0]), quotes([100.0, 0.0], "SOL")], ignore_index=True).iloc[[3, 0, 2, 1]]
    faults = price_faults(log)
    assert faults.index.equals(log.index)
    assert log.loc[faults != "", ["ticker", "price"]].to_numpy().tolist() == [["SOL", 0.0]]


def test_rewritten_entry_is_named():
    log = quotes([177.0, 176.0, 178.0, 179.0], entry_price=[float("nan"), 650.0, 176.05, 176.05])
    assert [issue.value for issue in check_signal_prices(log, source="log.csv")] == [
        "entry 650 became 176.05 on 2026-02-01 02:00 UTC"]


def test_runs_of_one_fault_are_one_issue():
    log = quotes([10.0, 0.0, 0.0, 10.0, 0.0])
    assert [issue.value.split(" from")[0] for issue in check_signal_prices(log)] == ["2 quotes of 0", "1 quotes of 0"]


@pytest.mark.real_data
def test_dirty_price_history_of_the_original(data_folder):
    """Counted by hand with awk: rows per ticker, rows with one and the same price, zeros, and the first row of TAO."""
    path = data_folder / "reference" / "roostr" / "roostr_signal_db_price_history.csv"
    if not path.is_file():
        pytest.skip(f"no reference file {path}")
    raw = pd.read_csv(path)
    log = pd.DataFrame({"time": pd.to_datetime(raw["commit_time"], utc=True), "ticker": raw["ticker"],
                        "price": raw["current_price"], "entry_price": raw["price_entry"]})
    faults = price_faults(log)
    found = {f"{ticker} {fault}": int(count) for (ticker, fault), count in
             log.groupby(["ticker", faults]).size().items() if fault}
    assert len(log) == 596
    assert found == {"ALL far_from_entry": 43, "ASTS frozen": 70, "EOG frozen": 70, "KTB frozen": 44, "NVDA frozen": 70,
                     "PGR not_positive": 43, "SOL frozen": 37, "TAO jump": 1, "TRV frozen": 70}
    rewritten = [issue.value.split(" on ")[0] for issue in check_signal_prices(log) if issue.rule == "entry_rewritten"]
    assert rewritten == ["entry 208.25 became 180.25", "entry 201 became 245.5", "entry 105 became 86.51",
                         "entry 650 became 176.05"]
