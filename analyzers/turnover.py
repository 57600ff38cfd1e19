"""How much is traded, month by month."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd

from backtrader_system.engine.fill import fills_since


class Turnover(bt.Analyzer):
    """A table with one row per month: dollars bought and sold, mean equity, turnover and commission.

    turnover : (bought + sold) / (2 * mean equity) of that month, one-sided and not annualised.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(Turnover, _name="turnover")
    """

    def start(self) -> None:
        self._equity: list[tuple[float, float]] = []
        self._fills: list[tuple[float, float, float]] = []
        self._n_seen: dict[int, int] = {}

    def next(self) -> None:
        self._equity.append((self.strategy.datetime[0], self.strategy.broker.getvalue()))

    def notify_order(self, order: Any) -> None:
        n_seen = self._n_seen.get(order.ref, 0)
        for bit, _ in fills_since(order, n_seen):
            self._fills.append((bit.dt, bit.size * bit.price, bit.closedcomm + bit.openedcomm))
        self._n_seen[order.ref] = max(n_seen, order.executed.p2)

    def table(self) -> pd.DataFrame:
        """Return the table, one row for every month of the run."""
        equity = pd.DataFrame(self._equity, columns=["number", "equity"])
        fills = pd.DataFrame(self._fills, columns=["number", "dollars", "commission"], dtype=float)
        mean_equity = equity.groupby(_months(equity["number"]))["equity"].mean()
        months = _months(fills["number"])
        table = pd.DataFrame({
            "bought": fills["dollars"].clip(lower=0).groupby(months).sum(),
            "sold": (-fills["dollars"]).clip(lower=0).groupby(months).sum(),
            "mean_equity": mean_equity,
            "commission": fills["commission"].groupby(months).sum(),
        }).reindex(mean_equity.index).fillna(0.0)
        turnover = (table["bought"] + table["sold"]) / (2 * table["mean_equity"])
        return table.assign(turnover=turnover).rename_axis("month").reset_index()

    def get_analysis(self) -> dict[str, Any]:
        """Return the table as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")


def _months(numbers: pd.Series) -> pd.Series:
    return pd.Series([bt.num2date(number).strftime("%Y-%m") for number in numbers], index=numbers.index, dtype="str")
