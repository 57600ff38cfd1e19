"""The main job on real bars: from file to report, twice the same, with every known defect of the data named."""

from __future__ import annotations

import pytest

from backtrader_system import load_run, run
from backtrader_system.errors import DataError

pytestmark = pytest.mark.real_data

SYMBOLS = [
    "AAPL", "MSFT", "META", "TSLA", "NVDA", "JPM", "BAC", "V", "MA", "UNH", "JNJ", "PG", "XOM", "HD", "DIS", "CRM"]
# CI keeps the daily cadence for the nightly run; what is checked here does not depend on it.
QUICK = {"ml_config.retrain_every_sessions": 21, "ml_config.models.regime.n_estimators": 10,
         "ml_config.models.strength.n_estimators": 10, "ml_config.cache_dir": None}
LARGE_CAPS = {"data.source": "files", "backtest.start_date": "2019-01-02", "backtest.end_date": "2022-12-30",
              "universe.symbols": SYMBOLS}
LEDGERS = ("equity", "trades", "orders", "signals", "baseline_equity", "predictions")


def large_caps(data_folder, output, **overrides):
    path = str(data_folder / "prices_largecaps_2018_2023.parquet")
    return run("backtest_config.yaml", LARGE_CAPS | {"data.path": path} | overrides, output_dir=output)


@pytest.fixture(scope="module")
def two_runs(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("large_caps")
    return [large_caps(data_folder, folder / name, **QUICK, **{"ml_config.workers": workers})
            for name, workers in (("one", 1), ("two", 2))]


def test_two_runs_write_the_same_bytes(two_runs):
    files = [{path.name.replace(path.stem[-15:], "T"): path.read_bytes() for path in result.folder.glob("*.csv")}
             for result in two_runs]
    assert files[0].keys() == files[1].keys()
    assert [name for name in files[0] if files[0][name] != files[1][name]] == []
    assert len(files[0]) >= 6


def test_run_covers_the_period_and_trades(two_runs):
    result = two_runs[0]
    assert f"{result.equity['session'].iloc[0]:%Y-%m-%d} {result.equity['session'].iloc[-1]:%Y-%m-%d}" == (
        "2019-01-02 2022-12-30")
    assert len(result.equity) == 1008                       # sessions of the exchange from 2019 to 2022
    assert len(result.trades) > 100
    assert set(result.trades["symbol"]) <= set(SYMBOLS)


def test_baseline_is_the_mean_of_the_symbols(two_runs, data_folder):
    """Against plain arithmetic on the file: equal dollars at the second open, held to the last close."""
    from backtrader_system.market_data.parquet import read_parquet
    bars = read_parquet(data_folder / "prices_largecaps_2018_2023.parquet")
    date = "session" if "session" in bars else "date"
    bars = bars[bars["symbol"].isin(SYMBOLS)].set_index([date, "symbol"])
    opens = bars["open"].xs("2019-01-03", level=0)
    closes = bars["close"].xs("2022-12-30", level=0)
    invested, cost = 0.95, 1 + 7e-4
    expected = (1 - invested) + invested * (closes / (opens * cost)).mean()
    final = two_runs[0].baseline_equity["equity"].iloc[-1] / 100_000
    # Whole shares are sized at the close before the open at which they are bought; both leave a little cash.
    assert final == pytest.approx(expected, rel=0.03)


def test_stored_run_reads_back_equal(two_runs):
    stored = load_run(two_runs[0].folder)
    for name in LEDGERS:
        assert getattr(stored, name).equals(getattr(two_runs[0], name)), name


def test_bar_of_a_closed_day_is_dropped_and_listed(two_runs):
    repairs = two_runs[0].data_report.repairs
    assert {(repair.rule, str(repair.session)) for repair in repairs} == {("off_calendar", "2022-06-20")}
    assert len(repairs) == len(SYMBOLS)
    assert "2022-06-20" in (two_runs[0].folder / "report.md").read_text()


SP500 = {"data.source": "files", "backtest.start_date": "2014-06-02", "backtest.end_date": "2018-02-07"}
REPAIR = {"data.repair.not_finite": "drop", "data.repair.high_below_low": "drop",
          "data.repair.outside_high_low": "widen"}
# What the page on the data names: the bad tick, the two spin-offs and the stock dividend.
NAMED = {"LNT": "2016-05-19", "NI": "2015-07-02", "EBAY": "2015-07-20", "DISCK": "2014-08-07"}


def hundred_symbols(data_folder):
    """Return 100 symbols, every one with a known defect among them."""
    from backtrader_system.market_data.parquet import read_parquet
    bars = read_parquet(data_folder / "prices_sp500_2013_2018.parquet")
    prices = bars[["open", "high", "low", "close"]]
    is_bad = prices.isna().any(axis=1) | (bars["high"] < prices[["open", "close"]].max(axis=1) - 1e-9) | (
        bars["low"] > prices[["open", "close"]].min(axis=1) + 1e-9)
    date = "session" if "session" in bars else "date"
    bad = bars[is_bad & (bars[date] >= "2013-02-25")]           # with the warm-up of 320 sessions
    defective = sorted(set(bad["symbol"]) | set(NAMED))
    others = [symbol for symbol in sorted(bars["symbol"].unique()) if symbol not in defective]
    rows = {(symbol, f"{day:%Y-%m-%d}") for symbol, day in zip(bad["symbol"], bad[date], strict=True)}
    return [*defective, *others[:100 - len(defective)]], rows


def test_every_defective_row_of_the_sp500_file_is_reported(data_folder, tmp_path):
    symbols, bad_rows = hundred_symbols(data_folder)
    source = SP500 | {"data.path": str(data_folder / "prices_sp500_2013_2018.parquet"), "universe.symbols": symbols}
    with pytest.raises(DataError) as error:
        run("backtest_config.yaml", source, output_dir=tmp_path)
    for symbol, day in bad_rows:
        assert f"{symbol} {day}" in str(error.value)
    assert not list(tmp_path.iterdir())

    result = run("backtest_config.yaml", source | REPAIR | {"ml_config.enabled": False}, output_dir=tmp_path)
    repaired = {(repair.symbol, str(repair.session)) for repair in result.data_report.repairs}
    warned = {(issue.symbol, str(issue.session)) for issue in result.data_report.warnings}
    assert repaired == bad_rows
    assert len(symbols) == 100
    assert set(NAMED.items()) <= warned
    assert len(result.trades) > 100
