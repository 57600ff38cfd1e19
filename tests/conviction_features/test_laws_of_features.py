"""Laws that hold for any signal: ranges, order, repetition, the future."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from known_signals import NOW, NUMBERS, signal, tables

from backtrader_system.signals.conviction.features import message_terms as terms
from backtrader_system.signals.conviction.features.feature_names import FEATURES, MISSING_FLAGS
from backtrader_system.signals.conviction.features.features import conviction_features
from backtrader_system.signals.conviction.fields import BLOCKS
from backtrader_system.signals.conviction.history import SignalHistory, as_of
from backtrader_system.signals.conviction.rules.rule_scores import rule_scores

FLAGS = (*MISSING_FLAGS, "dan_endorsed", "multi_source", "emoji_spam", "reaction_recency", "new_token",
         "financial_metrics", "catalyst_mentioned", "competitive_advantage", "addressable_market", "team_quality",
         "partnerships", "regulatory_risk", "source_yieldschool", "source_bluechips", "source_dumbmoney")
SHARES = ("sentiment_score", "hype_ratio", "trends_peak_ratio")
COUNTS = ("total_reactions", "fire_reactions", "link_count", "thesis_length", "thesis_keywords",
          "hype_language_penalty", "message_age_hours", "reaction_velocity", "price_vs_mention", "volume_spike",
          "early_momentum")

amounts = some.one_of(some.just(np.nan), some.floats(0, 1e12))
counts = some.one_of(some.just(np.nan), some.integers(0, 10**6).map(float))
switches = some.sampled_from([np.nan, 0.0, 1.0])
messages = some.lists(some.sampled_from([*terms.TERMS, "word", "\N{ROCKET}" * 4, "https://a.io", "$TAO", "."])).map(
    " ".join) | some.text(max_size=60)
reactions = some.none() | some.dictionaries(
    some.sampled_from(["\N{FIRE}", "\N{ROCKET}", "fire", "x", "+1"]), some.integers(0, 1000))
signals = some.builds(
    signal, age_hours=some.none() | some.floats(0, 1e5), reactions=reactions, message=messages,
    asset_type=some.sampled_from(["crypto", "stock", ""]),
    source=some.sampled_from(["", "Yieldschool-YieldHub", "Dumb Money", "x", "Yieldschool-Dan"]),
    dan_endorsed=switches, whale_buying=switches, total_reactions=counts, mention_count=counts,
    trends_now=amounts, trends_7d_ago=amounts, trends_peak=amounts, liquidity=amounts, top10_share=amounts,
    dex_count=counts, price_at_mention=amounts, current_price=amounts, volume_now=amounts,
    volume_30d_average=amounts, recorded_score=switches)


@settings(deadline=None, max_examples=60)
@given(some.lists(signals, min_size=1, max_size=8))
def test_features_stay_in_their_ranges(rows):
    known, market, decided_at = tables(*rows)
    values = conviction_features(known, market, decided_at=decided_at)
    assert list(values) == [*FEATURES, *MISSING_FLAGS]
    assert set(map(str, values.dtypes)) == {"float64"}
    assert not np.isinf(values.to_numpy()).any()
    assert (values[list(FLAGS)].isin([0.0, 1.0]) | values[list(FLAGS)].isna()).all(axis=None)
    shares = values[list(SHARES)]
    assert ((shares >= 0) & (shares <= 1) | shares.isna()).all(axis=None)
    quality = values["thesis_quality_score"]
    assert (quality.between(0.1, 0.74 + 1e-12) | quality.isna()).all()
    assert not (values[list(COUNTS)] < 0).any(axis=None)


@settings(deadline=None, max_examples=60)
@given(some.lists(signals, min_size=1, max_size=8))
def test_compat_knows_everything(rows):
    known, market, decided_at = tables(*rows)
    values = conviction_features(known, market, decided_at=decided_at, mode="compat")
    assert list(values) == list(FEATURES)
    assert np.isfinite(values.to_numpy()).all()


@settings(deadline=None, max_examples=60)
@given(some.lists(signals, min_size=1, max_size=8), some.booleans(), some.sampled_from(["original", "newer"]))
def test_rule_scores_stay_in_their_range(rows, overlay, dumbmoney_score):
    known, market, _ = tables(*rows)
    result = rule_scores(known, market=market, validator_overlay=overlay, dumbmoney_score=dumbmoney_score)
    assert (result["rule_score"].between(0, 13) | result["rule_score"].isna()).all()
    assert ((result["rule_status"] == "ignored") == result["rule_score"].isna()).all()


@settings(deadline=None, max_examples=30)
@given(some.lists(signals, min_size=2, max_size=8), some.randoms(use_true_random=False),
       some.sampled_from(["compat", "point_in_time"]))
def test_a_signal_has_the_same_bytes_in_any_company(rows, random, mode):
    known, market, decided_at = tables(*rows)
    together = conviction_features(known, market, decided_at=decided_at, mode=mode).to_numpy()
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = conviction_features(known.iloc[order], market.iloc[order], decided_at=decided_at, mode=mode)
    assert shuffled.index.tolist() == order
    assert shuffled.to_numpy().tobytes() == together[order].tobytes()
    scores = rule_scores(known, market=market)
    assert rule_scores(known.iloc[order], market=market.iloc[order]).equals(scores.iloc[order])


@pytest.mark.parametrize("mode", ["compat", "point_in_time"])
def test_what_is_recorded_later_changes_no_byte(mode):
    early, late = NOW - pd.Timedelta(hours=3), NOW + pd.Timedelta(hours=3)
    values = {block: {field: _value(field, 1) for field in fields} for block, fields in BLOCKS.items()}
    poison = {block: {field: _value(field, 900) for field in fields} for block, fields in BLOCKS.items()}
    as_recorded, poisoned = (_history(early, values), _history(early, values, late, poison))

    def features(history: SignalHistory, decided_at: pd.Timestamp) -> pd.DataFrame:
        instants = pd.DatetimeIndex([decided_at])
        known = as_of(history, ["s"], instants)
        _, market, _ = tables(signal())
        return conviction_features(known, market, decided_at=instants, mode=mode)

    before = features(poisoned, NOW)
    assert before.to_numpy().tobytes() == features(as_recorded, NOW).to_numpy().tobytes()
    assert not features(poisoned, late).equals(features(as_recorded, late))


def _value(field: str, size: int) -> object:
    if field == "reactions":
        return json.dumps({"fire": size})
    if field == "message":
        return "moat " * size
    return float(size) if field in NUMBERS else str(size)


def _history(known_at: pd.Timestamp, values: dict, later: pd.Timestamp | None = None,
             later_values: dict | None = None) -> SignalHistory:
    posted = pd.Series([NOW - pd.Timedelta(hours=5)]).astype("datetime64[ns, UTC]")
    signals_table = pd.DataFrame({"signal_id": ["s"], "ticker": ["AAA"], "asset_type": ["crypto"],
                                  "source": ["Dumb Money"], "signal_time": posted})
    moments = [(known_at, values)] + ([(later, later_values)] if later is not None else [])
    revisions = {
        block: pd.DataFrame([{"signal_id": "s", "known_at": moment, "recorded_at": moment, "is_stamped": True,
                              **fields[block]} for moment, fields in moments])
        for block in BLOCKS}
    return SignalHistory(signals_table, revisions, ())
