"""From fills to trades: flat to flat in one symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

TRADE_COLUMNS = (
    "trade_id", "symbol", "status", "entry_session", "entry_price", "exit_session", "exit_price", "size", "gross_pnl",
    "commission", "slippage", "dividends", "net_pnl", "return", "bars_held", "exit_reason", "score", "probability",
    "ml_enhanced", "ambiguous",
)
FLAT = 1e-9                 # shares
FLAT_FRACTION = 1e-12       # of the shares bought: fractions do not add up to the last bit


class FillRecord(NamedTuple):
    """One fill. size : signed shares; price : dollars a share, slippage inside; bar : the symbol's bar number."""

    session: date
    symbol: str
    size: float
    price: float
    commission: float
    slippage: float
    bar: int
    reason: str = ""
    score: float = np.nan
    probability: float = np.nan
    ml_enhanced: bool = False
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """A corporate action on a held position: `split` changes shares, `dividend` and `cash_in_lieu` pay dollars.

    bar : the symbol's bar number in that session.
    """

    session: date
    symbol: str
    kind: str
    shares: float
    dollars: float
    bar: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a symbol stands at the end: its last close and its number of bars."""

    close: float
    bar: int


@dataclass(slots=True)
class _OpenTrade:
    first: FillRecord
    shares: float = 0.0                 # signed, now
    entry_shares: float = 0.0           # as traded, positive
    entry_value: float = 0.0
    exit_shares: float = 0.0
    exit_value: float = 0.0
    commission: float = 0.0
    slippage: float = 0.0
    dividends: float = 0.0
    is_ambiguous: bool = False
    last: FillRecord | ActionRecord | None = None
    direction: int = field(init=False)

    def __post_init__(self) -> None:
        self.direction = 1 if self.first.size > 0 else -1

    def is_flat_at(self, shares: float) -> bool:
        """Whether `shares` are none, but for rounding."""
        return abs(shares) <= max(FLAT, FLAT_FRACTION * self.entry_shares)


def round_trips(
    fills: Iterable[FillRecord], actions: Iterable[ActionRecord], marks: Mapping[str, Mark]
) -> pd.DataFrame:
    """Return the trade blotter: one row per trade, closed or open.

    fills, actions : in the order they happened; an action comes before the fills of its session, as in the market.
    marks : per symbol with an open position, its last close and bar number.

    Prices are averages of execution prices in the share units of their day. `gross_pnl` is before slippage and
    commission; `net_pnl = gross_pnl + dividends - commission - slippage`. An open trade has no exit and is marked to
    its last close, so the sum of `net_pnl` over all rows is the change of equity.
    A fill that turns a position round is split between the two trades by shares.
    """
    events = [(a.session, 0, i, a) for i, a in enumerate(actions)] + [(f.session, 1, i, f) for i, f in enumerate(fills)]
    is_open: dict[str, _OpenTrade] = {}
    rows = []
    for _, _, _, event in sorted(events, key=lambda item: item[:3]):
        if isinstance(event, ActionRecord):
            if _closes(is_open.get(event.symbol), event):
                rows.append(_row(is_open.pop(event.symbol), None))
            continue
        for part in _parts(event, is_open.get(event.symbol)):
            trade = is_open.setdefault(event.symbol, _OpenTrade(part))
            _apply_fill(trade, part)
            if trade.is_flat_at(trade.shares):
                rows.append(_row(is_open.pop(event.symbol), None))
    rows += [_row(trade, marks[symbol]) for symbol, trade in is_open.items()]
    return _table(rows)


def _parts(fill: FillRecord, trade: _OpenTrade | None) -> list[FillRecord]:
    """Split a fill that crosses zero shares into the part that closes and the part that opens."""
    if trade is None or trade.is_flat_at(trade.shares + fill.size) or trade.shares * (trade.shares + fill.size) > 0:
        return [fill]
    closing = -trade.shares / fill.size
    return [_scaled(fill, closing), _scaled(fill, 1 - closing)]


def _scaled(fill: FillRecord, share: float) -> FillRecord:
    return fill._replace(
        size=fill.size * share, commission=fill.commission * share, slippage=fill.slippage * share)


def _closes(trade: _OpenTrade | None, action: ActionRecord) -> bool:
    """Apply an action; return whether it ends the trade, as a reverse split does that turns all shares into cash."""
    if trade is None:
        return False
    if action.kind == "split":
        trade.shares += action.shares
    trade.dividends += action.dollars
    is_cashed_out = action.kind == "cash_in_lieu" and trade.is_flat_at(trade.shares)
    if is_cashed_out:
        trade.last = action
    return is_cashed_out


def _apply_fill(trade: _OpenTrade, fill: FillRecord) -> None:
    trade.shares += fill.size
    trade.commission += fill.commission
    trade.slippage += fill.slippage
    trade.is_ambiguous |= fill.ambiguous
    value = abs(fill.size) * fill.price
    if fill.size * trade.direction > 0:
        trade.entry_shares += abs(fill.size)
        trade.entry_value += value
    else:
        trade.exit_shares += abs(fill.size)
        trade.exit_value += value
        trade.last = fill


def _row(trade: _OpenTrade, mark: Mark | None) -> dict[str, object]:
    held_value = 0.0 if mark is None else trade.shares * trade.direction * mark.close
    executed = (trade.exit_value + held_value - trade.entry_value) * trade.direction
    net = executed + trade.dividends - trade.commission
    is_closed = mark is None and trade.last is not None
    return {
        "symbol": trade.first.symbol,
        "status": "closed" if is_closed else "open",
        "entry_session": trade.first.session,
        "entry_price": trade.entry_value / trade.entry_shares,
        "exit_session": trade.last.session if is_closed else None,
        "exit_price": trade.exit_value / trade.exit_shares if is_closed and trade.exit_shares else np.nan,
        "size": trade.entry_shares * trade.direction,
        "gross_pnl": executed + trade.slippage,
        "commission": trade.commission,
        "slippage": trade.slippage,
        "dividends": trade.dividends,
        "net_pnl": net,
        "return": net / trade.entry_value,
        "bars_held": (trade.last.bar if is_closed else mark.bar) - trade.first.bar,
        "exit_reason": _exit_reason(trade) if is_closed else "",
        "score": trade.first.score,
        "probability": trade.first.probability,
        "ml_enhanced": trade.first.ml_enhanced,
        "ambiguous": trade.is_ambiguous,
    }


def _exit_reason(trade: _OpenTrade) -> str:
    return trade.last.kind if isinstance(trade.last, ActionRecord) else trade.last.reason


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    rows = sorted(rows, key=lambda row: (row["entry_session"], row["symbol"], row["exit_session"] or date.max))
    table = pd.DataFrame({name: [row[name] for row in rows] for name in TRADE_COLUMNS[1:]})
    table.insert(0, "trade_id", np.arange(1, len(rows) + 1))
    kinds = {"symbol": "str", "status": "str", "exit_reason": "str", "ml_enhanced": bool, "ambiguous": bool,
             "bars_held": "int64"}
    numbers = [name for name in TRADE_COLUMNS if name not in kinds and name not in (
        "trade_id", "entry_session", "exit_session")]
    table = table.astype(kinds | dict.fromkeys(numbers, float))
    for name in ("entry_session", "exit_session"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
    return table
