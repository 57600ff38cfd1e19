"""What the sale of a put brings and what is left of it once the contract ends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.outcomes import ASSIGNED, ASSIGNED_EARLY, UNKNOWN
from backtrader_system.settings.puts import OutcomeSettings, PutsSettings


def sale_premium(bid: np.ndarray, mid: np.ndarray, settings: OutcomeSettings) -> np.ndarray:
    """Return the price per unit at which a put is sold: the bid, the mid, or the mid less part of the half spread.

    bid, mid : per unit, same shape. NaN: no such quote.
    Returns: same shape; NaN where nobody bids (bid of 0), whatever the fill, and where the price it needs is missing.

    Examples
    --------
    >>> sale_premium(np.array([1.0, 0.0]), np.array([1.2, 0.1]), OutcomeSettings(fill="part", spread_part=0.5)).tolist()
    [1.1, nan]
    """
    bid, mid = np.asarray(bid, dtype=float), np.asarray(mid, dtype=float)
    given_up = {"bid": 1.0, "mid": 0.0, "part": settings.spread_part}[settings.fill]
    price = mid if given_up == 0 else bid if given_up == 1 else mid - given_up * (mid - bid)
    with np.errstate(invalid="ignore"):
        return np.where((bid <= 0) | (price <= 0), np.nan, price)


def buy_back_cost(ask: np.ndarray, mid: np.ndarray, settings: OutcomeSettings) -> np.ndarray:
    """Return the price per unit at which a short put is bought back: the mirror image of `sale_premium`.

    ask, mid : per unit, same shape. Returns: same shape; NaN where the price it needs is missing.
    """
    ask, mid = np.asarray(ask, dtype=float), np.asarray(mid, dtype=float)
    given_up = {"bid": 1.0, "mid": 0.0, "part": settings.spread_part}[settings.fill]
    return mid if given_up == 0 else ask if given_up == 1 else mid + given_up * (ask - mid)


def hold_to_expiry(sales: pd.DataFrame, outcomes: pd.DataFrame, early: pd.DataFrame, chain: OptionChain,
                   settings: PutsSettings) -> pd.DataFrame:
    """Return what each sale of one contract earned when it is held until it expires or is assigned.

    sales : columns number, quote_date, premium (per unit, after the fill; NaN: not sold); any order, repeats allowed.
    outcomes : table of `contract_outcomes`. early : table of `early_assignments`; the first day strictly after the
        sale and before the expiry session counts.
    Returns: DataFrame with the index of `sales`: number, outcome (of the contract, or "assigned_early"), end_session
        (NaT unknown), payoff (per unit), fees (per contract: one order, one contract, the fee of an assignment), pnl
        = multiplier * (premium - payoff) - fees, capital = multiplier * strike (cash secured), both in money per
        contract, return_on_capital. Unknown outcome: payoff, pnl and return_on_capital are NaN.
    """
    number = sales["number"].to_numpy()
    contracts = chain.contracts.iloc[number]
    outcome = outcomes["outcome"].to_numpy(dtype=object)[number]
    end = outcomes["expiry_session"].to_numpy().astype("M8[ns]")[number]
    payoff = outcomes["payoff"].to_numpy(dtype=float)[number]
    exercised, early_payoff = _first_exercise(sales, early, end)
    is_early = ~np.isnat(exercised)
    outcome = np.where(is_early, ASSIGNED_EARLY, outcome)
    payoff = np.where(is_early, early_payoff, payoff)
    end = np.where(outcome == UNKNOWN, np.datetime64("NaT", "ns"), np.where(is_early, exercised, end))
    costs = settings.outcome
    is_assigned = np.isin(outcome, (ASSIGNED, ASSIGNED_EARLY))
    fees = costs.fee_per_order + costs.fee_per_contract + costs.assignment_fee * is_assigned
    multiplier = contracts["multiplier"].to_numpy(dtype=float)
    pnl = multiplier * (sales["premium"].to_numpy(dtype=float) - payoff) - fees
    capital = multiplier * contracts["strike"].to_numpy(dtype=float)
    return pd.DataFrame({
        "number": number, "outcome": pd.array(outcome, dtype="str"), "end_session": end, "payoff": payoff,
        "fees": fees, "pnl": pnl, "capital": capital, "return_on_capital": pnl / capital,
    }, index=sales.index)


def _first_exercise(sales: pd.DataFrame, early: pd.DataFrame, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return session and payoff of the first early assignment after each sale; NaT and NaN where there is none."""
    sold = pd.DataFrame({"number": sales["number"].to_numpy(), "place": np.arange(len(sales)),
                         "session": sales["quote_date"].to_numpy().astype("M8[ns]")}).sort_values("session")
    days = early[["number", "session", "payoff"]].assign(exercised=early["session"]).sort_values("session")
    days = days.astype({"number": sold["number"].dtype, "session": "M8[ns]", "exercised": "M8[ns]"})
    found = pd.merge_asof(sold, days, on="session", by="number", direction="forward", allow_exact_matches=False)
    found = found.sort_values("place")
    exercised = found["exercised"].to_numpy().astype("M8[ns]")
    is_in_time = np.isnat(end) | (exercised < end)
    return (np.where(is_in_time, exercised, np.datetime64("NaT", "ns")),
            np.where(is_in_time, found["payoff"].to_numpy(dtype=float), np.nan))
