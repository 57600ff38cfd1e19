"""Decisions of a compiled run after the close: what the strategies in `strategies/` and the sizers do."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.exit_rules import NO_EXIT, PROFIT_TAKE, PositionState, decide_exit
from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.orders import end, has_bar, send_market
from backtrader_system.engine.kernel.purchasing import buy_candidates
from backtrader_system.engine.kernel.records import END, KIND, REASON
from backtrader_system.engine.kernel.rule_table import BUY_AND_HOLD, ML_TRADING
from backtrader_system.engine.lots import shares_in_lots, shares_to_sell


@compiled
def decide(run, session) -> None:
    """Take the decisions of one session."""
    run.account.n_new = 0
    if run.rules.strategy == BUY_AND_HOLD:
        if session == 0:
            buy_everything(run, session)
        return
    sell_by_rule(run, session)
    buy_candidates(run, session)
    if run.account.n_flat > 0:
        forget_idle(run)


@compiled
def buy_everything(run, session) -> None:
    """Buy every member that has a bar in this session, in equal parts: the baseline."""
    bars, n_listed = run.market.bars[session], 0
    for column in range(len(bars)):
        n_listed += is_listed(bars[column])
    dollars = run.account.equity * (1 - run.rules.cash_reserve_fraction) / max(n_listed, 1)
    for column in range(len(bars)):
        if not is_listed(bars[column]):
            continue
        position = run.book[column]
        position.mark = bars[column].close
        position.stop_distance, position.target_distance, position.trail_distance = np.nan, np.nan, np.nan
        size = shares_in_lots(dollars, bars[column].close, run.rules.lot_size)
        if size > 0:
            send_market(run, session, column, KIND.BUY, float(size), REASON.BASELINE)


@compiled
def is_listed(bar):
    """Return whether the baseline may buy a symbol."""
    return bar.is_member and bar.close == bar.close


@compiled
def sell_by_rule(run, session) -> None:
    """Sell what the first exit rule that holds says, symbol by symbol."""
    market = run.market
    for n in range(run.account.n_active):
        column = run.lists.active[n]
        position = run.book[column]
        if position.size == 0:
            position.has_entry, position.has_taken_profit = False, False
        if not has_bar(market, session, column):
            continue
        if market.bars[session, column].direction < 0 and run.rules.strategy == ML_TRADING:
            end(run, session, column, KIND.BUY, END.CANCELLED)
        if position.size > 0 and run.orders[column, KIND.SELL].id == 0:
            sell_position(run, session, column)


@compiled
def sell_position(run, session, column) -> None:
    """Ask the exit rules about one position and send what they sell."""
    market, position = run.market, run.book[column]
    bar = market.bars[session, column]
    state = PositionState(
        position.mark / position.price - 1, position.sessions_held, position.entry_score, bar.score, bar.direction,
        bar.is_member, position.has_taken_profit, market.sessions[session].day - position.entry_day)
    fraction, reason = decide_exit(run.rules, state)
    if reason == NO_EXIT:
        return
    if reason == PROFIT_TAKE:
        position.has_taken_profit = True
    end(run, session, column, KIND.BUY, END.CANCELLED)
    size = shares_to_sell(fraction, position.size, run.rules.lot_size)
    send_market(run, session, column, KIND.SELL, float(size), reason)


@compiled
def forget_idle(run) -> None:
    """Drop symbols without shares and orders from those that every session looks at."""
    account, kept = run.account, 0
    for n in range(account.n_active):
        column = run.lists.active[n]
        has_orders = run.orders[column, KIND.BUY].id > 0 or run.orders[column, KIND.SELL].id > 0
        is_idle = run.book[column].size == 0 and not has_orders
        if is_idle:
            run.book[column].is_active = False
        else:
            run.lists.active[kept] = column
            kept += 1
    account.n_active = kept
