"""Contracts that a corporate action changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.puts.chain_reading.contract_table import has_adjusted_code
from backtrader_system.puts.chain_reading.issue_list import IssueList

# A strike set counts as replaced over night if it had so many contracts and so few of them live on.
_MIN_CONTRACTS = 5
_MAX_SURVIVORS = 0.2
_MAX_GAP_DAYS = 5


def is_off_grid(strike: np.ndarray) -> np.ndarray:
    """Return which strikes no exchange lists: finer than 0.1 or 0.25 from 10 on, than 0.05 from 1 on, else than 0.005.

    Examples
    --------
    >>> is_off_grid(np.array([99.29, 742.5, 12.75, 2.054, 2.05])).tolist()
    [True, False, False, True, False]
    """
    fine = np.where(strike >= 10, 0.1, np.where(strike >= 1, 0.05, 0.005))
    return ~_is_multiple(strike, fine) & ~((strike >= 10) & _is_multiple(strike, 0.25))


def flagged_contracts(contracts: pd.DataFrame, rows: pd.DataFrame, issues: IssueList) -> pd.DataFrame:
    """Return the contracts with first_seen, last_seen, is_adjusted, replaced_on.

    is_adjusted : known from the first quote on: its name says so, its strike is off every grid, its multiplier differs
        from those of the underlying's first day, or it came on the day on which a strike set was replaced.
    replaced_on : the day from which the contract was quoted under other terms, NaT as a rule. This lies in the future
        of the contract's quotes: nothing but outcomes may use it.
    """
    seen = rows.groupby("number")["quote_date"].agg(["min", "max"])
    contracts = contracts.assign(first_seen=seen["min"].to_numpy(), last_seen=seen["max"].to_numpy())
    replaced_on, is_replacement = _replacements(contracts, rows)
    is_adjusted = (has_adjusted_code(contracts["contract"]) | is_off_grid(contracts["strike"].to_numpy())
                   | _has_other_multiplier(contracts) | is_replacement)
    contracts = contracts.assign(is_adjusted=is_adjusted, replaced_on=replaced_on)
    for is_concerned, rule in ((is_adjusted, "adjusted_contract"), (~np.isnat(replaced_on), "contract_replaced")):
        if is_concerned.any():
            first = contracts.iloc[int(np.argmax(is_concerned))]
            day = first["replaced_on"] if rule == "contract_replaced" else first["first_seen"]
            issues.note("warning", rule, int(is_concerned.sum()), f"contract {first['contract']} on {day.date()}")
    return contracts


def _has_other_multiplier(contracts: pd.DataFrame) -> np.ndarray:
    first_day = contracts.groupby("underlying")["first_seen"].transform("min")
    listed_first = contracts[contracts["first_seen"] == first_day]
    usual = listed_first.groupby("underlying")["multiplier"].agg(lambda values: values.mode().iloc[0])
    return (contracts["multiplier"] != contracts["underlying"].map(usual)).to_numpy()


def _replacements(contracts: pd.DataFrame, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the day on which each contract was replaced (NaT), and which contracts came in their stead."""
    replaced_on = np.full(len(contracts), np.datetime64("NaT", "ns"))
    is_replacement = np.zeros(len(contracts), dtype=bool)
    days = rows[["underlying", "quote_date"]].drop_duplicates().sort_values(["underlying", "quote_date"])
    for underlying, dates in days.groupby("underlying")["quote_date"]:
        own = np.flatnonzero((contracts["underlying"] == underlying).to_numpy())
        table = contracts.iloc[own]
        first, last, expiry = (table[name].to_numpy() for name in ("first_seen", "last_seen", "expiry"))
        for before, after in _days_of_change(dates.to_numpy(), first, last, expiry):
            ended = (last == before) & (expiry >= after)
            came = first == after
            lived = ((first <= before) & (last >= after)).sum()
            if min(ended.sum(), came.sum()) >= _MIN_CONTRACTS and lived <= _MAX_SURVIVORS * (lived + ended.sum()):
                replaced_on[own[ended]] = after
                is_replacement[own[came]] = True
    return replaced_on, is_replacement


def _days_of_change(dates: np.ndarray, first: np.ndarray, last: np.ndarray, expiry: np.ndarray) -> list[tuple]:
    """Return the pairs of following days between which enough contracts ended early and enough were new."""
    before, after = dates[:-1], dates[1:]
    is_near = after - before <= np.timedelta64(_MAX_GAP_DAYS, "D")
    came = np.searchsorted(np.sort(first), after, side="right") - np.searchsorted(np.sort(first), after)
    early = np.sort(last[expiry > last])
    ended = np.searchsorted(early, before, side="right") - np.searchsorted(early, before)
    chosen = is_near & (came >= _MIN_CONTRACTS) & (ended >= _MIN_CONTRACTS)
    return list(zip(before[chosen], after[chosen], strict=True))


def _is_multiple(values: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    ratio = values / step
    return np.abs(ratio - np.round(ratio)) < 1e-6 * np.maximum(np.abs(ratio), 1)
