"""What became of every contract: worthless, assigned or unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.expiry_sessions import expiry_sessions
from backtrader_system.settings.puts import OutcomeSettings, PutsSettings
from backtrader_system.tables.frame_schema import Column, FrameSchema

WORTHLESS, ASSIGNED, ASSIGNED_EARLY, UNKNOWN = "worthless", "assigned", "assigned_early", "unknown"
FROM_FILE, FROM_CLOSE = "settlement file", "close"
# Parity prices and fractional strikes carry float noise; a real tick is far larger.
EQUAL_WITHIN = 1e-9

OUTCOMES = FrameSchema("outcomes of contracts", (
    Column("number", "count", minimum=0),
    Column("expiry_session", "session", nullable=True),
    Column("settle_price", "number", nullable=True, minimum=0.0),
    Column("settle_source", "text"),
    Column("outcome", "text"),
    Column("is_pinned", "flag"),
    Column("payoff", "number", nullable=True, minimum=0.0),
    Column("worthless", "number", nullable=True, minimum=0.0, maximum=1.0),
    Column("why_unknown", "text"),
), key=("number",))


@dataclass(frozen=True, slots=True, eq=False)
class _Settled:
    """Per contract: session (datetime64[D]), price (NaN unknown), source, why (text, empty if known)."""

    session: np.ndarray
    price: np.ndarray
    source: np.ndarray
    why: np.ndarray


def contract_outcomes(chain: OptionChain, underlyings: BarPanel, settings: PutsSettings,
                      settlements: pd.DataFrame | None = None, *,
                      sessions: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """Return what became of each contract at its expiry; early assignment is a table of its own.

    chain : a contract that was replaced (columns replaced_on, replaced_by of its contracts, where the chain has them)
        ends as its successor does, in units of its own; without a known successor its outcome is unknown.
    underlyings : closes in the units of the strikes. A split during the life of a contract that is neither replaced
        nor marked as adjusted makes its outcome unknown: strike and close are in different units then.
    settlements : columns underlying, expiry, settle_price and optionally settle_quote_date; a price taken before the
        expiry session is not believed. Where it has no price, the close of the expiry session decides.
    sessions : all sessions of the exchange; see `expiry_sessions`.
    Returns: table of `OUTCOMES`, one row per contract, index and `number` 0 ... n - 1.
        expiry_session : NaT if it lies beyond the data. settle_price : NaN unknown.
        outcome : "worthless" if the price is above the strike (or equal, with `worthless_at_strike`), "assigned"
        if not, "unknown" without a price: never worthless. is_pinned : price within `pin_threshold` of the strike.
        payoff : max(0, strike - price) per unit, NaN unknown. worthless : 1, 0 or NaN. why_unknown : text.
    Timing: known after the close of expiry_session.

    Examples
    --------
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> day = pd.Timestamp("2024-01-19")
    >>> bars = panel_from_table(pd.DataFrame({"session": [day], "symbol": "A", "open": 95.0, "high": 95.0, "low": 95.0,
    ...                                       "close": 95.0, "volume": 1.0}))
    >>> contracts = pd.DataFrame({"contract": ["A 90", "A 100"], "underlying": "A", "strike": [90.0, 100.0],
    ...     "expiry": day, "multiplier": 100.0, "first_seen": day, "last_seen": day, "is_adjusted": False})
    >>> quotes = pd.DataFrame({"quote_date": [day, day], "number": [0, 1], "bid": 1.0, "ask": 1.2, "last": 1.1,
    ...     "iv": 0.3, "underlying_price": 95.0})
    >>> table = contract_outcomes(OptionChain(contracts, quotes), bars, PutsSettings())
    >>> table["outcome"].tolist(), table["payoff"].tolist()
    (['worthless', 'assigned'], [0.0, 5.0])
    """
    settled = _settled(chain, underlyings, settlements, sessions)
    strike = chain.contracts["strike"].to_numpy(dtype=float)
    is_known = np.isfinite(settled.price)
    is_worthless = finishes_worthless(settled.price, strike, settings.outcome)
    last = underlyings.sessions[-1].to_datetime64().astype("datetime64[D]")
    return pd.DataFrame({
        "number": np.arange(len(strike)),
        "expiry_session": np.where(settled.session > last, np.datetime64("NaT", "D"), settled.session).astype("M8[ns]"),
        "settle_price": settled.price,
        "settle_source": pd.array(settled.source, dtype="str"),
        "outcome": pd.array(np.select([~is_known, is_worthless], [UNKNOWN, WORTHLESS], ASSIGNED), dtype="str"),
        "is_pinned": is_pinned(settled.price, strike, settings.outcome),
        "payoff": np.maximum(strike - settled.price, 0.0),
        "worthless": np.where(is_known, is_worthless.astype(float), np.nan),
        "why_unknown": pd.array(settled.why, dtype="str"),
    })


def finishes_worthless(price: np.ndarray, strike: np.ndarray, settings: OutcomeSettings) -> np.ndarray:
    """Return bool: whether a put is not exercised at this price; False where the price is NaN."""
    above = price - strike
    noise = EQUAL_WITHIN * strike
    with np.errstate(invalid="ignore"):
        return above >= -noise if settings.worthless_at_strike else above > noise


def is_pinned(price: np.ndarray, strike: np.ndarray, settings: OutcomeSettings) -> np.ndarray:
    """Return bool: whether the price lies within `pin_threshold` of the strike, bounds included."""
    with np.errstate(invalid="ignore"):
        return np.abs(price - strike) <= settings.pin_threshold + EQUAL_WITHIN * strike


def _settled(chain: OptionChain, underlyings: BarPanel, settlements: pd.DataFrame | None,
             sessions: pd.DatetimeIndex | None) -> _Settled:
    contracts = chain.contracts
    session = expiry_sessions(contracts["expiry"].to_numpy(), underlyings.sessions, sessions)
    row = underlyings.sessions.get_indexer(pd.DatetimeIndex(session).as_unit(underlyings.sessions.unit))
    column = pd.Index(underlyings.symbols).get_indexer(contracts["underlying"])
    close = np.where((row >= 0) & (column >= 0), underlyings.close[row, column], np.nan)
    from_file = _from_file(contracts, session, settlements)
    price = np.where(np.isfinite(from_file), from_file, close)
    why = np.where(np.isfinite(price), "", _why_no_close(underlyings, session, column)).astype(object)
    split = _changed_by_split(contracts, underlyings, session, column)
    why = np.where(np.isfinite(price) & (split != ""), split, why)
    price = np.where(why == "", price, np.nan)
    heir = heirs(contracts)
    strike = contracts["strike"].to_numpy(dtype=float)
    price, why = price[heir] * strike / strike[heir], why[heir]
    orphan = _without_successor(contracts)[heir]
    price, why = np.where(orphan == "", price, np.nan), np.where(orphan == "", why, orphan)
    source = np.select([~np.isfinite(price), np.isfinite(from_file[heir])], ["", FROM_FILE], FROM_CLOSE)
    return _Settled(session, price, source, why)


def _from_file(contracts: pd.DataFrame, session: np.ndarray, settlements: pd.DataFrame | None) -> np.ndarray:
    if settlements is None or settlements.empty:
        return np.full(len(contracts), np.nan)
    table = settlements.assign(expiry=pd.to_datetime(settlements["expiry"]).dt.as_unit("ns"))
    table = table.drop_duplicates(["underlying", "expiry"], keep="last")
    wanted = contracts[["underlying"]].assign(expiry=pd.to_datetime(contracts["expiry"]).dt.as_unit("ns"))
    found = wanted.merge(table, on=["underlying", "expiry"], how="left")
    price = found["settle_price"].to_numpy(dtype=float)
    if "settle_quote_date" not in found:
        return price
    taken = pd.to_datetime(found["settle_quote_date"]).to_numpy().astype("datetime64[D]")
    return np.where(taken < session, np.nan, price)


def _why_no_close(underlyings: BarPanel, session: np.ndarray, column: np.ndarray) -> np.ndarray:
    days = underlyings.sessions.to_numpy().astype("datetime64[D]")
    has_bar = underlyings.has_bar
    ever = has_bar.any(axis=0)
    last_bar = np.where(ever, days[len(days) - 1 - np.argmax(has_bar[::-1], axis=0)], np.datetime64("NaT", "D"))[column]
    is_strange = (column < 0) | ~ever[column]
    gone = [f"underlying delisted or renamed: last bar on {day}" for day in last_bar]
    return np.select(
        [session > days[-1], is_strange, session < days[0], last_bar < session],
        ["expires after the data end", "no bars of the underlying", "expired before the data begin", gone],
        "no close on the expiry day")


def _changed_by_split(contracts: pd.DataFrame, underlyings: BarPanel, session: np.ndarray,
                      column: np.ndarray) -> np.ndarray:
    days = underlyings.sessions.to_numpy().astype("datetime64[D]")
    factor = np.vstack([np.ones((1, underlyings.shape[1])), np.cumprod(underlyings.split_ratio, axis=0)])
    start = np.searchsorted(days, contracts["first_seen"].to_numpy().astype("datetime64[D]"), side="right")
    end = np.searchsorted(days, session, side="right")
    ratio = factor[np.maximum(start, end), column] / factor[start, column]
    is_handled = contracts["is_adjusted"].to_numpy(dtype=bool) | (heirs(contracts) != np.arange(len(contracts)))
    is_changed = (np.abs(ratio - 1) > EQUAL_WITHIN) & (column >= 0) & ~is_handled
    text = [f"split of {value:g} during the contract's life, its strike is not adjusted" for value in ratio]
    return np.where(is_changed, text, "")


def heirs(contracts: pd.DataFrame) -> np.ndarray:
    """Return the number of the contract that each one has become in the end; its own where it was not replaced."""
    heir = np.arange(len(contracts))
    if "replaced_by" not in contracts:
        return heir
    successor = contracts["replaced_by"].to_numpy(dtype=int)
    while (successor[heir] >= 0).any():
        heir = np.where(successor[heir] >= 0, successor[heir], heir)
    return heir


def _without_successor(contracts: pd.DataFrame) -> np.ndarray:
    if "replaced_on" not in contracts:
        return np.full(len(contracts), "", dtype=object)
    day = contracts["replaced_on"].to_numpy().astype("datetime64[D]")
    is_lost = ~np.isnat(day) & (heirs(contracts) == np.arange(len(contracts)))
    return np.where(is_lost, [f"quoted under other terms from {one}: a corporate action" for one in day], "")
