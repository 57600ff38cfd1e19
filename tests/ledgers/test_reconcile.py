"""The small run reconciles; one wrong cell anywhere is found and named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_run import CASH, DAYS, SmallBars, actions, check, equity, event, orders, trades

from backtrader_system.ledgers.replay import last_known, replay_fills
from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, ORDERS, TRADES, ledger_table


def with_cell(table: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    changed = table.copy()
    changed.loc[row, column] = value
    return changed


def with_fill(price: float | None = None, day: int | None = None) -> pd.DataFrame:
    """Return the orders with the first fill of A, at 101.1 on the 3rd, changed."""
    changed = orders()
    if price is not None:
        changed.loc[1, "price"] = price
    if day is not None:
        changed.loc[1, "session"] = DAYS[day]
    return changed


def found(pattern: str, lines: list[str]) -> bool:
    return any(pattern in line for line in lines)


def test_written_out_run_reconciles() -> None:
    assert check() == []


def test_run_without_a_trade_reconciles() -> None:
    flat = equity().assign(cash=10_000.0, positions_value=0.0, equity=10_000.0, drawdown=0.0, gross_exposure=0.0,
                           net_exposure=0.0, positions=0, **{"return": 0.0})

    assert check(orders=ledger_table(ORDERS), trades=ledger_table(TRADES), actions=ledger_table(ACTIONS),
                 equity=flat) == []


@pytest.mark.parametrize(("row", "column", "value", "message"), [
    (3, "cash", CASH[3] + 1, f"2024-01-05: equity table, cash: expected {CASH[3]:,.10g}, found {CASH[3] + 1:,.10g}"),
    (3, "positions_value", 2_000.0, "2024-01-05: equity table, positions_value: expected 2,175, found 2,000"),
    (3, "positions_value", 2_000.0, "2024-01-05: equity table, cash + positions_value"),
    (3, "equity", 9_999.0, "2024-01-05: equity table, equity: expected 10,090, found 9,999"),
    (2, "return", 0.5, "2024-01-04: equity table, return"),
    (2, "drawdown", -0.5, "2024-01-04: equity table, drawdown"),
    (2, "gross_exposure", 0.9, "2024-01-04: equity table, gross_exposure"),
    (2, "net_exposure", float("nan"), "2024-01-04: equity table, net_exposure"),
    (2, "positions", 3, "2024-01-04: equity table, positions: expected 2, found 3"),
], ids=["cash", "positions_value", "sum", "equity", "return", "drawdown", "gross", "net", "positions"])
def test_wrong_equity_cell_is_found(row: int, column: str, value: object, message: str) -> None:
    assert found(message, check(equity=with_cell(equity(), row, column, value)))


def test_an_error_of_two_millionths_of_equity_is_found_and_of_half_a_millionth_is_not() -> None:
    def off_by(share: float) -> pd.DataFrame:
        return with_cell(equity(), 4, "cash", CASH[4] + share * equity()["equity"][4])

    assert found("2024-01-08: equity table, cash", check(equity=off_by(2e-6)))
    assert check(equity=off_by(0.5e-6)) == []


def test_lost_session_is_found() -> None:
    assert check(equity=equity().drop(index=3).reset_index(drop=True))[0] == (
        "2024-01-05: equity table: expected a row, found none")


def test_session_that_the_bars_do_not_have_is_found() -> None:
    moved = with_cell(equity(), 3, "session", pd.Timestamp("2024-01-06"))

    assert "2024-01-06: equity table: expected a session of the bars, found none" in check(equity=moved)


@pytest.mark.parametrize("price", [103.5, 99.5], ids=["above the high", "below the low"])
def test_fill_outside_its_bar_is_found(price: float) -> None:
    lines = check(orders=with_fill(price=price))

    assert found(f"2024-01-03 A order 1: fill price before slippage: expected within the bar's 100 to 103, "
                 f"found {price - 0.1:,.10g}", lines)


def test_slippage_may_leave_the_bar() -> None:
    # 103 in the bar and 0.50 of slippage a share: an execution price above the high is right.
    table = with_fill(price=103.5)
    table.loc[1, "slippage"] = 5.0

    assert not found("fill price before slippage", check(orders=table))


def test_fill_without_a_bar_is_found() -> None:
    table = with_cell(orders(), 4, "session", DAYS[3])

    assert "2024-01-05 B order 2: fill: expected no fill without a bar, found a fill" in check(orders=table)


def test_market_order_filled_in_the_session_of_its_submission_is_found() -> None:
    assert found("2024-01-02 A order 1: session of the fill: expected later than its submission on 2024-01-02, "
                 "found 2024-01-02", check(orders=with_fill(day=0)))


def test_protective_order_may_fill_in_the_session_of_its_entry_but_no_other_order_may() -> None:
    stop = [event(8, 1, 6, "A", -5, "stop", 53.5, "submitted"), event(8, 2, 6, "A", -5, "stop", 53.5, "filled")]
    alone = [event(9, 1, 2, "A", -5, "stop", 103.0, "submitted"), event(9, 2, 2, "A", -5, "stop", 103.0, "filled")]

    protective = check(orders=ledger_table(ORDERS, pd.concat([orders(), pd.DataFrame(stop)])))
    unprotected = check(orders=ledger_table(ORDERS, pd.concat([orders(), pd.DataFrame(alone)])))

    assert not found("order 8: session of the fill", protective)
    assert found("order 9: session of the fill", unprotected)


def test_delisted_position_must_be_closed_at_its_last_close_less_the_haircut() -> None:
    assert found("2024-01-10 B order 6: price of the closed delisted position: expected 24.5, found 22.05",
                 check(delisting_haircut_fraction=0.0))


def test_delisting_of_a_symbol_that_still_trades_is_found() -> None:
    bars = SmallBars()
    for prices in (bars.open, bars.high, bars.low, bars.close):
        prices[6, 1] = 25.0

    assert found("2024-01-10 B order 6: closed as delisted: expected no further bar", check(bars=bars))


@pytest.mark.parametrize(("column", "value", "message"), [
    ("size", 11.0, "2024-01-03 A trade 1: size: expected 10, found 11"),
    ("entry_price", 101.0, "2024-01-03 A trade 1: entry_price: expected 101.1, found 101"),
    ("exit_price", 53.0, "2024-01-03 A trade 1: exit_price: expected 52.9, found 53"),
    ("exit_session", DAYS[4], "2024-01-03 A trade 1: exit_session: expected 2024-01-09, found 2024-01-08"),
    ("status", "open", "2024-01-03 A trade 1: status: expected closed, found open"),
    ("gross_pnl", 51.0, "2024-01-03 A trade 1: gross_pnl: expected 50, found 51"),
    ("commission", 5.0, "2024-01-03 A trade 1: commission: expected 4, found 5"),
    ("slippage", 0.0, "2024-01-03 A trade 1: slippage: expected 3, found 0"),
    ("dividends", 0.0, "2024-01-03 A trade 1: dividends: expected 10, found 0"),
    ("net_pnl", 54.0, "2024-01-03 A trade 1: net_pnl: expected 53, found 54"),
    ("net_pnl", 54.0, "whole run: net_pnl of all trades (change of equity)"),
    ("commission", 5.0, "whole run: commission of all trades (commission of all fills): expected 8, found 9"),
    ("return", 0.05, "2024-01-03 A trade 1: return"),
    ("bars_held", 3, "2024-01-03 A trade 1: bars_held: expected 4, found 3"),
    ("symbol", "B", "2024-01-03 A: trade: expected a trade from the fills, found none in the blotter"),
])
def test_wrong_trade_cell_is_found(column: str, value: object, message: str) -> None:
    assert found(message, check(trades=with_cell(trades(), 0, column, value)))


def test_lost_and_invented_trades_are_found() -> None:
    more = pd.concat([trades(), trades().iloc[[2]].assign(trade_id=4)], ignore_index=True)

    assert found("2024-01-10 A: trade: expected a trade from the fills, found none in the blotter",
                 check(trades=trades().iloc[:2]))
    assert found("2024-01-10 A: trade: expected none, found a trade in the blotter", check(trades=more))


def test_wrong_commission_of_a_fill_is_found() -> None:
    lines = check(orders=with_cell(orders(), 1, "commission", 3.0))

    assert found("2024-01-03: equity table, cash", lines)
    assert found("2024-01-03 A trade 1: commission: expected 5, found 4", lines)


def test_short_position_is_found_unless_allowed() -> None:
    table = with_cell(orders(), 9, "size", -21.0)
    message = "2024-01-09 A: shares held at the close: expected none below 0, found -1"

    assert found(message, check(orders=table))
    assert not found("shares held at the close", check(orders=table, allow_short=True))


@pytest.mark.parametrize(("row", "column", "value", "message"), [
    (7, "status", "accepted", "2024-01-09 A order 3: terminal events: expected 1, found 0"),
    (5, "status", "filled", "2024-01-03 A order 3: first event: expected submitted, found filled"),
    (3, "status", "cancelled", "2024-01-04 B order 2: terminal events: expected 1, found 2"),
    (3, "status", "submitted", "2024-01-03 B order 2: later event: expected no second submission, found submitted"),
    (1, "size", 12.0, "2024-01-03 A order 1: shares filled: expected at most 10, found 12"),
    (1, "size", 9.0, "2024-01-03 A order 1: shares filled: expected all 10, found 9"),
    (1, "side", "sell", "2024-01-03 A order 1: side: expected buy, found sell"),
    (1, "symbol", "B", "2024-01-03 B order 1: symbol and side of its first event: expected A buy, found B buy"),
], ids=["no end", "no start", "two ends", "two starts", "too many", "too few", "side", "symbol"])
def test_impossible_life_of_an_order_is_found(row: int, column: str, value: object, message: str) -> None:
    assert message in check(orders=with_cell(orders(), row, column, value))


def test_event_after_the_end_of_an_order_is_found() -> None:
    late = pd.DataFrame([event(1, 3, 2, "A", 10, "market", 102.0, "accepted")])

    assert "2024-01-04 A order 1: event after the end of the order: expected none, found accepted" in check(
        orders=ledger_table(ORDERS, pd.concat([orders(), late])))


@pytest.mark.parametrize(("row", "column", "value", "message"), [
    (0, "shares", 9.0, "2024-01-08 A: split, shares: expected 10, found 9"),
    (1, "amount", 11.0, "2024-01-09 A: dividend, amount: expected 10, found 11"),
    (1, "session", DAYS[4], "2024-01-09 A: dividend, amount: expected 10, found nothing"),
])
def test_wrong_corporate_action_is_found(row: int, column: str, value: object, message: str) -> None:
    assert message in check(actions=with_cell(actions(), row, column, value))


def test_forgotten_dividend_is_found() -> None:
    assert "2024-01-09 A: dividend, amount: expected 10, found nothing" in check(actions=actions().iloc[:1])


def test_fraction_of_a_share_is_paid_at_the_restated_last_close() -> None:
    bars = SmallBars()
    bars.split_ratio[4, 0] = 1.25                       # 10 shares become 12.5; A closed at 105 before

    assert "2024-01-08 A: cash_in_lieu, amount: expected 42, found nothing" in check(bars=bars)
    assert 0.5 * 105 / 1.25 == 42.0


def test_fill_of_an_unknown_symbol_is_named() -> None:
    lines = check(orders=with_cell(orders(), 1, "symbol", "Z"))

    assert lines == ["1 rows lie outside the sessions or symbols of the account", "  fill of Z on 2024-01-03"]


def test_many_lines_of_one_kind_are_counted_not_listed() -> None:
    lines = check(equity=equity().assign(cash=0.0), orders=orders())

    assert sum("equity table, cash:" in line for line in lines) == 5
    assert "... and 2 more of this kind" in lines


def test_replay_values_a_symbol_without_a_bar_at_its_last_close() -> None:
    fills = orders().loc[lambda table: table["status"].isin(["filled", "partly_filled"])]
    account = replay_fills(fills, DAYS, ("A", "B"), initial_capital=10_000.0, actions=actions())

    assert account.cash.tolist() == pytest.approx(CASH)
    assert account.values(SmallBars().close)[3].tolist() == [10 * 105, 50 * 22.5]
    assert account.positions.tolist() == [0, 2, 2, 2, 2, 1, 1]


def test_last_known_is_nan_before_the_first_value() -> None:
    assert np.array_equal(last_known(np.array([[np.nan], [1.0], [np.nan]])), [[np.nan], [1.0], [1.0]],
                          equal_nan=True)


@pytest.mark.parametrize("schema", [EQUITY, TRADES, ORDERS, ACTIONS])
def test_empty_tables_have_the_dtypes_of_full_ones(schema: object) -> None:
    table = ledger_table(schema)

    assert table.empty
    assert schema.check(table).columns.tolist() == schema.names
