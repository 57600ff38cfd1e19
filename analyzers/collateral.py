"""What short puts block of the account, session by session."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.puts.collateral_table import collateral_table
from backtrader_system.errors import StrategyError


class Collateral(bt.Analyzer):
    """A table with one row per session, after its close; needs `PutBroker`.

    `table()`: equity, collateral (money that the puts held block at their last quotes), free (equity less collateral,
    negative in a breach), is_breach (collateral above equity: a broker would call for margin, here nothing is closed).

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(Collateral, _name="collateral")
    """

    def start(self) -> None:
        if not hasattr(self.strategy.broker, "free_collateral"):
            raise StrategyError(f"analyzer Collateral needs PutBroker; found {type(self.strategy.broker).__name__}")

    def table(self) -> pd.DataFrame:
        """Return the table, sorted by session."""
        return collateral_table(self.strategy.broker.collateral)

    def get_analysis(self) -> dict[str, Any]:
        """Return the sessions, the largest share of equity blocked, and in how many sessions it was more than all."""
        table = self.table()
        share = table["collateral"] / table["equity"].where(table["equity"] > 0)
        return {"sessions": len(table), "largest_share_of_equity": float(share.max()),
                "breaches": int(table["is_breach"].sum())}
