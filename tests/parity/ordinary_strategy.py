"""A strategy in ordinary Backtrader style and Backtrader's own analyzers; nothing of ours in it."""

from __future__ import annotations

import backtrader as bt


class CrossAndHold(bt.Strategy):
    """Crossing averages per symbol, entries as brackets, exits on overbought; nothing of ours in it."""

    lines = ("rank",)
    params = (("fast", 5), ("slow", 12), ("timers", False), ("pair", False), ("back", 2))

    def __init__(self):
        self.events = []
        self.orders = {}
        self.inds = {}
        for d in self.datas:
            fast = bt.indicators.SMA(d.close, period=self.p.fast)
            slow = bt.indicators.SMA(d.close, period=self.p.slow)
            self.inds[d] = {
                "cross": bt.indicators.CrossOver(fast, slow), "rsi": bt.indicators.RSI(d.close, period=7, safediv=True),
                "range": bt.indicators.Highest(d.high - d.low, period=3), "gap": d.open - d.close(-1)}
        self.pair = []
        if self.p.pair:         # for feeds of one length: in vector mode Backtrader joins lines bar by bar
            spread = self.datas[0].close - self.datas[1].close
            self.pair = [spread, bt.If(spread > 0.0, self.datas[0].volume, self.datas[1].volume)]
        if self.p.timers:
            self.add_timer(when=bt.timer.SESSION_START, weekdays=[1, 3])
            self.add_timer(when=bt.timer.SESSION_START, monthdays=[10, 20], monthcarry=True, cheat=True)

    def prenext(self):
        self.note_rank()
        self.events.append(("prenext", len(self), [d.close[-1] for d in self.datas if len(d)]))

    def note_rank(self):
        self.lines.rank[0] = sum(d.close[0] for d in self.datas if len(d))

    def next(self):
        self.note_rank()
        self.events.append(("next", self.datetime.date(0), self.rank[0], self.rank[-1],
                            [line[0] for line in self.pair], self.broker.getvalue()))
        for d in self.datas:
            inds = self.inds[d]
            self.events.append((d._name, len(d), d.close[0], d.close[-1], d.datetime.date(-1),
                                list(d.close.get(size=3)), list(d.low.get(ago=-1, size=self.p.back)),
                                *(line[0] for line in inds.values())))
            if self.orders.get(d):
                continue
            if not self.getposition(d).size:
                if inds["cross"] > 0 or inds["rsi"][0] < 40:
                    price = d.close[0]
                    self.orders[d] = self.buy_bracket(
                        data=d, exectype=bt.Order.Market, stopprice=price * 0.96, limitprice=price * 1.05)[0]
            elif inds["rsi"][0] > 75:
                self.orders[d] = self.close(d)

    def notify_order(self, order):
        self.events.append(("order", order.getstatusname(), order.data._name, order.executed.price,
                            order.executed.size, order.executed.comm, order.executed.pnl))
        if not order.alive() and self.orders.get(order.data) is not None:
            self.orders[order.data] = None

    def notify_trade(self, trade):
        if trade.isclosed:
            self.events.append(
                ("trade", trade.data._name, trade.pnl, trade.pnlcomm, trade.barlen, trade.open_datetime()))

    def notify_timer(self, timer, when, *args, **kwargs):
        self.events.append(("timer", when, len(self)))
        if timer.p.cheat:
            self.buy(self.data, size=1)


ANALYZERS = {
    "trades": (bt.analyzers.TradeAnalyzer, {}), "drawdown": (bt.analyzers.DrawDown, {}),
    "timedraw": (bt.analyzers.TimeDrawDown, {}),
    "returns": (bt.analyzers.TimeReturn, {"timeframe": bt.TimeFrame.Weeks}),
    "market": (bt.analyzers.TimeReturn, {"timeframe": bt.TimeFrame.Months}),
    "sharpe": (bt.analyzers.SharpeRatio, {"timeframe": bt.TimeFrame.Days, "annualize": True}),
    "total": (bt.analyzers.Returns, {}), "sqn": (bt.analyzers.SQN, {}), "vwr": (bt.analyzers.VWR, {}),
    "transactions": (bt.analyzers.Transactions, {"headers": True}),
    "values": (bt.analyzers.PositionsValue, {"headers": True, "cash": True}),
    "leverage": (bt.analyzers.GrossLeverage, {}), "calmar": (bt.analyzers.Calmar, {}),
    "periods": (bt.analyzers.PeriodStats, {"timeframe": bt.TimeFrame.Months}), "pyfolio": (bt.analyzers.PyFolio, {}),
}
