"""The part of report.md about trades and orders."""

from __future__ import annotations

import pandas as pd

from backtrader_system.reports.figure_text import dollars, is_missing, price, signed_percent
from backtrader_system.reports.markdown_table import cell, table
from backtrader_system.reports.result import RunResult

TRADES_SHOWN = 5
REASONS_SHOWN = 20
_NOT_FILLED = ("rejected", "expired", "cancelled", "pending_at_end")


def trade_lines(result: RunResult) -> list[str]:
    """Return the best and worst closed trades by money, and the positions open at the end."""
    trades = result.trades
    closed = trades[trades["status"] == "closed"].sort_values(["net_pnl", "trade_id"], ascending=[False, True])
    lines = ["## Trades", "", f"{len(closed):,} closed, {len(trades) - len(closed):,} open at the end.", ""]
    if closed.empty:
        return lines + _open_lines(trades)
    is_long = len(closed) > 2 * TRADES_SHOWN
    parts = ([(f"Best {TRADES_SHOWN}", closed.head(TRADES_SHOWN)),
              (f"Worst {TRADES_SHOWN}", closed.tail(TRADES_SHOWN).iloc[::-1])] if is_long
             else [("All closed trades, best first", closed)])
    for title, part in parts:
        lines += [f"### {title}", "", *_trade_table(part)]
    return lines + _open_lines(trades)


def exit_lines(result: RunResult) -> list[str]:
    """Return closed trades grouped by why they were closed, most frequent first."""
    closed = result.trades[result.trades["status"] == "closed"]
    if closed.empty:
        return []
    reason = closed["exit_reason"].astype("str").fillna("").replace("", "unknown").rename("exit_reason")
    groups = closed.assign(won=closed["net_pnl"] > 0).groupby(reason).agg(
        trades=("net_pnl", "size"), won=("won", "mean"), net_pnl=("net_pnl", "sum"), mean=("return", "mean"))
    groups = groups.reset_index().sort_values(["trades", "exit_reason"], ascending=[False, True])
    rows = [(row.exit_reason, f"{row.trades:,}", f"{row.won:.0%}", dollars(row.net_pnl), _percent(row.mean))
            for row in groups.itertuples()]
    return ["## Exits by reason", "",
            *table(("reason", "trades", "won", "net P&L", "mean return"), rows, right=(1, 2, 3, 4))]


def order_lines(result: RunResult) -> list[str]:
    """Return the orders that did not fill, grouped by what became of them and why."""
    orders = result.orders
    n_orders = orders["order_id"].nunique()
    failed = orders[orders["status"].isin(_NOT_FILLED)]
    lines = ["## Orders that did not fill", ""]
    if failed.empty:
        return [*lines, f"None of {n_orders:,} orders was rejected, cancelled, expired or left pending.", ""]
    reason = failed["reason"].astype("str").fillna("").replace("", "no reason given")
    counts = failed.groupby([failed["status"], reason]).size().rename("orders").reset_index()
    counts = counts.sort_values(["orders", "status", "reason"], ascending=[False, True, True])
    rows = [(row.status.replace("_", " "), row.reason, f"{row.orders:,}")
            for row in counts.head(REASONS_SHOWN).itertuples()]
    more = len(counts) - len(rows)
    rest = [f"And {more:,} more kinds, {int(counts['orders'].iloc[len(rows):].sum()):,} orders: see the order log.", ""]
    return [*lines, f"{failed['order_id'].nunique():,} of {n_orders:,} orders.", "",
            *table(("what happened", "reason", "orders"), rows, right=(2,)), *(rest if more else [])]


def action_lines(result: RunResult) -> list[str]:
    """Return the corporate actions that met a position, counted by kind."""
    if result.actions.empty:
        return []
    counts = result.actions.groupby("kind").agg(number=("kind", "size"), amount=("amount", "sum")).sort_index()
    rows = [(row.Index.replace("_", " "), f"{row.number:,}", dollars(row.amount)) for row in counts.itertuples()]
    return ["## Corporate actions of held symbols", "",
            *table(("kind", "number", "money received"), rows, right=(1, 2))]


def _trade_table(trades: pd.DataFrame) -> list[str]:
    rows = [
        (row.symbol, _day(row.entry_session), price(row.entry_price), _day(row.exit_session),
         "" if is_missing(row.exit_price) else price(row.exit_price), f"{row.bars_held:,}", _percent(row.result),
         dollars(row.net_pnl), "" if pd.isna(row.exit_reason) else row.exit_reason)
        for row in trades.rename(columns={"return": "result"}).itertuples()
    ]
    header = ("symbol", "entry", "price", "exit", "price", "sessions held", "return", "net P&L", "reason")
    return table(header, rows, right=(2, 4, 5, 6, 7))


def _open_lines(trades: pd.DataFrame) -> list[str]:
    still = trades[trades["status"] == "open"].sort_values(["net_pnl", "trade_id"], ascending=[False, True])
    if still.empty:
        return []
    names = ", ".join(cell(symbol) for symbol in still["symbol"].head(REASONS_SHOWN))
    more = f" and {len(still) - REASONS_SHOWN} more" if len(still) > REASONS_SHOWN else ""
    return [f"Open at the end, at their last close {dollars(still['net_pnl'].sum())} in total: {names}{more}.", ""]


def _percent(value: float) -> str:
    return "" if is_missing(value) else signed_percent(value)


def _day(session: pd.Timestamp) -> str:
    return "" if pd.isna(session) else f"{session:%Y-%m-%d}"
