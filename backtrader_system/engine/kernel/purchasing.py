"""Buys of a compiled run: candidates, sizes and limits, as the sizers of the event engine have them."""

from __future__ import annotations

from backtrader_system.engine.kernel.account import count_newest_order, value_after_orders
from backtrader_system.engine.kernel.compiling import compiled, compiled_allocating
from backtrader_system.engine.kernel.orders import send_market
from backtrader_system.engine.kernel.records import KIND, REASON
from backtrader_system.engine.kernel.rule_table import EQUAL_WEIGHT, FIXED_CASH, KELLY
from backtrader_system.engine.lots import shares_in_lots
from backtrader_system.engine.sizing import (
    allowed_dollars,
    has_record,
    kelly_share,
    position_cap,
    scale_to_floor,
    scaled_wish,
    share_of_cash,
    target_fraction,
)


@compiled
def buy_candidates(run, session) -> None:
    """Buy the session's signals, strongest first, as far as the limits allow."""
    signals, threshold = run.market.signals, run.rules.signal_threshold
    first, last = run.market.sessions[session].first_signal, run.market.sessions[session + 1].first_signal
    if first == last or signals[first].score < threshold or run.account.equity <= 0:
        return
    value_after_orders(run)
    scale = common_scale(run, session)
    for n in range(first, last):
        column, score = signals[n].column, signals[n].score
        if score < threshold:
            return
        if not is_candidate(run, column):
            continue
        size = shares_to_buy(run, session, signals[n], scale)
        if size > 0:
            buy(run, session, column, size, score)
            count_newest_order(run)


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
    rules, position, bar = run.rules, run.book[column], run.market.bars[session, column]
    position.mark = bar.close
    position.order_score = score
    position.stop_distance = rules.stop_loss_atr * bar.atr
    position.target_distance = rules.take_profit_atr * bar.atr
    position.trail_distance = rules.trailing_stop_atr * bar.atr
    send_market(run, session, column, KIND.BUY, size, REASON.SIGNAL)


@compiled
def shares_to_buy(run, session, signal, scale):
    """Return the lots of shares that a buy takes within the limits, 0.0 for none."""
    column, score = signal.column, signal.score
    account, rules, position = run.account, run.rules, run.book[column]
    held = position.value_after_orders if position.is_active else 0.0
    is_new = abs(held) <= 1e-9
    if held < -1e-9 or (is_new and account.n_positions >= rules.max_positions):
        return 0.0
    held_fraction = held / account.equity
    share = target_fraction(wanted_fraction(run, signal), position_cap(rules, score), held_fraction, scale)
    dollars = allowed_dollars(
        rules, share, account.equity, account.free_cash, held, account.gross_value, account.net_value, score)
    if dollars < rules.min_order_fraction * account.equity:
        return 0.0
    return float(shares_in_lots(dollars, run.market.bars[session, column].close, rules.lot_size))


@compiled
def wanted_fraction(run, signal):
    """Return the share of equity that the position should reach: the sizer's, times what the signal asks for."""
    return scaled_wish(usual_fraction(run, signal.score), signal.size_factor)


@compiled
def usual_fraction(run, score):
    """Return the share of equity that the sizer wants a position to reach."""
    rules, account = run.rules, run.account
    if sizes_by_kelly(run):
        return kelly_share(
            account, score, rules.prior_win_rate, rules.avg_win, rules.avg_loss, rules.prior_trades,
            rules.kelly_multiplier, rules.is_growth_optimal)
    if rules.sizer == FIXED_CASH or rules.sizer == KELLY:
        return share_of_cash(rules.cash_per_position, account.equity)
    if rules.sizer == EQUAL_WEIGHT:
        return rules.target_invested_ceiling / min(rules.max_positions, run.market.bars.shape[1])
    return rules.fraction


@compiled
def sizes_by_kelly(run):
    """Return whether Kelly sizes the positions: not before it has the record that is asked of it."""
    return run.rules.sizer == KELLY and has_record(run.account, run.rules.kelly_min_trades)


@compiled_allocating
def common_scale(run, session):
    """Return by how much the session's buys grow together while less than the floor is invested; Kelly only."""
    account, rules, market = run.account, run.rules, run.market
    invested = account.gross_value / account.equity
    if not sizes_by_kelly(run) or invested >= rules.target_invested_floor:
        return 1.0
    n_buys = 0
    for n in range(market.sessions[session].first_signal, market.sessions[session + 1].first_signal):
        column, score = market.signals[n].column, market.signals[n].score
        if score < rules.signal_threshold:
            break
        if is_candidate(run, column):
            position = run.book[column]
            part = position.value_after_orders / account.equity if position.is_active else 0.0
            cap = position_cap(rules, score)
            run.lists.amounts[0, n_buys] = max(min(wanted_fraction(run, market.signals[n]), cap) - part, 0.0)
            run.lists.amounts[1, n_buys] = max(cap - part, 0.0)
            n_buys += 1
    buys, rooms = run.lists.amounts[0, :n_buys], run.lists.amounts[1, :n_buys]
    return scale_to_floor(invested, buys, rooms, rules.target_invested_floor)
