"""Days on whose close the holder of an American put is taken to exercise it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.expiry_sessions import expiry_sessions
from backtrader_system.puts.outcomes import EQUAL_WITHIN, heirs
from backtrader_system.settings.puts import PutsSettings

DEEP, DIVIDEND = "deep_in_the_money", "dividend"
DAYS_PER_YEAR = 365.0


def early_assignments(chain: OptionChain, underlyings: BarPanel, settings: PutsSettings, *,
                      sessions: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """Return every day before expiry on which a rule says that the holder exercises.

    "deep_in_the_money": intrinsic value is positive and the mid lies at most `deep_time_value` above it, so that the
    holder loses nothing by exercising. "dividend": an ex-dividend day has come since the contract was first seen, and
    the interest on the strike until expiry, K (1 - exp(-r T)), exceeds the time value: a holder waits for the fall of
    the price on the ex-day, then prefers the strike now. Further dividends before expiry are not looked at. The panel
    must hold dividends for that; adjusted prices have none.
    Only American puts; a put sold on such a day is taken to be assigned on a later one. A contract that was replaced
    has the days of the contract it became in the end, with the payoff in its own units.
    Returns: DataFrame number, session, payoff (per unit, intrinsic value at that close), rule; sorted by number and
        session. Timing: uses the quote and close of that session and ex-days up to it; known after that close.
    """
    rule = settings.outcome.early_assignment
    if settings.quotes.style == "european" or rule == "never":
        return _table(np.empty(0, dtype=int), np.empty(0, dtype="M8[ns]"), np.empty(0), np.empty(0, dtype="str"))
    number = chain.quotes["number"].to_numpy()
    day = chain.quotes["quote_date"].to_numpy().astype("datetime64[D]")
    settled = expiry_sessions(chain.contracts["expiry"].to_numpy(), underlyings.sessions, sessions)[number]
    strike = chain.of_contract("strike").astype(float)
    intrinsic = strike - _price(chain, underlyings)
    time_value = chain.mid() - intrinsic
    with np.errstate(invalid="ignore"):
        is_open = (intrinsic > EQUAL_WITHIN * strike) & (day < settled)
        is_deep = is_open & (time_value <= settings.outcome.deep_time_value + EQUAL_WITHIN * strike)
        years = (settled - day).astype(int) / DAYS_PER_YEAR
        interest = -strike * np.expm1(-settings.quotes.risk_free_rate * years)
        is_paid = is_open & (interest > time_value) & (rule == "deep_or_dividend")
    is_paid[is_paid] = _after_ex_day(chain, underlyings)[is_paid]
    rows = np.flatnonzero(is_deep | is_paid)
    found = _table(number[rows], day[rows].astype("M8[ns]"), intrinsic[rows], np.where(is_deep[rows], DEEP, DIVIDEND))
    return _with_predecessors(found, chain.contracts).sort_values(["number", "session"], ignore_index=True)


def _table(number: np.ndarray, session: np.ndarray, payoff: np.ndarray, rule: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"number": number, "session": session, "payoff": payoff, "rule": pd.array(rule, dtype="str")})


def _with_predecessors(found: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Return the days with those of every successor under the numbers it had before, in the units of those."""
    heir = heirs(contracts)
    strike = contracts["strike"].to_numpy(dtype=float)
    older = np.flatnonzero(heir != np.arange(len(contracts)))
    inherited = pd.DataFrame({"number": heir[older], "older": older}).merge(found, on="number")
    inherited["payoff"] *= strike[inherited["older"].to_numpy()] / strike[inherited["number"].to_numpy()]
    inherited["number"] = inherited["older"]
    return pd.concat([found, inherited[found.columns]], ignore_index=True) if len(inherited) else found


def _price(chain: OptionChain, underlyings: BarPanel) -> np.ndarray:
    """Return the underlying's price beside each quote: the quote's own, taken at the same moment, else the close."""
    quoted = chain.quotes["underlying_price"].to_numpy(dtype=float)
    row, column = _cells(chain, underlyings)
    close = np.where((row >= 0) & (column >= 0), underlyings.close[row, column], np.nan)
    return np.where(np.isfinite(quoted), quoted, close)


def _after_ex_day(chain: OptionChain, underlyings: BarPanel) -> np.ndarray:
    """Return bool per quote: whether an ex-dividend day came after the contract was first seen, up to the quote."""
    paid = np.vstack([np.zeros((1, underlyings.shape[1]), dtype=int), np.cumsum(underlyings.dividend > 0, axis=0)])
    days = underlyings.sessions.to_numpy().astype("datetime64[D]")
    column = _cells(chain, underlyings)[1]
    start, end = (np.searchsorted(days, dates.astype("datetime64[D]"), side="right")
                  for dates in (chain.of_contract("first_seen"), chain.quotes["quote_date"].to_numpy()))
    return (column >= 0) & (paid[end, column] > paid[start, column])


def _cells(chain: OptionChain, underlyings: BarPanel) -> tuple[np.ndarray, np.ndarray]:
    day = pd.DatetimeIndex(chain.quotes["quote_date"]).as_unit(underlyings.sessions.unit)
    return underlyings.sessions.get_indexer(day), pd.Index(underlyings.symbols).get_indexer(
        chain.of_contract("underlying"))
