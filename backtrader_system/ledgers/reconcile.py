"""The independent check of a run's ledgers against each other and against the bars."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.ledgers.action_checks import action_discrepancies
from backtrader_system.ledgers.discrepancies import capped, differs, discrepancy, place
from backtrader_system.ledgers.fill_checks import fill_discrepancies
from backtrader_system.ledgers.order_checks import order_discrepancies
from backtrader_system.ledgers.replay import NO_SHARES, Bars, Replay, fills_of, replay_fills
from backtrader_system.ledgers.trade_checks import trade_discrepancies


def reconcile(
    bars: Bars,
    orders: pd.DataFrame,
    trades: pd.DataFrame,
    equity: pd.DataFrame,
    actions: pd.DataFrame,
    *,
    initial_capital: float,
    tolerance: float = 1e-6,
    allow_short: bool = False,
    delisting_haircut_fraction: float = 0.0,
    settles_puts: bool = False,
) -> list[str]:
    """Return every disagreement between the ledgers of a run, in words; empty if all agree.

    bars : the sessions of the run (earlier ones do no harm). orders, trades, equity, actions : tables of
        `ledgers.schemas`. initial_capital : dollars. tolerance : fraction of equity.
    settles_puts : prices and times of fills of type `expiry` are left to `put_checks`.
    Checked, by a replay of the fills that shares no code with the engine:

    1. equity = cash + positions, and cash, positions, returns, drawdown and exposures equal those of the replay;
    2. the price of a fill before slippage lies in the bar of its session; no fill without a bar; a delisted
       position is closed at its last close less the haircut;
    3. a market order fills after the session of its submission; another order may fill in it only against an
       entry of that session;
    4. the net P&L of all trades is the change of equity;
    5. each trade is what the fills give, grouped from flat to flat; commissions agree;
    6. no position is short unless `allow_short`;
    7. each order is submitted once, ends once, and fills no more than was ordered;
    8. splits and dividends are those of the bars, for the shares held.
    """
    try:
        fills = fills_of(orders)
        account = replay_fills(
            fills, bars.sessions, bars.symbols, initial_capital=initial_capital, actions=actions)
    except DataError as fault:
        return str(fault).splitlines()
    lines = order_discrepancies(orders)
    lines += fill_discrepancies(bars, orders, delisting_haircut_fraction, settles_puts=settles_puts)
    lines += action_discrepancies(bars, account, actions)
    if not allow_short:
        lines += _short_positions(account)
    lines += _account(bars, account, equity, initial_capital, tolerance)
    lines += trade_discrepancies(bars, orders, actions, trades)
    return lines + _totals(orders, trades, equity, initial_capital, tolerance)


def _account(
    bars: Bars, account: Replay, equity: pd.DataFrame, initial_capital: float, tolerance: float
) -> list[str]:
    """Compare the equity table with the replayed account, session by session."""
    sessions = pd.DatetimeIndex(equity["session"]).as_unit(bars.sessions.unit)
    rows = bars.sessions.get_indexer(sessions)
    lines = _missing_sessions(bars, sessions, rows)
    if lines:
        return lines
    values = account.values(bars.close)[rows]
    total, gross = values.sum(axis=1), np.abs(values).sum(axis=1)
    cash = account.cash[rows]
    level = cash + total
    before = np.concatenate([[initial_capital], level[:-1]])
    peak = np.maximum.accumulate(np.maximum(level, initial_capital))
    dollars = tolerance * np.maximum(np.abs(level), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = {
            "cash": (cash, dollars), "positions_value": (total, dollars), "equity": (level, dollars),
            "return": (level / before - 1, 2 * tolerance), "drawdown": (level / peak - 1, 2 * tolerance),
            "gross_exposure": (gross / level, 2 * tolerance), "net_exposure": (total / level, 2 * tolerance),
            "positions": (account.positions[rows], 0.0),
        }
    own = equity["cash"].to_numpy(float) + equity["positions_value"].to_numpy(float)
    expected["cash + positions_value"] = (equity["equity"].to_numpy(float), dollars)
    found = {name: equity[name].to_numpy(float) for name in list(expected)[:-1]} | {"cash + positions_value": own}
    for name, (wanted, allowed) in expected.items():
        wrong = np.flatnonzero(differs(wanted, found[name], allowed))
        lines += capped([
            discrepancy(place(sessions[row]), f"equity table, {name}", float(wanted[row]), float(found[name][row]))
            for row in wrong])
    return lines


def _missing_sessions(bars: Bars, sessions: pd.DatetimeIndex, rows: np.ndarray) -> list[str]:
    """Compare the sessions of the equity table with those of the bars, from its first one on."""
    if not len(sessions):
        return ["the equity table has no session"]
    unknown = [discrepancy(place(session), "equity table", "a session of the bars", "none")
               for session in sessions[rows < 0]]
    if unknown:
        return capped(unknown)
    if np.any(np.diff(rows) <= 0):
        return ["the sessions of the equity table do not rise"]
    wanted = np.flatnonzero(np.isfinite(bars.close).any(axis=1))
    lost = np.setdiff1d(wanted[wanted >= rows[0]], rows)
    return capped([discrepancy(place(bars.sessions[row]), "equity table", "a row", "none") for row in lost])


def _short_positions(account: Replay) -> list[str]:
    return capped([
        discrepancy(place(account.sessions[row], account.symbols[column]), "shares held at the close",
                    "none below 0", float(account.shares[row, column]))
        for row, column in np.argwhere(account.shares < -NO_SHARES)])


def _totals(
    orders: pd.DataFrame, trades: pd.DataFrame, equity: pd.DataFrame, initial_capital: float, tolerance: float
) -> list[str]:
    """Compare the sums of the tables."""
    if equity.empty:
        return []
    final = float(equity["equity"].iloc[-1])
    allowed = tolerance * max(abs(final), 1.0)
    fills = fills_of(orders)
    pairs = [
        ("net_pnl of all trades (change of equity)", final - initial_capital, trades["net_pnl"]),
        ("commission of all trades (commission of all fills)", float(fills["commission"].sum()), trades["commission"]),
        ("slippage of all trades (slippage of all fills)", float(fills["slippage"].sum()), trades["slippage"]),
    ]
    return [
        discrepancy("whole run", what, expected, float(found.sum()))
        for what, expected, found in pairs if not abs(expected - float(found.sum())) <= allowed]
