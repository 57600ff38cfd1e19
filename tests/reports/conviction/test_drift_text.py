"""The drift report: alarms first, numbers with their intervals, no claim beyond the sample."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.conviction.drift_text import drift_text


def rows() -> pd.DataFrame:
    return pd.DataFrame([
        {"name": "hit_rate", "expected": 0.2, "live": 0.18, "difference": -0.02, "low": -0.3, "high": 0.26, "n": 9,
         "limit": 0.05, "state": "not_enough_evidence", "text": "Nine outcomes say little."},
        {"name": "score_drift", "expected": None, "live": None, "difference": 0.31, "low": None, "high": None,
         "n": 40, "limit": 0.2, "state": "alarm", "text": "Scores | moved."},
    ])


def test_alarms_stand_first_and_in_the_first_sentence():
    lines = drift_text(rows()).splitlines()

    assert lines[2] == "**1 alarm of 2 checks.** Scores \\| moved."
    assert lines[6] == "| score drift |  |  | +0.310 |  | 0.200 | 40 | ALARM |"
    assert lines[7] == "| hit rate | 0.200 | 0.180 | -0.020 | -0.300 to +0.260 | 0.050 | 9 | not enough evidence |"
    assert lines[-1] == "- hit rate: Nine outcomes say little."


def test_without_an_alarm_it_says_so():
    assert "**No alarm of 1 check.**\n" in drift_text(rows().iloc[:1])


def test_without_a_live_outcome_nothing_is_claimed():
    assert "Nothing could be checked" in drift_text(rows().iloc[:0])
