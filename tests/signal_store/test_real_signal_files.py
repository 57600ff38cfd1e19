"""The original's own signal files, as they were found."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.history import as_of
from backtrader_system.signals.conviction.reading.read_signals import read_signals

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def roostr(data_folder):
    folder = data_folder / "reference" / "roostr"
    if not folder.is_dir():
        pytest.skip(f"no reference files in {folder}")
    return folder


def rows_of(issues, rule):
    return [(issue.ticker, int(issue.source.rpartition(":")[2])) for issue in issues if issue.rule == rule]


def test_database_of_15_columns(roostr, now):
    """Numbers read off the file by eye; its lines 5 to 10 have their notes one cell too far left."""
    history = read_signals(roostr / "signals-database.csv.backup", now=now)
    assert len(history.signals) == 23
    assert rows_of(history.issues, "misplaced_text") == [
        ("RNDR", 5), ("EURUSD", 6), ("FET", 7), ("TAC", 8), ("AS", 9), ("PYPL", 10)]
    assert rows_of(history.issues, "plain_word_ticker") == [("AS", 9), ("PE", 13), ("ALL", 20)]
    known = as_of(history, history.signals["signal_id"], [pd.Timestamp(now)] * 23).set_index("ticker")
    fields = ["price_at_signal", "recorded_score", "deployed", "position_size", "stop_loss", "target_1", "target_2"]
    assert known.loc["TAO", fields].tolist() == [176.05, 9, 1, 10_000, 140.84, 211.26, 264.08]
    assert known["price_at_signal"].dropna().to_dict() == {"TAO": 176.05, "SOL": 86.51, "ALL": 208.25, "PGR": 201.0}
    assert known["deployed"].sum() == 4
    assert str(known.loc["TAO", "signal_time"]) == "2026-02-06 23:59:59+00:00"


def test_headerless_file(roostr, now):
    history = read_signals(roostr / "signals-database-root.csv", now=now)
    assert history.signals["ticker"].tolist() == ["SOL", "RNDR", "PENDLE", "FET", "AVAX", "GMX", "ASTS", "TAC", "AS"]
    assert history.revisions["scores"]["recorded_score"].tolist() == [10, 6, 4, 3, 3, 3, 9, 9, 8]


def test_seven_columns(roostr, now):
    history = read_signals(roostr / "signals-database-trading.csv", now=now)
    assert history.revisions["scores"]["recorded_score"].tolist() == [8.7, 9.2, 9.5]
    assert history.revisions["message"]["message"].iloc[1] == "AI chip leader - massive data center demand"
    assert [issue.value for issue in history.issues if issue.rule == "column_not_read"] == ["columns entry_clarity"]


def test_reactions(roostr, now):
    history = read_signals(roostr / "dumbmoney_reactions_anonymised.csv", now=now)
    table = history.revisions["reactions"]
    assert table["total_reactions"].tolist() == [52, 22, 18, 17, 13, 12, 11, 6, 3]
    assert json.loads(table["reactions"].iloc[1]) == {"fire": 4, "thumbsup": 18}
    single = [sum(json.loads(text).values()) for text in table["reactions"]]
    assert single == table["total_reactions"].tolist()
    assert not table["is_stamped"].any()


def test_files_that_hold_no_signals_are_refused(roostr, now):
    for name, missing in (("performance-journal.jsonl", "missing ticker"),
                          ("roostr_price_snapshots.csv", "signal_time"),
                          ("undervalued-stocks-2026-02-08.csv", "signal_time"),
                          ("golden_features.json", "no line is a JSON object")):
        with pytest.raises(DataError, match=missing):
            read_signals(roostr / name, now=now)
