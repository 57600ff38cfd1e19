"""A crossover strategy with three of Backtrader's indicators per symbol, as a user writes it. Knows nothing of ours."""

from __future__ import annotations

import backtrader as bt


class IndicatorStrategy(bt.Strategy):
    """Buys where a fast average crosses above a slow one and the RSI is not high; sells on the cross below."""

    params = (
        ("fast", 10), ("slow", 30), ("rsi_period", 14), ("rsi_limit", 70), ("position_fraction", 0.05),
        ("max_positions", 15),
    )

    def __init__(self):
        self.n_notifications = 0
        self.signals = {}
        for data in self.datas:
            fast = bt.indicators.SimpleMovingAverage(data.close, period=self.p.fast)
            slow = bt.indicators.SimpleMovingAverage(data.close, period=self.p.slow)
            self.signals[data] = (bt.indicators.CrossOver(fast, slow),
                                  bt.indicators.RSI(data.close, period=self.p.rsi_period))

    def notify_order(self, order):
        self.n_notifications += 1

    def next(self):
        n_held = sum(1 for data in self.datas if self.getposition(data).size)
        for data in self.datas:
            cross, rsi = self.signals[data]
            if self.getposition(data).size:
                if cross[0] < 0:
                    self.close(data=data)
                    n_held -= 1
            elif cross[0] > 0 and rsi[0] < self.p.rsi_limit and n_held < self.p.max_positions:
                size = int(self.p.position_fraction * self.broker.getvalue() / data.close[0])
                if size:
                    self.buy(data=data, size=size)
                    n_held += 1
