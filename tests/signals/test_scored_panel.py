"""The scored panel as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.schemas import SIGNALS
from backtrader_system.signals.scored import ScoredPanel

SESSIONS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])
NAN = np.nan


def scored():
    return ScoredPanel(
        SESSIONS, ("A", "B"),
        direction=np.array([[1, 0], [0, 0], [-1, 1]], dtype=np.int8),
        score=np.array([[0.8, 0.0], [NAN, 0.0], [0.7, 0.6]]),
        base_score=np.array([[0.7, 0.0], [NAN, 0.0], [0.7, 0.5]]),
        probability=np.array([[0.5, 0.4], [NAN, 0.3], [NAN, 0.9]]),
        ml_multiplier=np.array([[8 / 7, NAN], [NAN, NAN], [NAN, 1.2]]),
        is_enhanced=np.array([[True, False], [False, False], [False, True]]),
        known_at=pd.DatetimeIndex([f"{day.date()} 21:00" for day in SESSIONS], tz="UTC"),
    )


def test_table_holds_buys_and_sells_and_no_holds():
    table = scored().to_table("rules")

    assert table["signal_id"].tolist() == ["20240102-A", "20240104-A", "20240104-B"]
    assert table["direction"].tolist() == [1, -1, 1]
    assert table["score"].tolist() == [0.8, 0.7, 0.6]
    assert table["ml_enhanced"].tolist() == [True, False, True]
    assert table["known_at"].tolist() == [pd.Timestamp(day, tz="UTC") for day in (
        "2024-01-02 21:00", "2024-01-04 21:00", "2024-01-04 21:00")]


def test_table_fits_the_signals_ledger():
    table = scored().to_table("rules").assign(
        deployed=False, reason=pd.Series([""] * 3, dtype="str"), forward_return=NAN,
        outcome=pd.Series(["censored"] * 3, dtype="str"))

    assert list(SIGNALS.check(table)) == SIGNALS.names


def test_a_panel_without_signals_gives_an_empty_table_of_the_same_types():
    quiet = scored().between("2024-01-03", "2024-01-03").to_table("rules")

    assert len(quiet) == 0
    assert quiet.dtypes.astype(str).to_dict() == scored().to_table("rules").dtypes.astype(str).to_dict()


def test_between_takes_both_ends():
    part = scored().between("2024-01-03", "2024-01-04")

    assert list(part.sessions) == list(SESSIONS[1:])
    assert part.direction.tolist() == [[0, 0], [-1, 1]]
    assert len(part.known_at) == 2
