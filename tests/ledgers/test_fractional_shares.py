"""A token held by the billion in fractions: sums of floats that should be 0 and are not count as 0."""

from __future__ import annotations

from datetime import date

import pandas as pd
from small_run import DAYS, NAN, SmallBars, event

from backtrader_system.ledgers.replay import replay_fills
from backtrader_system.ledgers.round_trips import ActionRecord, FillRecord, round_trips
from backtrader_system.ledgers.schemas import ACTIONS, ORDERS, ledger_table
from backtrader_system.ledgers.trade_grouping import grouped_trades

BOUGHT = (802_421_343.971941, 784_894_080.003547, 769_943_899.715)


def test_sums_of_these_floats_leave_a_rest():
    assert sum(BOUGHT) - BOUGHT[2] - BOUGHT[1] - BOUGHT[0] != 0


def test_grouping_and_replay_find_the_position_closed():
    orders = []
    for number, size in enumerate([*BOUGHT, *(-size for size in reversed(BOUGHT))], start=1):
        day = 0 if size > 0 else 1
        orders += [event(number, 1, day, "A", size, "market", NAN, "submitted"),
                   event(number, 2, day + 1, "A", size, "market", SmallBars().open[day + 1, 0], "filled")]
    table, actions = ledger_table(ORDERS, orders), ledger_table(ACTIONS)
    trades = grouped_trades(SmallBars(), table, actions)
    assert trades["status"].tolist() == ["closed"]
    fills = table[table["status"] == "filled"]
    shares = replay_fills(fills, DAYS, ("A", "B"), initial_capital=1e12).shares
    assert (shares[2:] == 0).all()
    again = pd.concat([fills, fills.iloc[:1].assign(session=DAYS[4], size=3.0)])
    assert replay_fills(again, DAYS, ("A", "B"), initial_capital=1e12).shares[4:, 0].tolist() == [3.0, 3.0, 3.0]


def test_blotter_closes_what_a_split_has_rounded():
    before, ratio = 7_203_449_094.415573, 21.56320795046959
    after = before * ratio
    assert before + (after - before) - after != 0
    days = [date(2024, 1, day) for day in (2, 3, 4)]
    fills = [FillRecord(days[0], "A", before, 1e-5, 0.0, 0.0, 1), FillRecord(days[2], "A", -after, 1e-6, 0.0, 0.0, 3)]
    split = ActionRecord(days[1], "A", "split", after - before, 0.0, 2)
    assert round_trips(fills, [split], {})["status"].tolist() == ["closed"]
