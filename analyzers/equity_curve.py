"""The account, session by session."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.equity_table import equity_table


class EquityCurve(bt.Analyzer):
    """A table with one row per session, after its close.

    `table()`: cash, positions_value and equity in dollars; return since the session before (since the starting cash in
    the first row); drawdown from the highest equity so far, in [-1, 0]; gross and net exposure as shares of equity;
    the number of open positions. A symbol without a bar counts at its last close.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(EquityCurve, _name="equity")
    """

    def start(self) -> None:
        self._starting_cash = self.strategy.broker.startingcash
        self._rows: list[tuple[float, float, float, float, float, int]] = []

    def next(self) -> None:
        broker = self.strategy.broker
        values = [
            position.size * data.close[0] for data, position in broker.positions.items() if position.size
        ]
        self._rows.append((
            self.strategy.datetime[0], broker.getcash(), broker.getvalue(), sum(map(abs, values)), sum(values),
            len(values),
        ))

    def table(self) -> pd.DataFrame:
        """Return the curve, sorted by session."""
        return equity_table(self._rows, self._starting_cash)

    def get_analysis(self) -> dict[str, Any]:
        """Return the curve as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")
