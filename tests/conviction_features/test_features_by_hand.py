"""Features against arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest
from known_signals import signal, tables

from backtrader_system.signals.conviction.features.features import conviction_features

FIRE, ROCKET, THUMBS_UP = "\N{FIRE}", "\N{ROCKET}", "\N{THUMBS UP SIGN}"
# 23 words, one of them a business word.
ONE_KEYWORD = (
    "Still bullish on this one, the network keeps adding users every week and the revenue of its subnets is "
    "real, I keep adding")
# 23 words, two of them business words.
TWO_KEYWORDS = (
    "They signed another carrier this week, that is a huge partnership and nobody else has the patents, still "
    "early here in my view")

TAO_LIKE = signal(
    source="Yieldschool", asset_type="crypto", age_hours=18, reactions={FIRE: 34, ROCKET: 18, THUMBS_UP: 15},
    unique_reactors=45.0, mention_count=2.0, dan_endorsed=1.0, message=ONE_KEYWORD, trends_now=23.0,
    trends_7d_ago=14.0, trends_30d_ago=8.0, trends_peak=75.0, price_at_mention=12.5, current_price=13.0,
    volume_now=4.2e6, volume_30d_average=1.0e6, whale_buying=1.0, token_age_days=29.0)
ASTS_LIKE = signal(
    source="DumbMoney", asset_type="stock", age_hours=24, reactions={FIRE: 30, ROCKET: 12, THUMBS_UP: 10},
    unique_reactors=38.0, message=TWO_KEYWORDS, trends_now=45.0, trends_7d_ago=28.0, trends_30d_ago=18.0,
    trends_peak=85.0, price_at_mention=8.20, current_price=9.18)

TAO_FIGURES = {
    "reaction_velocity": 67 / 18,                      # 3.7222
    "sentiment_score": 1.0,                            # bullish
    "hype_ratio": 52 / 67,                             # 0.7761
    "thesis_length": 23,
    "thesis_quality_score": 0.5 * 0.4 + 0.3 / 5,       # 0.26
    "google_trends_7d_change": 100 * 9 / 14,           # 64.2857
    "google_trends_30d_change": 100 * 15 / 8,          # 187.5
    "trends_peak_ratio": 23 / 75,                      # 0.3067
    "price_vs_mention": 1.04,
    "volume_spike": 4.2,
    "early_momentum": 67 / 18 * (1 - 23 / 75),         # 2.5807
    "conviction_quality": 45 * 0.26,                   # 11.7
    "dan_x_reactions": 67,
    "multi_source": 1,
    "source_consensus": 2,
    "new_token": 1,
    "smart_timing": 1,
    "source_reliability_score": 0.75,
}
ASTS_FIGURES = {
    "reaction_velocity": 52 / 24,                      # 2.1667
    "hype_ratio": 42 / 52,                             # 0.8077
    "thesis_quality_score": 0.5 * 0.4 + 0.3 * 2 / 5,   # 0.32
    "google_trends_7d_change": 100 * 17 / 28,          # 60.7143
    "google_trends_30d_change": 100 * 27 / 18,         # 150
    "trends_peak_ratio": 45 / 85,                      # 0.5294
    "price_vs_mention": 9.18 / 8.20,                   # 1.1195
    "early_momentum": 52 / 24 * (1 - 45 / 85),         # 1.0196
    "conviction_quality": 38 * 0.32,                   # 12.16
    "source_reliability_score": 0.70,
}


def features_of(*rows: dict, mode: str = "point_in_time"):
    known, market, decided_at = tables(*rows)
    return conviction_features(known, market, decided_at=decided_at, mode=mode)


@pytest.mark.parametrize("mode", ["compat", "point_in_time"])
@pytest.mark.parametrize(("row", "expected"), [(TAO_LIKE, TAO_FIGURES), (ASTS_LIKE, ASTS_FIGURES)],
                         ids=["TAO", "ASTS"])
def test_two_signals_by_hand(row, expected, mode):
    values = features_of(row, mode=mode).iloc[0]
    np.testing.assert_allclose(values[list(expected)].to_numpy(float), list(expected.values()), rtol=1e-12)


def test_published_figures_of_the_two_signals_are_met():
    compat = features_of(TAO_LIKE, ASTS_LIKE, mode="compat").round(4)
    names = ["reaction_velocity", "hype_ratio", "google_trends_7d_change", "trends_peak_ratio", "early_momentum",
             "conviction_quality", "price_vs_mention", "volume_spike"]
    assert compat[names].to_numpy().tolist() == [
        [3.7222, 0.7761, 64.2857, 0.3067, 2.5807, 11.7, 1.04, 4.2],
        [2.1667, 0.8077, 60.7143, 0.5294, 1.0196, 12.16, 1.1195, 0.0]]


@pytest.mark.parametrize(("n_words", "depth"), [(1, 0.2), (19, 0.2), (20, 0.4), (49, 0.4), (50, 0.6), (99, 0.6),
                                                (100, 0.8)])
def test_depth_of_a_thesis_steps_at_20_50_and_100_words(n_words, depth):
    row = features_of(signal(message=" ".join(["word"] * n_words))).iloc[0]
    assert row["thesis_quality_score"] == pytest.approx(depth / 2)


def test_quality_of_a_thesis_reaches_074_at_most():
    best = "revenue growth earnings profit moat tam patent " + "word " * 200 + "https://a.io https://b.io"
    assert features_of(signal(message=best)).iloc[0]["thesis_quality_score"] == pytest.approx(0.4 + 0.3 + 0.04)


@pytest.mark.parametrize("mode", ["compat", "point_in_time"])
def test_a_message_of_48_hours_is_not_recent(mode):
    rows = [signal(age_hours=age, total_reactions=10.0) for age in (0.5, 47.99, 48.0)]
    values = features_of(*rows, mode=mode)
    assert values["reaction_recency"].tolist() == [1, 1, 0]
    assert values["reaction_velocity"].tolist() == [10, 10 / 47.99, 10 / 48]      # never less than an hour


@pytest.mark.parametrize("mode", ["compat", "point_in_time"])
def test_three_rockets_are_no_spam_and_four_are(mode):
    rows = [signal(message=f"go {emoji * n}") for emoji in (FIRE, ROCKET) for n in (3, 4)]
    rows.append(signal(message=f"go {FIRE * 3}{ROCKET * 3}"))
    assert features_of(*rows, mode=mode)["emoji_spam"].tolist() == [0, 1, 0, 1, 0]
