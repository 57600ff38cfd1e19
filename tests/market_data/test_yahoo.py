"""Yahoo is asked once, patiently; what it answered is kept. No test leaves this machine."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from yahoo_stand_in import Listing, RedirectedSession, StandIn, yahoo_stand_in

from backtrader_system.errors import DataError, SettingsError, SourceUnavailableError
from backtrader_system.market_data.yahoo import Connection, download_bars
from backtrader_system.progress import Silent
from backtrader_system.settings.data import DataSettings, YahooSettings

START, END = date(2024, 1, 2), date(2024, 1, 5)


def plain(faults: list[str] | None = None) -> Listing:
    rows = [(f"2024-01-{day:02d}", 10.0 + day, 11.0 + day, 9.0 + day, 10.5 + day, 10.5 + day, 1000)
            for day in (2, 3, 4, 5, 8)]
    return Listing(rows, faults=faults or [])


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def ask(tmp_path, waits):
    def run(stand_in: StandIn | None, symbols=("AAA",), start=START, end=END, today=date(2024, 2, 1), **data):
        yahoo = YahooSettings(timeout_seconds=data.pop("timeout_seconds", 5.0), attempts=3, backoff_seconds=1.0)
        settings = DataSettings(snapshot_dir=tmp_path, yahoo=yahoo, **data)
        session = RedirectedSession("http://127.0.0.1:9") if stand_in is None else stand_in.session()
        clock = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
        connection = Connection(session, lambda: clock, waits.append)
        return download_bars(symbols, start, end, settings, Silent(), connection=connection)

    return run


def stored_files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_bars_come_sorted_with_both_ends_included(ask):
    with yahoo_stand_in({"BBB": plain(), "AAA": plain()}) as server:
        bars, snapshot = ask(server, ["BBB", "AAA"])

    assert bars.columns.tolist() == ["session", "symbol", "open", "high", "low", "close", "volume"]
    assert bars["session"].dt.strftime("%d").tolist() == ["02", "02", "03", "03", "04", "04", "05", "05"]
    assert bars["symbol"].tolist() == ["AAA", "BBB"] * 4
    assert bars.iloc[0, 2:].tolist() == [12.0, 13.0, 11.0, 12.5, 1000.0]
    assert len(snapshot) > 8


def test_a_second_run_makes_no_request(ask):
    with yahoo_stand_in({"AAA": plain()}) as server:
        first, identity = ask(server)
    second, same = ask(None)

    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert same == identity


def test_a_second_run_does_not_even_import_yfinance(ask, tmp_path):
    with yahoo_stand_in({"AAA": plain()}) as server:
        ask(server)
    script = f"""
import sys
from datetime import date
from backtrader_system.market_data.yahoo import download_bars
from backtrader_system.progress import Silent
from backtrader_system.settings.data import DataSettings
bars, _ = download_bars(["AAA"], date(2024, 1, 2), date(2024, 1, 5), DataSettings(snapshot_dir={str(tmp_path)!r}),
                        Silent())
assert len(bars) == 4
assert not {{"yfinance", "curl_cffi", "requests"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_part_of_a_snapshot_is_enough_for_a_smaller_request(ask):
    with yahoo_stand_in({"AAA": plain(), "BBB": plain()}) as server:
        ask(server, ["AAA", "BBB"])
    bars, _ = ask(None, ["BBB"], start=date(2024, 1, 3), end=date(2024, 1, 4))
    assert bars["symbol"].tolist() == ["BBB", "BBB"]
    assert bars["close"].tolist() == [13.5, 14.5]


@pytest.mark.parametrize("fault", ["429", "500", "down", "odd"])
def test_a_failure_that_passes_is_survived(ask, waits, fault):
    # yfinance itself asks twice after an error status: two faults make one failed attempt of ours.
    faults = [fault] * (2 if fault in ("429", "500") else 1)
    with yahoo_stand_in({"AAA": plain(faults)}) as server:
        bars, _ = ask(server)
    assert len(bars) == 4
    assert len(waits) == 1
    assert 0.5 <= waits[0] <= 1.5


@pytest.mark.parametrize("fault", ["429", "500", "down", "odd"])
def test_a_failure_of_the_first_request_is_survived(ask, waits, fault):
    listing = plain()
    listing.zone_faults = [fault] * (2 if fault in ("429", "500") else 1)
    symbol = f"ZONE{fault}".upper()
    with yahoo_stand_in({symbol: listing}) as server:
        bars, _ = ask(server, [symbol])
    assert len(bars) == 4
    assert len(waits) == 1


def test_a_timeout_is_survived(ask, waits):
    with yahoo_stand_in({"AAA": plain(["slow"])}) as server:
        bars, _ = ask(server, timeout_seconds=0.3)
        assert len(server.bar_requests()) == 2
    assert len(bars) == 4
    assert len(waits) == 1


@pytest.mark.parametrize("fault", ["429", "500", "down"])
def test_an_outage_ends_after_all_attempts_and_stores_nothing(ask, waits, tmp_path, fault):
    listings = {"AAA": plain(), "BBB": plain([fault] * 50)}
    expected = pytest.raises(SourceUnavailableError, match="did not answer for BBB in 3 attempts")
    with yahoo_stand_in(listings) as server, expected as caught:
        ask(server, ["AAA", "BBB"])

    assert "--config sample.yaml" in str(caught.value)
    assert "data.source: files" in str(caught.value)
    assert len(waits) == 2
    assert 1.0 <= waits[1] <= 3.0
    assert stored_files(tmp_path) == {}


def test_without_a_network_the_message_offers_other_sources(ask, tmp_path):
    with pytest.raises(SourceUnavailableError, match=r"--config sample\.yaml.*data\.source: files"):
        ask(None)
    assert stored_files(tmp_path) == {}


def test_all_missing_symbols_are_named_at_once_and_not_asked_for_again(ask, waits, tmp_path):
    with yahoo_stand_in({"AAA": plain()}) as server, pytest.raises(DataError, match="2 of 3 symbols") as caught:
        ask(server, ["AAA", "GONE", "NEVER"])

    assert [fault.split(":")[0] for fault in caught.value.faults] == ["GONE", "NEVER"]
    assert waits == []
    assert stored_files(tmp_path) == {}


def test_a_symbol_listed_after_the_period_is_missing(ask):
    later = Listing([("2024-01-08", 10.0, 11.0, 9.0, 10.5, 10.5, 1000)])
    expected = pytest.raises(DataError, match="NEW: its first bar is of 2024-01-08")
    with yahoo_stand_in({"NEW": later}) as server, expected:
        ask(server, ["NEW"])


def test_a_refresh_makes_a_second_snapshot_and_leaves_the_first(ask, tmp_path):
    with yahoo_stand_in({"AAA": plain()}) as server:
        _, first = ask(server)
        before = stored_files(tmp_path)
        server.listings["AAA"].rows[0] = ("2024-01-02", 12.0, 13.0, 11.0, 12.75, 12.75, 1000)
        revised, second = ask(server, refresh=True, today=date(2024, 2, 2))

    assert second != first
    assert revised["close"].iloc[0] == 12.75
    assert before.items() <= stored_files(tmp_path).items()
    assert ask(None)[1] == second
    original, identity = ask(None, snapshot=first)
    assert identity == first
    assert original["close"].iloc[0] == 12.5


def test_an_unknown_snapshot_is_an_error_and_not_a_download(ask):
    with yahoo_stand_in({"AAA": plain()}) as server:
        with pytest.raises(DataError, match=r"data\.snapshot: snapshot 'abc' does not exist"):
            ask(server, snapshot="abc")
        assert server.requests == []


def test_a_snapshot_and_a_refresh_exclude_each_other(ask):
    with pytest.raises(SettingsError, match=r"data\.snapshot .* data\.refresh"):
        ask(None, snapshot="abc", refresh=True)


def test_the_unfinished_session_of_today_is_left_out(ask):
    with yahoo_stand_in({"AAA": plain()}) as server:
        bars, _ = ask(server, end=date(2024, 3, 1), today=date(2024, 1, 8))
    assert bars["session"].max() == pd.Timestamp("2024-01-05")


def test_a_period_that_has_not_begun_is_an_error(ask):
    with pytest.raises(DataError, match="no final bars yet from 2024-01-02 on"):
        ask(None, today=date(2024, 1, 2))


def test_yfinance_is_left_as_it_was(ask):
    import yfinance

    with yahoo_stand_in({"AAA": plain()}) as server:
        ask(server)
    assert yfinance.config.debug.hide_exceptions is True


def test_raw_prices_undo_a_split_that_came_after_the_period(ask):
    listing = plain()
    listing.rows += [("2024-01-16", 20.0, 21.0, 19.0, 20.5, 20.5, 1000)]
    listing.splits = {"2024-01-04": (2, 1), "2024-01-16": (5, 1)}
    listing.dividends = {"2024-01-05": 0.03}
    with yahoo_stand_in({"AAA": listing}) as server:
        bars, _ = ask(server, prices="raw")

    assert bars["close"].tolist() == [12.5 * 10, 13.5 * 10, 14.5 * 5, 15.5 * 5]
    assert bars["volume"].tolist() == [100, 100, 200, 200]
    assert bars["split_ratio"].tolist() == [1, 1, 2, 1]
    assert bars["dividend"].tolist() == pytest.approx([0, 0, 0, 0.15])


def test_one_snapshot_serves_adjusted_and_raw_prices(ask):
    rows = [("2024-01-02", 20.0, 22.0, 18.0, 20.0, 10.0, 1000), ("2024-01-03", 20.0, 22.0, 18.0, 20.0, 20.0, 1000)]
    with yahoo_stand_in({"AAA": Listing(rows)}) as server:
        adjusted, first = ask(server, end=date(2024, 1, 3))
    raw, second = ask(None, end=date(2024, 1, 3), prices="raw")

    assert first == second
    assert adjusted["high"].tolist() == [11, 22]
    assert raw["high"].tolist() == [22, 22]
