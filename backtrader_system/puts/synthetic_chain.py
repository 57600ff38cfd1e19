"""A chain made up over real bars: which puts would have been listed, at model prices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.calendar import sessions_between
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import CONTRACTS, QUOTES, OptionChain
from backtrader_system.puts.chain_reading.contract_table import strike_text
from backtrader_system.puts.pricing.black_scholes import black_scholes_put
from backtrader_system.puts.pricing.clocks import years_to_expiry
from backtrader_system.settings.data import ALWAYS_OPEN
from backtrader_system.settings.puts import PutsSettings, SyntheticChainSettings

TICK, DECIMALS = 0.01, 2        # bids are rounded down to whole ticks, asks up
_FRIDAY = 4
_STEPS = np.array([0.5, 1.0, 2.5, 5.0])
_LOWEST_VOLATILITY = 0.01       # a price that did not move for months is not a promise
_TOLERANCE = 1e-9               # of a strike on the edge of the listed range


def synthetic_chain(bars: BarPanel, settings: PutsSettings, *, calendar: str = "XNYS") -> OptionChain:
    """Return the puts that are assumed to have been listed on each symbol of `bars`, at model prices.

    bars : of the underlyings, prices as given: adjusted ones give strikes in adjusted money.
    calendar : of the exchange; an expiry Friday without session moves to the session before.
    A grid of strikes is listed on the first session within `listed_days_before_expiry` that has a close and enough
    past closes, around that close; when a later close leaves it, strikes are added on that day. The step is that
    share of the first close, as 0.5, 1, 2.5 or 5 times a power of ten, at least 0.5.
    Quotes run from the listing to the expiry, on days with a bar: Black-Scholes on the standard deviation of
    past log returns (`volatility_sessions`, close of the day included) times `volatility_premium`; bid and ask lie
    half a spread apart from it, rounded away to whole ticks of 0.01. Everything of day t comes from bars up to t.
    A split within a put's life ends it, as `replaced_on` says: from that day on its successor is quoted, with strike
    and multiplier adjusted (`is_adjusted`), whose number is `replaced_by` (-1: none).
    Raises: DataError if no put can be listed.

    Examples
    --------
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> days = sessions_between("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-04-30"))
    >>> closes = 100.0 + np.arange(len(days)) % 2
    >>> table = pd.DataFrame({"session": days, "symbol": "A", "volume": 1.0,
    ...     **dict.fromkeys(("open", "high", "low", "close"), closes)})
    >>> chain = synthetic_chain(panel_from_table(table), PutsSettings())
    >>> chain.contracts["strike"].unique()[:3].tolist(), str(chain.contracts["expiry"].min().date())
    ([80.0, 82.5, 85.0], '2024-04-19')
    """
    expiries = expiry_dates(bars.sessions, settings.synthetic, calendar)
    volatility = model_volatility(bars, settings.synthetic, 365 if calendar == ALWAYS_OPEN else 252)
    contracts = _contracts(bars, volatility, expiries, settings)
    if contracts.empty:
        raise DataError(f"no put can be listed over {bars.shape[0]} sessions of {bars.shape[1]} symbols: each needs "
                        f"{settings.synthetic.volatility_sessions + 1} closes before a listing day; start the data "
                        "earlier or lower puts.synthetic.volatility_sessions")
    quotes = _quotes(bars, volatility, contracts, settings)
    first_seen = pd.Series(bars.sessions[contracts["first_row"]])
    last_seen = quotes.groupby("number")["quote_date"].max().reindex(contracts.index).fillna(first_seen)
    contracts = contracts.assign(first_seen=first_seen, last_seen=last_seen)
    contracts = CONTRACTS.check(contracts.drop(columns=["column", "first_row", "last_row"]))
    return OptionChain(contracts, QUOTES.check(quotes), is_synthetic=True)


def expiry_dates(sessions: pd.DatetimeIndex, synthetic: SyntheticChainSettings, calendar: str) -> pd.DatetimeIndex:
    """Return the expiry dates of puts that may be listed in these sessions, rising.

    Every Friday, or the third of each month; where the exchange is closed, the session before.
    """
    ahead = pd.Timedelta(days=synthetic.listed_days_before_expiry)
    days = pd.date_range(sessions[0], sessions[-1] + ahead, freq="D")
    is_expiry = days.dayofweek == _FRIDAY
    if synthetic.expiries == "monthly":
        is_expiry &= (days.day >= 15) & (days.day <= 21)
    open_days = sessions_between(calendar, sessions[0], days[-1])
    position = open_days.searchsorted(days[is_expiry], side="right") - 1
    return pd.DatetimeIndex(open_days[np.unique(position[position >= 0])])


def model_volatility(bars: BarPanel, synthetic: SyntheticChainSettings, sessions_a_year: int) -> np.ndarray:
    """Return the volatility behind each day's model prices, per year, shape (n_sessions, n_symbols).

    The sample standard deviation of the last `volatility_sessions` log returns of the symbol's own bars, splits and
    dividends taken out, times the square root of `sessions_a_year` and `volatility_premium`; NaN before there are so
    many, and on days without a bar.
    """
    volatility = np.full(bars.shape, np.nan)
    value = bars.close * bars.growth_factor()
    for column in range(bars.shape[1]):
        rows = np.flatnonzero(np.isfinite(value[:, column]))
        returns = pd.Series(np.log(value[rows, column])).diff()
        deviation = returns.rolling(synthetic.volatility_sessions).std().to_numpy()
        volatility[rows, column] = deviation * np.sqrt(sessions_a_year) * synthetic.volatility_premium
    return np.maximum(volatility, _LOWEST_VOLATILITY)


def strike_step(close: float, step_fraction: float) -> float:
    """Return the distance of strikes for an underlying at `close`: 0.5, 1, 2.5 or 5 times a power of ten.

    The nearest by ratio to that share of the close, at least 0.5.

    Examples
    --------
    >>> [strike_step(close, 0.025) for close in (12.0, 95.0, 230.0, 60_000.0)]
    [0.5, 2.5, 5.0, 1000.0]
    """
    wanted = max(close * step_fraction, _STEPS[0])
    power = 10.0 ** np.floor(np.log10(wanted / _STEPS[0]))
    steps = np.append(_STEPS, 10 * _STEPS[0]) * power
    return float(steps[np.argmin(np.abs(np.log(steps / wanted)))])


def _contracts(bars: BarPanel, volatility: np.ndarray, expiries: pd.DatetimeIndex,
               settings: PutsSettings) -> pd.DataFrame:
    """Return the puts sorted as CONTRACTS wants it, with the panel column and rows of their first and last quote."""
    grids = list(_grids(bars, volatility, expiries, settings.synthetic))
    if not grids:
        return pd.DataFrame()
    contracts = pd.DataFrame({name: np.concatenate([grid[name] for grid in grids]) for name in grids[0]})
    contracts = contracts.assign(multiplier=settings.quotes.multiplier, is_adjusted=False)
    contracts = _with_successors(contracts, bars.split_ratio)
    contracts["underlying"] = np.array(bars.symbols)[contracts["column"]]
    contracts["expiry"] = expiries[contracts.pop("expiry_position")]
    contracts["contract"] = _names(contracts)
    contracts = contracts.sort_values(["underlying", "expiry", "strike", "contract"], ignore_index=True)
    return _with_links(contracts, bars.sessions)


def _grids(bars: BarPanel, volatility: np.ndarray, expiries: pd.DatetimeIndex,
           synthetic: SyntheticChainSettings) -> Iterator[dict[str, np.ndarray]]:
    """Yield the strikes of each symbol and expiry, with the rows of the panel on which each is listed and ends."""
    opens = bars.sessions.searchsorted(expiries - pd.Timedelta(days=synthetic.listed_days_before_expiry))
    ends = bars.sessions.searchsorted(expiries, side="right") - 1
    last_listing = bars.sessions.searchsorted(expiries) - 1
    is_priced = np.isfinite(bars.close) & np.isfinite(volatility)
    for column in range(bars.shape[1]):
        splits = np.flatnonzero(bars.split_ratio[:, column] != 1)
        for position in range(len(expiries)):
            inside = splits[(splits > opens[position]) & (splits <= last_listing[position])]
            for first, last in _between(opens[position], last_listing[position], inside):
                rows = first + np.flatnonzero(is_priced[first:last + 1, column])
                if rows.size:
                    strikes, listed = _strikes(bars.close[rows, column], synthetic)
                    yield {"column": np.full(strikes.size, column), "strike": strikes, "first_row": rows[listed],
                           "last_row": np.full(strikes.size, ends[position]),
                           "expiry_position": np.full(strikes.size, position)}


def _between(first: int, last: int, splits: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last row of each stretch without a split: a new strike grid is listed after each."""
    starts = [first, *splits]
    yield from zip(starts, [*(split - 1 for split in splits), last], strict=True)


def _strikes(closes: np.ndarray, synthetic: SyntheticChainSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return the strikes that these closes cause to be listed, rising, and at which close each first is."""
    step = strike_step(closes[0], synthetic.strike_step_fraction)
    lowest = np.minimum.accumulate(closes * synthetic.lowest_strike_fraction) / step
    highest = np.maximum.accumulate(closes * synthetic.highest_strike_fraction) / step
    steps = np.arange(max(np.ceil(lowest[-1] - _TOLERANCE), 1), np.floor(highest[-1] + _TOLERANCE) + 1)
    # Both bounds only widen, so the day on which a strike comes inside is found by bisection.
    below = np.searchsorted(-lowest, -steps - _TOLERANCE)
    above = np.searchsorted(highest, steps - _TOLERANCE)
    return steps * step, np.maximum(below, above)


def _with_successors(contracts: pd.DataFrame, split_ratio: np.ndarray) -> pd.DataFrame:
    """Return the puts with one more for each split within the life of one, linked by `origin`.

    A split ends the put the row before; its successor has the strike divided and the multiplier times the ratio.
    """
    contracts = contracts.assign(origin=np.arange(len(contracts)))
    pieces = []
    current = contracts
    split_rows = [np.flatnonzero(split_ratio[:, column] != 1) for column in range(split_ratio.shape[1])]
    while len(current):
        upcoming = np.array([_next(split_rows[column], row) for column, row in zip(
            current["column"], current["first_row"], strict=True)])
        is_split = upcoming <= current["last_row"].to_numpy()
        pieces.append(current.assign(last_row=np.where(is_split, upcoming - 1, current["last_row"])))
        after, at = current[is_split], upcoming[is_split]
        ratio = split_ratio[at, after["column"]]
        current = after.assign(first_row=at, strike=after["strike"] / ratio,
                               multiplier=after["multiplier"] * ratio, is_adjusted=True)
    return pd.concat(pieces, ignore_index=True)


def _next(split_rows: np.ndarray, row: int) -> int:
    position = np.searchsorted(split_rows, row, side="right")
    return int(split_rows[position]) if position < split_rows.size else np.iinfo(np.int64).max


def _with_links(contracts: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the puts with `replaced_on` and `replaced_by` instead of `origin`."""
    by_age = contracts.sort_values(["origin", "first_row"])
    has_successor = np.append(by_age["origin"].to_numpy()[1:] == by_age["origin"].to_numpy()[:-1], False)
    replaced_by = np.where(has_successor, np.append(by_age.index.to_numpy()[1:], -1), -1)
    contracts = contracts.assign(replaced_by=pd.Series(replaced_by, index=by_age.index))
    on = np.full(len(contracts), np.datetime64("NaT", "ns"))
    is_replaced = contracts["replaced_by"].to_numpy() >= 0
    successors = contracts["replaced_by"].to_numpy()[is_replaced]
    on[is_replaced] = sessions[contracts["first_row"].to_numpy()[successors]].to_numpy()
    return contracts.assign(replaced_on=on).drop(columns="origin")


def _names(contracts: pd.DataFrame) -> pd.Series:
    expiries = contracts["expiry"].dt.strftime("%Y-%m-%d")
    names = pd.Series([f"{underlying} {expiry} P {strike_text(strike)}" for underlying, expiry, strike in zip(
        contracts["underlying"], expiries, contracts["strike"], strict=True)], dtype="str")
    adjusted = contracts["is_adjusted"]
    return names.where(~adjusted, names + " x" + contracts["multiplier"].map(strike_text)
                       + " #" + contracts["origin"].astype("str"))


def _quotes(bars: BarPanel, volatility: np.ndarray, contracts: pd.DataFrame, settings: PutsSettings) -> pd.DataFrame:
    first, last = contracts["first_row"].to_numpy(), contracts["last_row"].to_numpy()
    lengths = last - first + 1
    number = np.repeat(np.arange(len(contracts)), lengths)
    row = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
    column = contracts["column"].to_numpy()[number]
    is_priced = np.isfinite(bars.close[row, column]) & np.isfinite(volatility[row, column])
    number, row, column = number[is_priced], row[is_priced], column[is_priced]
    order = np.lexsort((number, row))
    number, row, column = number[order], row[order], column[order]
    spot, iv = bars.close[row, column], volatility[row, column]
    quote_date = bars.sessions.to_numpy()[row]
    years = years_to_expiry(quote_date, contracts["expiry"].to_numpy()[number])
    price = black_scholes_put(spot, contracts["strike"].to_numpy()[number], years, settings.quotes.risk_free_rate, iv,
                              settings.quotes.dividend_yield)
    synthetic = settings.synthetic
    half = np.maximum(price * synthetic.half_spread_fraction, synthetic.half_spread_minimum)
    bid = np.floor(np.maximum(price - half, 0) / TICK + _TOLERANCE) * TICK
    ask = np.ceil((price + half) / TICK - _TOLERANCE) * TICK
    return pd.DataFrame({"quote_date": quote_date, "number": number, "bid": bid.round(DECIMALS),
                         "ask": ask.round(DECIMALS), "last": price, "iv": iv, "underlying_price": spot})
