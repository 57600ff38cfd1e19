"""One bar of a compiled run: orders judged, the open, the rest of the bar, the close. See docs/timeline.md."""

from __future__ import annotations

from backtrader_system.engine.fees import order_commission
from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.fills import fill
from backtrader_system.engine.kernel.orders import end, has_bar, sort_by_age
from backtrader_system.engine.kernel.records import END, KIND, N_KINDS
from backtrader_system.engine.matching import Trigger, fill_after_open, fill_at_open
from backtrader_system.engine.protection import trailing_level


@compiled
def judge_new_orders(run, session) -> None:
    """Reject what the cash at the decision's close cannot pay, sells first; the others may fill from now on."""
    account, rules = run.account, run.rules
    cash = account.cash
    for n in range(account.n_new):
        column, kind = run.lists.new[n] // N_KINDS, run.lists.new[n] % N_KINDS
        order = run.orders[column, kind]
        if order.id == 0 or not order.is_new:
            continue
        order.is_new = False
        value = order.left * order.level
        charged = order_commission(
            order.left, value, rules.commission_bps, rules.commission_per_share, rules.commission_minimum)
        left = cash - value if kind == KIND.BUY else cash + value
        left -= charged
        if left < 0:
            end(run, session, column, kind, END.REJECTED)
        else:
            cash = left


@compiled
def watch(run, session) -> None:
    """List the symbols with a bar in which an order may fill: one that waits, or an exit that the bar touches."""
    account, n_watched = run.account, 0
    for n in range(account.n_active):
        column = run.lists.active[n]
        orders, bar = run.orders[column], run.market.bars[session, column]
        lowest, highest = min(bar.open, bar.low), max(bar.open, bar.high)
        is_watched = (
            orders[KIND.SELL].id > 0 or orders[KIND.BUY].id > 0
            or is_near(orders[KIND.STOP], lowest) or is_near(orders[KIND.TRAIL], lowest)
            or (orders[KIND.TARGET].id > 0 and orders[KIND.TARGET].level <= highest))
        if is_watched and has_bar(run.market, session, column):
            run.lists.watched[n_watched] = column
            n_watched += 1
    account.n_watched = n_watched


@compiled
def is_near(order, lowest):
    """Return whether a stop may fill in a bar that falls to `lowest`."""
    return order.id > 0 and (order.is_triggered or order.level >= lowest)


@compiled
def trade_open(run, session) -> None:
    """Fill at the open: sells by age, then buys by age."""
    bars, orders = run.market.bars[session], run.orders
    n_sells = queue_sells_at_open(run, session)
    for n in range(n_sells):
        column, kind = run.lists.queue[n] // N_KINDS, run.lists.queue[n] % N_KINDS
        if orders[column, kind].id > 0:
            orders[column, kind].is_triggered = True
            fill(run, session, column, kind, bars[column].open, False)
    n_buys = queue_buys(run)
    for n in range(n_buys):
        column = run.lists.queue[n] // N_KINDS
        fill(run, session, column, KIND.BUY, bars[column].open, False)


@compiled
def queue_sells_at_open(run, session):
    """Queue the sells that this open fills; return how many."""
    n_queued = 0
    for n in range(run.account.n_watched):
        column = run.lists.watched[n]
        price = run.market.bars[session, column].open
        if run.orders[column, KIND.SELL].id > 0:
            run.lists.queue[n_queued] = column * N_KINDS + KIND.SELL
            n_queued += 1
        if run.book[column].size <= 0:
            continue
        for kind in range(KIND.STOP, KIND.TARGET + 1):
            if is_reached_at_open(run.orders[column, kind], kind, price):
                run.lists.queue[n_queued] = column * N_KINDS + kind
                n_queued += 1
    sort_by_age(run, n_queued)
    return n_queued


@compiled
def is_reached_at_open(order, kind, price):
    """Return whether the open fills an exit; a stop touched before is a market order."""
    if order.id == 0:
        return False
    if kind == KIND.TARGET:
        return fill_at_open(Trigger.LIMIT, False, price, order.level) is not None
    return order.is_triggered or fill_at_open(Trigger.STOP, False, price, order.level) is not None


@compiled
def queue_buys(run):
    """Queue the buys of symbols that have a bar; return how many."""
    n_queued = 0
    for n in range(run.account.n_watched):
        column = run.lists.watched[n]
        if run.orders[column, KIND.BUY].id > 0:
            run.lists.queue[n_queued] = column * N_KINDS + KIND.BUY
            n_queued += 1
    sort_by_age(run, n_queued)
    return n_queued


@compiled
def trade_rest_of_bar(run, session) -> None:
    """Fill exits at their levels: stops by age, then targets by age."""
    market = run.market
    for trigger in (Trigger.STOP, Trigger.LIMIT):
        n_queued = queue_touched(run, session, trigger)
        for n in range(n_queued):
            column, kind = run.lists.queue[n] // N_KINDS, run.lists.queue[n] % N_KINDS
            order, target = run.orders[column, kind], run.orders[column, KIND.TARGET]
            if order.id == 0:
                continue
            price = touched_price(run, session, column, kind)
            order.is_triggered = True
            is_ambiguous = kind != KIND.TARGET and target.id > 0 and market.bars[session, column].high >= target.level
            fill(run, session, column, kind, price, is_ambiguous)


@compiled
def queue_touched(run, session, trigger):
    """Queue the exits of this kind that the bar touches; return how many."""
    n_queued = 0
    first, last = (KIND.STOP, KIND.TRAIL) if trigger == Trigger.STOP else (KIND.TARGET, KIND.TARGET)
    for n in range(run.account.n_watched):
        column = run.lists.watched[n]
        if run.book[column].size <= 0:
            continue
        for kind in range(first, last + 1):
            if run.orders[column, kind].id > 0 and touched_price(run, session, column, kind) >= 0:
                run.lists.queue[n_queued] = column * N_KINDS + kind
                n_queued += 1
    sort_by_age(run, n_queued)
    return n_queued


@compiled
def touched_price(run, session, column, kind):
    """Return where the rest of the bar fills an exit, before slippage; -1.0 if it does not."""
    bar, order = run.market.bars[session, column], run.orders[column, kind]
    if order.is_triggered and kind != KIND.TARGET:
        return -1.0
    trigger = Trigger.LIMIT if kind == KIND.TARGET else Trigger.STOP
    price = fill_after_open(trigger, False, bar.open, bar.high, bar.low, order.level)
    return -1.0 if price is None else max(price, 0.0)


@compiled
def close_bar(run, session) -> None:
    """Let trailing stops follow the close, mark positions, count their sessions and value the account."""
    account, value = run.account, 0.0
    account.n_flat, account.n_waiting = 0, 0
    for n in range(account.n_active):
        column = run.lists.active[n]
        position, close = run.book[column], run.market.bars[session, column].close
        account.n_waiting += (run.orders[column, KIND.SELL].id > 0) + (run.orders[column, KIND.BUY].id > 0)
        if close == close:
            position.mark = close
            position.sessions_held += 1
            trail(run, column, close)
        if position.size != 0:
            held = position.size * position.mark
            gained = position.size * (position.mark - position.price)
            value += held - gained
            value += gained
        else:
            account.n_flat += 1
    account.equity = account.cash + value


@compiled
def trail(run, column, close) -> None:
    """Raise a trailing stop after a close; it never falls."""
    order = run.orders[column, KIND.TRAIL]
    if order.id > 0:
        order.level = max(order.level, trailing_level(close, run.rules.trailing_stop_fraction, order.distance))
