"""Fills of a compiled run: shares, price, costs, cash and the average price, in Backtrader's own arithmetic.

The sums are written in the order in which Backtrader's broker, Position and Trade make them, so that both engines
round alike and never differ by a share.
"""

from __future__ import annotations

from backtrader_system.engine.fees import order_commission
from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.orders import end
from backtrader_system.engine.kernel.protecting import protect
from backtrader_system.engine.kernel.records import END, KIND
from backtrader_system.engine.lots import shares_within_volume
from backtrader_system.engine.slippage import impact_of_size, slippage_per_share


@compiled
def fill(run, session, column, kind, market_price, is_ambiguous) -> None:
    """Fill what the bar's volume allows of an order at `market_price`, before slippage."""
    order, position = run.orders[column, kind], run.book[column]
    shares = fillable_shares(run, session, column, kind)
    if shares <= 0:
        if kind != KIND.BUY and position.size <= 0:
            end(run, session, column, kind, END.REJECTED)
        return
    per_share = slippage_per_share(run.rules, market_price, impact(run, session, column, shares))
    price = market_price + per_share if kind == KIND.BUY else max(market_price - per_share, 0.0)
    charged = commission(run, order.done, order.done_price, shares, price)
    if kind == KIND.BUY:
        if not book_purchase(run, column, shares, price, charged):
            end(run, session, column, kind, END.REJECTED)
            return
    else:
        book_sale(run, column, shares, price, charged)
    position.shares_taken = shares + (position.shares_taken if position.taken_in == session else 0.0)
    position.taken_in = session
    paid = abs(price - market_price) * shares
    write_fill(run, session, column, kind, order.id, shares, price, charged, paid, is_ambiguous)
    settle(run, session, column, kind, shares, price)


@compiled
def fillable_shares(run, session, column, kind):
    """Return how many shares of an order this bar can fill: no more than are held, no more than its share of volume."""
    position, shares = run.book[column], run.orders[column, kind].left
    if kind != KIND.BUY:
        shares = min(shares, max(position.size, 0.0))
    part = run.rules.max_participation_fraction
    if part == part:
        taken = position.shares_taken if position.taken_in == session else 0.0
        volume_share = run.market.bars[session, column].volume * part
        shares = shares_within_volume(shares, volume_share, taken, run.rules.lot_size)
    return shares


@compiled
def impact(run, session, column, shares):
    """Return sigma * sqrt(Q / V) of a fill, 0.0 where no impact is charged."""
    if run.rules.impact_coefficient == 0:
        return 0.0
    known = run.market.estimates[session, column]
    return impact_of_size(shares, known.volatility, known.average_volume)


@compiled
def commission(run, done, done_price, shares, price):
    """Return what the next `shares` of an order are charged; its minimum is paid once."""
    rules, before = run.rules, done * done_price
    rates = rules.commission_bps, rules.commission_per_share, rules.commission_minimum
    return order_commission(done + shares, before + shares * price, rates[0], rates[1], rates[2]) - order_commission(
        done, before, rates[0], rates[1], rates[2])


@compiled
def book_purchase(run, column, shares, price, charged):
    """Pay for shares and return True; return False where the cash does not suffice."""
    account, position = run.account, run.book[column]
    value = shares * price
    cash = account.cash - value
    cash -= charged
    if cash < 0.0:
        return False
    account.cash = cash
    held = position.size
    position.size = held + shares
    if held == 0:
        position.price, position.trade_price, position.trade_pnl = price, 0.0, 0.0
        position.trade_commission, position.trade_dividends = 0.0, 0.0
        position.entry_value, position.exit_value = 0.0, 0.0
    else:
        position.price = (position.price * held + shares * price) / position.size
    position.trade_price = (held * position.trade_price + shares * price) / position.size
    position.trade_commission += charged
    position.entry_value += value
    return True


@compiled
def book_sale(run, column, shares, price, charged) -> None:
    """Take cash for shares; the last ones close the trade."""
    account, position = run.account, run.book[column]
    account.cash += shares * position.price + shares * (price - position.price)
    account.cash -= charged
    position.size -= shares
    position.trade_commission += charged
    position.trade_pnl += shares * (price - position.trade_price)
    position.exit_value += shares * price
    if position.size == 0:
        learn_from_trade(run, column)
        count_trade(run, column)


@compiled
def learn_from_trade(run, column) -> None:
    """Add a trade that a sale closed to Kelly's statistics, as Backtrader sees its profit."""
    account, position = run.account, run.book[column]
    pnl = position.trade_pnl - position.trade_commission
    earned = pnl / position.entry_value if position.entry_value != 0 else 0.0
    if earned > 0:
        account.n_wins += 1
        account.sum_win_returns += earned
    elif earned < 0:
        account.n_losses += 1
        account.sum_loss_returns -= earned


@compiled
def count_trade(run, column) -> None:
    """Add a trade that is over to the figures, as the blotter does."""
    account, position = run.account, run.book[column]
    net = position.exit_value - position.entry_value + position.trade_dividends - position.trade_commission
    account.n_closed += 1
    account.n_won += net > 0
    account.dollars_won += max(net, 0.0)
    account.dollars_lost += max(-net, 0.0)


@compiled
def settle(run, session, column, kind, shares, price) -> None:
    """Count an order's fill, then protect what it opened or drop what belonged to the position it closed."""
    order, position = run.orders[column, kind], run.book[column]
    value = order.done * order.done_price + shares * price
    order.done += shares
    order.done_price = value / order.done
    order.left -= shares
    has_sold_all = kind != KIND.BUY and position.size <= 0
    if order.left == 0:
        end(run, session, column, kind, END.FILLED)
    elif has_sold_all:
        end(run, session, column, kind, END.CANCELLED)
    if kind == KIND.BUY:
        note_entry(position, run.market.sessions[session].day)
        protect(run, session, column)
    elif has_sold_all:
        drop_orders(run, session, column)


@compiled
def note_entry(position, day) -> None:
    """Remember what opened a position, unless it is remembered; the close of this session counts it to 0."""
    if not position.has_entry:
        position.has_entry = True
        position.entry_score = position.order_score
        position.sessions_held, position.entry_day = -1, day


@compiled
def drop_orders(run, session, column) -> None:
    """Cancel what belonged to a closed position: its exits and what is left of its entry."""
    position = run.book[column]
    position.has_entry, position.has_taken_profit = False, False
    for kind in range(KIND.STOP, KIND.TARGET + 1):
        end(run, session, column, kind, END.CANCELLED)
    if run.orders[column, KIND.BUY].done > 0:
        end(run, session, column, KIND.BUY, END.CANCELLED)


@compiled
def write_fill(run, session, column, kind, order_id, shares, price, charged, slipped, is_ambiguous) -> None:
    """Count a fill's costs and write it into the log, if there is one."""
    account = run.account
    account.commission += charged
    account.slippage += slipped
    account.traded_value += shares * price
    account.n_ambiguous += is_ambiguous
    account.n_fills += 1
    if not run.log.is_on:
        return
    row = run.log.fills[account.n_fills - 1]
    row.order_id, row.session, row.column, row.kind = order_id, session, column, kind
    row.reason = run.log.orders[order_id - 1].reason
    row.size = shares if kind == KIND.BUY else -shares
    row.price, row.commission, row.slippage, row.is_ambiguous = price, charged, slipped, is_ambiguous
