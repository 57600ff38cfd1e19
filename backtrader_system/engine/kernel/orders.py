"""Orders of a compiled run: sent, ended, written down."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.records import END, KIND, N_KINDS


@compiled
def send(run, session, column, kind, shares, level, distance, reason) -> None:
    """Put an order into its place and give it the next number; an exit is live at once, the others at the next open."""
    account, order = run.account, run.orders[column, kind]
    account.n_orders += 1
    order.id = account.n_orders
    order.left, order.level, order.distance = shares, level, distance
    order.done, order.done_price = 0.0, 0.0
    order.is_triggered, order.is_new = False, False
    write_order(run, session, column, kind, shares, level, reason)


@compiled
def send_market(run, session, column, kind, shares, reason) -> None:
    """Send a market order decided at the close; it is judged and may fill at the next open."""
    account = run.account
    send(run, session, column, kind, shares, run.book[column].mark, np.nan, reason)
    run.orders[column, kind].is_new = True
    run.lists.new[account.n_new] = column * N_KINDS + kind
    account.n_new += 1
    activate(run, column)


@compiled
def write_order(run, session, column, kind, shares, level, reason) -> None:
    """Write the newest order into the log, if there is one."""
    if not run.log.is_on:
        return
    row = run.log.orders[run.account.n_orders - 1]
    row.session, row.column, row.kind, row.reason = session, column, kind, reason
    row.size = shares if kind == KIND.BUY else -shares
    row.level = level
    row.end, row.end_session = END.PENDING, -1


@compiled
def end(run, session, column, kind, how) -> None:
    """Take an order out of its place; nothing happens if there is none."""
    order = run.orders[column, kind]
    if order.id == 0:
        return
    if how == END.REJECTED:
        run.account.n_rejected += 1
    if run.log.is_on:
        row = run.log.orders[order.id - 1]
        row.end, row.end_session = how, session
    order.id = 0


@compiled
def has_bar(market, session, column):
    """Return whether a symbol has a bar in a session."""
    close = market.bars[session, column].close
    return close == close


@compiled
def activate(run, column) -> None:
    """Add a symbol to those that every session looks at, in column order."""
    if run.book[column].is_active:
        return
    run.book[column].is_active = True
    place = run.account.n_active
    while place > 0 and run.lists.active[place - 1] > column:
        run.lists.active[place] = run.lists.active[place - 1]
        place -= 1
    run.lists.active[place] = column
    run.account.n_active += 1


@compiled
def sort_by_age(run, n_queued) -> None:
    """Sort the first `n_queued` orders of the queue by number; they are few."""
    queue = run.lists.queue
    for n in range(1, n_queued):
        key = queue[n]
        age = run.orders[key // N_KINDS, key % N_KINDS].id
        place = n
        while place > 0 and run.orders[queue[place - 1] // N_KINDS, queue[place - 1] % N_KINDS].id > age:
            queue[place] = queue[place - 1]
            place -= 1
        queue[place] = key
