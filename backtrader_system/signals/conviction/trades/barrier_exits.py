"""Which exit of a position came first: stop, target, time limit or the end of its symbol.

The rules are those of docs/timeline.md, the same that the event engine follows, for a position of any size in an
account that never runs out of cash: one signal at a time, nothing else held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backtrader_system.errors import SettingsError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.signals.conviction.trades.symbol_bars import SymbolBars, symbol_bars

BPS = 1e-4
OUTCOMES = ("censored", "stop", "target", "time", "delisted")
CENSORED, STOP, TARGET, TIME, DELISTED = range(5)
NO_PLACE = -1
_FIRST_BLOCK_BARS, _LARGEST_BLOCK_BARS = 8, 64      # most tight stops are met within days
_CELLS_AT_ONCE = 500_000                            # of a block of signals x bars; some megabytes each


@dataclass(frozen=True, slots=True)
class BarrierRules:
    """How a signal's position is closed and what trading it costs; the settings of the account run.

    stop_loss_fraction, take_profit_fraction : of the execution price of the entry; no stop if None.
    max_holding_calendar_days : sold at the open after the first bar on entry date + n days or later; None: no limit.
    slippage_bps, commission_bps : per side, slippage of the price and commission of the slipped value.
    delisting_haircut_fraction : loss against the last close of a symbol whose bars end.

    Raises: SettingsError if a number is out of range.

    Examples
    --------
    >>> BarrierRules(0.02, 1.0, 30, slippage_bps=50, commission_bps=10).execution_price(100.0)
    100.5
    """

    stop_loss_fraction: float | None
    take_profit_fraction: float
    max_holding_calendar_days: int | None
    slippage_bps: float = 0.0
    commission_bps: float = 0.0
    delisting_haircut_fraction: float = 0.0

    def __post_init__(self) -> None:
        stop, days = self.stop_loss_fraction, self.max_holding_calendar_days
        allowed = {
            "stop_loss_fraction": (stop, stop is None or 0 < stop <= 1, "a fraction above 0 and at most 1, or null"),
            "take_profit_fraction": (
                self.take_profit_fraction, self.take_profit_fraction is not None and self.take_profit_fraction > 0,
                "a fraction above 0: without a target no signal can win"),
            "max_holding_calendar_days": (days, days is None or days >= 1, "a number of days, 1 or more, or null"),
        }
        faults = [f"{name} was {value}; it must be {rule}" for name, (value, is_good, rule) in allowed.items()
                  if not is_good]
        if faults:
            raise SettingsError("strategy.exits: the exits of a signal cannot be followed", faults=faults)

    def execution_price(self, market_price: np.ndarray | float) -> np.ndarray | float:
        """Return what a buyer pays per share; the slippage is that of `engine.slippage`, without impact of size."""
        return market_price + market_price * self.slippage_bps * BPS

    def sale_price(self, market_price: np.ndarray) -> np.ndarray:
        """Return what a seller gets per share."""
        return np.maximum(market_price - market_price * self.slippage_bps * BPS, 0.0)


@dataclass(frozen=True, slots=True)
class Exits:
    """How each position ended; all arrays have shape (n,).

    outcome : place in OUTCOMES. place : the bar of the exit, of a delisted symbol its last one; NO_PLACE: censored.
    row : the session of the exit, of a delisted symbol the first without it; NO_PLACE: censored.
    price : dollars a share before slippage. net_return : after costs, dividends included, as a share of what the
        entry cost before commission; NaN while censored. ambiguous : the bar of the stop also touched the target.

    Examples
    --------
    >>> import pandas as pd
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> bars = pd.DataFrame({"session": pd.to_datetime(["2024-01-01", "2024-01-02"]), "symbol": "A", "open": 100.0,
    ...                      "high": [101.0, 125.0], "low": 99.0, "close": 100.0, "volume": 1.0})
    >>> none = np.array([0])
    >>> exits = barrier_exits(panel_from_table(bars), none, none, BarrierRules(0.1, 0.2, 30))
    >>> OUTCOMES[exits.outcome[0]], exits.price.tolist(), exits.net_return.round(12).tolist()
    ('target', [120.0], [0.2])
    """

    outcome: np.ndarray
    place: np.ndarray
    row: np.ndarray
    price: np.ndarray
    net_return: np.ndarray
    ambiguous: np.ndarray


@dataclass(frozen=True, slots=True)
class _Levels:
    """Where the exits of each position stand; prices in the share units of the panel's first session."""

    stop: np.ndarray            # minus infinity without one
    target: np.ndarray
    time: np.ndarray            # the bar at whose open the time limit sells; far away without one


@dataclass(frozen=True, slots=True)
class _Prices:
    """Bars in the share units of the panel's first session, so that a split touches no level."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray


def barrier_exits(
    bars: BarPanel, entry: np.ndarray, column: np.ndarray, rules: BarrierRules, listed: SymbolBars | None = None
) -> Exits:
    """Return how positions bought at the open of bar `entry` ended.

    entry : int, shape (n,), places in the symbol's bars. column : the symbol's place in `bars.symbols`.
    listed : `symbol_bars(bars)`, if it is at hand.

    Timing: looks ahead from the entry up to the exit and no further; where the data end first the position is censored,
    never lost. A symbol whose bars end before those of the others is closed at its last close.
    Splits change levels and shares, dividends are paid to the holder of the close before; shares are divisible.
    """
    listed = symbol_bars(bars) if listed is None else listed
    prices = _Prices(*(values * listed.share_count for values in (listed.open, listed.high, listed.low)))
    levels, end = _levels(listed, entry, column, rules), listed.start[column + 1]
    place = _first_touches(prices, levels, entry, end)
    outcome, price, ambiguous = _classified(listed, prices, levels, entry, place)
    left_at = _delisting_rows(bars, listed)[column]
    is_delisted = (place == NO_PLACE) & (left_at != NO_PLACE)
    place = np.where(is_delisted, end - 1, place)
    outcome = np.where(is_delisted, DELISTED, outcome)
    price = np.where(is_delisted, listed.close[place], price)
    row = np.where(is_delisted, left_at, np.where(place == NO_PLACE, NO_PLACE, listed.row[place]))
    net = _net_return(listed, rules, entry, place, price, is_delisted)
    return Exits(outcome, place, row, price, np.where(place == NO_PLACE, np.nan, net), ambiguous)


def is_delisted_symbol(bars: BarPanel) -> np.ndarray:
    """Return per symbol whether its bars end before the last session in which any symbol has one."""
    return _delisting_rows(bars, symbol_bars(bars)) != NO_PLACE


def _delisting_rows(bars: BarPanel, listed: SymbolBars) -> np.ndarray:
    """Return per symbol the row of the first session without it in which another symbol has a bar, or NO_PLACE."""
    trading = np.flatnonzero(bars.has_bar.any(axis=1))
    n_bars = np.diff(listed.start)
    last = np.full(bars.shape[1], len(bars.sessions))           # a symbol without bars cannot be held
    last[n_bars > 0] = listed.row[listed.start[1:][n_bars > 0] - 1]
    following = np.searchsorted(trading, last, side="right")
    return np.where(following < len(trading), np.append(trading, NO_PLACE)[following], NO_PLACE)


def _levels(listed: SymbolBars, entry: np.ndarray, column: np.ndarray, rules: BarrierRules) -> _Levels:
    paid, units = rules.execution_price(listed.open[entry]), listed.share_count[entry]
    stop = np.full(len(entry), -np.inf)
    if rules.stop_loss_fraction is not None:
        level = paid - paid * rules.stop_loss_fraction
        stop = np.where(level > 0, level * units, -np.inf)
    target = (paid + paid * rules.take_profit_fraction) * units
    time = np.full(len(entry), len(listed.day) + 1)
    if rules.max_holding_calendar_days is not None:
        time = listed.first_from_day(listed.day[entry] + rules.max_holding_calendar_days, column) + 1
    return _Levels(stop, target, time)


def _first_touches(prices: _Prices, levels: _Levels, entry: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the first bar of each position that meets one of its levels; NO_PLACE where its bars end before."""
    found = np.full(len(entry), NO_PLACE)
    open_ones, passed, width = np.arange(len(entry)), 0, _FIRST_BLOCK_BARS
    while len(open_ones):
        step = max(1, _CELLS_AT_ONCE // width)
        for start in range(0, len(open_ones), step):
            few = open_ones[start:start + step]
            found[few] = _touches_in_block(prices, levels, few, entry[few] + passed, end[few], width)
        passed += width
        open_ones = open_ones[(found[open_ones] == NO_PLACE) & (entry[open_ones] + passed < end[open_ones])]
        width = min(2 * width, _LARGEST_BLOCK_BARS)
    return found


def _touches_in_block(
    prices: _Prices, levels: _Levels, few: np.ndarray, first: np.ndarray, end: np.ndarray, width: int
) -> np.ndarray:
    places = first[:, None] + np.arange(width)
    has_bar = places < end[:, None]
    inside = np.minimum(places, end[:, None] - 1)
    is_met = prices.low[inside] <= levels.stop[few, None]
    is_met |= prices.high[inside] >= levels.target[few, None]
    is_met |= places == levels.time[few, None]
    is_met &= has_bar
    return np.where(is_met.any(axis=1), first + is_met.argmax(axis=1), NO_PLACE)


def _classified(
    listed: SymbolBars, prices: _Prices, levels: _Levels, entry: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, price (dollars of the exit's session) and whether both barriers were touched.

    In one bar: a gap at the open through the stop or the target, the time limit's sale at the open, then in the rest of
    the bar the stop before the target. On the entry bar the open is the entry and no gap.
    """
    opened, high, low = prices.open[place], prices.high[place], prices.low[place]
    units, is_later = listed.share_count[place], place != entry
    gap_down, gap_up = is_later & (opened <= levels.stop), is_later & (opened >= levels.target)
    conditions = [place == NO_PLACE, gap_down, gap_up, place == levels.time, low <= levels.stop,
                  high >= levels.target]
    outcome = np.select(conditions, [CENSORED, STOP, TARGET, TIME, STOP, TARGET], CENSORED)
    is_inside = (outcome == STOP) & ~gap_down | (outcome == TARGET) & ~gap_up
    level = np.where(outcome == STOP, np.minimum(levels.stop, opened), np.maximum(levels.target, opened)) / units
    price = np.where(is_inside, level, listed.open[place])
    price[place == NO_PLACE] = np.nan
    return outcome, price, is_inside & (outcome == STOP) & (high >= levels.target)


def _net_return(
    listed: SymbolBars, rules: BarrierRules, entry: np.ndarray, place: np.ndarray, price: np.ndarray,
    is_delisted: np.ndarray
) -> np.ndarray:
    paid = rules.execution_price(listed.open[entry])
    units = listed.share_count[entry]
    received = np.where(is_delisted, price * (1 - rules.delisting_haircut_fraction), rules.sale_price(price))
    received = received * (listed.share_count[place] / units)
    dividends = (listed.dividends[place] - listed.dividends[entry]) / units
    commission = (paid + received) * rules.commission_bps * BPS
    return (received + dividends - paid - commission) / paid
