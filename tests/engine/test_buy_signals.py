"""The index of buy signals says for every session what a look at every feed says."""

from __future__ import annotations

import numpy as np
import pytest
from script import Scripted, frame

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.cerebro import PanelCerebro
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.ranking import rank_by_session

THRESHOLD = 0.5


def frames(seed):
    """Four symbols that start and end on different days; scores of few values, so that many are equal."""
    stream, tables = np.random.default_rng(seed), {}
    for name, (first, last) in {"D": (0, 30), "B": (5, 30), "C": (0, 20), "A": (2, 28)}.items():
        n = 30
        table = frame(
            [(10, 11, 9, 10)] * n, score=stream.choice([0.2, 0.5, 0.8, 0.9], n),
            direction=stream.choice([-1.0, 0.0, 1.0], n, p=[0.1, 0.3, 0.6]),
            is_member=stream.choice([0.0, 1.0], n, p=[0.2, 0.8]))
        tables[name] = table.iloc[first:last]
    return tables


def expected(tables, session):
    """Sort the rows of one session by hand: usable by score and name, the others in any order."""
    rows = [(name, table.loc[session]) for name, table in tables.items() if session in table.index]
    buys = [(name, row) for name, row in rows if row["direction"] > 0]
    members = [(name, row) for name, row in buys if row["is_member"] > 0]
    usable = sorted((-row["score"], name) for name, row in members if row["score"] >= THRESHOLD)
    low = {name for name, row in members if row["score"] < THRESHOLD}
    return [name for _, name in usable], low, {name for name, _ in buys} - {name for name, _ in members}


@pytest.mark.parametrize("runonce", [True, False], ids=["index", "every feed"])
@pytest.mark.parametrize("seed", range(5))
def test_signals_are_sorted_by_score_and_name(seed, runonce):
    tables, seen = frames(seed), {}

    def look(strategy):
        signals = strategy.buy_signals(THRESHOLD)
        names = [[data._name for data in feeds] for feeds in signals]
        seen[strategy.data.num2date(strategy.datetime[0]).strftime("%Y-%m-%d")] = names

    cerebro = PanelCerebro()
    cerebro.broker = ContractBroker()
    for name, table in tables.items():
        cerebro.adddata(ScoredBars(dataname=table, name=name))
    cerebro.addstrategy(Scripted, script=dict.fromkeys(range(30), look))
    cerebro.run(runonce=runonce)
    assert len(seen) == 30
    for session, (usable, low, outside) in seen.items():
        assert (usable, set(low), set(outside)) == expected(tables, session)


@pytest.mark.parametrize("strengths", [10, 1_000_000], ids=["many equal", "few equal"])
def test_ranking_is_that_of_a_stable_sort(strengths):
    stream = np.random.default_rng(1)
    rows, strength = stream.integers(0, 40, 3_000), stream.integers(0, strengths, 3_000) / strengths
    assert rank_by_session(rows, strength).tolist() == np.lexsort((-strength, rows)).tolist()
