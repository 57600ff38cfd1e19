"""Sharpe, Sortino and Calmar of the equity curve."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from backtrader_system.metrics.drawdown import drawdown_series, max_drawdown
from backtrader_system.metrics.figure import flatten
from backtrader_system.metrics.returns import cagr, calendar_days, session_returns, total_return
from backtrader_system.metrics.risk_ratios import calmar_ratio, sharpe_ratio, sortino_ratio


class RiskRatios(bt.Analyzer):
    """Sharpe, Sortino and Calmar ratio from daily equity, defined as in docs/metrics.md.

    Unlike Backtrader's own: daily returns, sample deviation, annualised by `periods_per_year`; downside deviation over
    all sessions; Calmar as CAGR by calendar days over the largest drawdown, empty under one year. What cannot be
    computed is None, with `<name>_note` saying why.

    risk_free_rate, minimum_acceptable_return : per year.

    Examples
    --------
    >>> cerebro = bt.Cerebro()
    >>> cerebro.addanalyzer(RiskRatios, _name="ratios", risk_free_rate=0.02)
    """

    params = (("periods_per_year", 252), ("risk_free_rate", 0.0), ("minimum_acceptable_return", 0.0))

    def start(self) -> None:
        self._starting_cash = self.strategy.broker.startingcash
        self._equity: list[tuple[float, float]] = []

    def next(self) -> None:
        self._equity.append((self.strategy.datetime[0], self.strategy.broker.getvalue()))

    def get_analysis(self) -> dict[str, Any]:
        """Return sharpe_ratio, sortino_ratio, calmar_ratio, cagr, max_drawdown and their notes."""
        sessions = pd.DatetimeIndex([bt.num2date(number).date() for number, _ in self._equity])
        equity = np.array([value for _, value in self._equity])
        returns = session_returns(equity, self._starting_cash)
        growth = cagr(total_return(returns), calendar_days(sessions))
        deepest = max_drawdown(drawdown_series(pd.Series(equity, sessions), self._starting_cash))
        periods = self.p.periods_per_year
        return flatten({
            "sharpe_ratio": sharpe_ratio(returns, periods, self.p.risk_free_rate),
            "sortino_ratio": sortino_ratio(returns, periods, self.p.minimum_acceptable_return),
            "calmar_ratio": calmar_ratio(growth, deepest),
            "cagr": growth,
            "max_drawdown": deepest,
        })

    def table(self) -> pd.DataFrame:
        """Return the analysis as a table of name and value."""
        analysis = self.get_analysis()
        return pd.DataFrame({"name": list(analysis), "value": [str(value) for value in analysis.values()]})
