"""Buys of a compiled run: candidates, sizes and limits, as the sizers of the event engine have them."""

from __future__ import annotations

import numpy as np

from backtrader_system.engine.kernel.account import value_after_orders
from backtrader_system.engine.kernel.compiling import compiled
from backtrader_system.engine.kernel.orders import send_market
from backtrader_system.engine.kernel.records import KIND, REASON
from backtrader_system.engine.kernel.rule_table import EQUAL_WEIGHT, FIXED_CASH, KELLY
from backtrader_system.engine.sizing import (
    allowed_dollars,
    kelly_share,
    position_cap,
    scale_to_floor,
    target_fraction,
    whole_shares,
)


@compiled
def buy_candidates(run, session) -> None:
    """Buy the session's signals, strongest first, as far as the limits allow."""
    market, threshold = run.market, run.rules.signal_threshold
    first, last = market.buy_start[session], market.buy_start[session + 1]
    if first == last or market.buy_score[first] < threshold or run.account.equity <= 0:
        return
    value_after_orders(run)
    scale = common_scale(run, session)
    for n in range(first, last):
        if market.buy_score[n] < threshold:
            return
        column = market.buy_column[n]
        if not is_candidate(run, column):
            continue
        size = shares_to_buy(run, session, column, market.buy_score[n], scale)
        if size > 0:
            buy(run, session, column, size, market.buy_score[n])
            value_after_orders(run)


@compiled
def is_candidate(run, column):
    """Return whether a buy signal may be used: not sold today, nothing waiting, not held unless held ones may grow."""
    if not run.book[column].is_active:
        return True
    if run.orders[column, KIND.SELL].id > 0 and run.orders[column, KIND.SELL].is_new:
        return False
    if run.book[column].size > 0 and not run.rules.add_to_positions:
        return False
    return run.orders[column, KIND.BUY].id == 0


@compiled
def buy(run, session, column, size, score) -> None:
    """Send a buy with its exits."""
    rules, position = run.rules, run.book[column]
    position.mark = run.market.close[session, column]
    position.order_score = score
    position.stop_distance = atr_distance(run, session, column, rules.stop_loss_atr)
    position.target_distance = atr_distance(run, session, column, rules.take_profit_atr)
    position.trail_distance = atr_distance(run, session, column, rules.trailing_stop_atr)
    send_market(run, session, column, KIND.BUY, size, REASON.SIGNAL)


@compiled
def atr_distance(run, session, column, multiple):
    """Return an exit's distance in dollars, a multiple of the ATR known now; NaN without one."""
    atr = run.market.atr
    return multiple * atr[session, column] if atr.shape[0] > 0 else np.nan


@compiled
def shares_to_buy(run, session, column, score, scale):
    """Return the whole shares that a buy takes within the limits, 0.0 for none."""
    account, rules, position = run.account, run.rules, run.book[column]
    held = position.value_after_orders if position.is_active else 0.0
    is_new = abs(held) <= 1e-9
    if held < -1e-9 or (is_new and account.n_positions >= rules.max_positions):
        return 0.0
    held_fraction = held / account.equity
    share = target_fraction(wanted_fraction(run, score), position_cap(rules, score), held_fraction, scale)
    dollars = allowed_dollars(
        rules, share, account.equity, account.free_cash, held, account.gross_value, account.net_value, score)
    if dollars < rules.min_order_fraction * account.equity:
        return 0.0
    return float(whole_shares(dollars, run.market.close[session, column]))


@compiled
def wanted_fraction(run, score):
    """Return the share of equity that the sizer wants the position to reach."""
    rules, account = run.rules, run.account
    if rules.sizer == KELLY:
        return kelly_share(
            account, score, rules.prior_win_rate, rules.avg_win, rules.avg_loss, rules.prior_trades,
            rules.kelly_multiplier)
    if rules.sizer == FIXED_CASH:
        return rules.cash_per_position / account.equity
    if rules.sizer == EQUAL_WEIGHT:
        return rules.target_invested_ceiling / min(rules.max_positions, run.market.close.shape[1])
    return rules.fraction


@compiled
def common_scale(run, session):
    """Return by how much the session's buys grow together while less than the floor is invested; Kelly only."""
    account, rules, market = run.account, run.rules, run.market
    invested = account.gross_value / account.equity
    if rules.sizer != KELLY or invested >= rules.target_invested_floor:
        return 1.0
    n_buys = 0
    for n in range(market.buy_start[session], market.buy_start[session + 1]):
        column, score = market.buy_column[n], market.buy_score[n]
        if score < rules.signal_threshold:
            break
        if is_candidate(run, column):
            position = run.book[column]
            part = position.value_after_orders / account.equity if position.is_active else 0.0
            cap = position_cap(rules, score)
            run.amounts[0, n_buys] = max(min(wanted_fraction(run, score), cap) - part, 0.0)
            run.amounts[1, n_buys] = max(cap - part, 0.0)
            n_buys += 1
    return scale_to_floor(invested, run.amounts[0, :n_buys], run.amounts[1, :n_buys], rules.target_invested_floor)
