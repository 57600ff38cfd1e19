"""What round trips earned and cost."""

from __future__ import annotations

import re

import pandas as pd

from backtrader_system.metrics.figure import Figure, missing, ratio

_NO_CLOSED = "no closed trade"


def trade_figures(trades: pd.DataFrame) -> dict[str, Figure]:
    """Return counts, rates and averages of the trade blotter.

    trades : table of `ledgers.schemas.TRADES`. Rates and averages are over closed trades only, after costs; a
        closed trade that earned exactly 0 is neither won nor lost but stays in the denominator. Costs and the
        enhancement rate are over all trades, open ones included.
    Returns: fractions of the entry value where the name has no unit, dollars where it says so.
    """
    closed = trades[trades["status"] == "closed"]
    return _counts(trades, closed) | _results(closed) | _holding(closed) | _costs(trades) | _exit_reasons(closed)


def win_rate(closed: pd.DataFrame) -> Figure:
    """Return the share of closed trades with a net P&L above 0; not the share of sessions that rose."""
    return ratio(float((closed["net_pnl"] > 0).sum()), len(closed), _NO_CLOSED)


def profit_factor(closed: pd.DataFrame) -> Figure:
    """Return the dollars won over the dollars lost by closed trades, net of costs; missing without a loss.

    Examples
    --------
    >>> profit_factor(pd.DataFrame({"net_pnl": [30.0, 20.0, -25.0]})).value
    2.0
    """
    if closed.empty:
        return missing(_NO_CLOSED)
    pnl = closed["net_pnl"]
    return ratio(float(pnl[pnl > 0].sum()), -float(pnl[pnl < 0].sum()), "no losing trade")


def _counts(trades: pd.DataFrame, closed: pd.DataFrame) -> dict[str, Figure]:
    pnl = closed["net_pnl"]
    return {
        "total_trades": Figure(len(closed)),
        "winning_trades": Figure(int((pnl > 0).sum())),
        "losing_trades": Figure(int((pnl < 0).sum())),
        "break_even_trades": Figure(int((pnl == 0).sum())),
        "open_trades": Figure(len(trades) - len(closed)),
        "ambiguous_trades": Figure(int(trades["ambiguous"].sum())),
        "win_rate": win_rate(closed),
        "enhancement_rate": ratio(float(trades["ml_enhanced"].sum()), len(trades), "no trade"),
    }


def _results(closed: pd.DataFrame) -> dict[str, Figure]:
    won, lost = closed[closed["net_pnl"] > 0], closed[closed["net_pnl"] < 0]
    win, loss = _mean(won, "net_pnl", "no winning trade"), _mean(lost, "net_pnl", "no losing trade")
    if win.is_missing or loss.is_missing:
        win_loss_ratio = missing(win.note or loss.note or _NO_CLOSED)
    else:
        win_loss_ratio = Figure(win.value / -loss.value)
    return {
        "profit_factor": profit_factor(closed),
        "avg_win": _mean(won, "return", "no winning trade"),
        "avg_loss": _mean(lost, "return", "no losing trade"),
        "avg_win_dollars": win,
        "avg_loss_dollars": loss,
        "win_loss_ratio": win_loss_ratio,
        "expectancy": _mean(closed, "return", _NO_CLOSED),
        "expectancy_dollars": _mean(closed, "net_pnl", _NO_CLOSED),
        "best_trade": _extreme(closed, "return", "max"),
        "worst_trade": _extreme(closed, "return", "min"),
        "best_trade_dollars": _extreme(closed, "net_pnl", "max"),
        "worst_trade_dollars": _extreme(closed, "net_pnl", "min"),
    }


def _holding(closed: pd.DataFrame) -> dict[str, Figure]:
    held = closed["bars_held"]
    if closed.empty:
        return dict.fromkeys(("average_holding_sessions", "median_holding_sessions"), missing(_NO_CLOSED))
    return {
        "average_holding_sessions": Figure(float(held.mean())),
        "median_holding_sessions": Figure(float(held.median())),
    }


def _costs(trades: pd.DataFrame) -> dict[str, Figure]:
    commission, slippage = float(trades["commission"].sum()), float(trades["slippage"].sum())
    return {
        "commission_paid": Figure(commission),
        "slippage_paid": Figure(slippage),
        "costs_paid": Figure(commission + slippage),
        "dividends_received": Figure(float(trades["dividends"].sum())),
    }


def _exit_reasons(closed: pd.DataFrame) -> dict[str, Figure]:
    reasons = closed["exit_reason"].fillna("").replace("", "unknown")
    names = reasons.map(lambda reason: "exits_" + re.sub(r"\W+", "_", reason.lower()).strip("_"))
    return {name: Figure(int(count)) for name, count in names.value_counts().sort_index().items()}


def _mean(trades: pd.DataFrame, column: str, reason: str) -> Figure:
    return missing(reason) if trades.empty else Figure(float(trades[column].mean()))


def _extreme(trades: pd.DataFrame, column: str, which: str) -> Figure:
    return missing(_NO_CLOSED) if trades.empty else Figure(float(getattr(trades[column], which)()))
