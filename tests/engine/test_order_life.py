"""Orders that fill in parts, are cancelled, expire, meet splits or each other."""

from __future__ import annotations

import datetime

import backtrader as bt
import pandas as pd
import pytest
from script import frame, play

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.extensions import load_strategy
from backtrader_system.engine.feeds import ScoredBars
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.sizers import FixedFraction
from backtrader_system.engine.slippage import Slippage
from backtrader_system.errors import StrategyError
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.market_data.panel import panel_from_table

FLAT = (100, 101, 99, 100)


def test_order_too_large_takes_nothing_from_the_next():
    frames = {"A": frame([FLAT] * 3), "B": frame([FLAT] * 3)}

    def buy_both(s):
        s.buy(data=s.getdatabyname("A"), size=500)
        s.buy(data=s.getdatabyname("B"), size=5)
    run = play(frames, {0: buy_both})
    assert run.fills == [(3, "B", 5, 100)]
    assert run.statuses(1)[-1] == ("rejected", "not enough cash at the close of the decision")


def test_touched_stop_that_fills_in_part_sells_the_rest_at_the_next_opens():
    bars = frame([FLAT, FLAT, (100, 101, 90, 98), (98, 99, 97, 98), (101, 102, 100, 101), FLAT], volume=40)
    run = play(bars.assign(volume=[1000, 1000, 40, 40, 40, 40]),
               {0: lambda s: s.buy(size=10, protection=Protection(stop_fraction=0.08))},
               broker=ContractBroker(cash=10_000, max_participation_fraction=0.1))
    assert run.fills == [(3, "A", 10, 100), (4, "A", -4, 92), (5, "A", -4, 98), (8, "A", -2, 101)]


def test_distance_of_a_stop_shrinks_with_a_split_before_the_fill():
    bars = frame([FLAT, (10, 10.1, 9.9, 10), (10, 10.1, 9.4, 9.6), FLAT], split_ratio=[1, 10, 1, 1])
    run = play(bars, {0: lambda s: s.buy(size=1, protection=Protection(stop_distance=5.0))})
    assert run.fills == [(3, "A", 10, 10), (4, "A", -10, 9.5)]


def test_order_cancelled_in_the_session_of_its_submission_never_fills():
    run = play(frame([FLAT] * 3), {0: lambda s: s.cancel(s.buy(size=1))})
    assert run.fills == []
    assert run.statuses(1) == [("submitted", ""), ("cancelled", "cancelled by the strategy")]


def test_expired_order_says_so():
    until = datetime.datetime(2024, 1, 4)
    run = play(frame([FLAT] * 6), {0: lambda s: s.buy(size=1, exectype=bt.Order.Limit, price=50.0, valid=until)})
    assert run.statuses(1)[-1] == ("expired", "expired")


def test_short_sale_goes_on_after_a_partial_fill():
    run = play(frame([FLAT] * 6, volume=100), {0: lambda s: s.sell(size=30)},
               broker=ContractBroker(cash=10_000, allow_short=True, max_participation_fraction=0.1))
    assert [fill[2] for fill in run.fills] == [-10, -10, -10]


def test_odd_split_of_a_short_position_moves_no_money():
    bars = frame([FLAT, FLAT, (100 / 1.5,) * 4, (100 / 1.5,) * 4], split_ratio=[1, 1, 1.5, 1])
    run = play(bars, {0: lambda s: s.sell(size=31)}, broker=ContractBroker(cash=10_000, allow_short=True))
    assert run.equity["equity"].tolist() == pytest.approx([10_000] * 4)


def test_fill_that_turns_a_position_round_pays_one_minimum():
    run = play(frame([FLAT] * 4), {0: lambda s: s.buy(size=10), 1: lambda s: s.sell(size=20)},
               broker=ContractBroker(cash=10_000, allow_short=True), commission=StockCommission(minimum=5.0))
    assert run.orders["commission"].sum() == 10.0


def test_buy_that_covers_part_of_a_short_gets_no_stop():
    run = play(frame([FLAT] * 4), {
        0: lambda s: s.sell(size=10), 1: lambda s: s.buy(size=5, protection=Protection(stop_fraction=0.08))},
        broker=ContractBroker(cash=10_000, allow_short=True))
    assert set(run.orders["order_type"]) == {"market"}


def test_trailing_stop_takes_one_distance():
    with pytest.raises(ValueError, match="trail_fraction or trail_distance, not both"):
        Protection(trail_fraction=0.05, trail_distance=15.0)


def test_impact_knows_the_bars_before_the_first_one_of_the_feed():
    bars = frame([FLAT] * 3, daily_volatility=0.02, average_volume=10_000.0)
    run = play(bars, {0: lambda s: s.buy(size=25)}, broker=ContractBroker(
        cash=10_000, slippage=Slippage(impact_coefficient=1.0)))
    assert run.fills == [(3, "A", 25, round(100 * (1 + 0.02 * (25 / 10_000) ** 0.5), 6))]


def strategy_run(bars, broker=None, **parameters):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = broker or ContractBroker(cash=10_000)
    cerebro.adddata(ScoredBars(dataname=bars, name="A"))
    cerebro.addstrategy(load_strategy("ml_trading"), **parameters)
    cerebro.addsizer(FixedFraction, fraction=0.5)
    from backtrader_system.engine.extensions import load_analyzer
    cerebro.addanalyzer(load_analyzer("order_log"), _name="orders")
    strategy = cerebro.run()[0]
    log = strategy.analyzers.orders.table()
    fills = log[log["status"].isin(["filled", "partly_filled"])]
    return strategy, log, [(row.session.day, row.size) for row in fills.itertuples()]


def test_sell_signal_ends_a_waiting_entry_and_sells_what_it_bought():
    bars = frame([FLAT] * 6, volume=100, score=0.95, direction=[1, 0, -1, 0, 0, 0])
    _, log, fills = strategy_run(bars, ContractBroker(cash=10_000, max_participation_fraction=0.1))
    assert fills == [(3, 10), (4, 10), (5, -10), (8, -10)]
    ended = log[log["status"] == "cancelled"]
    assert "its signal is gone" in set(ended["reason"])


def test_stop_ends_what_is_left_of_its_entry():
    bars = frame([FLAT, FLAT, (100, 101, 80, 85), FLAT, FLAT, FLAT], score=0.95, direction=[1, 0, 0, 0, 0, 0],
                 volume=100)
    _, _, fills = strategy_run(bars, ContractBroker(cash=10_000, max_participation_fraction=0.1))
    assert sum(size for _, size in fills) == 0
    assert all(size < 0 for day, size in fills if day > 4)


def test_new_position_at_the_open_that_stopped_the_old_one_starts_afresh():
    bars = frame([FLAT, FLAT, (100, 101, 89, 90), (80, 82, 79, 81), (81, 82, 80, 81), (81, 82, 80, 81)],
                 score=[0.9, 0, 0.6, 0, 0, 0], direction=[1, 0, 1, 0, 0, 0])
    strategy, _, fills = strategy_run(bars, stop_loss_fraction=0.15)
    assert sorted(fills) == [(3, 50), (5, -50), (5, 2)]     # 0.5 * 9,500 / 90 = 52 shares, 50 of them held
    (entry,) = strategy.entries.values()
    assert (entry.entry_score, entry.entry_bar) == (0.6, 4)


def test_partial_sale_and_stop_in_one_bar_end_flat_even_if_shorts_are_allowed():
    bars = frame([FLAT, FLAT, FLAT, (90, 91, 89, 90), (90, 91, 89, 90)], score=[0.95, 0.8, 0.8, 0, 0],
                 direction=[1, -1, -1, 0, 0])
    strategy, _, fills = strategy_run(bars, ContractBroker(cash=10_000, allow_short=True))
    assert sum(size for _, size in fills) == 0
    assert strategy.position.size == 0


def test_strategy_refuses_a_broker_that_would_ignore_its_stop():
    with pytest.raises(StrategyError, match="stop_loss_fraction: broker BackBroker does not act on them"):
        strategy_run(frame([FLAT] * 3), bt.brokers.BackBroker(cash=10_000))
    strategy_run(frame([FLAT] * 3), bt.brokers.BackBroker(cash=10_000), stop_loss_fraction=None)


def test_fixed_sizes_do_not_grow_to_the_invested_floor():
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = ContractBroker(cash=10_000)
    cerebro.adddata(ScoredBars(dataname=frame([FLAT] * 3, score=0.9, direction=1), name="A"))
    cerebro.addstrategy(load_strategy("ml_trading"))
    cerebro.addsizer(FixedFraction, fraction=0.1, target_invested_floor=0.75)
    assert cerebro.run()[0].position.size == 10


def test_orders_that_end_in_the_last_session_are_logged_with_their_end():
    sent = []
    run = play(frame([FLAT] * 3), {
        1: lambda s: sent.append(s.buy(size=1, exectype=bt.Order.Limit, price=50.0)),
        2: lambda s: [s.cancel(sent[0]), s.buy(size=float("nan"))]})
    assert run.statuses(1) == [("submitted", ""), ("cancelled", "cancelled by the strategy")]
    assert [status for status, _ in run.statuses(2)] == ["submitted", "rejected"]


def test_order_for_the_day_expires_before_the_next_session():
    run = play(frame([FLAT] * 3), {0: lambda s: s.buy(
        size=1, exectype=bt.Order.Limit, price=100.0, valid=datetime.timedelta(0))})
    assert run.statuses(1)[-1] == ("expired", "expired")


def test_order_can_be_printed_as_in_stock_backtrader():
    printed = []
    bars = {0: lambda s: printed.append(str(s.buy(size=2)))}
    for broker in (None, bt.brokers.BackBroker(cash=10_000)):
        play(frame([FLAT] * 2), bars, broker=broker)
    ours, theirs = ([line for line in text.splitlines() if not line.startswith(("Ref:", "Info:"))] for text in printed)
    assert ours == theirs


def test_order_of_a_group_ends_with_the_reason_whatever_ran_before():
    def pair(s):
        first = s.buy(size=1, exectype=bt.Order.Limit, price=99.5)
        s.buy(size=1, exectype=bt.Order.Stop, price=120.0, oco=first)
    run = play(frame([FLAT] * 3), {0: pair})
    assert run.statuses(2)[-1] == ("cancelled", "another order of its group filled")


def pair_of_group(s):
    data = s.getdatabyname("A")
    first = s.buy(data, size=4, exectype=bt.Order.Limit, price=50.0)
    s.buy(data, size=4, exectype=bt.Order.Stop, price=150.0, oco=first)


def test_orders_of_a_group_end_once_when_their_symbol_is_delisted():
    run = play({"A": frame([FLAT, FLAT]), "B": frame([FLAT] * 4)}, {0: pair_of_group})
    assert run.strategy.notified.count(("A", "Canceled")) == 2
    assert [run.statuses(number)[-1] for number in (1, 2)] == [
        ("cancelled", "symbol delisted"), ("cancelled", "another order of its group ended")]


def test_split_that_ends_one_order_of_a_group_leaves_the_size_of_the_others():
    bars = frame([FLAT, FLAT, (1000, 1010, 990, 1000), FLAT], split_ratio=[1, 1, 0.1, 1])
    run = play(bars, {0: pair_of_group})
    ends = run.orders[run.orders["status"] == "cancelled"]
    assert ends[["size", "reason"]].values.tolist() == [
        [0, "split 0.1 leaves no whole share"], [4, "another order of its group ended"]]


def test_gap_through_entry_and_stop_of_a_bracket_reconciles():
    bars = frame([(100, 101, 99, 100), (90, 91, 89, 90), (90, 91, 89, 90)])
    run = play(bars, {0: lambda s: s.buy_bracket(size=10, price=99.0, stopprice=95.0, limitprice=110.0)})
    assert run.fills == [(3, "A", 10, 90), (3, "A", -10, 90)]       # limit 99 and stop 95: both fill at the open of 90
    panel = panel_from_table(bars.rename_axis("session").reset_index().assign(symbol="A"))
    actions = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {
        "session": "datetime64[ns]", "symbol": "str", "kind": "str", "ratio": float, "shares": float,
        "amount": float}.items()})
    assert reconcile(panel, run.orders, run.trades, run.equity, actions, initial_capital=10_000.0) == []


def test_options_without_effect_are_refused():
    for options in ({"slip_perc": 0.01}, {"slip_fixed": 0.5}, {"coc": True}, {"filler": bt.fillers.FixedSize(size=5)}):
        with pytest.raises(StrategyError, match="does not act on " + next(iter(options))):
            play(frame([FLAT, FLAT]), {}, broker=ContractBroker(**options))


def test_children_of_a_short_bracket_live_from_an_entry_inside_the_bar():
    bars = frame([FLAT, (100, 106, 99, 104), (104, 105, 94, 95)])
    run = play(bars, {0: lambda s: s.sell_bracket(size=10, price=105.0, stopprice=110.0, limitprice=96.0)},
               broker=ContractBroker(cash=10_000, allow_short=True))
    assert run.fills == [(3, "A", -10, 105), (4, "A", 10, 96)]
