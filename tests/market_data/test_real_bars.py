"""Real files: each documented defect is found, good ones pass, known returns come out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.load import Market, load_market
from backtrader_system.market_data.parquet import read_parquet
from backtrader_system.settings.settings import Settings

pytestmark = pytest.mark.real_data

DROP_ALL = {"not_finite": "drop", "high_below_low": "drop", "outside_high_low": "drop", "off_calendar": "drop",
            "duplicates": "keep_first"}


def load(path, start, end, *, symbols=None, **data) -> Market:
    universe = {"symbols": symbols} if symbols else {}
    return load_market(Settings.model_validate({
        "universe": universe, "data": {"source": "files", "path": path, **data},
        "backtest": {"start_date": start, "end_date": end}}))


def issues(found, rule: str) -> set[tuple[str, str]]:
    return {(issue.symbol, str(issue.session)) for issue in found if issue.rule == rule}


def test_large_caps_have_only_bars_on_a_holiday(data_folder):
    path = data_folder / "prices_largecaps_2018_2023.parquet"

    # The exchange was shut on 2022-06-20; the file repeats the bars of the Friday before.
    with pytest.raises(DataError, match="the data hold 39 impossible bars"):
        load(path, "2019-01-02", "2022-12-30", repair={"off_calendar": "error"})
    market = load(path, "2019-01-02", "2022-12-30")

    assert {session for _, session in issues(market.report.repairs, "off_calendar")} == {"2022-06-20"}
    assert market.bars.shape == (1259, 39)
    assert market.bars.has_bar.all()
    assert {warning.rule for warning in market.report.warnings} == {"short_warm_up"}


def test_every_documented_defect_of_the_sp500_file_is_found(data_folder):
    path = data_folder / "prices_sp500_2013_2018.parquet"

    with pytest.raises(DataError) as caught:
        load(path, "2013-02-08", "2018-02-07")
    rules = [re.search(r"\d: (\w+):", fault) for fault in caught.value.faults]
    counts = pd.Series([rule.group(1) for rule in rules if rule]).value_counts().to_dict()
    market = load(path, "2013-02-08", "2018-02-07", repair={**DROP_ALL, "outside_high_low": "widen"})

    assert counts == {"not_finite": 11, "outside_high_low": 11, "high_below_low": 1}
    assert issues(market.report.repairs, "high_below_low") == {("AOS", "2014-05-19")}
    moves = {(w.symbol, str(w.session)): w.advice for w in market.report.warnings if w.rule == "one_day_move"}
    assert {("NI", "2015-07-02"), ("EBAY", "2015-07-20"), ("DISCK", "2014-08-07"), ("LNT", "2016-05-19"),
            ("LNT", "2016-05-20")} <= set(moves)
    assert "near a 2:1 split" in moves["DISCK", "2014-08-07"]
    assert "a single bad price" in moves["LNT", "2016-05-19"]
    assert issues(market.report.warnings, "gap") == {("DHR", "2015-03-23"), ("ES", "2015-03-23"), ("O", "2015-03-23")}


def test_defects_of_the_adjusted_yahoo_file_are_found(data_folder):
    path = data_folder / "prices_sp500_yahoo_adj_2012_2017.parquet"

    market = load(path, "2012-12-06", "2017-12-06", symbols=["AAPL", "BHF", "COH", "LVLT"], repair=DROP_ALL)

    assert issues(market.report.repairs, "duplicate") == {("COH", "2017-10-30"), ("LVLT", "2017-10-31")}
    assert sum(1 for issue in market.report.repairs if issue.rule == "not_finite") == 531
    assert any(symbol == "BHF" for symbol, _ in issues(market.report.warnings, "one_day_move"))
    assert {symbol for symbol, _ in issues(market.report.warnings, "early_end")} == {"COH", "LVLT"}
    adjusted = read_parquet(path, where="symbol = 'AAPL'")
    np.testing.assert_allclose(market.bars.frame("AAPL")["close"], adjusted["adj_close"], rtol=1e-12)


def test_raw_apple_grows_as_its_adjusted_close_says(data_folder, tmp_path):
    path = data_folder / "prices_lean_raw_1998_2018.parquet"
    listed = pd.read_csv(data_folder / "corporate_actions_lean.csv")
    is_split = listed["type"] == "split"
    actions = pd.DataFrame({"symbol": listed["symbol"], "ex_date": listed["ex_date"],
                            "split_ratio": listed["value"].where(is_split, 1),
                            "dividend": listed["value"].where(~is_split, 0)})
    actions.to_csv(tmp_path / "actions.csv", index=False)
    adjusted = read_parquet(path, where="symbol = 'AAPL'").set_index("date")["adj_close"]

    for how in ({"corporate_actions": tmp_path / "actions.csv"}, {}):
        panel = load(path, "2013-01-02", "2018-03-29", symbols=["AAPL"], prices="raw", **how).bars
        wealth = pd.Series((panel.close * panel.growth_factor())[:, 0], index=panel.sessions)
        ours, theirs = wealth / wealth.iloc[-1], adjusted[panel.sessions] / adjusted.iloc[-1]

        assert panel.split_ratio[panel.sessions.get_loc("2014-06-09"), 0] == pytest.approx(7, rel=1e-4)
        # The file's factors have six decimals and its dividends are rounded: 0.3 % over 25 of them.
        np.testing.assert_allclose(ours, theirs, rtol=3e-3)


def test_a_ticker_used_twice_and_a_hole_show_as_gaps_and_moves(data_folder):
    market = load(data_folder / "prices_lean_raw_1998_2018.parquet", "2000-06-01", "2018-03-29",
                  symbols=["EEM", "FB", "QQQ", "SPY"], prices="raw")

    gaps = issues(market.report.warnings, "gap")
    assert {("EEM", "2003-04-11"), ("FB", "2012-05-18"), ("QQQ", "2011-03-23")} <= gaps
    assert ("EEM", "2003-04-11") in issues(market.report.warnings, "one_day_move")
    assert not any(symbol == "SPY" for symbol, _ in gaps)


def test_crypto_has_bars_on_weekends(data_folder):
    market = load(data_folder / "crypto_bybit_perp_daily_to_2024.parquet", "2022-06-01", "2023-12-31",
                  symbols=["BTCUSDT", "ETHUSDT"], calendar="24/7")

    assert market.bars.has_bar.all()
    assert (market.bars.sessions.dayofweek >= 5).sum() > 200


def test_members_of_the_index_come_and_go(data_folder):
    market = load_market(Settings.model_validate({
        "universe": {"membership": data_folder / "sp500_membership_intervals_to_2018.csv"},
        "data": {"source": "files", "path": data_folder / "prices_sp500_2013_2018.parquet", "repair": DROP_ALL},
        "backtest": {"start_date": "2014-06-02", "end_date": "2018-02-07"}}))

    panel = market.bars
    facebook = panel.is_member[:, panel.symbols.index("FB")]
    assert str(panel.sessions[facebook.argmax()].date()) == "2013-12-23"
    assert "AABA" in {symbol for symbol, _ in issues(market.report.warnings, "no_bars")}


@pytest.mark.parametrize(("name", "calendar"), [
    ("AET-L-1d-100x-error", "XLON"), ("CNE-L-1d-bad-stock-split", "XLON"), ("MOB-ST-1d-bad-stock-split", "XSTO"),
], ids=["unit", "one day", "split"])
def test_a_wrong_unit_or_split_is_found_and_its_corrected_twin_passes(data_folder, tmp_path, name, calendar):
    found = [
        issues(load_pair(data_folder, tmp_path, variant, calendar).report.warnings, "one_day_move")
        for variant in (name, f"{name}-fixed")
    ]

    assert len(found[0]) == 2           # there and back
    assert found[1] == set()


@pytest.mark.parametrize(("name", "calendar"), [("CALM", "XNYS"), ("EWG", "XNYS"), ("IBE-MC", "XMAD"),
                                                ("TISG-MI", "XMIL")], ids=str)
def test_files_known_to_be_good_have_no_issue(data_folder, tmp_path, name, calendar):
    report = load_pair(data_folder, tmp_path, f"{name}-1d-no-bad-divs", calendar).report

    assert report.warnings == ()
    assert {repair.rule for repair in report.repairs} == {"adjusted", "time_zone"}


def load_pair(data_folder, tmp_path, name, calendar) -> Market:
    table = pd.read_csv(data_folder / "baddata_pairs" / f"{name}.csv.gz")
    date = "Date" if "Date" in table else "Datetime"
    path = tmp_path / f"{name.split('-1d')[0]}.csv"
    table.sort_values(date).to_csv(path, index=False)
    days = table[date].str[:10]
    return load(path, days.min(), days.max(), calendar=calendar, warmup_sessions=0)
