"""vectorbt with a custom order function that trades exactly our rules, stops and targets of the entry bar included.

Written after docs/timeline.md, so its trades are those of our kernel. vectorbt calls `decide_nb` once per session and
`order_nb` once per order; what it executes and records is its own.

Options: `n_settings`, a sweep of so many settings instead of one run, each of which is asked for its final value;
`metrics`, whether each is asked for its number of trades and largest drawdown too, which costs more than the run;
`ledgers`, whether one run is asked for its tables of orders and trades and its equity curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb
from vectorbt.portfolio.enums import Direction, NoOrder, SizeType

from speed.market import Market
from speed.outcome import Outcome
from speed.rules import BPS, Rules, varied_rules

MAX_ORDERS_PER_SESSION = 40     # at most 15 sales and 15 buys; keeps vectorbt's record array small
NEVER = np.inf


@njit
def before_run_nb(context):
    return ()


@njit
def strongest_nb(scores, shares, entry_score, n_wanted):
    """Return the columns of the highest scores above the threshold that are not held, strongest first."""
    chosen, values, n_chosen = np.empty(n_wanted, np.int64), np.empty(n_wanted), 0
    for column in range(scores.size if n_wanted else 0):
        score = scores[column]
        if not score > entry_score or shares[column] > 0:
            continue
        if n_chosen < n_wanted:
            n_chosen += 1
        elif not score > values[n_chosen - 1]:
            continue
        place = n_chosen - 1
        while place > 0 and values[place - 1] < score:
            values[place], chosen[place] = values[place - 1], chosen[place - 1]
            place -= 1
        values[place], chosen[place] = score, column
    return chosen[:n_chosen]


@njit
def price_at_open_nb(open_, stop, target, is_due):
    """Return the price of a sale at the open, by the time limit or a gap through stop or target, or NaN."""
    return open_ if is_due or open_ <= stop or open_ >= target else np.nan


@njit
def price_after_open_nb(high, low, stop, target):
    """Return the price of a sale in the rest of the bar, or NaN; the stop comes first."""
    if low <= stop:
        return stop
    return target if high >= target else np.nan


@njit
def plan_nb(plan, counts, column, size, price):
    """Note one order of this session."""
    number = counts[1]
    plan[0][number], plan[1][number], plan[2][number] = column, size, price
    counts[1] += 1


@njit
def decide_nb(context, bars, state, plan, rules):
    """Plan this session's orders: sales at the open, buys at the open, then stops and targets."""
    opens, highs, lows, closes, scores = bars
    shares, entry_price, entry_session, held, counts = state
    entry_score, max_positions, fraction, stop_fraction, target_fraction, max_sessions, slip = rules
    session = context.i
    counts[1] = counts[2] = 0
    if session == 0:
        return ()
    n_held, n_kept, equity = counts[0], 0, context.last_cash[context.group]
    for column in held[:n_held]:
        equity += shares[column] * closes[session - 1, column]
        n_kept += session - 1 - entry_session[column] < max_sessions
    buys = strongest_nb(scores[session - 1], shares, entry_score, max(int(max_positions) - n_kept, 0))
    for column in held[:n_held]:
        stop, target = entry_price[column] * (1 - stop_fraction), entry_price[column] * (1 + target_fraction)
        is_due = session - 1 - entry_session[column] >= max_sessions
        price = price_at_open_nb(opens[session, column], stop, target, is_due)
        if price == price:
            plan_nb(plan, counts, column, -shares[column], price * (1 - slip))
            shares[column] = 0
    for column in buys:
        size, price = np.floor(fraction * equity / closes[session - 1, column]), opens[session, column] * (1 + slip)
        if size > 0:
            plan_nb(plan, counts, column, size, price)
            shares[column], entry_price[column], entry_session[column] = size, price, session
            held[n_held] = column
            n_held += 1
    counts[0] = 0
    for column in held[:n_held]:
        if shares[column] == 0:
            continue
        stop, target = entry_price[column] * (1 - stop_fraction), entry_price[column] * (1 + target_fraction)
        price = price_after_open_nb(highs[session, column], lows[session, column], stop, target)
        if price == price:
            plan_nb(plan, counts, column, -shares[column], price * (1 - slip))
            shares[column] = 0
        else:
            held[counts[0]] = column
            counts[0] += 1
    return ()


@njit
def order_nb(context, plan, counts, fees):
    """Hand the next planned order to vectorbt."""
    columns, sizes, prices = plan
    number = counts[2]
    if number >= counts[1]:
        return -1, NoOrder
    counts[2] += 1
    return columns[number], nb.order_nb(size=sizes[number], price=prices[number], size_type=SizeType.Amount,
                                        direction=Direction.LongOnly, fees=fees, allow_partial=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    bars: tuple[np.ndarray, ...]
    sessions: np.ndarray
    symbols: np.ndarray
    settings: list[Rules]
    is_sweep: bool
    metrics: bool
    ledgers: bool


@dataclass(frozen=True, slots=True)
class Result:
    prepared: Prepared
    portfolio: Any
    figures: list[tuple[float, ...]]    # per setting: final value, then trades and largest drawdown
    ledgers: tuple[Any, ...]


def prepare(
    market: Market, rules: Rules, n_settings: int = 0, metrics: bool = False, ledgers: bool = False
) -> Prepared:
    bars = (market.open, market.high, market.low, market.close, market.score)
    settings = varied_rules(n_settings) if n_settings else [rules]
    return Prepared(bars, market.sessions, market.symbols, settings, n_settings > 0, metrics, ledgers)


def run(prepared: Prepared) -> Result:
    figures = []
    for rules in prepared.settings:
        portfolio = simulate(prepared.bars, rules)
        if prepared.is_sweep:
            more = (int(portfolio.trades.count()), float(portfolio.max_drawdown())) if prepared.metrics else ()
            figures.append((float(portfolio.final_value()), *more))
    ledgers = ()
    if prepared.ledgers:
        ledgers = portfolio.orders.records_readable, portfolio.trades.records_readable, portfolio.value()
    return Result(prepared, portfolio, figures, ledgers)


def simulate(bars: tuple[np.ndarray, ...], rules: Rules) -> Any:
    """Return vectorbt's portfolio of one run."""
    n_sessions, n_symbols = bars[3].shape
    per_symbol = np.zeros(n_symbols), np.zeros(n_symbols), np.zeros(n_symbols, np.int64)
    state = (*per_symbol, np.zeros(n_symbols + 1, np.int64), np.zeros(3, np.int64))
    plan = np.zeros(64, np.int64), np.zeros(64), np.zeros(64)
    numbers = (
        rules.entry_score, float(rules.max_positions), rules.position_fraction,
        NEVER if rules.stop_fraction is None else rules.stop_fraction,
        NEVER if rules.target_fraction is None else rules.target_fraction,
        float(rules.max_holding_sessions), rules.slippage_bps * BPS)
    return vbt.Portfolio.from_order_func(
        bars[3], order_nb, plan, state[-1], rules.commission_bps * BPS, flexible=True, init_cash=rules.cash,
        group_by=True, cash_sharing=True, pre_sim_func_nb=before_run_nb, pre_segment_func_nb=decide_nb,
        pre_segment_args=(bars, state, plan, numbers), update_value=False, freq="1D",
        max_orders=min(n_sessions * MAX_ORDERS_PER_SESSION, n_sessions * n_symbols))


def outcome(result: Result) -> Outcome:
    prepared, portfolio = result.prepared, result.portfolio
    records = portfolio.trades.closed.records
    days, symbols = prepared.sessions.astype(str), prepared.symbols
    trades = [
        (str(symbols[column]), str(days[entry]), str(days[exit_]), float(price), float(pnl))
        for column, entry, exit_, price, pnl in
        zip(*(records[name] for name in ("col", "entry_idx", "exit_idx", "entry_price", "pnl")), strict=True)
    ]
    return Outcome(float(portfolio.final_value()), len(trades), trades, n_settings=len(prepared.settings),
                   final_values=[row[0] for row in result.figures] or None)
