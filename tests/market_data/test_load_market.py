"""From settings to checked bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backtrader_system.errors import DataError, SettingsError
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.load import load_market
from backtrader_system.market_data.parquet import write_parquet
from backtrader_system.settings.settings import Settings

ALL = sessions_between("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-29"))


def bars(*symbols: str, sessions: pd.DatetimeIndex = ALL) -> pd.DataFrame:
    parts = []
    for number, symbol in enumerate(symbols):
        close = 50 + 10 * number + np.sin(np.arange(len(sessions)) + number)
        parts.append(pd.DataFrame({"session": sessions, "symbol": symbol, "open": close, "high": close + 1,
                                   "low": close - 1, "close": close, "volume": 1000.0}))
    return pd.concat(parts, ignore_index=True)


def settings(folder, frame: pd.DataFrame | None, **changes: object) -> Settings:
    """Return settings for a file with these bars; `data__x` changes data.x."""
    tree: dict[str, dict[str, object]] = {
        "data": {"source": "files", "path": folder / "bars.parquet", "warmup_sessions": 5},
        "backtest": {"start_date": "2024-02-01", "end_date": "2024-02-15"}}
    for key, value in changes.items():
        section, name = key.split("__")
        tree.setdefault(section, {})[name] = value
    if frame is not None:
        write_parquet(frame, folder / "bars.parquet")
    return Settings.model_validate(tree)


def test_the_panel_holds_warm_up_and_period(tmp_path):
    market = load_market(settings(tmp_path, bars("B", "A", "C"), universe__symbols=["C", "A"]))

    assert market.bars.symbols == ("A", "C")
    assert market.bars.sessions.tolist() == ALL[ALL.get_loc("2024-01-25"):ALL.get_loc("2024-02-15") + 1].tolist()
    assert market.first_session == pd.Timestamp("2024-02-01")
    assert market.bars.sessions.searchsorted(market.first_session) == 5
    assert (market.source, market.is_simulated) == ("files", False)


def test_the_report_says_what_was_loaded(tmp_path):
    market = load_market(settings(tmp_path, bars("A", "B")))

    report = market.report
    assert (report.n_symbols, report.n_sessions, report.n_bars) == (2, 16, 32)
    assert report.fingerprint == market.bars.fingerprint()
    assert (report.warnings, report.repairs, report.faults, report.snapshot) == ((), (), (), None)


def test_a_start_on_a_weekend_begins_at_the_next_session(tmp_path):
    market = load_market(settings(tmp_path, bars("A"), backtest__start_date="2024-02-03"))

    assert market.first_session == pd.Timestamp("2024-02-05")


def test_all_symbols_of_the_file_are_loaded_without_a_universe(tmp_path):
    assert load_market(settings(tmp_path, bars("B", "A"))).bars.symbols == ("A", "B")


def test_faults_of_other_symbols_and_dates_do_not_count(tmp_path):
    frame = bars("A", "B")
    frame.loc[frame["symbol"] == "B", "close"] = np.nan
    frame.loc[0, "high"] = 1.0                          # 2024-01-02 lies before the warm-up

    assert load_market(settings(tmp_path, frame, universe__symbols=["A"])).report.repairs == ()


def test_faults_within_stop_the_run_or_are_repaired_as_set(tmp_path):
    frame = bars("A", "B")
    frame.loc[25, "open"] = np.nan

    with pytest.raises(DataError, match="not_finite: open is nan"):
        load_market(settings(tmp_path, frame))
    market = load_market(settings(tmp_path, frame, data__repair={"not_finite": "drop"}))

    assert [(repair.rule, repair.symbol) for repair in market.report.repairs] == [("not_finite", "A")]
    assert not market.bars.has_bar[market.bars.sessions.get_loc(ALL[25]), 0]
    assert market.report.n_bars == 31


def test_a_weekend_bar_is_dropped_and_listed_or_an_error(tmp_path):
    frame = bars("A")
    sunday = frame.iloc[[25]].assign(session=pd.Timestamp("2024-02-04"))
    frame = pd.concat([frame, sunday]).sort_values("session")

    market = load_market(settings(tmp_path, frame))
    assert [(repair.rule, str(repair.session)) for repair in market.report.repairs] == [("off_calendar", "2024-02-04")]
    with pytest.raises(DataError, match=r"A 2024-02-04: off_calendar: no session \(Sunday\)"):
        load_market(settings(tmp_path, frame, data__repair={"off_calendar": "error"}))


def test_many_bars_off_the_calendar_mean_the_wrong_calendar(tmp_path):
    frame = bars("A")
    weekend = pd.DatetimeIndex(["2024-01-27", "2024-01-28", "2024-02-03", "2024-02-04", "2024-02-10", "2024-02-11"])
    sundays = frame.iloc[:6].assign(session=weekend)
    frame = pd.concat([frame, sundays]).sort_values("session")

    with pytest.raises(DataError, match=r"of all dates are none, so data.calendar looks wrong"):
        load_market(settings(tmp_path, frame))


def test_an_unknown_symbol_gets_the_nearest_spelling(tmp_path):
    with pytest.raises(DataError, match="1 unknown symbols; it holds 2: AAPL, MSFT\n  APPL: did you mean AAPL"):
        load_market(settings(tmp_path, bars("AAPL", "MSFT"), universe__symbols=["APPL", "MSFT"]))


@pytest.mark.parametrize(("start", "end"), [("2023-12-28", "2024-02-15"), ("2024-02-01", "2024-03-01"),
                                            ("2025-02-03", "2025-03-03")], ids=["before", "after", "apart"])
def test_a_period_outside_the_data_says_what_they_cover(tmp_path, start, end):
    with pytest.raises(DataError, match=r"they hold 2024-01-02 to 2024-02-29 for 2 symbols \(A, B\), the run is from "
                                        f"{start} to {end}"):
        load_market(settings(tmp_path, bars("A", "B"), backtest__start_date=start, backtest__end_date=end))


def test_a_period_without_any_session_is_an_error(tmp_path):
    with pytest.raises(DataError, match="calendar XNYS has no session from 2024-02-03 to 2024-02-04"):
        load_market(settings(tmp_path, bars("A"), backtest__start_date="2024-02-03", backtest__end_date="2024-02-04"))


def test_symbols_that_never_trade_together_are_an_error(tmp_path):
    frame = pd.concat([bars("A", sessions=ALL[ALL < "2024-02-08"]), bars("B", sessions=ALL[ALL >= "2024-02-08"])])

    with pytest.raises(DataError, match="no common session"):
        load_market(settings(tmp_path, frame))


def test_less_warm_up_than_asked_is_a_warning(tmp_path):
    market = load_market(settings(tmp_path, bars("A"), data__warmup_sessions=50))

    assert [(w.rule, w.value) for w in market.report.warnings] == [
        ("short_warm_up", "21 sessions before the first one; data.warmup_sessions is 50")]


def test_members_are_marked_and_those_without_bars_are_named(tmp_path):
    (tmp_path / "members.csv").write_text("symbol,start,end\nA,2024-02-06,2024-02-07\nB,2000-01-01,\nGONE,2000-01-01,\n"
                                          "OLD,2000-01-01,2010-01-01\n")
    market = load_market(settings(tmp_path, bars("A", "B", "C"), universe__membership=tmp_path / "members.csv"))

    days = market.bars.sessions[market.bars.is_member[:, 0]]
    assert market.bars.symbols == ("A", "B")
    assert days.tolist() == [pd.Timestamp("2024-02-06"), pd.Timestamp("2024-02-07")]
    assert market.bars.is_member[:, 1].all()
    assert [(w.rule, w.symbol) for w in market.report.warnings] == [("no_bars", "GONE")]


def test_a_symbol_without_bars_in_the_period_is_left_out_and_named(tmp_path):
    frame = pd.concat([bars("A", "B"), bars("C", sessions=ALL[:5])])

    market = load_market(settings(tmp_path, frame, universe__symbols=["A", "B", "C"]))

    assert market.bars.symbols == ("A", "B")
    assert [(w.rule, w.symbol) for w in market.report.warnings] == [("no_bars", "C")]


def test_a_universe_without_a_member_in_the_period_is_empty(tmp_path):
    (tmp_path / "members.csv").write_text("symbol,start,end\nA,2000-01-01,2010-01-01\n")

    with pytest.raises(DataError, match="the universe is empty: no symbol is a member between 2024-01-25 and"):
        load_market(settings(tmp_path, bars("A"), universe__membership=tmp_path / "members.csv"))


def test_raw_prices_carry_their_corporate_actions(tmp_path):
    (tmp_path / "actions.csv").write_text("symbol,ex_date,split_ratio,dividend\nA,2024-02-03,2,\nB,2024-02-06,1,0.4\n")
    raw = settings(tmp_path, bars("A", "B"), data__prices="raw", data__corporate_actions=tmp_path / "actions.csv")

    panel = load_market(raw).bars

    hit = [(str(panel.sessions[row].date()), panel.symbols[column]) for row, column in
           zip(*np.nonzero((panel.split_ratio != 1) | (panel.dividend != 0)), strict=True)]
    assert hit == [("2024-02-05", "A"), ("2024-02-06", "B")]        # February 3 is a Saturday


def test_raw_prices_without_actions_are_a_warning(tmp_path):
    market = load_market(settings(tmp_path, bars("A"), data__prices="raw"))

    assert [warning.rule for warning in market.report.warnings] == ["no_actions"]


def test_actions_have_no_use_with_adjusted_prices(tmp_path):
    with pytest.raises(SettingsError, match=r"data\.corporate_actions has no use with .* data\.prices adjusted"):
        load_market(settings(tmp_path, bars("A"), data__corporate_actions=tmp_path / "actions.csv"))


def test_settings_that_a_source_needs_are_named(tmp_path):
    with pytest.raises(SettingsError, match=r"data\.path is missing"):
        load_market(settings(tmp_path, None, data__path=None))
    with pytest.raises(SettingsError, match=r"universe is missing; data\.source yahoo needs"):
        load_market(settings(tmp_path, None, data__source="yahoo"))


def test_the_simulated_market_covers_warm_up_and_period(tmp_path):
    market = load_market(settings(tmp_path, None, data__source="simulated", data__prices="raw"))

    assert market.is_simulated
    assert market.bars.shape[0] == 16
    assert all("simulated market" in warning.source for warning in market.report.warnings)
    with pytest.raises(DataError, match="SIM1: did you mean SIM1"):
        load_market(settings(tmp_path, None, data__source="simulated", universe__symbols=["SIM1"]))


def test_progress_is_told(tmp_path):
    lines: list[str] = []

    class Lines:
        say = staticmethod(lines.append)

    load_market(settings(tmp_path, bars("A", "B")), progress=Lines())

    assert lines == [f"Reading 2 symbols from {tmp_path / 'bars.parquet'}",
                     "32 bars of 2 symbols over 16 sessions checked: 0 repairs, 0 warnings"]


@hypothesis_settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(2 * len(ALL))))
def test_the_order_of_the_rows_changes_nothing(tmp_path_factory, order):
    folder = tmp_path_factory.mktemp("order")
    frame = bars("A", "B")
    expected = load_market(settings(folder, frame)).report.fingerprint

    shuffled = load_market(settings(folder, frame.iloc[order], data__repair={"unsorted": "sort"}))

    assert shuffled.report.fingerprint == expected
