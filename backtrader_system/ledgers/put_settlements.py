"""Which settlements a run must hold, worked out from its market fills and the ends of the contracts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from backtrader_system.ledgers.put_facts import UNKNOWN, WORTHLESS, PutFacts, PutRules

COLUMNS = ("session", "contract", "outcome", "contracts", "payoff", "price", "commission", "shares", "share_price")


def expected_settlements(fills: pd.DataFrame, facts: PutFacts, rules: PutRules) -> pd.DataFrame:
    """Return the settlements that these market fills of contracts lead to.

    fills : columns session, symbol, size; only those of contracts, without settlements.
    Returns: session, contract, outcome ("worthless", "assigned", "assigned_early"), contracts, payoff (per unit), price
        (money per contract), commission, shares delivered, share_price (what the payoff leaves of the strike).
    """
    terms = facts.terms.set_index("contract")
    early = {name: list(zip(part["session"], part["payoff"], strict=True))
             for name, part in facts.early.groupby("contract")}
    rows = []
    for name, part in fills.groupby("symbol"):
        put = terms.loc[name]
        traded = sorted(zip(part["session"], part["size"], strict=True))
        rows += [(session, name, outcome, contracts, payoff) for session, outcome, contracts, payoff in _ends(
            traded, _events(put, early.get(name, ()), facts))]
    table = pd.DataFrame(rows, columns=list(COLUMNS[:5])).astype({"contracts": float, "payoff": float})
    return _with_money(table, terms, facts, rules)


def _events(put: pd.Series, early: list | tuple, facts: PutFacts) -> list[tuple]:
    """Return session, outcome and payoff of all that can end a contract, in order."""
    is_known = put["outcome"] != UNKNOWN and put["expiry_session"] in facts.bars.sessions
    last = put["expiry_session"] if is_known else pd.Timestamp.max
    events = [(session, "assigned_early", payoff) for session, payoff in early if session < last]
    if is_known:
        events.append((last, put["outcome"], put["payoff"]))
    return sorted(events, key=lambda event: event[0])


def _ends(traded: list[tuple], events: list[tuple]) -> Iterator[tuple]:
    """Yield session, outcome, contracts and payoff; who sells on a day of exercise is assigned on a later one."""
    settled = 0.0
    for session, outcome, payoff in events:
        before = [(day, size) for day, size in traded if day <= session]
        short = -sum(size for _, size in before) - settled
        sales = [day for day, size in before if size < 0]
        if short <= 0 or (outcome == "assigned_early" and sales[-1] == session):
            continue
        settled += short
        yield session, outcome, short, payoff


def _with_money(table: pd.DataFrame, terms: pd.DataFrame, facts: PutFacts, rules: PutRules) -> pd.DataFrame:
    put = terms.reindex(table["contract"]).reset_index(drop=True)
    is_assigned = (table["outcome"] != WORTHLESS).to_numpy()
    rows = facts.bars.sessions.get_indexer(pd.DatetimeIndex(table["session"]))
    columns = pd.Index(facts.bars.symbols).get_indexer(put["underlying"])
    has_bar = (columns >= 0) & np.isfinite(facts.bars.close[rows, columns]) if len(table) else is_assigned
    return table.assign(
        price=table["payoff"] * put["multiplier"],
        commission=np.where(is_assigned, rules.assignment_fee, 0.0) * table["contracts"],
        shares=np.where(is_assigned & has_bar & rules.is_physical, table["contracts"] * put["multiplier"], 0.0),
        share_price=put["strike"] - table["payoff"], underlying=put["underlying"])
