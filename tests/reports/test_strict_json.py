"""JSON any parser reads."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backtrader_system.reports.strict_json import canonical_hash, json_text


def refuse(constant: str) -> None:
    raise ValueError(f"not strict JSON: {constant}")


def test_what_is_no_number_becomes_null():
    values = [float("nan"), float("inf"), np.float64("nan"), pd.NaT, pd.NA, None, np.array([1.5, np.nan])]

    assert json.loads(json_text(values), parse_constant=refuse) == [None] * 6 + [[1.5, None]]


def test_every_type_of_a_report_has_a_plain_form():
    values = {
        "session": pd.Timestamp("2024-01-02"), "known_at": pd.Timestamp("2024-01-02 21:00", tz="UTC"),
        "day": date(2024, 1, 2), "instant": datetime(2024, 1, 2, 21, tzinfo=UTC), "path": Path("data/x.csv"),
        "numpy": (np.int64(3), np.float64(0.1), np.bool_(True), np.datetime64("2024-01-02")), "set": {"b", "a"}, 1: 2,
    }

    assert json.loads(json_text(values)) == {
        "session": "2024-01-02", "known_at": "2024-01-02T21:00:00+00:00", "day": "2024-01-02",
        "instant": "2024-01-02T21:00:00+00:00", "path": "data/x.csv", "numpy": [3, 0.1, True, "2024-01-02"],
        "set": ["a", "b"], "1": 2,
    }


def test_a_type_without_plain_form_is_an_error():
    with pytest.raises(TypeError, match="a report cannot hold object"):
        json_text({"x": object()})


def test_the_hash_is_that_of_the_canonical_text():
    expected = hashlib.sha256('{"a":[1,null],"b":"é"}'.encode()).hexdigest()

    assert canonical_hash({"b": "é", "a": (1, float("nan"))}) == expected
