"""Rule scores, by the arithmetic of the rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from known_signals import NOW, signal, tables

from backtrader_system.signals.conviction.rules.rule_scores import HIGHEST_RULE_SCORE, rule_scores
from backtrader_system.signals.conviction.rules.tickers import extract_tickers

FIRE, ROCKET, GEM = "\N{FIRE}", "\N{ROCKET}", "\N{GEM STONE}"


def scored(*rows: dict, overlay: bool = False, **arguments: object) -> pd.DataFrame:
    known, market, _ = tables(*rows)
    return rule_scores(known, validator_overlay=overlay, market=market, **arguments)


def score(**fields: object) -> float:
    return float(scored(signal(**fields))["rule_score"].iloc[0])


@pytest.mark.parametrize(("message", "expected"), [
    ("AVAX looks fine", 3),
    (f"{FIRE}{FIRE} AVAX", 4),
    (f"{FIRE}{ROCKET} bullish, buying", 3 + 1 + 1 + 1 + 1),
    ("very bullish on SOL", 3 + 1 + 2),
    ("very bullish, high conviction", 3 + 1 + 2),
    ("Dan is buying", 3 + 1 + 2),
    ("a dance in danger", 3),
    (f"{FIRE}{ROCKET} very bullish, buying, accumulating. Dan too", 10 + 2),
])
def test_yieldschool_text_rule(message, expected):
    assert score(source="Yieldschool-YieldHub", message=message) == expected


def test_yieldschool_cap_comes_before_the_endorsement():
    most = f"{FIRE}{ROCKET} going all in: bullish, buying, accumulating"     # 3 + 2 + 3 + 2 = 10
    assert score(source="Yieldschool", message=most, dan_endorsed=1.0) == 12


@pytest.mark.parametrize(("reactions", "message", "expected"), [
    ({FIRE: 10, "thumbsup": 4}, "", np.nan),                    # 14 < 15
    ({FIRE: 10, "thumbsup": 5}, "", 6),
    ({FIRE: 10, "thumbsup": 5, "bear": 30}, "", 6),             # other reactions do not count
    ({FIRE: 20}, "", 7),
    ({FIRE: 25}, "", 8),
    ({FIRE: 12, ROCKET: 12, GEM: 6}, "", 9),
    ({FIRE: 300}, "", 9),
    ({FIRE: 300}, "earnings and a moat", 10),                   # one point, however many words
    ({FIRE: 15}, "to the moon, lambo", 5),
    ({FIRE: 15}, ROCKET * 3, 5),
    ({FIRE: 15}, ROCKET * 2, 6),
])
def test_dumb_money_original_rule(reactions, message, expected):
    np.testing.assert_equal(score(source="Dumb Money", reactions=reactions, message=message), expected)


@pytest.mark.parametrize(("reactions", "expected"), [
    ({ROCKET: 4}, np.nan),                                      # 4 < 5 reactions
    ({ROCKET: 2, FIRE: 2, "other": 1}, 10 * (6 + 5 + 0.1) / 20),
    ({"100": 2, "eyes": 3}, 10 * (3 + 3) / 20),
    ({ROCKET: 50}, 10),
])
def test_dumb_money_newer_rule(reactions, expected):
    row = signal(source="dumbmoney-discord", reactions=reactions)
    np.testing.assert_allclose(scored(row, dumbmoney_score="newer")["rule_score"], [expected])


def test_a_dumb_money_signal_of_48_hours_is_ignored_when_the_decision_is_given():
    rows = [signal(source="Dumb Money", reactions={FIRE: 20}, age_hours=age) for age in (47.9, 48)]
    decided_at = pd.DatetimeIndex([NOW, NOW])
    assert scored(*rows, decided_at=decided_at)["rule_score"].fillna(-1).tolist() == [7, -1]
    assert scored(*rows)["rule_score"].tolist() == [7, 7]


@pytest.mark.parametrize(("facts", "expected"), [
    ({}, 6),
    ({"liquidity": 99_999.0}, 4),
    ({"liquidity": 100_000.0}, 6),
    ({"liquidity": 1_000_001.0}, 7),
    ({"dex_count": 0.0}, 5),
    ({"volume_now": 49_999.0}, 5),
    ({"change_1d": 1.01}, 3),
    ({"change_1d": 1.0}, 6),
    ({"honeypot_score": 0.5, "liquidity": 2e6}, 0),
    ({"liquidity": 1.0, "change_1d": 2.0, "dex_count": 0.0, "volume_now": 1.0}, 0),    # 6 - 7 is cut at 0
])
def test_overlay_of_crypto(facts, expected):
    row = signal(source="Dumb Money", asset_type="crypto", reactions={FIRE: 15}, **facts)
    assert scored(row, overlay=True)["rule_score"].tolist() == [expected]


NEUTRAL = "The company sells tractors to farmers in three countries."       # 50 to 200 characters: thesis 5


@pytest.mark.parametrize(("message", "trends", "expected"), [
    (NEUTRAL, (), 6),
    (NEUTRAL, (30, 20, 10, 100), 7),                            # rising
    (NEUTRAL, (30, 20, 40, 100), 6),
    (NEUTRAL, (30, 40, 40, 100), 4),                            # below half of the peak and falling
    (NEUTRAL, (60, 70, 40, 100), 6),
    (NEUTRAL + " Moat, market share.", (), 6 + 1 + 1),          # quality word of the rule; thesis 5 + 2 = 7
    ("short", (), 6),                                           # thesis 5 - 1 = 4
    ("moon", (), 6 - 1 - 2),                                    # hype of the rule; thesis 5 - 2 - 1 = 2
])
def test_overlay_of_stocks(message, trends, expected):
    names = ("trends_now", "trends_7d_ago", "trends_30d_ago", "trends_peak")
    row = signal(source="Dumb Money", asset_type="stock", reactions={FIRE: 15}, message=message,
                 **dict(zip(names, map(float, trends), strict=False)))
    assert scored(row, overlay=True)["rule_score"].tolist() == [expected]


def test_statuses():
    plain = {"source": "Yieldschool", "asset_type": "crypto"}
    rows = [
        signal(**plain, message="fine"), signal(**plain, message=f"bullish, buying {FIRE}"),
        signal(**plain, message=f"bullish, buying, accumulating {FIRE}"),
        signal(**plain, message=f"bullish, buying, accumulating {FIRE}{ROCKET}"),
        signal(**plain, message="fine", mention_count=3.0), signal(**plain, message="Dan likes it"),
        signal(source="Dumb Money", reactions={FIRE: 20}), signal(source="Dumb Money", reactions={FIRE: 1})]
    assert scored(*rows)["rule_status"].tolist() == [
        "RED", "YELLOW", "YELLOW+", "GREEN", "GREEN", "GREEN", "GREEN", "ignored"]


def test_a_rejected_signal_is_not_lifted_to_green():
    row = signal(source="Yieldschool", asset_type="crypto", message="Dan likes it", honeypot_score=0.9)
    assert scored(row)["rule_status"].tolist() == ["GREEN"]
    assert scored(row, overlay=True)["rule_status"].tolist() == ["RED"]


def test_rule_follows_the_source():
    rows = [signal(source=source, message="bullish", reactions={FIRE: 15})
            for source in ("Yieldschool-MidCaps", "Dumb Money", "some other room", "")]
    names = scored(*rows)["rule_name"].tolist()
    assert names == ["Yieldschool text", "Dumb Money reactions", "Yieldschool text", "Yieldschool text"]


def test_what_a_rule_cannot_read_is_not_scored():
    known = scored(signal(source="Yieldschool"), signal(source="Dumb Money"))
    assert known["rule_score"].isna().all()
    assert known["rule_name"].tolist() == ["none", "none"]


@pytest.mark.parametrize("overlay", [False, True])
def test_a_recorded_endorsement_is_read_but_a_recorded_zero_alone_is_not(overlay):
    plain = {"source": "Yieldschool", "asset_type": "crypto", "liquidity": 500_000.0}
    rows = scored(signal(**plain, dan_endorsed=0.0), signal(**plain, dan_endorsed=0.0, mention_count=3.0),
                  signal(**plain, dan_endorsed=1.0), signal(**plain, dan_endorsed=0.0, message="fine"),
                  signal(**plain, dan_endorsed=0.0, recorded_score=7.0), overlay=overlay)
    np.testing.assert_equal(rows["rule_score"].to_numpy(), [np.nan, np.nan, 3 + 2, 3, 7])
    assert rows["rule_name"].tolist() == ["none", "none", "Yieldschool text", "Yieldschool text", "score of the file"]
    assert rows["rule_status"].tolist()[:2] == ["ignored", "ignored"]


def test_the_highest_score_is_that_of_an_endorsed_stock_with_rising_interest_and_a_good_thesis():
    message = f"{FIRE}{ROCKET} going all in: bullish, buying, accumulating; moat, earnings, market share"
    best = {"source": "Yieldschool", "message": message, "dan_endorsed": 1.0}
    trends = {"trends_now": 30.0, "trends_7d_ago": 20.0, "trends_30d_ago": 10.0, "trends_peak": 30.0}
    rows = scored(signal(**best, asset_type="stock", **trends),
                  signal(**best, asset_type="crypto", liquidity=2e6, dex_count=3.0), overlay=True)
    assert rows["rule_score"].tolist() == [10 + 2 + 1 + 1, 10 + 2 + 1]
    assert HIGHEST_RULE_SCORE == 14


def test_the_score_of_the_file_stands_in_for_a_missing_text():
    rows = scored(signal(source="Yieldschool-Dan", recorded_score=9.0, asset_type="crypto", liquidity=1.0),
                  signal(source="Yieldschool-Dan", recorded_score=9.0, message="fine"),
                  signal(source="Yieldschool-Dan"), overlay=True)
    assert rows["rule_score"].tolist() == [9, 5, 5]
    assert rows["rule_name"].tolist() == ["score of the file", "Yieldschool text", "Yieldschool text"]


def test_a_total_stands_for_the_reactions_that_the_original_counts():
    row = signal(source="DumbMoney", total_reactions=22.0)
    assert scored(row)["rule_score"].tolist() == [7]
    assert scored(row, dumbmoney_score="newer")["rule_score"].isna().all()


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="newest"):
        scored(signal(), dumbmoney_score="newest")


@pytest.mark.parametrize(("message", "family", "expected"), [
    ("THE $SOL and RNDR, ETH for AI and HPC", "yieldschool", ("SOL", "RNDR")),
    ("$ETH and $AI are tags", "yieldschool", ("ETH", "AI")),
    ("$F $TOOLONG ASTS", "dumbmoney", ("F",)),
    ("$F alone, FAMILY, TAO-based, IT'S $100 https://x.io/GMX", "other", ()),
    ("TAO TAO $TAO", "yieldschool", ("TAO",)),
    ("Tao tao", "yieldschool", ()),
])
def test_tickers_of_a_message(message, family, expected):
    assert extract_tickers(message, family) == expected


def test_only_symbols_of_the_exchange_are_tickers():
    assert extract_tickers("HUGE $TAO $NOPE", "yieldschool", {"TAO"}) == ("TAO",)
