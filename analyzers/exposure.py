"""How much of the equity works in each symbol."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pandas as pd


class Exposure(bt.Analyzer):
    """A table with one row per session and held symbol: shares, value (dollars, signed) and weight (of equity).

    Valued at the close of the session; a symbol without a bar counts at its last close.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(Exposure, _name="exposure")
    """

    def start(self) -> None:
        self._rows: list[tuple[float, str, float, float, float]] = []

    def next(self) -> None:
        broker = self.strategy.broker
        equity = broker.getvalue()
        for data, position in broker.positions.items():
            if position.size:
                value = position.size * data.close[0]
                self._rows.append((self.strategy.datetime[0], data._name, position.size, value, value / equity))

    def table(self) -> pd.DataFrame:
        """Return the table, sorted by session and symbol."""
        rows = sorted((bt.num2date(number).date(), *rest) for number, *rest in self._rows)
        table = pd.DataFrame(rows, columns=["session", "symbol", "shares", "value", "weight"])
        return table.assign(session=pd.to_datetime(table["session"]).astype("datetime64[ns]"))

    def get_analysis(self) -> dict[str, Any]:
        """Return the table as Backtrader expects it: a mapping, here of column to list."""
        return self.table().to_dict("list")
