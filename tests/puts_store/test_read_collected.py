"""What a store or a folder becomes: a chain, bars, monthly returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.read_collected import read_collected
from backtrader_system.settings.puts import PutsSettings


@pytest.fixture
def settings(names_file):
    return PutsSettings(stock_names=names_file)


def quote(chain, contract, day):
    number = chain.contracts.index[chain.contracts["contract"] == contract][0]
    quotes = chain.quotes
    return quotes[(quotes["number"] == number) & (quotes["quote_date"] == day)].iloc[0]


def with_stock_names(folder, *changes):
    path = folder / "stock_data.csv"
    for old, new in changes:
        path.write_text(path.read_text().replace(old, new))
    return folder


def rules(chain):
    return {(issue.severity, issue.rule, issue.count) for issue in chain.issues}


def test_a_folder_and_its_store_hold_the_same(day_files, tmp_path, now, settings):
    folder = day_files("2025-11-28")
    collect(folder, tmp_path / "store", now=now)
    raw, stored = read_collected(folder, settings), read_collected(tmp_path / "store", settings)
    pd.testing.assert_frame_equal(raw.chain.quotes, stored.chain.quotes)
    pd.testing.assert_frame_equal(raw.chain.contracts, stored.chain.contracts)
    assert raw.underlyings.fingerprint() == stored.underlyings.fingerprint()


def test_quotes_are_those_of_the_snapshot(day_files, settings):
    chain = read_collected(day_files("2025-11-28"), settings).chain
    row = quote(chain, "AAK5X250", "2025-11-28")
    assert row[["bid", "ask", "underlying_price", "weighted", "bayesian"]].tolist() == [1.2, 1.8, 266.0, 0.5, 0.5]
    assert np.isnan(row["last"])
    # .2 per 252 calendar days is .2 * sqrt(365 / 252) = .24070 per 365.
    assert row["iv"] == pytest.approx(0.240700, abs=1e-6)


def test_days_to_expiry_are_calendar_days_whatever_the_file_counts(day_files, settings):
    chain = read_collected(day_files("2025-11-28"), settings).chain
    on_day = chain.quotes["quote_date"] == "2025-11-28"
    assert set(chain.days_to_expiry()[on_day]) == {21, 49}


def test_the_history_adds_days_without_prices(day_files, settings):
    chain = read_collected(day_files("2025-11-28"), settings).chain
    row = quote(chain, "AAK5X250", "2025-11-27")
    assert np.isnan(row["bid"])
    assert row[["weighted", "bayesian", "black_scholes", "bias_corrected", "historical_iv"]].tolist() == [
        0.81, 0.82, 0.83, 0.84, 0.85]
    assert row["underlying_price"] == 266.0


def test_an_option_known_from_the_history_alone_comes_from_its_code(day_files, settings):
    folder = day_files("2025-11-28")
    with (folder / "probability_history.csv").open("a") as file:
        file.write("AAK5W230|2025-11-20|.9|.9|.9|.9|\n")
    contracts = read_collected(folder, settings).chain.contracts.set_index("contract")
    row = contracts.loc["AAK5W230"]
    assert (row["strike"], row["expiry"], row["underlying"], row["last_seen"]) == (
        230.0, pd.Timestamp("2025-11-21"), "AAK.ST", pd.Timestamp("2025-11-20"))


def test_contracts_are_sorted_and_numbered(day_files, settings):
    contracts = read_collected(day_files("2025-11-28"), settings).chain.contracts
    assert contracts["contract"].tolist() == [
        "AAK5X240", "AAK5X250", "AAK6M240", "AAK6M250", "ABB5X600", "ABB5X650", "ABB6M600", "ABB6M650"]
    assert contracts["first_seen"].dt.day.tolist() == [27, 27, 28, 28, 27, 27, 28, 28]


def test_the_first_value_of_a_probability_counts(day_files, tmp_path, now, settings):
    store = tmp_path / "store"
    silent = {("AAK5X250", "ProbWorthless_Bayesian_IsoCal"): ""}
    collect(day_files("2025-11-27", changes=silent), store, now=now)
    folder = day_files("2025-11-28", changes=silent)
    path = folder / "probability_history.csv"
    path.write_text(path.read_text().replace("AAK5X250|2025-11-27|.81|.82", "AAK5X250|2025-11-27|.81|.99"))
    collect(folder, store, now=now)
    chain = read_collected(store, settings).chain
    assert quote(chain, "AAK5X250", "2025-11-27")["bayesian"] == 0.82
    assert quote(chain, "AAK5X250", "2025-11-28")["bayesian"] == 0.82


def test_faulty_quotes_are_left_out_and_counted(day_files, settings):
    chain = read_collected(day_files("2025-11-28", changes={
        ("AAK5X250", "Bid"): "2.5", ("AAK5X240", "Ask"): "-1", ("ABB5X600", "ProbWorthless_Bayesian_IsoCal"): "1.5",
    }), settings).chain
    # -1 lies below the bid too: one row, two faults.
    assert rules(chain) == {("excluded", "crossed_quote", 2), ("excluded", "negative_price", 1),
                            ("warning", "probability_outside_0_1", 1)}
    assert len(chain.quotes) == 4 + 6
    assert np.isnan(quote(chain, "ABB5X600", "2025-11-28")["bayesian"])


def test_strict_refuses_faulty_quotes(day_files, names_file):
    settings = PutsSettings(stock_names=names_file, quotes={"strict": True})
    with pytest.raises(DataError, match=r"crossed_quote: 1 rows, first AAK5X250 on 2025-11-28"):
        read_collected(day_files("2025-11-28", changes={("AAK5X250", "Bid"): "2.5"}), settings)


def test_calls_and_changed_terms_are_left_out(day_files, tmp_path, now, settings):
    store = tmp_path / "store"
    collect(day_files("2025-11-27", changes={("AAK5X240", "OptionName"): "AAK5L240"}), store, now=now)
    collect(day_files("2025-11-28", changes={("AAK5X250", "StrikePrice"): "245.1"}), store, now=now)
    chain = read_collected(store, settings).chain
    assert {("excluded", "not_a_put", 1), ("excluded", "terms_changed", 1),
            ("warning", "code_disagrees", 1)} <= rules(chain)
    assert "AAK5L240" not in set(chain.contracts["contract"])


def test_an_adjusted_contract_is_flagged(day_files, settings):
    folder = day_files("2025-11-28")
    path = folder / "data.csv"
    path.write_text(path.read_text().replace("AAK5X250|", "AAK5X177.34X|").replace("|250.0|", "|177.34|"))
    contracts = read_collected(folder, settings).chain.contracts.set_index("contract")
    assert contracts.loc["AAK5X177.34X", ["strike", "is_adjusted"]].tolist() == [177.34, True]


def test_every_name_that_is_in_no_map_is_told_at_once(day_files, tmp_path):
    names = tmp_path / "few.csv"
    names.write_text("ticker,stock_name,symbol\nAAK,AAK,AAK.ST\n")
    with pytest.raises(DataError) as caught:
        read_collected(day_files("2025-11-28"), PutsSettings(stock_names=names))
    text = str(caught.value)
    # The history names options by ticker only.
    assert "3 stock names are not in the map" in text
    assert "'AAK AB' in data.csv, stock_data.csv" in text
    assert "'ABB Ltd' in data.csv, stock_data.csv" in text
    assert "'ABB' in option codes" in text
    assert "add a row ticker,stock_name,symbol for each, for example AAK,AAK AB,AAK.ST" in text


def test_names_that_only_unused_tables_have_are_a_warning(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "support_level_metrics.csv").write_text(
        "stock_name,rolling_period,rolling_low,days_since_last_break,trading_days_per_break,support_strength_score,"
        "data_through_date\nAddtech AB,90,300,5,10,50,2025-11-28\nAAK AB,90,240,5,10,50,2025-11-28\n")
    chain = read_collected(folder, settings).chain
    [issue] = [issue for issue in chain.issues if issue.rule == "unmatched_name"]
    assert (issue.severity, issue.count, issue.example) == ("warning", 1, "Addtech AB")
    assert len(chain.contracts) == 8


def test_without_a_map_the_ticker_is_learned_from_data(day_files):
    collected = read_collected(day_files("2025-11-28"), PutsSettings())
    assert set(collected.chain.contracts["underlying"]) == {"AAK AB", "ABB Ltd"}
    assert collected.underlyings.symbols == ("AAK AB", "ABB Ltd")


def test_options_of_a_stock_without_bars_are_left_out_and_counted(day_files):
    collected = read_collected(with_stock_names(day_files("2025-11-28"), ("ABB Ltd", "ABB.ST")), PutsSettings())
    chain = collected.chain
    assert chain.contracts["contract"].tolist() == ["AAK5X240", "AAK5X250", "AAK6M240", "AAK6M250"]
    # Four options quoted on the 28th; two of them are in the history of the 27th.
    assert chain.quotes["number"].tolist() == [0, 1, 0, 1, 2, 3]
    [issue] = [issue for issue in chain.issues if issue.severity == "excluded"]
    assert (issue.rule, issue.count, issue.example) == ("no_bars", 6, "4 options of ABB Ltd")
    assert "their outcomes stay unknown" in issue.advice
    assert "ticker,stock_name,symbol" in issue.advice


def test_options_left_out_are_kept_in_place_among_others(day_files):
    # The stock that is left out stands first: numbers move.
    collected = read_collected(with_stock_names(day_files("2025-11-28"), ("AAK AB", "AAK.ST")), PutsSettings())
    chain = collected.chain
    row = quote(chain, "ABB5X600", "2025-11-28")
    assert chain.contracts.index.tolist() == [0, 1, 2, 3]
    assert row["underlying_price"] == 690.0


def test_strict_refuses_stocks_without_bars(day_files):
    folder = with_stock_names(day_files("2025-11-28"), ("ABB Ltd", "ABB.ST"))
    with pytest.raises(DataError, match="no_bars: 6 rows, first 4 options of ABB Ltd"):
        read_collected(folder, PutsSettings(quotes={"strict": True}))


def test_a_ticker_that_no_file_names_is_left_out_without_a_map(day_files):
    folder = day_files("2025-11-28")
    with (folder / "probability_history.csv").open("a") as file:
        file.write("8TRA6U370|2025-11-20|.9|.9|.9|.9|\n")
    chain = read_collected(folder, PutsSettings()).chain
    [issue] = [issue for issue in chain.issues if issue.severity == "excluded"]
    assert (issue.rule, issue.count, issue.example) == ("no_stock_name", 1, "1 options of ticker 8TRA")
    assert len(chain.contracts) == 8


def test_without_a_map_names_that_all_differ_are_refused_at_once(day_files):
    folder = with_stock_names(day_files("2025-11-28"), ("AAK AB", "AAK.ST"), ("ABB Ltd", "ABB.ST"))
    with (folder / "probability_history.csv").open("a") as file:
        file.write("8TRA6U370|2025-11-20|.9|.9|.9|.9|\n")
    with pytest.raises(DataError) as caught:
        read_collected(folder, PutsSettings())
    text = str(caught.value)
    for part in ("write a CSV file with the header ticker,stock_name,symbol", "puts.stock_names", "docs/puts.md",
                 "no bars of 'AAK AB'", "no bars of 'ABB Ltd'", "no name for 1 options of ticker 8TRA",
                 "names in stock_data.csv: AAK.ST, ABB.ST"):
        assert part in text


def test_without_a_map_and_without_any_name_tickers_are_told(day_files):
    folder = day_files("2025-11-28")
    (folder / "data.csv").unlink()
    with pytest.raises(DataError, match=r"(?s)no file names the stocks.*header ticker.*AAK, ABB.*AAK AB, ABB Ltd"):
        read_collected(folder, PutsSettings())


def test_bars_of_the_older_stock_file_have_one_price(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "stock_data.csv").write_text(
        "date|name|close|volume|pct\n2025-11-28|AAK AB|266|10|0\n2025-11-28|ABB Ltd|0|10|0\n2025-11-27|ABB Ltd|9|1|\n")
    collected = read_collected(folder, settings)
    bars = collected.underlyings.frame("AAK.ST")
    assert bars[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [[266.0, 266.0, 266.0, 266.0, 10.0]]
    assert ("excluded", "bad_bar", 1) in rules(collected.chain)


def test_without_stock_data_bars_come_from_the_snapshot(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "stock_data.csv").unlink()
    collected = read_collected(folder, settings)
    assert collected.underlyings.frame("ABB.ST")["close"].tolist() == [690.0]
    assert ("warning", "no_stock_data", 1) in rules(collected.chain)


def test_a_stock_that_left_stock_data_keeps_the_prices_of_its_snapshots(day_files, settings):
    folder = day_files("2025-11-28")
    path = folder / "stock_data.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "ABB" not in line) + "\n")
    collected = read_collected(folder, settings)
    assert collected.underlyings.frame("ABB.ST")["close"].tolist() == [690.0]
    assert ("warning", "no_stock_data", 1) in rules(collected.chain)


def test_monthly_rows_carry_the_symbol_and_are_sorted(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "Stocks_Monthly_Data.csv").write_text(
        "name|month|year|low|close|close_previous_month|low_previous_month|pct_return_month|day_low_day_of_month\n"
        "AAK AB|Nov|2007|23.042|25.0|24.833|23.75|0.0067|7\nAAK AB|Oct|2007|23.75|24.833||||4\n")
    monthly = read_collected(folder, settings).monthly
    assert monthly[["name", "month", "year", "day_low_day_of_month"]].to_numpy().tolist() == [
        ["AAK.ST", "Oct", 2007, 4.0], ["AAK.ST", "Nov", 2007, 7.0]]


def test_margins_are_per_contract_and_day(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "margin_requirements.csv").write_text("OptionName|Est_Margin_SEK\nAAK5X250|9071.5317\n")
    margins = read_collected(folder, settings).margins
    assert margins[["contract", "margin"]].to_numpy().tolist() == [["AAK5X250", 9071.5317]]


def test_nothing_to_score_is_refused(tmp_path, settings):
    (tmp_path / "stock_data.csv").write_text("date|name|close\n2025-11-28|AAK AB|266\n")
    with pytest.raises(DataError, match="nothing to score"):
        read_collected(tmp_path, settings)


def test_probabilities_and_closes_alone_are_enough(day_files, settings):
    folder = day_files("2025-11-28")
    (folder / "data.csv").unlink()
    chain = read_collected(folder, settings).chain
    assert chain.contracts["contract"].tolist() == ["AAK5X240", "AAK5X250", "ABB5X600", "ABB5X650"]
    assert chain.quotes["underlying_price"].tolist() == [266.0, 266.0, 690.0, 690.0] * 2


def test_a_changed_partition_is_refused(day_files, tmp_path, now, settings):
    collect(day_files("2025-11-28"), tmp_path / "store", now=now)
    path = tmp_path / "store" / "data" / "date=2025-11-28.parquet"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DataError, match="changed after it was collected"):
        read_collected(tmp_path / "store", settings)
