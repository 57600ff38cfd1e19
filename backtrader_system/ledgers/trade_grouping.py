"""An own grouping of fills into trades, flat to flat, to compare the blotter with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from backtrader_system.ledgers.fill_checks import AT_NEXT_BAR, DELISTED, market_prices
from backtrader_system.ledgers.replay import Bars, fills_of, last_known, positions_in, rounding_of
from backtrader_system.ledgers.schemas import OrderStatus

COLUMNS = ("symbol", "status", "entry_session", "exit_session", "size", "entry_price", "exit_price", "gross_pnl",
           "commission", "slippage", "dividends", "net_pnl", "return", "bars_held")


# Places of a fill within its session.
_SALE_AT_OPEN, _BUY_AT_OPEN, _LATER, _BORN_HERE = range(4)


class _Fill(NamedTuple):
    """One fill. `phase`: see above; `ordered`: signed shares of its order when it was submitted."""

    phase: int
    order_id: int
    event: int
    ordered: float
    shares: float
    price: float
    commission: float
    slippage: float
    is_resting: bool        # a stop or a limit


@dataclass(slots=True)
class _Group:
    """Sums over one symbol since it was flat."""

    row: int
    direction: float
    shares: float = 0.0
    entered: float = 0.0
    entered_value: float = 0.0
    left: float = 0.0
    left_value: float = 0.0
    commission: float = 0.0
    slippage: float = 0.0
    dividends: float = 0.0

    @property
    def is_flat(self) -> bool:
        return abs(self.shares) <= rounding_of(self.entered)

    def add(self, event: _Fill) -> None:
        self.shares += event.shares
        self.commission += event.commission
        self.slippage += event.slippage
        value = abs(event.shares) * event.price
        if event.shares * self.direction > 0:
            self.entered, self.entered_value = self.entered + abs(event.shares), self.entered_value + value
        else:
            self.left, self.left_value = self.left + abs(event.shares), self.left_value + value


def grouped_trades(bars: Bars, orders: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return the trades that fills and actions give, in the order they end, open ones last.

    Columns as in `ledgers.schemas.TRADES`, without what only the engine knows (scores, reasons).
    """
    n_bars, close = np.isfinite(bars.close).cumsum(axis=0), last_known(bars.close)
    fills, booked = _fills_by_cell(bars, orders), _actions_by_cell(bars, actions)
    is_open: dict[int, _Group] = {}
    trades = []
    for row, column in sorted(fills.keys() | booked.keys()):
        if column in is_open:
            for shares, dollars in booked.get((row, column), ()):
                is_open[column].shares += shares
                is_open[column].dividends += dollars
            # A reverse split can turn the last shares into cash.
            if is_open[column].is_flat:
                trades.append(_trade(is_open.pop(column), column, row, n_bars, None))
        waiting = sorted(fills.get((row, column), ()))
        while waiting:
            fill = _next_fill(waiting, is_open[column].shares if column in is_open else 0.0)
            waiting.remove(fill)
            for part in _split_at_zero(fill, is_open.get(column)):
                group = is_open.setdefault(column, _Group(row, np.sign(part.shares)))
                group.add(part)
                if group.is_flat:
                    trades.append(_trade(is_open.pop(column), column, row, n_bars, None))
    end = len(bars.sessions) - 1
    trades += [_trade(group, column, end, n_bars, float(close[end, column]))
               for column, group in is_open.items()]
    return _named(bars, pd.DataFrame(trades, columns=list(COLUMNS)))


def _fills_by_cell(bars: Bars, orders: pd.DataFrame) -> dict[tuple[int, int], list[_Fill]]:
    fills = fills_of(orders)
    rows, columns = positions_in(fills, bars.sessions, bars.symbols, "fill")
    submitted = orders[orders["status"] == OrderStatus.SUBMITTED].drop_duplicates("order_id").set_index("order_id")
    sent = submitted.reindex(fills["order_id"])
    ordered = sent["size"].to_numpy(float)
    is_forced = (fills["reason"] == DELISTED).to_numpy()
    is_born_here = (fills["session"].to_numpy() == sent["session"].to_numpy()) & ~is_forced
    opening = bars.open[rows, columns]
    at_open = is_forced | fills["order_type"].isin(AT_NEXT_BAR[:1]).to_numpy() | (
        np.abs(market_prices(fills) - opening) <= 1e-9 * np.abs(opening))
    phases = np.where(is_born_here, _BORN_HERE, np.where(at_open, (fills["size"] > 0).to_numpy(), _LATER))
    numbers = [fills[name].to_numpy() for name in ("size", "price", "commission", "slippage")]
    numbers.append(~fills["order_type"].isin(AT_NEXT_BAR).to_numpy())
    cells: dict[tuple[int, int], list[_Fill]] = defaultdict(list)
    for row, column, *values in zip(
        rows, columns, phases, fills["order_id"], fills["event"], ordered, *numbers, strict=True
    ):
        cells[row, column].append(_Fill(*values))
    return cells


def _actions_by_cell(bars: Bars, actions: pd.DataFrame) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """Return the change of shares and the dollars of each action, by session row and symbol column."""
    booked = actions[actions["kind"].isin(("split", "cash_in_lieu", "dividend"))]
    rows, columns = positions_in(booked, bars.sessions, bars.symbols, "corporate action")
    shares = np.where(booked["kind"] == "split", booked["shares"].to_numpy(float), 0.0)
    cells: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for row, column, change, dollars in zip(rows, columns, shares, booked["amount"].to_numpy(float), strict=True):
        cells[row, column].append((change, dollars))
    return cells


def _next_fill(waiting: list[_Fill], shares: float) -> _Fill:
    """Return which of a session's fills came next, given the position; `waiting` is sorted by phase and age.

    The log is sorted by order and not by time, so the time contract says what came first: sales at the open, buys at
    the open, then exits before entries. A protective order born in this session has the size of the position that it
    was born for, so it follows the entry that made the position that large.
    """
    rounding = rounding_of(shares)
    if waiting[0].phase < _LATER or len(waiting) == 1:
        # A gap through a bracket's entry and stop fills both at the open: there is nothing to sell before the entry.
        first = waiting[0]
        bought = [buy for buy in waiting if buy.phase < _LATER and buy.shares > 0 and buy.order_id < first.order_id]
        is_exit_of_bought = first.phase == 0 and first.is_resting and -first.shares > shares + rounding
        return bought[0] if bought and is_exit_of_bought else first
    exits = [fill for fill in waiting if fill.shares * shares < 0 and abs(fill.shares) <= abs(shares) + rounding]
    ready = [fill for fill in exits if fill.phase == _LATER or abs(fill.ordered + shares) <= 1e-6 * abs(shares)]
    entries = [fill for fill in waiting if fill.shares * shares >= 0]
    return (ready or entries or exits or waiting)[0]


def _split_at_zero(fill: _Fill, group: _Group | None) -> list[_Fill]:
    """Return the part that closes and the part that opens, if a fill turns a position round."""
    after = fill.shares + (group.shares if group else 0.0)
    if group is None or abs(after) <= rounding_of(group.entered) or after * group.direction > 0:
        return [fill]
    return [
        fill._replace(shares=fill.shares * part, commission=fill.commission * part, slippage=fill.slippage * part)
        for part in (-group.shares / fill.shares, after / fill.shares)]


def _named(bars: Bars, trades: pd.DataFrame) -> pd.DataFrame:
    """Put names in place of the numbers of sessions and symbols, all at once."""
    entry, leave = trades["entry_session"].to_numpy(int), trades["exit_session"].to_numpy(int)
    return trades.assign(
        symbol=pd.Series(np.array(bars.symbols)[trades["symbol"].to_numpy(int)], dtype="str"),
        entry_session=bars.sessions[entry],
        exit_session=pd.Series(bars.sessions[leave]).where(leave >= 0))


def _trade(
    group: _Group, column: int, row: int, n_bars: np.ndarray, mark: float | None
) -> tuple[object, ...]:
    """Return one row of the table, with numbers for sessions and symbol. mark : last close of an open trade."""
    held = 0.0 if mark is None else group.shares * mark
    executed = group.direction * (group.left_value - group.entered_value) + held
    net = executed + group.dividends - group.commission
    is_closed = mark is None
    return (
        column, "closed" if is_closed else "open", group.row, row if is_closed else -1, group.entered * group.direction,
        group.entered_value / group.entered, group.left_value / group.left if is_closed and group.left else np.nan,
        executed + group.slippage, group.commission, group.slippage, group.dividends, net,
        net / group.entered_value, int(n_bars[row, column] - n_bars[group.row, column]),
    )
