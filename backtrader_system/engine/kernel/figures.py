"""The figures of a compiled run, as `backtrader_system.metrics` defines them."""

from __future__ import annotations

import math

import numpy as np

from backtrader_system.engine.kernel.compiling import compiled


@compiled
def write_figures(run, row) -> None:
    """Write the figures of a finished run into one record; what cannot be computed is NaN."""
    account, capital, equity = run.account, run.rules.initial_capital, run.log.curve[:, 0]
    row.final_equity = account.equity
    row.total_return = account.equity / capital - 1
    row.max_drawdown = deepest_drawdown(equity, capital)
    mean, deviation = session_moments(equity, capital)
    years = math.sqrt(run.rules.periods_per_year)
    row.volatility = deviation * years
    varies = deviation > 1e-12
    row.sharpe_ratio = (mean - run.rules.rate_per_session) / deviation * years if varies else np.nan
    row.total_trades = account.n_closed
    row.win_rate = account.n_won / account.n_closed if account.n_closed > 0 else np.nan
    row.profit_factor = account.dollars_won / account.dollars_lost if account.dollars_lost > 0 else np.nan
    row.open_trades = 0
    for n in range(account.n_active):
        row.open_trades += run.book[run.lists.active[n]].size != 0
    row.commission_paid, row.slippage_paid = account.commission, account.slippage
    row.traded_volume, row.ambiguous_fills = account.traded_value, account.n_ambiguous
    row.orders, row.fills, row.rejected_orders = account.n_orders, account.n_fills, account.n_rejected
    row.actions = account.n_actions


@compiled
def session_moments(equity, capital):
    """Return mean and sample deviation of the session returns; NaN where equity was not positive or has one value."""
    total, before = 0.0, capital
    for value in equity:
        if value <= 0:
            return np.nan, np.nan
        total += value / before - 1
        before = value
    if len(equity) < 2:
        return np.nan, np.nan
    mean, squares, before = total / len(equity), 0.0, capital
    for value in equity:
        squares += (value / before - 1 - mean) ** 2
        before = value
    return mean, math.sqrt(squares / (len(equity) - 1))


@compiled
def deepest_drawdown(equity, capital):
    """Return the depth of the deepest drawdown, a fraction >= 0; the first peak is the capital."""
    peak, deepest = capital, 0.0
    for value in equity:
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    return deepest
