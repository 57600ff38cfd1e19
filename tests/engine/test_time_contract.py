"""The time contract on bars that can be checked by hand; each rule that stock Backtrader breaks is shown on both."""

from __future__ import annotations

import backtrader as bt
import pytest
from script import frame, play

from backtrader_system.engine.broker import ContractBroker
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.protection import Protection
from backtrader_system.engine.slippage import Slippage

FLAT = (100, 101, 99, 100)


def stock(cash: float = 10_000.0, **params):
    return bt.brokers.BackBroker(cash=cash, **params)


def test_market_order_fills_at_the_next_open():
    run = play(frame([FLAT, (102, 103, 101, 102), FLAT]), {0: lambda s: s.buy(size=10)})
    assert run.fills == [(3, "A", 10, 102)]
    assert run.equity["cash"].tolist() == [10_000, 10_000 - 10 * 102, 10_000 - 10 * 102]
    assert run.equity["equity"].tolist() == [10_000, 10_000, 10_000 - 10 * 2]


BRACKET_BARS = frame([FLAT, (100, 104, 90, 101), (101, 102, 100, 101), FLAT])


def test_stop_is_live_in_the_entry_bar():
    run = play(BRACKET_BARS, {0: lambda s: s.buy(size=10, protection=Protection(stop_fraction=0.08))})
    assert [status for status, _ in run.statuses(2)] == ["submitted", "filled"]
    assert run.fills == [(3, "A", 10, 100), (3, "A", -10, 100 * (1 - 0.08))]
    assert run.trades["exit_reason"].tolist() == ["stop"]


def test_bracket_children_are_live_in_the_entry_bar_but_not_in_stock():
    def bracket(s):
        s.buy_bracket(size=10, exectype=bt.Order.Market, stopprice=92.0, limitprice=120.0)

    assert play(BRACKET_BARS, {0: bracket}).fills == [(3, "A", 10, 100), (3, "A", -10, 92)]
    assert play(BRACKET_BARS, {0: bracket}, broker=stock()).fills == [(3, "A", 10, 100)]


def test_bar_that_touches_stop_and_target_takes_the_stop_and_is_ambiguous():
    bars = frame([FLAT, FLAT, (100, 111, 91, 105), FLAT])
    protection = Protection(stop_fraction=0.08, target_fraction=0.10)
    run = play(bars, {0: lambda s: s.buy(size=10, protection=protection)})
    assert run.fills == [(3, "A", 10, 100), (4, "A", -10, 92)]
    assert run.trades["ambiguous"].tolist() == [True]
    assert run.statuses(3)[-1] == ("cancelled", "position closed")


def test_target_fills_at_its_level_and_is_not_ambiguous():
    bars = frame([FLAT, FLAT, (100, 111, 95, 105), FLAT])
    protection = Protection(stop_fraction=0.08, target_fraction=0.10)
    run = play(bars, {0: lambda s: s.buy(size=10, protection=protection)})
    assert run.fills == [(3, "A", 10, 100), (4, "A", -10, 110)]
    assert run.trades["ambiguous"].tolist() == [False]


def test_gap_through_the_stop_fills_at_the_open():
    run = play(frame([FLAT, FLAT, (80, 85, 79, 84), FLAT]),
               {0: lambda s: s.buy(size=10, protection=Protection(stop_fraction=0.08))})
    assert run.fills[1] == (4, "A", -10, 80)


def test_gap_through_the_target_fills_at_the_open():
    run = play(frame([FLAT, FLAT, (120, 125, 118, 121), FLAT]),
               {0: lambda s: s.buy(size=10, protection=Protection(target_fraction=0.10))})
    assert run.fills[1] == (4, "A", -10, 120)


def test_trailing_stop_follows_closes_and_never_falls():
    bars = frame([FLAT, (100, 101, 99, 100), (100, 111, 99, 110), (110, 112, 104, 105), (105, 106, 98, 99), FLAT])
    run = play(bars, {0: lambda s: s.buy(size=10, protection=Protection(trail_fraction=0.10))})
    # Closes 100, 110, 105 put the stop at 90, 99, 99; the low of 98 on the fifth day touches it.
    assert run.fills == [(3, "A", 10, 100), (8, "A", -10, 99)]
    assert run.trades["exit_reason"].tolist() == ["trailing_stop"]


def test_slippage_is_charged_beyond_the_bar_but_capped_in_stock():
    bars = frame([FLAT, (100, 100.5, 99, 100), FLAT])
    ours = play(bars, {0: lambda s: s.buy(size=10)}, broker=ContractBroker(
        cash=10_000, slippage=Slippage(slippage_bps=300)))
    theirs = play(bars, {0: lambda s: s.buy(size=10)}, broker=stock(slip_perc=0.03, slip_open=True))
    assert ours.fills == [(3, "A", 10, 100 * 1.03)]
    assert ours.orders["slippage"].sum() == pytest.approx(10 * 100 * 0.03)
    assert theirs.fills == [(3, "A", 10, 100.5)]


def test_commission_is_charged_on_the_slipped_value():
    run = play(frame([FLAT, FLAT, FLAT]), {0: lambda s: s.buy(size=10)},
               broker=ContractBroker(cash=10_000, slippage=Slippage(slippage_bps=100)),
               commission=StockCommission(bps=10))
    assert run.orders["commission"].sum() == pytest.approx(10 * 101 * 0.001)
    assert run.equity["cash"].iloc[-1] == pytest.approx(10_000 - 10 * 101 - 10 * 101 * 0.001)


def swap_script():
    def swap(s):
        s.buy(data=s.getdatabyname("B"), size=95)
        s.sell(data=s.getdatabyname("A"), size=95)
    return {0: lambda s: s.buy(data=s.getdatabyname("A"), size=95), 1: swap}


def test_sells_fill_before_buys_at_one_open_but_not_in_stock():
    frames = {"A": frame([FLAT] * 4), "B": frame([FLAT] * 4)}
    assert play(frames, swap_script()).fills == [(3, "A", 95, 100), (4, "B", 95, 100), (4, "A", -95, 100)]
    theirs = play(frames, swap_script(), broker=stock())
    assert theirs.fills == [(3, "A", 95, 100), (4, "A", -95, 100)]
    assert theirs.statuses(2)[-1][0] == "rejected"


def delisting_frames():
    return {"A": frame([FLAT, FLAT, (100, 101, 89, 90)]), "B": frame([FLAT] * 6)}


def test_delisted_position_is_closed_at_its_last_close_but_lives_for_ever_in_stock():
    def buy(s):
        s.buy(data=s.getdatabyname("A"), size=10)
    ours = play(delisting_frames(), {0: buy}, broker=ContractBroker(cash=10_000, delisting_haircut_fraction=0.1))
    assert ours.fills == [(3, "A", 10, 100), (5, "A", -10, 90 * 0.9)]
    assert ours.trades[["status", "exit_reason"]].values.tolist() == [["closed", "delisted"]]
    assert ours.equity["positions"].iloc[-1] == 0
    theirs = play(delisting_frames(), {0: buy}, broker=stock())
    assert theirs.equity["positions"].iloc[-1] == 1


def test_pending_order_of_a_delisted_symbol_is_cancelled_with_its_reason():
    run = play(delisting_frames(), {2: lambda s: s.buy(data=s.getdatabyname("A"), size=10)})
    assert run.statuses(1)[-1] == ("cancelled", "symbol delisted")


def test_order_of_a_symbol_without_a_bar_waits_for_its_next_bar():
    halted = frame([FLAT, FLAT, (110, 111, 109, 110), FLAT])
    halted = halted.drop(halted.index[1])
    run = play({"A": halted, "B": frame([FLAT] * 4)}, {0: lambda s: s.buy(data=s.getdatabyname("A"), size=10)})
    assert run.fills == [(4, "A", 10, 110)]


def test_order_without_enough_cash_is_rejected_with_its_reason():
    run = play(frame([FLAT, (120, 121, 119, 120), FLAT]), {0: lambda s: s.buy(size=95)})
    assert run.fills == []
    status, reason = run.statuses(1)[-1]
    assert status == "rejected"
    assert "not enough cash at 120.00 a share (10,000.00 left)" in reason


def test_partial_fills_take_their_share_of_volume_and_carry_the_rest():
    bars = frame([FLAT] * 5, volume=40)
    run = play(bars, {0: lambda s: s.buy(size=10)}, broker=ContractBroker(
        cash=10_000, max_participation_fraction=0.1), commission=StockCommission(minimum=1.0))
    assert run.fills == [(3, "A", 4, 100), (4, "A", 4, 100), (5, "A", 2, 100)]
    assert run.orders["commission"].tolist() == [0, 1.0, 0, 0]      # the minimum is paid once per order


def test_sale_never_opens_a_short_position():
    run = play(frame([FLAT] * 4), {0: lambda s: s.buy(size=10), 1: lambda s: s.sell(size=25)})
    assert run.fills == [(3, "A", 10, 100), (4, "A", -10, 100)]
    assert run.statuses(2)[-1] == ("cancelled", "position closed")
    naked = play(frame([FLAT] * 4), {0: lambda s: s.sell(size=5)})
    assert naked.statuses(1)[-1] == ("rejected", "no shares left to sell; allow_short is false")


def test_short_sale_is_possible_when_allowed():
    run = play(frame([FLAT, FLAT, (90, 91, 89, 90), FLAT]), {0: lambda s: s.sell(size=5), 1: lambda s: s.buy(size=5)},
               broker=ContractBroker(cash=10_000, allow_short=True))
    assert run.trades["net_pnl"].tolist() == [5 * (100 - 90)]


def test_order_pending_at_the_last_bar_is_logged_so():
    run = play(frame([FLAT] * 3), {2: lambda s: s.buy(size=1)})
    assert [status for status, _ in run.statuses(1)] == ["submitted", "pending_at_end"]


def test_open_position_at_the_end_is_open_and_marked_to_market():
    run = play(frame([FLAT, FLAT, (100, 111, 99, 110)]), {0: lambda s: s.buy(size=10)})
    row = run.trades.iloc[0]
    assert (row["status"], row["net_pnl"], row["exit_reason"]) == ("open", 10 * (110 - 100), "")
    assert row["exit_session"] is not None
    assert row.isna()["exit_session"]


def test_stop_limit_fills_only_what_is_certain():
    bars = frame([FLAT, FLAT, (100, 101, 90, 91), (91, 96, 90, 95), FLAT])

    def orders(s):
        s.sell(size=10, exectype=bt.Order.StopLimit, price=95.0, plimit=94.0)
    run = play(bars, {0: lambda s: s.buy(size=10), 1: orders})
    assert run.fills[1] == (4, "A", -10, 95)
    above = play(bars, {0: lambda s: s.buy(size=10),
                        1: lambda s: s.sell(size=10, exectype=bt.Order.StopLimit, price=95.0, plimit=96.0)})
    assert above.fills[1] == (5, "A", -10, 96)      # triggered on the 4th, the limit of 96 is reached on the 5th


def test_entry_inside_the_bar_meets_its_stop_but_no_uncertain_target():
    bars = frame([FLAT, (105, 118, 95, 104), FLAT])
    limit_entry = {0: lambda s: s.buy(size=10, exectype=bt.Order.Limit, price=100.0,
                                      protection=Protection(target_fraction=0.10))}
    assert play(bars, limit_entry).fills == [(3, "A", 10, 100)]         # the high may have come before the entry
    stopped = {0: lambda s: s.buy(size=10, exectype=bt.Order.Limit, price=100.0,
                                  protection=Protection(stop_fraction=0.05))}
    assert play(bars, stopped).fills == [(3, "A", 10, 100), (3, "A", -10, 95)]


def test_adding_to_a_position_moves_its_stop_to_the_new_average():
    bars = frame([FLAT, FLAT, (110, 111, 109, 110), (110, 111, 100, 101), FLAT])
    buy = lambda s: s.buy(size=10, protection=Protection(stop_fraction=0.02))      # noqa: E731
    run = play(bars, {0: buy, 1: buy})
    assert run.fills == [(3, "A", 10, 100), (4, "A", 10, 110), (5, "A", -20, 102.9)]   # 105 * 0.98
    assert run.statuses(2)[-1] == ("cancelled", "replaced after the position grew")


def test_partial_sale_leaves_a_stop_for_the_rest_only():
    bars = frame([FLAT, FLAT, FLAT, (90, 91, 89, 90), FLAT])
    run = play(bars, {0: lambda s: s.buy(size=10, protection=Protection(stop_fraction=0.08)),
                      1: lambda s: s.sell(size=4)})
    assert run.fills == [(3, "A", 10, 100), (5, "A", -6, 90), (4, "A", -4, 100)]
    assert run.equity["positions"].iloc[-1] == 0


def test_splits_and_dividends_change_shares_price_stop_and_cash():
    bars = frame([FLAT, FLAT, (50, 51, 49, 50), (50, 51, 49, 50), (45, 46, 44, 45), FLAT],
                 split_ratio=[1, 1, 2, 1, 1, 1], dividend=[0, 0, 0, 0.5, 0, 0])
    run = play(bars, {0: lambda s: s.buy(size=11, protection=Protection(stop_fraction=0.08))})
    assert run.fills == [(3, "A", 11, 100), (8, "A", -22, 45)]         # the stop moved from 92 to 46
    assert run.equity["equity"].iloc[3] == 10_000 + 22 * 0.5
    assert run.trades["net_pnl"].tolist() == [22 * 45 - 11 * 100 + 22 * 0.5]
    kinds = [(kind, shares, dollars) for _, _, kind, _, shares, dollars in run.broker.corporate_actions]
    assert kinds == [("split", 11, 0.0), ("dividend", 22, 11.0)]


def test_reverse_split_pays_cash_for_the_fraction():
    bars = frame([FLAT, FLAT, (300, 303, 297, 300), FLAT], split_ratio=[1, 1, 1 / 3, 1])
    run = play(bars, {0: lambda s: s.buy(size=10)})
    assert run.equity["cash"].tolist()[2] == pytest.approx(10_000 - 1_000 + (10 / 3 - 3) * 300)
    assert run.trades["size"].tolist() == [10]


def test_reverse_split_that_leaves_no_share_ends_the_trade_and_its_stop():
    bars = frame([FLAT, FLAT, (1_000, 1_010, 990, 1_000), FLAT], split_ratio=[1, 1, 0.1, 1])
    run = play(bars, {0: lambda s: s.buy(size=4, protection=Protection(stop_fraction=0.08))})
    trade = run.trades.iloc[0]
    assert (trade["status"], trade["exit_reason"], trade["bars_held"]) == ("closed", "cash_in_lieu", 1)
    assert trade["net_pnl"] == pytest.approx(0.4 * 1_000 - 4 * 100)
    assert run.statuses(2)[-1] == ("cancelled", "split 0.1 leaves no whole share")


def test_odd_split_leaves_whole_shares_in_resting_orders():
    bars = frame([FLAT, FLAT, (66, 67, 65, 66), (60, 61, 59, 60), FLAT], split_ratio=[1, 1, 1.5, 1, 1])
    run = play(bars, {0: lambda s: s.buy(size=31, protection=Protection(stop_fraction=0.08))})
    assert run.fills == [(3, "A", 31, 100), (5, "A", -46, 60)]
    adjusted = run.orders[run.orders["status"] == "adjusted"].iloc[0]
    assert (adjusted["size"], round(adjusted["price"], 6)) == (-46, round(92 / 1.5, 6))


def test_trailing_stop_that_begins_below_zero_comes_alive_when_closes_rise():
    bars = frame([(10, 11, 9, 10), (10, 11, 9, 10), (20, 41, 19, 40), (30, 31, 24, 25), (25, 26, 24, 25)])
    run = play(bars, {0: lambda s: s.buy(size=10, protection=Protection(trail_distance=14.0))})
    # 10 - 14 = -4 at first; the close of 40 puts the stop at 26, and the next bar opens at 30 and falls to 24.
    assert run.fills == [(3, "A", 10, 10), (5, "A", -10, 26)]
