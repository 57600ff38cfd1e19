"""What changes the account of a compiled run before the open: splits, dividends, delistings."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.fills import book_sale, commission, count_trade, write_fill
from backtrader_system.engine.kernel.orders import end, has_bar, send
from backtrader_system.engine.kernel.records import ACTION, END, KIND, N_KINDS, REASON
from backtrader_system.engine.splits import scaled_shares


@compiled
def act_before_open(run, session) -> None:
    """Apply this session's splits and dividends, and close positions whose symbol has no more bars."""
    market = run.market
    today = market.sessions[session]
    if not (today.has_actions or today.has_endings):
        return
    for n in range(run.account.n_active):
        column = run.lists.active[n]
        if has_bar(market, session, column):
            if today.has_actions:
                apply_actions(run, session, column)
        elif session > market.last_bar[column]:
            close_delisted(run, session, column)


@compiled
def apply_actions(run, session, column) -> None:
    """Apply the split, then the dividend of one symbol."""
    action, position = run.market.actions[session, column], run.book[column]
    ratio, dividend = action.split_ratio, action.dividend
    if ratio != 1.0:
        if position.size != 0:
            split_position(run, session, column, ratio)
        for kind in range(N_KINDS):
            split_order(run, session, column, kind, ratio)
    if dividend != 0 and position.size != 0:
        pay(run, session, column, ACTION.DIVIDEND, 1.0, position.size, position.size * dividend)


@compiled
def split_position(run, session, column, ratio) -> None:
    """Change shares and prices; what is less than one share is paid in cash and may be all there is."""
    position = run.book[column]
    before, exact = position.size, position.size * ratio
    whole = scaled_shares(before, ratio)
    position.size, position.price = whole, position.price / ratio
    position.trade_price = position.trade_price / ratio
    write_action(run, session, column, ACTION.SPLIT, ratio, whole - before, 0.0)
    if abs(exact - whole) > 1e-9:
        pay(run, session, column, ACTION.CASH_IN_LIEU, ratio, exact - whole, (exact - whole) * position.mark / ratio)
    if whole == 0:
        count_trade(run, column)      # no sale: Backtrader tells nobody of its end, so Kelly learns nothing
        position.has_entry, position.has_taken_profit = False, False


@compiled
def pay(run, session, column, kind, ratio, shares, dollars) -> None:
    """Book dollars that a position brings."""
    run.account.cash += dollars
    run.book[column].trade_dividends += dollars
    write_action(run, session, column, kind, ratio, shares, dollars)


@compiled
def split_order(run, session, column, kind, ratio) -> None:
    """Change a waiting order to the new share units; without a whole share left it is cancelled."""
    order, position = run.orders[column, kind], run.book[column]
    if order.id == 0:
        return
    order.left = scaled_shares(order.left, ratio)
    order.level = order.level / ratio
    order.distance = order.distance / ratio
    if kind == KIND.BUY:
        position.stop_distance = position.stop_distance / ratio
        position.target_distance = position.target_distance / ratio
        position.trail_distance = position.trail_distance / ratio
    if order.left == 0 or (kind >= KIND.STOP and position.size == 0):
        end(run, session, column, kind, END.CANCELLED)


@compiled
def close_delisted(run, session, column) -> None:
    """Cancel the orders of a symbol that has no more bars and close its position at its last close."""
    position = run.book[column]
    for kind in range(N_KINDS):
        end(run, session, column, kind, END.CANCELLED)
    shares = position.size
    if shares == 0:
        return
    send(run, session, column, KIND.SELL, shares, position.mark, np.nan, REASON.DELISTING)
    price = position.mark * (1 - run.rules.delisting_haircut_fraction)
    charged = commission(run, 0.0, 0.0, shares, price)
    book_sale(run, column, shares, price, charged)
    write_fill(run, session, column, KIND.SELL, run.orders[column, KIND.SELL].id, shares, price, charged, 0.0, False)
    end(run, session, column, KIND.SELL, END.FILLED)
    position.has_entry, position.has_taken_profit = False, False


@compiled
def write_action(run, session, column, kind, ratio, shares, dollars) -> None:
    """Count an action and write it into the log, if there is one."""
    run.account.n_actions += 1
    if not run.log.is_on:
        return
    row = run.log.actions[run.account.n_actions - 1]
    row.session, row.column, row.kind = session, column, kind
    row.ratio, row.shares, row.dollars = ratio, shares, dollars
