"""Each of our Backtrader classes alone in a user's plain Cerebro, with Backtrader's own broker."""

from __future__ import annotations

import backtrader as bt
import pytest
from script import frame

from backtrader_system.engine import sizers
from backtrader_system.engine.commission import StockCommission
from backtrader_system.engine.extensions import load_analyzer
from backtrader_system.engine.feeds import ScoredBars

RISING = [(100 + i, 102 + i, 99 + i, 101 + i) for i in range(30)]


class BuyThenSell(bt.Strategy):
    def next(self):
        if len(self) == 2:
            self.buy()
        if len(self) == 20:
            self.close()


def run(sizer=None, analyzers=(), commission=None, **lines):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(10_000)
    cerebro.adddata(ScoredBars(dataname=frame(RISING, **lines), name="A"))
    cerebro.addstrategy(BuyThenSell)
    if sizer:
        cerebro.addsizer(sizer[0], **sizer[1])
    if commission:
        cerebro.broker.addcommissioninfo(commission)
    for name in analyzers:
        cerebro.addanalyzer(load_analyzer(name), _name=name)
    return cerebro.run()[0]


# The decision falls on the close of the second bar, 102; the fill on the open of the third, 102.
@pytest.mark.parametrize(("sizer", "shares"), [
    pytest.param((sizers.FixedCash, {"cash_per_position": 5_000}), 5_000 // 102, id="fixed cash"),
    pytest.param((sizers.FixedFraction, {"fraction": 0.10}), 1_000 // 102, id="fixed fraction"),
    pytest.param((sizers.EqualWeight, {"cash_reserve_fraction": 0.05}), 9_500 // 102, id="equal weight"),
    pytest.param((sizers.Kelly, {"kelly_multiplier": 0.5, "max_symbol_exposure": 0.15}), 1_500 // 102, id="kelly"),
])
def test_sizer_works_alone(sizer, shares):
    strategy = run(sizer, analyzers=["order_log"], score=0.8)
    orders = strategy.analyzers.order_log.table()
    assert orders.loc[orders["status"] == "filled", "size"].tolist() == [shares, -shares]


def test_kelly_learns_from_closed_trades():
    strategy = run((sizers.Kelly, {"max_symbol_exposure": 0.15}), score=0.8)
    entry, exit_price = 102, 120
    assert strategy.sizer.statistics.n_wins == 1
    assert strategy.sizer.statistics.sum_win_returns == pytest.approx(exit_price / entry - 1)


def test_commission_works_alone():
    strategy = run((sizers.FixedCash, {}), ["trade_blotter"], StockCommission(bps=10, per_share=0.01, minimum=5.0))
    shares = 5_000 // 102
    trade = strategy.analyzers.trade_blotter.table().iloc[0]
    charged = [max(5.0, shares * price * 0.001 + shares * 0.01) for price in (102, 120)]
    assert trade["commission"] == pytest.approx(sum(charged))
    assert trade["net_pnl"] == pytest.approx(shares * (120 - 102) - sum(charged))
    assert (trade["status"], trade["bars_held"]) == ("closed", 18)


def test_equity_curve_agrees_with_backtrader():
    strategy = run((sizers.FixedCash, {}), ["equity_curve"])
    curve = strategy.analyzers.equity_curve.table()
    shares = 5_000 // 102
    assert len(curve) == len(RISING)
    assert curve["equity"].iloc[-1] == strategy.broker.getvalue() == 10_000 + shares * (120 - 102)
    assert curve["equity"].iloc[5] == 10_000 + shares * (106 - 102)


def test_risk_ratios_agree_with_backtraders_own_where_definitions_do():
    cerebro_ratios = run((sizers.FixedCash, {}), ["risk_ratios"]).analyzers.risk_ratios.get_analysis()
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(10_000)
    cerebro.adddata(ScoredBars(dataname=frame(RISING), name="A"))
    cerebro.addstrategy(BuyThenSell)
    cerebro.addsizer(sizers.FixedCash)
    cerebro.addanalyzer(bt.analyzers.SharpeRatio, _name="sharpe", timeframe=bt.TimeFrame.Days, annualize=True,
                        factor=252, riskfreerate=0.0, stddev_sample=True)
    theirs = cerebro.run()[0].analyzers.sharpe.get_analysis()["sharperatio"]
    assert cerebro_ratios["sharpe_ratio"] == pytest.approx(theirs)
    assert cerebro_ratios["calmar_ratio"] is None
    assert "year" in cerebro_ratios["cagr_note"]


def test_exposure_and_turnover_tables():
    strategy = run((sizers.FixedCash, {}), ["exposure", "turnover"])
    shares = 5_000 // 102
    exposure = strategy.analyzers.exposure.table()
    assert len(exposure) == 18                                      # held over 18 closes
    assert exposure["value"].iloc[0] == shares * 103
    turnover = strategy.analyzers.turnover.table()
    assert turnover["bought"].sum() == shares * 102
    assert turnover["sold"].sum() == shares * 120


def test_feed_gives_backtrader_the_exchange_dates():
    strategy = run()
    assert strategy.data.datetime.date(0).isoformat() == str(frame(RISING).index[-1].date())
    assert strategy.data.score[0] != strategy.data.score[0]         # no score given: NaN
    assert strategy.data.split_ratio[0] == 1.0


def test_backtraders_own_indicators_and_analyzers_work_on_the_feed():
    class WithAverage(bt.Strategy):
        def __init__(self):
            self.average = bt.indicators.SimpleMovingAverage(self.data.close, period=5)

        def next(self):
            pass
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(ScoredBars(dataname=frame(RISING), name="A"))
    cerebro.addstrategy(WithAverage)
    cerebro.addanalyzer(bt.analyzers.TimeReturn, _name="returns")
    strategy = cerebro.run()[0]
    assert strategy.average[0] == pytest.approx(sum(bar[3] for bar in RISING[-5:]) / 5)
    assert len(strategy.analyzers.returns.get_analysis()) == len(RISING)
