"""A strategy in ordinary Backtrader style, with Backtrader's own parts, sees no difference under our Cerebro."""

from __future__ import annotations

import datetime
import io
from dataclasses import replace

import backtrader as bt
import pandas as pd
import pytest
from market import (
    Setup,
    assert_same_diary,
    cerebro_of,
    market,
    our_feed,
    plain,
    results_of,
    run_ours,
    run_stock,
    run_with,
    stock_feed,
)
from ordinary_strategy import ANALYZERS, CrossAndHold

from backtrader_system.engine.cerebro import PanelCerebro


def setup_of(lives=("whole", "late", "ended", "holes"), seed=3, n_sessions=90, **options) -> Setup:
    defaults = {
        "strategy": CrossAndHold, "broker": lambda: bt.brokers.BackBroker(cash=50_000.0),
        "commission": lambda: bt.CommissionInfo(commission=0.001), "analyzers": ANALYZERS,
        "adjust": lambda cerebro: cerebro.addsizer(bt.sizers.PercentSizer, percents=20)}
    return Setup(frames=market(seed, n_sessions, lives), **(defaults | options))


def assert_equal(setup):
    ours = run_ours(setup)
    assert_same_diary(ours, run_stock(setup))
    return ours


MODES = [{}, {"runonce": False}, {"preload": False, "runonce": False}]


@pytest.mark.parametrize("modes", MODES)
@pytest.mark.parametrize("lives", [("whole",) * 3, ("whole", "late", "whole"), ("whole", "holes", "ended")])
def test_indicators_notifications_and_all_stock_analyzers_are_equal(lives, modes):
    ours = assert_equal(setup_of(lives, modes=modes))
    assert sum(event[0] == "trade" for event in ours.events) > 3


@pytest.mark.parametrize("modes", [*MODES, {"exactbars": -1}])
def test_arithmetic_between_feeds_is_equal(modes):
    assert_equal(setup_of(("whole", "whole"), modes=modes, parameters={"pair": True}))


def test_arithmetic_between_feeds_is_equal_with_little_memory():
    # TradeAnalyzer miscounts the NumPy numbers that Backtrader's own feed leaves there.
    others = {name: analyzer for name, analyzer in ANALYZERS.items() if name != "trades"}
    assert_equal(setup_of(("whole", "whole"), modes={"exactbars": 1}, parameters={"pair": True, "back": 0},
                          analyzers=others))


def test_arithmetic_between_feeds_of_unequal_length_is_equal_bar_by_bar():
    assert_equal(setup_of(("whole", "holes"), modes={"runonce": False}, parameters={"pair": True}))


@pytest.mark.parametrize(("sizer", "options"), [
    (bt.sizers.FixedSize, {"stake": 7}), (bt.sizers.FixedReverser, {"stake": 3}), (bt.sizers.AllInSizerInt, {}),
    (bt.sizers.PercentSizerInt, {"percents": 30}),
])
def test_stock_sizers_are_equal(sizer, options):
    assert_equal(setup_of(("whole", "late"), adjust=lambda cerebro: cerebro.addsizer(sizer, **options)))


def observe(cerebro):
    for observer in (bt.observers.Broker, bt.observers.DrawDown, bt.observers.TimeReturn, bt.observers.FundValue):
        cerebro.addobserver(observer)
    cerebro.addobservermulti(bt.observers.BuySell, barplot=True)
    cerebro.addobserver(bt.observers.DataTrades)


def observed(strategy) -> list:
    return [(type(observer).__name__, plain([list(line.array) for line in observer.lines]))
            for observer in strategy.getobservers()]


@pytest.mark.parametrize("lives", [("whole", "whole"), ("whole", "holes", "ended")])
def test_observers_that_are_asked_for_are_equal(lives):
    setup = setup_of(lives, adjust=observe)
    ours, theirs = run_ours(setup), run_stock(setup)
    assert_same_diary(ours, theirs)
    assert observed(ours) == observed(theirs)
    assert {name for name, _ in observed(ours)} == {
        "Broker", "DrawDown", "TimeReturn", "FundValue", "BuySell", "DataTrades"}


def test_default_observers_and_what_needs_them_come_when_asked_for():
    yearly = {"year": (bt.analyzers.AnnualReturn, {})}
    setup = setup_of(("whole", "whole"), modes={"stdstats": True}, analyzers=yearly, n_sessions=300)
    ours, theirs = run_ours(setup), run_stock(setup)
    assert observed(ours) == observed(theirs)
    assert ours.stats.broker.value[0] == theirs.stats.broker.value[0] == ours.broker.getvalue()
    assert results_of(ours) == results_of(theirs)
    assert len(results_of(ours)["year"]) == 2


def test_observers_are_off_by_default():
    assert PanelCerebro().p.stdstats is False
    assert bt.Cerebro().p.stdstats is True


@pytest.mark.parametrize("lives", [("whole", "whole"), ("whole", "late", "ended")])
def test_writers_write_the_same_file(lives):
    texts = []
    for cerebro_class in (bt.Cerebro, PanelCerebro):
        out = io.StringIO()
        out.close, is_open = (lambda: None), out        # Backtrader closes it; its text is wanted afterwards
        setup = setup_of(lives, adjust=lambda cerebro, out=out: cerebro.addwriter(bt.WriterFile, csv=True, out=out))
        run_with(setup, cerebro_class, our_feed)
        texts.append(is_open.getvalue())
    assert len(texts[0].splitlines()) > 90
    assert texts[0] == texts[1]


@pytest.mark.parametrize("modes", [{}, {"runonce": False}])
def test_timers_are_equal(modes):
    ours = assert_equal(setup_of(("whole", "late"), parameters={"timers": True}, modes=modes))
    assert sum(event[0] == "timer" for event in ours.events) > 10


@pytest.mark.parametrize("modes", [{"cheat_on_open": True}, {"cheat_on_open": True, "broker_coo": False}])
def test_cheat_on_open_is_equal(modes):
    class AtTheOpen(CrossAndHold):
        def next_open(self):
            self.events.append(("open", len(self), self.data.open[0]))
            if self.data.open[0] < self.data.close[-1]:
                self.buy(self.data, size=1)

    assert_equal(setup_of(("whole", "whole"), strategy=AtTheOpen, modes=modes))


def weekly_too(cerebro, frames, feed):
    for name, frame in frames.items():
        data = feed(name, frame)
        cerebro.adddata(data)
        cerebro.resampledata(data, timeframe=bt.TimeFrame.Weeks, name=f"{name} weekly")


def replayed(cerebro, frames, feed):
    for name, frame in frames.items():
        cerebro.replaydata(feed(name, frame), timeframe=bt.TimeFrame.Weeks)


def with_limits(cerebro, frames, feed):
    for name, frame in frames.items():
        data = feed(name, frame)
        data.p.fromdate, data.p.todate = datetime.datetime(2024, 1, 20), datetime.datetime(2024, 5, 1)
        cerebro.adddata(data)


def filtered(cerebro, frames, feed):
    for name, frame in frames.items():
        data = feed(name, frame)
        data.addfilter(bt.filters.HeikinAshi)
        cerebro.adddata(data)


@pytest.mark.parametrize("add_feeds", [weekly_too, replayed, with_limits, filtered])
@pytest.mark.parametrize("lives", [("whole", "whole"), ("whole", "holes")])
def test_resampled_replayed_cut_and_filtered_feeds_are_equal(add_feeds, lives):
    parameters = {"fast": 2, "slow": 4} if add_feeds in (weekly_too, replayed) else {}
    # Backtrader's own PositionsValue fails as long as a weekly feed has no bar.
    others = {name: analyzer for name, analyzer in ANALYZERS.items() if name not in ("values", "pyfolio")}
    ours = assert_equal(setup_of(lives, n_sessions=120, add_feeds=add_feeds, parameters=parameters, analyzers=others))
    assert sum(event[0] == "next" for event in ours.events) > 20


def mixed(cerebro, frames, feed):
    for number, (name, frame) in enumerate(frames.items()):
        cerebro.adddata((feed if number % 2 else stock_feed)(name, frame))


@pytest.mark.parametrize("lives", [("whole", "whole"), ("whole", "late", "ended", "holes")])
def test_our_feeds_beside_plain_pandas_feeds_are_equal(lives):
    assert_equal(setup_of(lives, add_feeds=mixed))


def test_feed_of_other_hours_beside_daily_ones_is_equal():
    """Crypto closes at another time of day: two bars of one date are two steps for Backtrader."""
    def with_evening_feed(cerebro, frames, feed):
        first, second = frames.items()
        cerebro.adddata(feed(*first))
        cerebro.adddata(stock_feed(second[0], second[1].set_axis(second[1].index + pd.Timedelta(hours=20))))

    assert_equal(setup_of(("whole", "whole"), add_feeds=with_evening_feed))


@pytest.mark.parametrize("workers", [1, 2])
def test_optimisation_is_equal(workers):
    found = []
    for cerebro_class, feed in ((bt.Cerebro, stock_feed), (PanelCerebro, our_feed)):
        cerebro = cerebro_of(replace(setup_of(("whole", "late")), strategy=Nothing), cerebro_class, feed)
        cerebro.strats.clear()
        cerebro.optstrategy(CrossAndHold, fast=[3, 5], slow=[9, 12])
        runs = cerebro.run(maxcpus=workers)
        found.append([(vars(run[0].p), results_of(run[0])) for run in runs])
    assert [plain(result) for _, result in found[0]] == [plain(result) for _, result in found[1]]
    assert len(found[0]) == 4


class Nothing(bt.Strategy):
    """Stands in until `optstrategy` names the strategies."""


def test_one_cerebro_runs_twice_with_the_same_result():
    cerebro = cerebro_of(setup_of(), PanelCerebro, our_feed)
    first = cerebro.run()[0]
    second = cerebro.run()[0]
    assert plain(first.events) == plain(second.events)


def test_two_strategies_in_one_cerebro_are_equal():
    found = []
    for cerebro_class, feed in ((bt.Cerebro, stock_feed), (PanelCerebro, our_feed)):
        cerebro = cerebro_of(setup_of(("whole", "late")), cerebro_class, feed)
        cerebro.addstrategy(CrossAndHold, fast=3)
        found.append([plain(strategy.events) for strategy in cerebro.run()])
    assert found[0] == found[1]


def test_values_can_be_read_after_the_run_as_in_stock():
    setup = setup_of(("whole", "late"))
    ours, theirs = run_ours(setup), run_stock(setup)
    for mine, stock in zip(ours.datas, theirs.datas, strict=True):
        assert (len(mine), mine.buflen()) == (len(stock), stock.buflen())
        assert list(mine.close.array) == list(stock.close.array)
        assert list(mine.close.get(size=len(mine))) == list(stock.close.get(size=len(stock)))
        assert mine.datetime.date(0) == stock.datetime.date(0)
        assert mine.num2date(mine.datetime[0]) == stock.num2date(stock.datetime[0])
