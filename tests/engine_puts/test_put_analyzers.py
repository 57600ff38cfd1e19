"""The analyzers of puts, in a run and under a broker that knows none."""

from __future__ import annotations

import backtrader as bt
import pytest
from put_runs import DAYS, EXPIRY, chain, market, settings, stocks

from backtrader_system.engine.extensions import load_analyzer
from backtrader_system.engine.puts.selling import put_feeds, run_put_selling
from backtrader_system.errors import StrategyError

PUTS = chain({"P": {"strike": 95.0, "quotes": dict.fromkeys(range(9), (1.00, 1.20)) | {4: (60.0, 62.0)}}})
BARS = stocks({"A": [100.0] * 9 + [92.0] * 3})


def test_analyzers_tell_expiries_and_breaches():
    chosen = settings(cash=10_000.0).model_copy(update={"analyzers": ("expiries", "collateral")})
    tables = run_put_selling(market(PUTS, BARS, chosen), chosen).analyzers
    assert tables["expiries"].to_numpy().tolist() == [[EXPIRY, "P", "A", 95.0, "assigned", 1.0, 300.0, 0.0]]
    assert tables["collateral"].loc[4, ["session", "equity", "collateral", "free", "is_breach"]].tolist() == [
        DAYS[4], pytest.approx(4_000.0), 9_500.0, pytest.approx(-5_500.0), True]


@pytest.mark.parametrize("name", ["expiries", "collateral"])
def test_analyzer_refuses_another_broker(name):
    cerebro = bt.Cerebro(stdstats=False)
    for feed in put_feeds(market(PUTS, BARS, settings())):
        cerebro.adddata(feed)
    cerebro.addstrategy(bt.Strategy)
    cerebro.addanalyzer(load_analyzer(name))
    with pytest.raises(StrategyError, match="needs PutBroker"):
        cerebro.run()
