"""How the kernel keeps an account in memory: NumPy records, so that compiled functions read fields by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backtrader_system.engine.exit_rules import EXIT_REASONS

# Numbers that compiled functions hand on are fields of tuples: numba compiles a function anew for every literal.


class Kinds(NamedTuple):
    """The orders a symbol can have, one of each; rising as an entry sends its exits."""

    BUY: int = 0
    SELL: int = 1
    STOP: int = 2
    TRAIL: int = 3
    TARGET: int = 4


class Reasons(NamedTuple):
    """Why an order was sent; the numbers below are those of `exit_rules.EXIT_REASONS`."""

    SIGNAL: int = 5
    STOP: int = 6
    TRAIL: int = 7
    TARGET: int = 8
    DELISTING: int = 9
    BASELINE: int = 10


class Ends(NamedTuple):
    """How an order ended."""

    PENDING: int = 0
    FILLED: int = 1
    CANCELLED: int = 2
    REJECTED: int = 3


class Actions(NamedTuple):
    """What happens to a position without an order."""

    SPLIT: int = 0
    CASH_IN_LIEU: int = 1
    DIVIDEND: int = 2


KIND, REASON, END, ACTION = Kinds(), Reasons(), Ends(), Actions()
N_KINDS = len(KIND)
ORDER_TYPES = ("market", "market", "stop", "stop_trail", "limit")
ORDER_REASONS = (
    *EXIT_REASONS, "buy_signal", "stop", "trailing_stop", "target", "delisted", "baseline",
)
ORDER_ENDS = ("pending_at_end", "filled", "cancelled", "rejected")
ACTION_KINDS = ("split", "cash_in_lieu", "dividend")

ORDER = np.dtype([
    ("id", "i8"),               # 1, 2, ... by age; 0: there is no such order
    ("left", "f8"),             # shares not yet filled
    ("level", "f8"),            # dollars; of a market order the close at which it was decided
    ("distance", "f8"),         # of a trailing stop, dollars; NaN if it trails by a fraction
    ("done", "f8"),             # shares filled
    ("done_price", "f8"),       # their average price
    ("is_triggered", "?"),      # a stop that was touched is a market order from then on
    ("is_new", "?"),            # sent at the last close, not yet accepted
], align=True)

POSITION = np.dtype([
    ("size", "f8"), ("price", "f8"),            # shares and average price, as in Backtrader's Position
    ("mark", "f8"),                             # last close
    ("trade_price", "f8"), ("trade_pnl", "f8"), ("trade_commission", "f8"), ("trade_dividends", "f8"),
    ("entry_value", "f8"), ("exit_value", "f8"),
    ("entry_score", "f8"), ("order_score", "f8"),       # of the entry, and of the waiting buy
    ("stop_distance", "f8"), ("target_distance", "f8"), ("trail_distance", "f8"),   # of the waiting buy, dollars
    ("value_after_orders", "f8"),
    ("shares_taken", "f8"), ("taken_in", "i8"),  # of a session's volume, and which session
    ("sessions_held", "i8"), ("entry_day", "f8"),
    ("has_entry", "?"), ("has_taken_profit", "?"), ("is_active", "?"), ("is_counted", "?"),
], align=True)

ACCOUNT = np.dtype([
    ("cash", "f8"), ("equity", "f8"),
    # after the orders already sent
    ("free_cash", "f8"), ("gross_value", "f8"), ("net_value", "f8"), ("n_positions", "i8"),
    # closed trades, named as in sizing.TradeStatistics
    ("n_wins", "i8"), ("n_losses", "i8"), ("sum_win_returns", "f8"), ("sum_loss_returns", "f8"),
    ("n_closed", "i8"), ("n_won", "i8"), ("dollars_won", "f8"), ("dollars_lost", "f8"),
    ("commission", "f8"), ("slippage", "f8"), ("traded_value", "f8"), ("n_ambiguous", "i8"),
    ("n_orders", "i8"), ("n_fills", "i8"), ("n_actions", "i8"), ("n_rejected", "i8"),
    ("n_active", "i8"), ("n_new", "i8"), ("n_watched", "i8"),
    ("n_flat", "i8"),            # active symbols without shares after the close
    ("n_waiting", "i8"),         # market orders that this session did not fill
], align=True)

ORDER_LOG = np.dtype([
    ("session", "i8"), ("column", "i8"), ("size", "f8"), ("kind", "i8"), ("level", "f8"), ("reason", "i8"),
    ("end", "i8"), ("end_session", "i8"),
], align=True)
FILL_LOG = np.dtype([
    ("order_id", "i8"), ("session", "i8"), ("column", "i8"), ("kind", "i8"), ("reason", "i8"), ("size", "f8"),
    ("price", "f8"), ("commission", "f8"), ("slippage", "f8"), ("is_ambiguous", "?"),
], align=True)
ACTION_LOG = np.dtype([
    ("session", "i8"), ("column", "i8"), ("kind", "i8"), ("ratio", "f8"), ("shares", "f8"), ("dollars", "f8"),
], align=True)


BAR = np.dtype([                # one cache line
    ("open", "f8"), ("high", "f8"), ("low", "f8"), ("close", "f8"), ("volume", "f8"),   # NaN: no bar
    ("score", "f8"), ("atr", "f8"), ("direction", "i1"), ("is_member", "?"),
], align=True)
CORPORATE_ACTION = np.dtype([("split_ratio", "f8"), ("dividend", "f8")], align=True)
ESTIMATE = np.dtype([("volatility", "f8"), ("average_volume", "f8")], align=True)      # known before the bar
SESSION = np.dtype([("first_signal", "i8"), ("day", "f8"), ("has_actions", "?"), ("has_endings", "?")], align=True)
SIGNAL = np.dtype([("column", "i8"), ("score", "f8"), ("size_factor", "f8")], align=True)


class Market(NamedTuple):
    """Bars and signals of a whole sweep, in few arrays: what compiled functions hand on costs time by the array.

    bars : BAR, sessions x symbols. actions, estimates : CORPORATE_ACTION and ESTIMATE of the same shape, or (0, 0)
    where nothing needs them. last_bar : per symbol the row of its last bar.
    signals : SIGNAL, the usable buy signals session by session, strongest first and ties by symbol; those of session t
    are at sessions[t].first_signal to sessions[t + 1].first_signal. sessions : SESSION, one more than there are; it
    also says which day it is, whether anything splits or pays, and whether a symbol had its last bar in the session
    before.
    """

    bars: np.ndarray
    actions: np.ndarray
    estimates: np.ndarray
    last_bar: np.ndarray
    signals: np.ndarray
    sessions: np.ndarray


class Log(NamedTuple):
    """What a recorded run writes down; all but `curve` are empty where only figures are asked for."""

    is_on: bool
    orders: np.ndarray      # ORDER_LOG, one record per order
    fills: np.ndarray       # FILL_LOG
    actions: np.ndarray     # ACTION_LOG
    curve: np.ndarray       # dollars, per session: equity and cash


class Lists(NamedTuple):
    """Lists that a simulation fills and empties."""

    active: np.ndarray      # columns of symbols with shares or waiting orders, rising
    new: np.ndarray         # orders of the last close, as column * N_KINDS + kind, by age
    watched: np.ndarray     # columns of active symbols in which this bar may fill an order, rising
    queue: np.ndarray       # orders about to fill, likewise
    amounts: np.ndarray     # floats, 2 x symbols: wanted buys and their rooms


class Run(NamedTuple):
    """Everything one simulation reads and writes."""

    market: Market
    rules: np.void          # one record of rule_table.RULES
    account: np.void        # ACCOUNT
    book: np.ndarray        # POSITION, per symbol
    orders: np.ndarray      # ORDER, symbols x kinds
    lists: Lists
    log: Log


def new_log(n_sessions: int, n_orders: int = 0, n_fills: int = 0, n_actions: int = 0, *, is_on: bool = False) -> Log:
    """Return an empty log with room for exactly so many rows."""
    return Log(
        is_on, np.zeros(n_orders, ORDER_LOG), np.zeros(n_fills, FILL_LOG), np.zeros(n_actions, ACTION_LOG),
        np.zeros((n_sessions, 2)))
