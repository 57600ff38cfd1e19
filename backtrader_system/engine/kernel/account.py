"""The account of a compiled run after the orders already sent, valued at the closes of the decision."""

from __future__ import annotations

from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.orders import sort_by_age
from backtrader_system.engine.kernel.records import KIND, N_KINDS


@compiled
def value_after_orders(run) -> None:
    """Set free cash, gross and net value and the number of positions as they are once every market order has filled.

    The sums run as in `sizers.account_after_orders`: positions by column, then orders of today by age, then older
    ones by side and age.
    """
    account = run.account
    for n in range(account.n_active):
        position = run.book[run.lists.active[n]]
        position.value_after_orders = position.size * position.mark
        position.is_counted = False
    account.free_cash = account.cash
    for n in range(account.n_new):
        add_order(run, run.lists.new[n])
    if account.n_waiting > 0:
        for kind in (KIND.SELL, KIND.BUY):
            n_queued = queue_waiting(run, kind)
            for n in range(n_queued):
                add_order(run, run.lists.queue[n])
    sum_values(run)


@compiled
def count_newest_order(run) -> None:
    """Count the order just sent; where its symbol comes last in every sum, without summing anew."""
    account = run.account
    key = run.lists.new[account.n_new - 1]
    position = run.book[key // N_KINDS]
    if account.n_waiting > 0 or position.size != 0:
        value_after_orders(run)
        return
    position.value_after_orders, position.is_counted = 0.0, False
    add_order(run, key)
    count_value(run, key // N_KINDS)


@compiled
def add_order(run, key) -> None:
    """Count a market order as if it had filled at the last close."""
    column, kind = key // N_KINDS, key % N_KINDS
    order, position = run.orders[column, kind], run.book[column]
    dollars = order.left * position.mark
    if kind == KIND.SELL:
        dollars = -dollars
    position.value_after_orders += dollars
    run.account.free_cash -= dollars


@compiled
def queue_waiting(run, kind):
    """Queue the market orders that wait since an earlier session; return how many."""
    n_queued = 0
    for n in range(run.account.n_active):
        order = run.orders[run.lists.active[n], kind]
        if order.id > 0 and not order.is_new:
            run.lists.queue[n_queued] = run.lists.active[n] * N_KINDS + kind
            n_queued += 1
    sort_by_age(run, n_queued)
    return n_queued


@compiled
def sum_values(run) -> None:
    """Sum what is held, positions by column first, then symbols that are only ordered, by age."""
    account = run.account
    account.gross_value, account.net_value, account.n_positions = 0.0, 0.0, 0
    for n in range(account.n_active):
        if run.book[run.lists.active[n]].size != 0:
            count_value(run, run.lists.active[n])
    for n in range(account.n_new):
        count_value(run, run.lists.new[n] // N_KINDS)
    if account.n_waiting == 0:
        return
    for n in range(account.n_active):
        column = run.lists.active[n]
        if run.orders[column, KIND.BUY].id > 0 or run.orders[column, KIND.SELL].id > 0:
            count_value(run, column)


@compiled
def count_value(run, column) -> None:
    """Add one symbol's value to the sums, once."""
    account, position = run.account, run.book[column]
    if position.is_counted:
        return
    position.is_counted = True
    account.gross_value += abs(position.value_after_orders)
    account.net_value += position.value_after_orders
    account.n_positions += abs(position.value_after_orders) > 1e-9
