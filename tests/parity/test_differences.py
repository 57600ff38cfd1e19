"""Each row of the table "Against stock Backtrader" in docs/engine.md, both sides on a tiny market."""

from __future__ import annotations

import re
from pathlib import Path

import backtrader as bt
import pytest
from script import frame, play

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.slippage import Slippage

Order = bt.Order
FLAT = (100, 101, 99, 100)


def both(frames, script, *, ours=None, theirs=None, commission=None, cash=10_000.0):
    """Return the outcome under our broker and under stock Backtrader's."""
    return (
        play(frames, script, broker=ContractBroker(cash=cash, **(ours or {})), commission=commission),
        play(frames, script, broker=bt.brokers.BackBroker(cash=cash, **(theirs or {})), commission=commission))


def a_and_b(s):
    return s.getdatabyname("A"), s.getdatabyname("B")


def test_stop_of_a_bracket_in_the_entry_bar():
    def bracket(s):
        s.buy_bracket(size=10, exectype=Order.Market, stopprice=92.0, limitprice=120.0)
    ours, theirs = both(frame([FLAT, (100, 101, 90, 95), (95, 96, 91, 95)]), {0: bracket})
    assert ours.fills == [(3, "A", 10, 100), (3, "A", -10, 92)]
    assert theirs.fills == [(3, "A", 10, 100), (4, "A", -10, 92)]


def test_slippage_beyond_the_bar():
    ours, theirs = both(
        frame([FLAT, (100, 100.5, 99, 100), FLAT]), {0: lambda s: s.buy(size=10)},
        ours={"slippage": Slippage(slippage_bps=100)}, theirs={"slip_perc": 0.01, "slip_open": True})
    assert ours.fills == [(3, "A", 10, 101)]
    assert theirs.fills == [(3, "A", 10, 100.5)]


def test_slippage_of_limit_orders():
    ours, theirs = both(
        frame([FLAT, (100, 101, 94, 100)]), {0: lambda s: s.buy(size=10, exectype=Order.Limit, price=95.0)},
        ours={"slippage": Slippage(slippage_bps=100)}, theirs={"slip_perc": 0.01, "slip_open": True, "slip_out": True})
    assert ours.fills == [(3, "A", 10, 95 * 1.01)]
    assert theirs.fills == [(3, "A", 10, 95)]


def test_orders_at_one_open():
    def swap(s):
        a, b = a_and_b(s)
        s.buy(b, size=95)
        s.sell(a, size=95)
    script = {0: lambda s: s.buy(a_and_b(s)[0], size=95), 1: swap}
    ours, theirs = both({"A": frame([FLAT] * 4), "B": frame([FLAT] * 4)}, script)
    assert sorted(ours.fills) == [(3, "A", 95, 100), (4, "A", -95, 100), (4, "B", 95, 100)]
    assert theirs.fills == [(3, "A", 95, 100), (4, "A", -95, 100)]         # B was judged before A brought its cash


def test_symbol_without_a_bar():
    halted = frame([FLAT, FLAT, (110, 111, 109, 110), FLAT]).drop(frame([FLAT] * 2).index[1])
    script = {0: lambda s: s.buy(a_and_b(s)[0], size=10, exectype=Order.Limit, price=99.5)}
    ours, theirs = both({"A": halted, "B": frame([FLAT] * 4)}, script)
    assert theirs.fills == [(2, "A", 10, 99.5)]         # on the bar at whose close the order was sent
    assert ours.fills == [(5, "A", 10, 99.5)]


def test_delisted_symbol():
    frames = {"A": frame([FLAT, FLAT, (100, 101, 89, 90)]), "B": frame([FLAT] * 6)}
    ours, theirs = both(frames, {0: lambda s: s.buy(a_and_b(s)[0], size=10)})
    assert ours.fills == [(3, "A", 10, 100), (5, "A", -10, 90)]
    assert theirs.fills == [(3, "A", 10, 100)]
    assert theirs.equity["equity"].iloc[-1] == 10_000 + 10 * (90 - 100)
    assert (ours.equity["positions"].iloc[-1], theirs.equity["positions"].iloc[-1]) == (0, 1)


def test_sale_beyond_the_position():
    script = {0: lambda s: s.buy(size=10), 1: lambda s: s.sell(size=25)}
    ours, theirs = both(frame([FLAT] * 4), script)
    assert ours.fills == [(3, "A", 10, 100), (4, "A", -10, 100)]
    assert theirs.fills == [(3, "A", 10, 100), (4, "A", -25, 100)]
    allowed, _ = both(frame([FLAT] * 4), script, ours={"allow_short": True})
    assert allowed.fills == theirs.fills


def test_order_rejected_for_cash():
    ours, theirs = both(frame([FLAT, (120, 121, 119, 120)]), {0: lambda s: s.buy(size=95)})
    assert ours.strategy.notified == theirs.strategy.notified
    assert theirs.strategy.notified[-1] == ("A", "Margin")
    assert ours.statuses(1)[-1] == ("rejected", "not enough cash at 120.00 a share (10,000.00 left)")
    assert "120.00" not in theirs.statuses(1)[-1][1]


def test_orders_after_a_rejected_one():
    def buy_both(s):
        a, b = a_and_b(s)
        s.buy(a, size=101)
        s.buy(b, size=1)
    ours, theirs = both({"A": frame([FLAT] * 3), "B": frame([FLAT] * 3)}, {0: buy_both})
    assert ours.fills == [(3, "B", 1, 100)]
    assert theirs.fills == []           # 10,000 - 101 * 100 < 0, and it stays below 0 for B


def test_resting_orders_and_cash():
    def rest_and_buy(s):
        a, b = a_and_b(s)
        s.buy(a, size=100, exectype=Order.Limit, price=90.0)
        s.buy(b, size=90)
    ours, theirs = both({"A": frame([FLAT] * 3), "B": frame([FLAT] * 3)}, {0: rest_and_buy})
    assert ours.fills == [(3, "B", 90, 100)]
    assert theirs.fills == []           # 10,000 - 100 * 90 leaves too little for 90 * 100


def test_cancel_in_the_session_of_submission():
    ours, theirs = both(frame([FLAT] * 3), {0: lambda s: s.cancel(s.buy(size=10))})
    assert ours.fills == []
    assert ours.statuses(1)[-1] == ("cancelled", "cancelled by the strategy")
    assert theirs.fills == [(3, "A", 10, 100)]


def test_minimum_commission_of_an_order_that_fills_in_parts():
    bars, script = frame([FLAT] * 4, volume=8), {0: lambda s: s.buy(size=10)}
    ours, theirs = both(bars, script, commission=StockCommission(minimum=1.0), ours={"max_participation_fraction": 0.5},
                        theirs={"filler": bt.fillers.FixedBarPerc(perc=50)})
    assert ours.fills == theirs.fills == [(3, "A", 4, 100), (4, "A", 4, 100), (5, "A", 2, 100)]
    assert (ours.orders["commission"].sum(), theirs.orders["commission"].sum()) == (1.0, 3.0)


def test_minimum_commission_of_a_reversal():
    script = {0: lambda s: s.buy(size=10), 1: lambda s: s.sell(size=25)}
    ours, theirs = both(frame([FLAT] * 4), script, ours={"allow_short": True},
                        commission=StockCommission(minimum=1.0))
    assert ours.orders["commission"].sum() == 1.0 + 1.0
    assert theirs.orders["commission"].sum() == 1.0 + 2.0       # once for the 10 closed, once for the 15 opened


def test_splits_and_dividends():
    bars = frame([FLAT, FLAT, (50, 51, 49, 50), (50, 51, 49, 50)], split_ratio=[1, 1, 2, 1], dividend=[0, 0, 0, 0.5])
    ours, theirs = both(bars, {0: lambda s: s.buy(size=10)})
    assert ours.equity["equity"].tolist() == [10_000, 10_000, 10_000, 10_000 + 20 * 0.5]
    assert theirs.equity["equity"].tolist() == [10_000, 10_000, 10_000 - 10 * 50, 10_000 - 10 * 50]


def test_stop_limit_that_is_surely_reached_after_its_stop():
    # The bar rises from 100 through the stop of 101 and closes at 100.2: on its way back it passed the limit of 100.5.
    bars = frame([FLAT, (100, 102, 99.5, 100.2), (100.2, 101, 100, 100.4)])
    script = {0: lambda s: s.buy(size=10, exectype=Order.StopLimit, price=101.0, plimit=100.5)}
    ours, theirs = both(bars, script)
    assert ours.fills == [(3, "A", 10, 100.5)]
    assert theirs.fills == [(4, "A", 10, 100.2)]


ROWS = {
    "stop of a bracket in the entry bar", "slippage beyond the bar", "slippage of limit orders", "orders at one open",
    "symbol without a bar", "delisted symbol", "sale beyond the position", "order rejected for cash",
    "orders after a rejected one", "resting orders and cash", "`cancel` in the session of submission",
    "minimum commission", "splits and dividends", "stop-limit that is surely reached after its stop",
}


def test_every_row_of_the_table_has_a_test_here():
    text = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()
    table = text.split("Where the contract differs")[1].split("\n## ")[0]
    rows = set(re.findall(r"^\| (.+?) \|", table, flags=re.M)) - {"rule"}
    assert rows == ROWS
    tests = {name for name, value in globals().items() if name.startswith("test_") and callable(value)}
    for row in ROWS:
        words = re.sub(r"\W+", "_", row.strip("`")).strip("_")
        assert any(words in name for name in tests), row


@pytest.mark.parametrize("kind", [Order.Market, Order.Limit, Order.Stop])
def test_elsewhere_both_fill_alike(kind):
    bars = frame([FLAT, (100, 104, 96, 102), (102, 105, 99, 100)])
    ours, theirs = both(bars, {0: lambda s: s.buy(size=10, exectype=kind, price=102.5 if kind == Order.Stop else 97.0)})
    level = {Order.Market: 100, Order.Limit: 97, Order.Stop: 102.5}[kind]
    assert ours.fills == theirs.fills == [(3, "A", 10, level)]
