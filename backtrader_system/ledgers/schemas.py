"""The tables a backtest writes: their columns, keys and ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import pandas as pd

from backtrader_system.tables.frame_schema import Column, FrameSchema


class OrderStatus(StrEnum):
    """What one row of the order log says about its order."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    ADJUSTED = "adjusted"               # a split changed what is left of it; `size` is what is left
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PENDING_AT_END = "pending_at_end"


FILL_STATUSES = (OrderStatus.PARTLY_FILLED, OrderStatus.FILLED)
TERMINAL_STATUSES = (
    OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED,
    OrderStatus.PENDING_AT_END,
)

# One row per session. Exposures are fractions of equity; drawdown is a fraction of the running peak, <= 0;
# the peak starts at the initial capital. The first row's return is equity / initial capital - 1.
EQUITY = FrameSchema("equity", (
    Column("session", "session"),
    Column("cash", "number"),
    Column("positions_value", "number"),
    Column("equity", "number"),
    Column("return", "number", nullable=True),
    Column("drawdown", "number", nullable=True, maximum=0.0),
    Column("gross_exposure", "number", nullable=True, minimum=0.0),
    Column("net_exposure", "number", nullable=True),
    Column("positions", "count", minimum=0),
), key=("session",))

# One row per round trip, flat to flat in one symbol. Prices are averages of execution prices.
TRADES = FrameSchema("trades", (
    Column("trade_id", "count"),
    Column("symbol", "text"),
    Column("status", "text"),
    Column("entry_session", "session"),
    Column("entry_price", "number", minimum=0.0),
    Column("exit_session", "session", nullable=True),
    Column("exit_price", "number", nullable=True, minimum=0.0),
    Column("size", "number"),
    Column("gross_pnl", "number"),
    Column("commission", "number", minimum=0.0),
    Column("slippage", "number", minimum=0.0),
    Column("dividends", "number"),
    Column("net_pnl", "number"),
    Column("return", "number", nullable=True),
    Column("bars_held", "count", minimum=0),
    Column("exit_reason", "text", nullable=True),
    Column("score", "number", nullable=True),
    Column("probability", "number", nullable=True, minimum=0.0, maximum=1.0),
    Column("ml_enhanced", "flag"),
    Column("ambiguous", "flag"),
), key=("trade_id",))

# One row per event of an order. `size` has the sign of the side.
ORDERS = FrameSchema("orders", (
    Column("order_id", "count"),
    Column("event", "count", minimum=1),
    Column("session", "session"),
    Column("symbol", "text"),
    Column("side", "text"),
    Column("size", "number"),
    Column("order_type", "text"),
    Column("price", "number", nullable=True, minimum=0.0),
    Column("commission", "number", minimum=0.0),
    Column("slippage", "number", minimum=0.0),
    Column("status", "text"),
    Column("reason", "text", nullable=True),
), key=("order_id", "event"))

# One row per signal seen, acted on or not. `forward_return` and `outcome` are labels: they look ahead.
SIGNALS = FrameSchema("signals", (
    Column("signal_id", "text"),
    Column("session", "session"),
    Column("symbol", "text"),
    Column("direction", "count", minimum=-1, maximum=1),
    Column("score", "number", nullable=True),
    Column("base_score", "number", nullable=True),
    Column("probability", "number", nullable=True, minimum=0.0, maximum=1.0),
    Column("ml_multiplier", "number", nullable=True),
    Column("ml_enhanced", "flag"),
    Column("source", "text"),
    Column("known_at", "instant"),
    Column("deployed", "flag"),
    Column("reason", "text", nullable=True),
    Column("forward_return", "number", nullable=True),
    Column("outcome", "text", nullable=True),
), key=("signal_id",))

# One row per corporate action of a held symbol. `shares`: change of shares (split), shares paid out
# (cash_in_lieu) or shares held (dividend); `amount`: dollars received.
ACTIONS = FrameSchema("actions", (
    Column("session", "session"),
    Column("symbol", "text"),
    Column("kind", "text"),
    Column("ratio", "number", nullable=True, minimum=0.0),
    Column("shares", "number"),
    Column("amount", "number"),
), key=("session", "symbol", "kind"))

# One row per short put that was not bought back. Money of the account; payoff: per contract.
EXPIRIES = FrameSchema("expiries", (
    Column("session", "session", nullable=True),        # after whose close it ended; empty if it did not
    Column("contract", "text"),
    Column("underlying", "text"),
    Column("expiry", "session"),                        # the last day as the listing says
    Column("underlying_close", "number", nullable=True, minimum=0.0),     # the price that settled it
    Column("strike", "number", minimum=0.0),
    Column("moneyness", "number", nullable=True),       # strike / underlying_close - 1
    Column("contracts", "number", minimum=0.0),
    Column("outcome", "text"),      # worthless, assigned, assigned_early; unknown (past its expiry), open (not yet)
    Column("payoff", "number", nullable=True, minimum=0.0),
    Column("assignment", "text", nullable=True),        # "shares" bought, "cash" paid, or none
    Column("shares", "number", minimum=0.0),
    Column("pnl_at_expiry", "number", nullable=True),   # net of the whole trade
), key=("contract", "session"))

_DTYPES = {
    "session": "datetime64[ns]", "instant": "datetime64[ns, UTC]", "text": "str", "number": "float64",
    "count": "int64", "flag": "bool",
}


def ledger_table(
    schema: FrameSchema, rows: Sequence[Mapping[str, object]] | pd.DataFrame = ()
) -> pd.DataFrame:
    """Return a checked table of `rows` with the schema's dtypes, also when there are no rows.

    rows : mappings from column name to value, or a table; every row has every column of the schema.
    Raises: DataError if a column is missing or a value is impossible.

    Examples
    --------
    >>> ledger_table(ACTIONS)["session"].dtype
    dtype('<M8[ns]')
    """
    frame = pd.DataFrame(rows) if len(rows) else pd.DataFrame(columns=schema.names)
    known = {column.name: _DTYPES[column.kind] for column in schema.columns if column.name in frame.columns}
    return schema.check(frame.astype(known))
