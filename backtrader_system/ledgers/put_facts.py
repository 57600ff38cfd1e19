"""What the check of a run that sells puts is told: contracts, quotes and rules, none of it from the run's ledgers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from backtrader_system.ledgers.replay import Bars

WORTHLESS, UNKNOWN = "worthless", "unknown"     # outcomes of contracts
EXPIRY = "expiry"                               # order type of fills that the end of a contract makes


@dataclass(frozen=True, slots=True, eq=False)
class PutFacts:
    """The contracts that were traded, and what is known of them from other sources than the run.

    bars : of every symbol traded, contracts and underlyings. Money of contracts is per contract, multiplier inside.
    terms : contract, underlying, strike and payoff (per unit), multiplier, expiry, expiry_session, outcome
        ("worthless", "assigned" or "unknown").
    early : contract, session, payoff (per unit): days on whose close the holders of a contract exercise.
    quotes : session, contract, mid, bid, half_spread (NaN: not quoted), collateral of one contract.
    """

    bars: Bars
    terms: pd.DataFrame
    early: pd.DataFrame
    quotes: pd.DataFrame


@dataclass(frozen=True, slots=True)
class PutRules:
    """What a fill costs and how a contract is settled.

    spread_part : share of the half spread that a fill gives up. fee_per_order, fee_per_contract, assignment_fee : in
    money, the last per contract assigned. is_physical : shares are delivered where the underlying has a bar, else cash
    is paid. is_cash_secured : a short put blocks strike * multiplier, else what the quotes say.
    """

    spread_part: float
    fee_per_order: float
    fee_per_contract: float
    assignment_fee: float
    is_physical: bool
    is_cash_secured: bool
