"""The rules as a user of Backtrader writes them: feeds, orders, notifications. Knows nothing of ours."""

from __future__ import annotations

import backtrader as bt


class ScoreStrategy(bt.Strategy):
    """Buys the strongest scores; a stop and a target, one cancelling the other, follow each completed buy."""

    params = (
        ("entry_score", 0.8), ("max_positions", 15), ("position_fraction", 0.05), ("stop_fraction", 0.05),
        ("target_fraction", 0.10), ("max_holding_sessions", 60),
    )

    def __init__(self):
        self.entry_bar = {}
        self.exits = {}
        self.n_notifications = 0

    def notify_order(self, order):
        self.n_notifications += 1
        if order.status != order.Completed:
            return
        data = order.data
        if not order.isbuy():
            self.entry_bar.pop(data, None)
            self.exits.pop(data, None)
            return
        self.entry_bar[data] = len(data)
        price, size = order.executed.price, order.executed.size
        if self.p.stop_fraction is None:
            return
        stop = self.sell(data=data, size=size, exectype=bt.Order.Stop, price=price - price * self.p.stop_fraction)
        self.sell(data=data, size=size, exectype=bt.Order.Limit, price=price + price * self.p.target_fraction, oco=stop)
        self.exits[data] = stop

    def has_bar(self, data):
        return data.datetime[0] == self.datetime[0]

    def prenext(self):
        self.next()     # a symbol that is listed late must not silence the others

    def next(self):
        n_held, candidates = 0, []
        for data in self.datas:
            if not len(data):
                continue
            if self.getposition(data).size:
                if self.has_bar(data) and len(data) - self.entry_bar[data] >= self.p.max_holding_sessions:
                    if data in self.exits:
                        self.cancel(self.exits.pop(data))       # cancels the target as well
                    self.close(data=data)
                else:
                    n_held += 1
            elif data.score[0] > self.p.entry_score and self.has_bar(data):
                candidates.append(data)
        candidates.sort(key=lambda data: data.score[0], reverse=True)
        equity = self.broker.getvalue()
        for data in candidates[:max(self.p.max_positions - n_held, 0)]:
            size = int(self.p.position_fraction * equity / data.close[0])
            if size:
                self.buy(data=data, size=size)
