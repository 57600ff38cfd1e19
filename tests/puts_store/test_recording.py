"""Outcomes and scores are added, never replaced."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.recording import (
    record_outcomes,
    record_scores,
    recorded_outcomes,
    recorded_scores,
)
from backtrader_system.puts.store.registry import FACTORS, open_registry

AFTER = datetime(2025, 12, 20, 9, tzinfo=UTC)
EXPIRY = pd.Timestamp("2025-12-19")


def outcomes(outcome="worthless", price=266.0, contracts=("AAK5X250",), premium=0.1):
    return pd.DataFrame({"contract": list(contracts), "expiry": EXPIRY, "strike": 250.0, "final_price": price,
                         "outcome": outcome, "final_premium": premium})


def scores(score=72.7, contract="AAK5X250"):
    return pd.DataFrame({"day": pd.Timestamp("2025-11-28"), "contract": [contract], "expiry": EXPIRY, "score": score,
                         "coverage": 0.6, **dict.fromkeys(FACTORS, 50.0), "historical_peak": np.nan})


@pytest.fixture
def store(day_files, tmp_path, now):
    collect(day_files("2025-11-28"), tmp_path / "store", now=now)
    return tmp_path / "store"


def kept(store):
    with open_registry(store) as registry:
        return recorded_outcomes(registry)


def test_an_outcome_is_kept_with_its_time(store):
    assert record_outcomes(store, outcomes(), AFTER) == 1
    row = kept(store).iloc[0]
    assert (row["contract"], row["final_price"], row["outcome"], row["recorded_at"]) == (
        "AAK5X250", 266.0, "worthless", pd.Timestamp(AFTER))


def test_the_same_outcome_again_adds_nothing(store):
    record_outcomes(store, outcomes(premium=np.nan), AFTER)
    assert record_outcomes(store, outcomes(premium=np.nan), AFTER.replace(day=21)) == 0


def test_an_unknown_outcome_may_become_known(store):
    record_outcomes(store, outcomes("unknown", np.nan), AFTER)
    assert record_outcomes(store, outcomes(), AFTER) == 1
    assert kept(store)["outcome"].tolist() == ["worthless"]
    with open_registry(store) as registry:
        assert registry.read("SELECT outcome FROM outcomes")["outcome"].tolist() == ["unknown", "worthless"]


@pytest.mark.parametrize("other", [outcomes("assigned", 249.0), outcomes(price=265.0), outcomes("unknown", np.nan)])
def test_a_known_outcome_stays(store, other):
    record_outcomes(store, outcomes(), AFTER)
    with pytest.raises(DataError, match="AAK5X250: outcome worthless is recorded"):
        record_outcomes(store, pd.concat([other, outcomes(contracts=["AAK5X240"])]), AFTER)
    assert len(kept(store)) == 1


def test_all_faults_of_outcomes_come_at_once(store):
    table = pd.concat([outcomes("ITM"), outcomes(price=np.nan, contracts=["AAK5X240"])])
    with pytest.raises(DataError) as caught:
        record_outcomes(store, table, datetime(2025, 12, 18, tzinfo=UTC))
    text = str(caught.value)
    assert "outcome 'ITM' is none of worthless, assigned, unknown" in text
    assert "AAK5X240: worthless without a final price" in text
    assert "AAK5X250: expires on 2025-12-19, which is in the future" in text


def test_a_score_stays_as_it_was_said(store, now):
    assert record_scores(store, scores(), now) == 1
    assert record_scores(store, scores(), now) == 0
    with pytest.raises(DataError, match=r"AAK5X250: score 72\.7 is recorded, 80\.0 came now"):
        record_scores(store, scores(80.0), now)


def test_scores_come_back_with_their_factors(store, now):
    record_scores(store, scores(), now)
    with open_registry(store) as registry:
        row = recorded_scores(registry).iloc[0]
    assert (row["score"], row["coverage"], row["support_strength"]) == (72.7, 0.6, 50.0)
    assert np.isnan(row["historical_peak"])


def test_there_must_be_a_store(tmp_path, now):
    with pytest.raises(DataError, match="fill one with `puts collect`"):
        record_scores(tmp_path / "nowhere", scores(), now)
