"""What the mode point_in_time does otherwise than the original."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from known_signals import NOW, signal, tables

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.features.feature_names import FEATURE_GROUPS, FEATURES, MISSING_FLAGS
from backtrader_system.signals.conviction.features.features import conviction_features

ONCHAIN = FEATURE_GROUPS["onchain"][:10]


def features_of(*rows: dict, mode: str = "point_in_time") -> pd.DataFrame:
    known, market, decided_at = tables(*rows)
    return conviction_features(known, market, decided_at=decided_at, mode=mode)


def only(mode: str = "point_in_time", **fields: object) -> pd.Series:
    return features_of(signal(**fields), mode=mode).iloc[0]


@pytest.mark.parametrize(("message", "feature", "in_compat", "now"), [
    ("in the second sector", "regulatory_risk", 1, 0),
    ("the SEC again", "regulatory_risk", 1, 1),
    ("stamina in Guatemala", "addressable_market", 1, 0),
    ("a huge TAM.", "addressable_market", 1, 1),
    ("the cycle turns", "team_quality", 1, 0),
    ("YC-backed", "team_quality", 1, 1),
    ("Y-Combinator alumni", "team_quality", 0, 1),
    ("to the moon", "hype_language_penalty", 2, 1),
    ("mooning, to the moon!", "hype_language_penalty", 2, 1),
    ("honeymoon", "hype_language_penalty", 1, 0),
    ("$MOON listed", "hype_language_penalty", 1, 0),
    ("life-changing 1000x, 100x", "hype_language_penalty", 2, 3),
    ("two moats and three patents", "thesis_keywords", 2, 2),
    ("moat's width", "thesis_keywords", 1, 1),
    ("first-mover and network\neffect", "thesis_keywords", 0, 1),
    ("good market. Share it", "thesis_keywords", 0, 0),
    ("a p/e of 9", "financial_metrics", 1, 1),
    ("P/E: 9", "financial_metrics", 1, 1),
    ("keep/everything", "financial_metrics", 1, 0),
    ("see https://sec.gov/filing", "regulatory_risk", 1, 0),
    ("see https://a.io/x and http, as in httpd", "link_count", 3, 1),
    ("profound", "team_quality", 0, 0),
    ("unfounded", "team_quality", 1, 0),
])
def test_words_are_whole(message, feature, in_compat, now):
    assert (only("compat", message=message)[feature], only(message=message)[feature]) == (in_compat, now)


@pytest.mark.parametrize(("message", "expected"), [
    ("bullish", 1.0), ("Bullish but risky", 0.5), ("dumpling", 0.5), ("dumping", 0.0), ("nothing", 0.5),
    ("great great great risky", 0.5)])
def test_sentiment_counts_every_word_once(message, expected):
    assert only(message=message)["sentiment_score"] == expected


@pytest.mark.parametrize(("fields", "expected"), [
    ({"message": "Dan is in"}, 1), ({"message": "dan's pick"}, 1), ({"message": "a dance in danger, Danish"}, 0),
    ({"message": "$DAN"}, 0), ({"source": "Yieldschool-Dan"}, 1), ({"source": "Danger room"}, np.nan), ({}, np.nan),
    ({"message": "Dan is in", "dan_endorsed": 0.0}, 0), ({"dan_endorsed": 1.0}, 1)])
def test_endorsement_is_recorded_or_a_whole_word(fields, expected):
    np.testing.assert_equal(only(**fields)["dan_endorsed"], expected)


@pytest.mark.parametrize(("source", "flags", "reliability"), [
    ("Yieldschool-YieldHub", (1, 0, 0), 0.85), ("yield school / Yield Hub", (1, 0, 0), 0.85),
    ("Yieldschool-Blue-Chips", (1, 1, 0), 0.75), ("Yieldschool-BlueChips", (1, 1, 0), 0.75),
    ("Dumb Money", (0, 0, 1), 0.70), ("DumbMoney", (0, 0, 1), 0.70), ("dumbmoney-discord", (0, 0, 1), 0.70),
    ("a friend", (0, 0, 0), 0.50), ("", (np.nan, np.nan, np.nan), np.nan)])
def test_source_names_are_read_however_they_are_written(source, flags, reliability):
    row = only(source=source)
    np.testing.assert_equal(row[["source_yieldschool", "source_bluechips", "source_dumbmoney"]].to_numpy(), flags)
    np.testing.assert_equal(row["source_reliability_score"], reliability)


def test_nothing_known_is_nothing_claimed():
    values = features_of(signal())
    assert values[list(FEATURES)].isna().all(axis=None)
    assert values[list(MISSING_FLAGS)].iloc[0].tolist() == [0, 0, 0, 0, 0, 0, pytest.approx(np.nan, nan_ok=True)]


def test_everything_known_raises_every_flag():
    row = only(asset_type="crypto", message="hi", total_reactions=1.0, trends_now=1.0, liquidity=1.0,
               price_at_mention=1.0, current_price=1.0, volume_now=1.0, volume_30d_average=1.0)
    assert row[list(MISSING_FLAGS)].tolist() == [1] * 7


def test_onchain_values_of_a_stock_are_not_zero_but_unknown():
    fields = {"liquidity": 1.0, "top10_share": 40.0, "token_age_days": 3.0, "dex_count": 2.0}
    stock, coin = features_of(signal(asset_type="stock", **fields), signal(asset_type="crypto", **fields)).iloc
    assert stock[[*ONCHAIN, "new_token"]].isna().all()
    assert (stock["has_onchain"], stock["is_crypto"]) == (0, 0)
    assert coin[["liquidity_level", "holder_concentration", "dex_listing_count", "new_token"]].tolist() == [1, 40, 2, 1]
    assert features_of(signal(asset_type="stock", **fields), mode="compat")[list(ONCHAIN)].eq(0).all(axis=None)


def test_a_token_far_below_a_cent_keeps_its_return():
    prices = {"price_at_mention": 0.002, "current_price": 0.004}
    assert only(**prices)["price_vs_mention"] == 2
    assert only("compat", **prices)["price_vs_mention"] == pytest.approx(0.4)


def test_a_price_or_volume_of_zero_is_no_price():
    row = only(price_at_mention=0.0, current_price=1.0, volume_now=0.0, volume_30d_average=0.0)
    assert row[["price_vs_mention", "volume_spike"]].isna().all()


@pytest.mark.parametrize("mode", ["compat", "point_in_time"])
def test_a_ratio_beyond_all_numbers_is_unknown(mode):
    row = only(mode, volume_now=1e308, volume_30d_average=1.0, total_reactions=1e308, unique_reactors=1e308,
               mention_count=1e308, price_at_mention=1e-300, current_price=1e308)
    assert not np.isinf(row.to_numpy()).any()


def test_missing_trends_are_no_rising_interest():
    names = ["google_trends_7d_change", "google_trends_30d_change", "trends_peak_ratio"]
    assert only("compat")[names].round(4).tolist() == [25, 66.6667, 0.5]
    assert only(trends_now=50.0)[names].isna().all()


def test_todays_interest_is_never_above_the_peak():
    trends = {"trends_now": 5.0, "trends_peak": 0.0, "trends_7d_ago": 0.0}
    assert only(**trends)[["trends_peak_ratio", "google_trends_7d_change"]].tolist() == [1, 500]
    assert only("compat", **trends)["trends_peak_ratio"] == 5


def test_reactors_are_counted_never_guessed():
    assert np.isnan(only(total_reactions=10.0)["reaction_diversity"])
    assert only("compat", total_reactions=10.0)["reaction_diversity"] == 7


def test_reactions_are_found_under_any_of_their_names():
    thumbs = "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"
    counts = {"\N{FIRE}": 1, "fire": 2, ":Fire:": 4, thumbs: 8, "+1": 16, "thumbs_up": 32, "x": 64}
    names = ["fire_reactions", "thumbsup_reactions", "rocket_reactions", "total_reactions"]
    assert only(reactions=counts)[names].tolist() == [7, 56, 0, 127]
    assert only("compat", reactions=counts)[names].tolist() == [3, 0, 0, 127]


def test_a_total_alone_does_not_say_which_reactions():
    row = only(total_reactions=9.0)
    assert row["total_reactions"] == 9
    assert row[["fire_reactions", "rocket_reactions", "hype_ratio"]].isna().all()


def test_a_total_below_its_parts_is_raised_to_them():
    assert only(reactions={"fire": 8}, total_reactions=5.0)[["total_reactions", "hype_ratio"]].tolist() == [8, 1]


@pytest.mark.parametrize("text", ['["fire"]', "{'fire': 3}", '{"fire": -1}', '{"fire": "many"}', '{"fire": NaN}', "7"])
def test_reactions_that_cannot_be_read_are_refused(text):
    known, market, decided_at = tables(signal(), signal())
    known["reactions"] = ["", text]
    with pytest.raises(DataError, match="1 recorded reactions cannot be read"):
        conviction_features(known, market, decided_at=decided_at)


def test_a_decision_before_the_post_is_refused():
    known, market, decided_at = tables(signal(age_hours=-1), signal(age_hours=0))
    with pytest.raises(DataError, match="1 signals are posted after") as error:
        conviction_features(known, market, decided_at=decided_at)
    assert str(NOW.tz_localize(None).date()) in error.value.faults[0]


def test_tables_of_different_lengths_are_refused():
    known, market, decided_at = tables(signal(), signal())
    with pytest.raises(DataError, match="2 signals, 1 market rows"):
        conviction_features(known, market.head(1), decided_at=decided_at)


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="modern"):
        features_of(signal(), mode="modern")


def test_a_signal_without_decision_has_no_age():
    known, market, _ = tables(signal(age_hours=5))
    row = conviction_features(known, market, decided_at=pd.DatetimeIndex([pd.NaT], tz="UTC")).iloc[0]
    assert np.isnan(row["message_age_hours"])
