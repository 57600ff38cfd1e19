"""Simulated signals: what they look like, and that they know no more than was planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from random_walks import closes_of, random_walks, with_other_future
from scipy.stats import spearmanr

from backtrader_system.errors import DataError, OutputError
from backtrader_system.settings.conviction import SimulatedSignalSettings
from backtrader_system.signals.conviction.fields import BLOCKS, NUMBERS
from backtrader_system.signals.conviction.history import as_of
from backtrader_system.signals.conviction.reading.read_signals import read_signals
from backtrader_system.signals.conviction.reading.signal_file import signals_to_csv, to_frame
from backtrader_system.signals.conviction.rules.rule_scores import rule_scores
from backtrader_system.signals.conviction.simulated.places import close_before, outcome_scores, place_signals
from backtrader_system.signals.conviction.simulated.signals import simulate_signals
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.decision import decision_rows
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

WINNER = {"label_days": 30, "label_gain": 0.3, "stop": 0.15}


def simulated(bars, *, n_signals=400, seed=7, skill=0.0, rule_skill=0.0, **options):
    settings = SimulatedSignalSettings(n_signals=n_signals, seed=seed, skill=skill, rule_skill=rule_skill)
    return simulate_signals(bars, closes_of(bars), settings, **(WINNER | options))


def known_and_outcomes(bars, history):
    closes, signals = closes_of(bars), history.signals
    column = pd.Index(bars.symbols).get_indexer(signals["ticker"])
    row = decision_rows(bars, closes, column, signals["signal_time"])
    outcomes = signal_outcomes(bars, row, column, BarrierRules(0.15, 0.3, 30))
    return as_of(history, signals["signal_id"].tolist(), closes[np.maximum(row, 0)]), outcomes


def assert_equal_histories(one, two):
    pd.testing.assert_frame_equal(one.signals, two.signals)
    for block in BLOCKS:
        pd.testing.assert_frame_equal(*(
            history.revisions[block].sort_values(["known_at", "signal_id"], ignore_index=True)
            for history in (one, two)))


def correlations(known, score):
    """Return the rank correlation of every number that varies with `score`."""
    found = {}
    for name in sorted(NUMBERS | {"dan_endorsed", "whale_buying"}):
        both = known[name].notna().to_numpy() & np.isfinite(score)
        if known[name][both].nunique() > 1:
            found[name] = spearmanr(known[name][both], score[both]).statistic
    return found


def test_history_is_as_agreed():
    bars = random_walks()
    history = simulated(bars)
    assert history.is_simulated
    assert set(history.revisions) == set(BLOCKS)
    assert history.signals["signal_id"].is_unique
    assert history.signals["signal_time"].is_monotonic_increasing
    assert set(history.signals["ticker"]) <= set(bars.symbols)
    assert set(history.signals["asset_type"]) == {"crypto"}
    for table in history.revisions.values():
        posted = table["signal_id"].map(history.signals.set_index("signal_id")["signal_time"])
        assert (table["known_at"] >= posted).all()
        assert (table["known_at"] <= closes_of(bars)[-1]).all()


def test_days_and_tickers_repeat_and_a_few_signals_are_not_settled():
    bars = random_walks()
    history = simulated(bars)
    _, outcomes = known_and_outcomes(bars, history)
    assert history.signals["signal_time"].dt.date.value_counts().max() >= 3
    assert history.signals["ticker"].value_counts().min() >= 2
    assert 0 < (~outcomes["is_mature"]).mean() < 0.08
    assert (outcomes["entry_session"].notna()).mean() > 0.99


def test_every_signal_has_thirty_bars_before_it():
    bars = random_walks()
    signals = simulated(bars).signals
    late = signals[signals["ticker"] == "COIN00"]                    # first bar in row 200
    assert len(late)
    assert late["signal_time"].min() >= bars.sessions[230].tz_localize("UTC")


def test_signals_stand_on_usable_sessions_only():
    bars = random_walks()
    usable = np.asarray(bars.sessions >= "2022-06-01")
    assert simulated(bars, is_usable=usable).signals["signal_time"].min() >= pd.Timestamp("2022-06-01", tz="UTC")


def test_reactions_grow_in_two_or_three_revisions():
    reactions = simulated(random_walks()).revisions["reactions"].sort_values("known_at")
    per_signal = reactions.groupby("signal_id")
    assert set(per_signal.size()) <= {1, 2, 3}
    assert set(per_signal.size()) >= {2, 3}
    for name in ("total_reactions", "unique_reactors", "comment_count", "mention_count"):
        assert (per_signal[name].diff().dropna() >= 0).all()
    assert (reactions["unique_reactors"] <= reactions["total_reactions"]).all()


def test_symbols_that_rest_on_weekends_are_stocks_without_a_chain():
    bars = random_walks(weekends=False)
    history = simulated(bars)
    assert set(history.signals["asset_type"]) == {"stock"}
    assert history.revisions["onchain"].empty
    assert history.signals["source"].str.lower().str.startswith("dumb").mean() > 0.8


def test_asset_types_can_be_given():
    history = simulated(random_walks(), asset_types={"COIN05": "stock"})
    kinds = history.signals.set_index("ticker")["asset_type"]
    assert set(kinds["COIN05"]) == {"stock"}
    assert set(kinds.drop("COIN05")) == {"crypto"}


def test_same_seed_gives_the_same_signals_and_another_seed_others():
    bars = random_walks()
    one = simulated(bars, skill=0.5)
    assert_equal_histories(one, simulated(bars, skill=0.5))
    assert not one.signals.equals(simulated(bars, skill=0.5, seed=8).signals)


@pytest.mark.parametrize("row", [150, 300])
def test_without_skill_signals_do_not_change_when_later_bars_do(row):
    """Where and what they say is unchanged; only prices mentioned after the change are others."""
    bars = random_walks()
    one, two = simulated(bars), simulated(with_other_future(bars, row))
    pd.testing.assert_frame_equal(one.signals, two.signals)
    for block in ("reactions", "trends", "onchain"):
        pd.testing.assert_frame_equal(one.revisions[block], two.revisions[block])
    one_message, two_message = one.revisions["message"], two.revisions["message"]
    pd.testing.assert_frame_equal(one_message.drop(columns="price_at_signal"),
                                  two_message.drop(columns="price_at_signal"))
    is_before = (one_message["known_at"] <= closes_of(bars)[row]).to_numpy()
    assert is_before.sum() > 50
    assert one_message["price_at_signal"][is_before].equals(two_message["price_at_signal"][is_before])
    assert not one_message["price_at_signal"].equals(two_message["price_at_signal"])


def test_with_skill_signals_change_when_later_bars_do():
    """The guard of the test above: planted skill is knowledge of the future."""
    bars = random_walks()
    one, two = simulated(bars, skill=0.5), simulated(with_other_future(bars, 300), skill=0.5)
    assert not one.revisions["onchain"].equals(two.revisions["onchain"])


def test_mentioned_price_is_near_the_last_close_before_the_signal():
    bars = random_walks()
    history = simulated(bars)
    message = history.revisions["message"].merge(history.signals, on="signal_id").dropna(subset="price_at_signal")
    row = np.searchsorted(closes_of(bars).asi8, message["signal_time"].astype("int64"), side="left") - 1
    column = pd.Index(bars.symbols).get_indexer(message["ticker"])
    ratio = message["price_at_signal"].to_numpy() / bars.close[row, column]
    assert np.abs(ratio - 1).max() < 0.03


@pytest.mark.parametrize("weekends", [True, False])
def test_without_skill_nothing_correlates_with_the_outcome(weekends):
    bars = random_walks(40, weekends=weekends)
    history = simulated(bars, n_signals=8_000)
    known, outcomes = known_and_outcomes(bars, history)
    gain = outcomes["max_gain"].to_numpy()
    found = correlations(known.drop(columns="price_at_signal").assign(price_at_signal=np.nan), gain)
    found["rules"] = rule_correlation(known, gain)
    assert {name: value for name, value in found.items() if abs(value) > 0.045} == {}       # four deviations


def rule_correlation(known, gain):
    score = rule_scores(known)["rule_score"].to_numpy()
    both = np.isfinite(score) & np.isfinite(gain)
    return spearmanr(score[both], gain[both]).statistic


@pytest.mark.parametrize("weekends", [True, False])
def test_skill_is_in_what_the_rules_do_not_read(weekends):
    bars = random_walks(40, weekends=weekends)
    known, outcomes = known_and_outcomes(bars, simulated(bars, n_signals=8_000, skill=0.9))
    gain = outcomes["max_gain"].to_numpy()
    found = correlations(known, gain)
    assert found["comment_count"] > 0.4
    if weekends:
        assert min(found["holder_growth_7d"], found["volume_authenticity"], -found["top10_share"]) > 0.4
    assert abs(rule_correlation(known, gain)) < 0.045
    assert abs(found["dan_endorsed"]) < 0.045


@pytest.mark.parametrize("weekends", [True, False])
def test_rule_skill_is_in_what_the_rules_count(weekends):
    bars = random_walks(40, weekends=weekends)
    known, outcomes = known_and_outcomes(bars, simulated(bars, n_signals=8_000, rule_skill=0.9))
    gain = outcomes["max_gain"].to_numpy()
    assert rule_correlation(known, gain) > 0.2
    assert correlations(known, gain)["dan_endorsed"] > 0.1
    assert abs(correlations(known, gain)["comment_count"]) < 0.045


def test_hidden_order_is_winners_of_the_barriers_first_then_the_highest_gain():
    bars, rules = random_walks(40), BarrierRules(0.15, 0.3, 30)
    closes, streams = closes_of(bars), [np.random.default_rng(number) for number in range(2)]
    places = place_signals(bars, closes, 4_000, 30, np.ones(len(bars.sessions), bool), streams[0])
    score = outcome_scores(bars, closes, places, rules, 30, streams[1])
    row = decision_rows(bars, closes, places.column, places.signal_time)
    outcomes = signal_outcomes(bars, row, places.column, rules).assign(score=score)
    settled = outcomes[outcomes["is_mature"]]
    won, others = settled[settled["won"] == 1], settled[settled["won"] != 1]
    assert won["score"].min() > others["score"].max()
    assert won["max_gain"].min() < others["max_gain"].max()             # so that the order is not that of gains
    assert others.sort_values("score")["max_gain"].is_monotonic_increasing
    assert (score.mean(), score.std()) == pytest.approx((0.0, 1.0), abs=0.06)


def test_a_close_at_the_very_instant_of_a_signal_is_not_before_it():
    bars = random_walks()
    closes, column = closes_of(bars), np.array([5, 5, 0])
    when = pd.DatetimeIndex([closes[100], closes[100] + pd.Timedelta(seconds=1), closes[100]])
    found = close_before(bars, closes, column, when)
    assert found[:2].tolist() == [bars.close[99, 5], bars.close[100, 5]]
    assert np.isnan(found[2])                                           # listed in row 200


def test_file_reads_back_equal(tmp_path):
    history = simulated(random_walks(), skill=0.5)
    signals_to_csv(history, tmp_path / "signals.csv")
    read = read_signals(tmp_path / "signals.csv", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert read.issues == ()
    assert_equal_histories(history, read)


def test_table_holds_one_row_per_revision_of_a_signal():
    history = simulated(random_walks(), n_signals=50)
    table = to_frame(history)
    assert len(table) == len(history.revisions["reactions"]["signal_id"]) + 50 - history.revisions["reactions"][
        "signal_id"].nunique()
    assert table["message"].notna().sum() == len(history.revisions["message"])
    assert "recorded_score" not in table


def test_unwritable_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(OutputError, match="no_folder"):
        signals_to_csv(simulated(random_walks(), n_signals=5), tmp_path / "no_folder" / "signals.csv")


def test_too_few_bars_are_an_error_that_says_so():
    bars = random_walks().take_sessions(slice(0, 20))
    with pytest.raises(DataError, match="30 bars before"):
        simulated(bars)
    with pytest.raises(DataError, match="no bars"):
        simulated(replace(bars.take_sessions(slice(0, 0))))
