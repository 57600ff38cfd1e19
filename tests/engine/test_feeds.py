"""Frames that a feed takes and those that it refuses."""

from __future__ import annotations

import backtrader as bt
import pandas as pd
import pytest
from script import frame

from backtrader_system.engine.cerebro import PanelCerebro
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.errors import DataError

BARS = [(10, 11, 9, 10), (10, 12, 9, 11)]


class LastBar(bt.Strategy):
    def next(self):
        self.seen = (self.data.open[0], self.data.close[0], self.data.volume[0])


def run(table):
    cerebro = PanelCerebro()
    cerebro.adddata(ScoredBars(dataname=table, name="A"))
    cerebro.addstrategy(LastBar)
    return cerebro.run()[0]


def test_capital_letters_do_not_matter():
    assert run(frame(BARS).rename(columns=str.title)).seen == (10, 11, 1e6)


def test_volume_may_be_missing():
    opened, closed, volume = run(frame(BARS).drop(columns="volume")).seen
    assert (opened, closed) == (10, 11)
    assert volume != volume


@pytest.mark.parametrize(("change", "what"), [
    pytest.param(lambda t: t.drop(columns="close"), "feed 'A': no column close; found open, high, low", id="no close"),
    pytest.param(lambda t: t.reset_index(drop=True), "must hold dates without time or time zone", id="no dates"),
    pytest.param(lambda t: t.tz_localize("UTC"), "must hold dates without time or time zone", id="time zone"),
    pytest.param(lambda t: t.shift(freq=pd.Timedelta(hours=16)), "2024-01-02 16:00:00", id="time of day"),
    pytest.param(lambda t: t[::-1], "2024-01-02 does not come after the one before it", id="unsorted"),
])
def test_other_frames_are_refused(change, what):
    with pytest.raises(DataError, match="feed 'A'") as caught:
        run(change(frame(BARS)))
    assert what in str(caught.value)
