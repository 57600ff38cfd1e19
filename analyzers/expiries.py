"""Short puts that ended by expiry or assignment."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.engine.bar_columns import dates_of
from backtrader_system.engine.puts.terms import REASONS
from backtrader_system.errors import StrategyError


class Expiries(bt.Analyzer):
    """A table with one row per short put that expired or was assigned; needs `PutBroker`.

    `table()`: session (after whose close it ended), contract, underlying, strike, outcome (worthless, assigned,
    assigned_early), contracts, payoff (money per contract), shares (delivered; 0 where cash was paid).

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(Expiries, _name="expiries")
    """

    def start(self) -> None:
        if not hasattr(self.strategy.broker, "settlements"):
            raise StrategyError(f"analyzer Expiries needs PutBroker; found {type(self.strategy.broker).__name__}")

    def table(self) -> pd.DataFrame:
        """Return the table, in the order in which the puts ended."""
        terms = {data._name: data.terms for data in self.datas}
        ended = self.strategy.broker.settlements
        table = pd.DataFrame([{
            "contract": end.contract, "underlying": terms[end.contract].underlying,
            "strike": terms[end.contract].strike, "outcome": REASONS[end.event], "contracts": end.contracts,
            "payoff": end.payoff, "shares": end.shares,
        } for end in ended], columns=["contract", "underlying", "strike", "outcome", "contracts", "payoff", "shares"])
        table.insert(0, "session", dates_of(np.array([end.session for end in ended], dtype=float)))
        return table

    def get_analysis(self) -> dict[str, Any]:
        """Return the table as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")
