"""Signals of a file: layouts, times, values, and every fault with file and line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import as_of
from backtrader_system.signals.conviction.reading.layouts import DATABASE_HEADERS
from backtrader_system.signals.conviction.reading.read_signals import read_signals

HEADER = "signal_id,ticker,source,signal_time\n"


def ids(history):
    return history.signals["signal_id"].tolist()


def found(history, rule):
    return [(issue.severity, issue.source, issue.value) for issue in history.issues if issue.rule == rule]


def test_recommended_layout_fills_every_block(write, now):
    path = write("signal_id,ticker,asset_type,source,signal_time,known_at,message,dan_endorsed,price_at_signal,"
                 "reactions,reactions_known_at,trends_now,trends_known_at,liquidity,onchain_known_at,recorded_score,deployed\n"
                 'a,$tao,coin,Room,2026-02-01T10:00:00Z,2026-02-01T10:01:00Z,buy,yes,"$1,176.05","{""fire"": 3}",'
                 "2026-02-01T12:00:00Z,23,2026-02-01T09:00:00Z,5e5,2026-02-01T11:00:00+01:00,9,NO\n")
    history = read_signals(path, now=now)
    row = as_of(history, ["a"], [pd.Timestamp("2026-02-02", tz="UTC")]).iloc[0]
    assert row[["ticker", "asset_type", "source", "message", "reactions"]].tolist() == [
        "TAO", "crypto", "Room", "buy", '{"fire": 3}']
    numbers = row[["dan_endorsed", "price_at_signal", "trends_now", "liquidity", "recorded_score", "deployed"]]
    assert numbers.tolist() == [1.0, 1176.05, 23.0, 500000.0, 9.0, 0.0]
    known = {block: str(table["known_at"].iloc[0])[:16] for block, table in history.revisions.items()}
    assert known == {"message": "2026-02-01 10:01", "reactions": "2026-02-01 12:00", "trends": "2026-02-01 09:00",
                     "onchain": "2026-02-01 10:00", "scores": "2026-02-01 10:00", "deployment": "2026-02-01 10:00"}
    assert history.issues == ()


def test_rows_of_one_id_with_different_stamps_are_revisions(write, now):
    path = write("signal_id,ticker,source,signal_time,total_reactions,reactions_known_at\n"
                 "a,TAO,Room,2026-02-01T10:00:00Z,5,2026-02-01T12:00:00Z\n"
                 "a,TAO,Room,2026-02-01T10:00:00Z,9,2026-02-01T18:00:00Z\n")
    history = read_signals(path, now=now)
    known = as_of(history, ["a", "a"], pd.to_datetime(["2026-02-01 17:59", "2026-02-01 18:00"], utc=True))
    assert known["total_reactions"].tolist() == [5.0, 9.0]
    assert history.issues == ()


def test_rows_of_one_id_that_differ_without_stamps_are_excluded(write, now):
    path = write("signal_id,ticker,source,signal_time,price_at_signal\na,TAO,Room,2026-02-01T10:00:00Z,650\n"
                 "a,TAO,Room,2026-02-01T10:00:00Z,176.05\na,TAO,Room,2026-02-01T10:00:00Z,650\n"
                 "a,SOL,Room,2026-02-01T10:00:00Z,650\n")
    history = read_signals(path, now=now)
    assert history.revisions["message"]["price_at_signal"].tolist() == [650.0]
    assert found(history, "duplicate_id") == [("excluded", "signals.csv:3", "id 'a' again, message differs")]
    assert found(history, "duplicate_row") == [("warning", "signals.csv:4", "id 'a' again with the same values")]
    assert found(history, "id_of_another_signal") == [
        ("excluded", "signals.csv:5", "id 'a' belongs to TAO of 2026-02-01 10:00:00 UTC")]


def test_same_row_always_gets_the_same_id_whatever_its_price(write, now):
    header = "ticker,source,date,price\n"
    first = read_signals(write(header + "TAO,Room,2026-02-06,650\n", "a.csv"), now=now)
    later = read_signals(write(header + "SOL,Room,2026-02-06,105\nTAO,Room,2026-02-06,176.05\n", "b.csv"), now=now)
    assert ids(first)[0] in ids(later)
    assert len(set(ids(later))) == 2


@pytest.mark.parametrize(("text", "expected"), [
    pytest.param("2026-02-06", "2026-02-06 23:59:59", id="date-is-known-at-its-end"),
    pytest.param("20260206", "2026-02-06 23:59:59", id="compact-date"),
    pytest.param("2026-02-06T11:11:07-05:00", "2026-02-06 16:11:07", id="offset"),
    pytest.param("2026-02-06 11:11 UTC", "2026-02-06 11:11:00", id="named-utc"),
    pytest.param("1770379867", "2026-02-06 12:11:07", id="seconds"),
    pytest.param("1770379867000", "2026-02-06 12:11:07", id="milliseconds")])
def test_times_become_utc(write, now, text, expected):
    history = read_signals(write(HEADER + f"a,TAO,Room,{text}\n"), now=now)
    assert str(history.signals["signal_time"].iloc[0])[:19] == expected


def test_time_without_offset_is_excluded_unless_the_column_says_utc(write, now):
    row = "a,TAO,Room,2026-02-06 11:11\nb,SOL,Room,2026-02-06T12:11:00Z\n"
    strict = read_signals(write(HEADER + row), now=now)
    assert found(strict, "bad_time") == [("excluded", "signals.csv:2", "'2026-02-06 11:11' has no offset from UTC")]
    assert ids(strict) == ["b"]
    named = read_signals(write(HEADER.replace("signal_time", "signal_time_utc") + row), now=now)
    assert ids(named) == ["a", "b"]


def test_mixed_time_zones_are_converted_and_reported(write, now):
    path = write(HEADER + "a,TAO,Room,2026-02-06T12:00:00-05:00\nb,SOL,Room,2026-02-06T16:00:00Z\n")
    history = read_signals(path, now=now)
    assert ids(history) == ["b", "a"]
    assert found(history, "mixed_time_zones") == [("warning", "signals.csv", "offsets +00:00, -05:00")]


def test_future_signals_and_stamps_are_excluded_but_today_is_not_the_future(write, now):
    path = write("signal_id,ticker,source,signal_time,total_reactions,reactions_known_at\n"
                 "a,TAO,Room,2026-03-01T12:00:01Z,,\nb,SOL,Room,2026-03-02,,\nc,AVAX,Room,2026-03-01,,\n"
                 "d,FET,Room,2026-02-01T10:00:00Z,3,2026-04-01T10:00:00Z\n")
    history = read_signals(path, now=now)
    assert ids(history) == ["c"]
    assert [line for _, line, _ in found(history, "future_signal")] == ["signals.csv:2", "signals.csv:3"]
    assert [line for _, line, _ in found(history, "future_stamp")] == ["signals.csv:5"]


def test_reactions_cannot_be_known_before_the_post_but_trends_can(write, now):
    path = write("signal_id,ticker,source,signal_time,total_reactions,reactions_known_at,trends_now,trends_known_at\n"
                 "a,TAO,Room,2026-02-01T10:00:00Z,3,2026-02-01T09:00:00Z,5,2026-01-31T09:00:00Z\n")
    history = read_signals(path, now=now)
    assert str(history.revisions["reactions"]["known_at"].iloc[0])[:16] == "2026-02-01 10:00"
    assert str(history.revisions["trends"]["known_at"].iloc[0])[:16] == "2026-01-31 09:00"
    assert len(found(history, "stamp_before_signal")) == 1


@pytest.mark.parametrize("cells", [
    pytest.param("price_at_signal,0", id="price-0"), pytest.param("price_at_signal,-5", id="negative-price"),
    pytest.param("price_at_signal,soon", id="price-in-words"), pytest.param("price_at_signal,inf", id="infinite-price"),
    pytest.param("top10_share,140", id="share-above-100"), pytest.param("total_reactions,-1", id="negative-count"),
    pytest.param("dan_endorsed,perhaps", id="flag-in-words")])
def test_impossible_value_is_missing_never_zero(write, now, cells):
    field, value = cells.split(",")
    history = read_signals(write(f"ticker,source,date,{field}\nTAO,Room,2026-02-06,{value}\n"), now=now)
    known = as_of(history, ids(history), [pd.Timestamp(now)])
    assert np.isnan(known[field].iloc[0])
    assert [(i.severity, i.source) for i in history.issues if i.rule in ("impossible_value", "unreadable_value")] == [
        ("warning", "signals.csv:2")]


@pytest.mark.parametrize(("score", "rule", "is_kept"), [
    pytest.param("-0.5", "score_out_of_range", False, id="negative"), pytest.param("0", "", True, id="zero"),
    pytest.param("10", "", True, id="ten"), pytest.param("12", "score_above_10", True, id="endorsed"),
    pytest.param("12.5", "score_out_of_range", False, id="above-12"),
    pytest.param("85", "score_out_of_range", False, id="percent")])
def test_scores_outside_their_scale(write, now, rules, score, rule, is_kept):
    path = write(f"ticker,source,date,conviction\nTAO,Room,2026-02-06,{score}\nSOL,Room,2026-02-06,5\n")
    history = read_signals(path, now=now)
    assert ("TAO" in history.signals["ticker"].tolist()) is is_kept
    assert [name for _, name in rules(history.issues) if name != "date_only"] == ([rule] if rule else [])


def test_plain_words_warn_unless_written_as_cash_tag(write, now):
    path = write('ticker,source,date,message\nAI,Room,2026-02-06,"AI narrative"\nHPC,Room,2026-02-06,\n'
                 'MOAT,Room,2026-02-06,wide moat\nBNPL,Room,2026-02-06,\nALL,Room,2026-02-06,I like $ALL here\n'
                 "TAO,Room,2026-02-06,\nTHE,Room,2026-02-06,\n")
    history = read_signals(path, now=now)
    warned = [issue.ticker for issue in history.issues if issue.rule == "plain_word_ticker"]
    assert warned == ["AI", "HPC", "MOAT", "BNPL", "THE"]
    assert len(history.signals) == 7


@pytest.mark.parametrize("ticker", ["'strong buy'", "TA O", "", "💎", "A" * 16, "-TAO"])
def test_what_cannot_be_a_symbol_is_excluded(write, now, ticker):
    history = read_signals(write(f"ticker,source,date\n{ticker},Room,2026-02-06\nSOL,Room,2026-02-06\n"), now=now)
    assert history.signals["ticker"].tolist() == ["SOL"]
    assert [line for _, line, _ in found(history, "bad_ticker")] == ["signals.csv:2"]


def test_outcomes_and_unknown_columns_are_named_and_not_read(write, now):
    path = write("ticker,signal date,price at signal,price +7d,price_30d,price_60d,source,reactions,Dan endorsement,"
                 "mention count,mood\nTAO,2026-02-01,176.05,190,200,210,Room,67,YES,3,good\n")
    history = read_signals(path, now=now)
    assert found(history, "outcome_not_read") == [("warning", "signals.csv", "columns price +7d, price_30d, price_60d")]
    assert found(history, "column_not_read") == [("warning", "signals.csv", "columns mood")]
    known = as_of(history, ids(history), [pd.Timestamp(now)]).iloc[0]
    assert known[["price_at_signal", "total_reactions", "dan_endorsed", "mention_count"]].tolist() == [176.05, 67, 1, 3]


def test_training_table_gives_identities_only(write, now):
    path = write("ticker,source,date_found,dan_endorsed,reaction_velocity,thesis_quality_score,honeypot_score,"
                 "hit_target\nTAO,Room,2026-02-01,1,3.7,0.26,0,1\n")
    history = read_signals(path, now=now)
    assert all(table.empty for table in history.revisions.values())
    assert found(history, "feature_not_read")[0][2] == (
        "columns dan_endorsed, reaction_velocity, thesis_quality_score, honeypot_score")
    assert found(history, "outcome_not_read")[0][2] == "columns hit_target"


def test_headerless_database_keeps_its_first_row(write, now):
    path = write('SOL,Room,2026-02-09,,10,YELLOW,NO,,,,,,,,"Mentions: 1"\nFET,Room,2026-02-09,,3,RED,NO,,,,,,,,x\n')
    history = read_signals(path, now=now)
    assert history.signals["ticker"].tolist() == ["SOL", "FET"]
    assert history.revisions["scores"]["recorded_score"].tolist() == [10.0, 3.0]
    assert history.revisions["deployment"]["notes"].tolist() == ["Mentions: 1", "x"]


def test_reaction_columns_become_counts(write, now):
    path = write("ticker,date,total_reactions,fire,rocket,thumbsup,other\nTAC,2025-11-09,52,32,0,11,9\n")
    reactions = read_signals(path, now=now).revisions["reactions"].iloc[0]
    assert json.loads(reactions["reactions"]) == {"fire": 32, "thumbsup": 11, "other": 9}
    assert reactions["total_reactions"] == 52


def test_json_lines_with_nested_groups(write, now):
    row = {"ticker": "TAO", "source": "Room", "date_found": "2026-02-01", "reactions": {"🔥": 20, "👍": 7},
           "dan_endorsed": True, "google_trends": {"current": 30, "7d_ago": 20}, "onchain_data": {
               "whale_buying": False, "liquidity_locked_pct": 70, "verified": True}, "message_age_hours": 12}
    path = write("\n" + json.dumps(row, ensure_ascii=False) + "\nnot json\n[1]\n", "signals.txt")
    history = read_signals(path, now=now)
    known = as_of(history, ids(history), [pd.Timestamp(now)]).iloc[0]
    assert json.loads(known["reactions"]) == {"🔥": 20, "👍": 7}
    assert known[["dan_endorsed", "trends_now", "trends_7d_ago", "whale_buying", "liquidity_locked_share",
                  "contract_verified"]].tolist() == [1, 30, 20, 0, 70, 1]
    assert np.isnan(known["trends_peak"])
    assert [line for _, line, _ in found(history, "bad_json")] == ["signals.txt:3", "signals.txt:4"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_windows_line_ends(write, now, separator):
    text = "\ufeffticker,source,date\r\nTAO,Room,2026-02-06\r\n".replace(",", separator)
    assert read_signals(write(text), now=now).signals["ticker"].tolist() == ["TAO"]


def test_row_with_shifted_cells_is_excluded_with_its_line(write, now):
    path = write('ticker,source,date\n\nTAO,Room,2026-02-06\n"AVAX","two\nlines",2026-02-06\nSOL,Room,2026-02-06,9\n')
    history = read_signals(path, now=now)
    assert found(history, "wrong_cell_count") == [("excluded", "signals.csv:6", "4 cells in place of 3")]
    assert len(history.signals) == 2


def test_text_in_a_column_of_results_is_named(write, now):
    row = "RNDR,Room,2026-02-06,,7,YELLOW,NO,,,,,,,AI rendering narrative heating up,"
    history = read_signals(write(",".join(DATABASE_HEADERS) + f"\n{row}\n"), now=now)
    assert found(history, "misplaced_text") == [
        ("warning", "signals.csv:2", "PnL_Percent holds 'AI rendering narrative heating up'")]


@pytest.mark.parametrize(("content", "message"), [
    pytest.param(b"", "is empty", id="empty"), pytest.param(b" \n\n", "is empty", id="blank"),
    pytest.param(b",,,\n", "every cell is empty", id="commas"),
    pytest.param(b"ticker,date\n", "no usable signal; 0 rows", id="header-only"),
    pytest.param("ticker,date,text\nTAO,2026-02-06,caf\u00e9\n".encode("latin-1"), "line 2 is not UTF-8 .byte 0xe9",
                 id="latin"),
    pytest.param(b"PAR1xxxx", "a Parquet file", id="parquet"), pytest.param(b"\x80\x04\x95", "a pickle", id="pickle"),
    pytest.param(b"ticker,date\nTAO,\x00\n", "zero bytes", id="binary"),
    pytest.param(b'[{"ticker": "TAO"}]', "one JSON array", id="array"),
    pytest.param(b'{\n"ticker": "TAO"\n}', "no line is a JSON object", id="pretty-json"),
    pytest.param(b"ticker,ticker,date\nTAO,TAO,2026-02-06\n", "more than once", id="header-twice"),
    pytest.param(b"ticker,date,timestamp\nTAO,2026-02-06,2026-02-06\n", "both|all mean signal_time", id="ambiguous"),
    pytest.param(b'ticker,date\n"' + b"x" * 140_000, "line 2.*quote left open", id="open-quote")])
def test_unreadable_file_says_why(tmp_path, now, content, message):
    path = tmp_path / "signals.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_signals(path, now=now)


def test_unknown_layout_names_missing_found_and_expected(write, now):
    with pytest.raises(DataError) as error:
        read_signals(write("when,price\n1,2\n"), now=now)
    text = str(error.value)
    assert "missing ticker, signal_time; found ['when', 'price']" in text
    assert "signal_time may be called signal_time, signal_time_utc, signal_date" in text
    assert "layout 'signal list, 7 columns': ticker, source, conviction" in text


def test_no_usable_row_lists_every_fault(write, now):
    with pytest.raises(DataError, match="no usable signal; 2 rows were excluded") as error:
        read_signals(write(HEADER + "a,TAO,Room,yesterday\nb,??,Room,2026-02-06\n"), now=now)
    assert [fault[:14] for fault in error.value.faults] == ["signals.csv:2:", "signals.csv:3:"]


def test_missing_file_and_naive_clock(tmp_path, now):
    with pytest.raises(DataError, match="no such file"):
        read_signals(tmp_path / "none.csv", now=now)
    with pytest.raises(ValueError, match="time zone"):
        read_signals(tmp_path / "none.csv", now=now.replace(tzinfo=None))
