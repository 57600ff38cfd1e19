"""Sales and purchases of puts before their expiry: fills, rules, collateral."""

from __future__ import annotations

import backtrader as bt
import pytest
from put_runs import chain, ends, fills, market, run, settings, stocks

from backtrader_system.engine.extensions import load_strategy
from backtrader_system.engine.puts.broker import PutBroker
from backtrader_system.engine.puts.selling import put_feeds
from backtrader_system.engine.scored_strategy import ScoredStrategy
from backtrader_system.errors import StrategyError

BARS = stocks({"A": [100.0] * 12, "B": [100.0] * 12})
QUOTES = dict.fromkeys(range(9), (1.00, 1.20))


def one(quotes=QUOTES, **terms):
    return chain({"P": {"strike": 95.0, "quotes": quotes} | terms})


@pytest.mark.parametrize(("fill", "part", "price"), [("bid", 0.5, 100.0), ("mid", 0.5, 110.0), ("part", 0.25, 107.5)])
def test_sale_gives_up_its_part_of_the_half_spread(fill, part, price):
    ledgers = run(one(), BARS, settings(outcome={"fill": fill, "spread_part": part}))
    assert fills(ledgers)[0][3] == price


def test_fees_are_charged_per_order_and_per_contract():
    ledgers = run(one(), BARS, settings(selling={"capital_per_position": 30_000.0},
                                        outcome={"fee_per_order": 2.0, "fee_per_contract": 0.5}))
    assert fills(ledgers)[0][2] == -3
    assert ledgers.orders["commission"].max() == 2 + 3 * 0.5


def test_sale_waits_over_a_gap_of_quotes():
    ledgers = run(one({0: (1.0, 1.2), 4: (0.8, 1.0), 5: (1.0, 1.2)}), BARS, settings())
    assert fills(ledgers)[0] == (4, "P", -1, 80.0, "recommended")


@pytest.mark.parametrize("fill", ["bid", "mid"])
def test_sale_without_a_bid_is_cancelled(fill):
    ledgers = run(one({0: (1.0, 1.2), 1: (0.0, 0.4), 2: (1.0, 1.2)}), BARS, settings(outcome={"fill": fill}))
    assert (fills(ledgers), ends(ledgers)) == ([], [("cancelled", "no bid at the fill")])


def test_purchase_without_an_ask_waits():
    quotes = {0: (1.0, 1.2), 1: (1.0, 1.2), 2: (0.1, 0.2), 3: (0.1, float("nan")), 4: (0.1, 0.3)}
    ledgers = run(one(quotes, last=0.15), BARS, settings(selling={"take_profit_fraction": 0.8}))
    assert fills(ledgers)[1] == (4, "P", 1, 30.0, "take_profit")


def test_take_profit_counts_the_price_of_buying_back():
    # 80 % of a premium of 100 is earned at an ask of 0.20: that of day 4, not the mid of day 3.
    quotes = QUOTES | {3: (0.10, 0.22), 4: (0.10, 0.20), 5: (0.10, 0.25)}
    ledgers = run(one(quotes), BARS, settings(selling={"take_profit_fraction": 0.8}))
    assert fills(ledgers) == [(1, "P", -1, 100.0, "recommended"), (5, "P", 1, 25.0, "take_profit")]
    assert ledgers.trades["net_pnl"].tolist() == pytest.approx([75.0])


def test_stop_buys_back_once_the_put_costs_so_many_premiums():
    quotes = QUOTES | {3: (1.80, 1.99), 4: (1.80, 2.00), 5: (2.50, 2.70)}
    ledgers = run(one(quotes), BARS, settings(selling={"stop_loss_multiple": 2.0}))
    assert fills(ledgers)[1] == (5, "P", 1, 270.0, "stop_loss")


def test_exit_days_buys_back_before_expiry():
    # The 19th less 7 calendar days is the 12th, day 4; the order fills on day 5.
    ledgers = run(one(), BARS, settings(selling={"exit_days_to_expiry": 7}))
    assert fills(ledgers)[1] == (5, "P", 1, 120.0, "exit_days")


def test_collateral_of_waiting_sales_counts():
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES}, "Q": {"strike": 90.0, "underlying": "B", "quotes": QUOTES}})
    ledgers = run(puts, BARS, settings(cash=18_000.0))
    # Equal scores and bids: Q blocks less, so it comes first.
    assert [fill[1] for fill in fills(ledgers)] == ["Q", "Q"]
    assert ledgers.skipped[["symbol", "reason"]].to_numpy().tolist() == [["P", "not enough free collateral"]]


def test_a_premium_that_melts_until_the_fill_is_not_taken():
    # Bid 1.00 on the day of the decision, 0.02 a day later: 2 of the 5 asked for.
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES | {1: (0.02, 0.04)}}})
    ledgers = run(puts, BARS, settings())
    assert fills(ledgers) == []
    assert "premium below the minimum at the fill" in ledgers.orders["reason"].tolist()


def test_nothing_is_sold_at_the_quote_of_the_expiry_session():
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES | {9: (1.0, 1.1)}}})
    ledgers = run(puts, BARS, settings(), {"P": [8]})
    assert fills(ledgers) == []
    assert "the contract expires in this session" in ledgers.orders["reason"].tolist()


def test_sale_is_rejected_where_collateral_is_gone_at_the_fill():
    # P is not quoted before day 3; by then Q takes the collateral that was free when both were decided one by one.
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES},
                  "Q": {"strike": 90.0, "underlying": "B", "quotes": QUOTES | {5: (60.0, 62.0)}}})
    ledgers = run(puts, BARS, settings(cash=19_000.0), {"Q": [0], "P": [4]})
    assert ends(ledgers) == []
    # The mark of Q of 6,100 on day 5 takes equity to 13,000; P, decided on day 4, no longer fits on day 6.
    late = chain({"P": {"strike": 95.0, "quotes": {0: (1.0, 1.2), 4: (1.0, 1.2), 6: (1.0, 1.2)}},
                  "Q": {"strike": 90.0, "underlying": "B", "quotes": QUOTES | {5: (60.0, 62.0)}}})
    ledgers = run(late, BARS, settings(cash=19_000.0), {"Q": [0], "P": [4]})
    assert ends(ledgers) == [("rejected", "not enough collateral: 9,500.00 needed, 4,000.00 free")]


def test_breaches_are_counted():
    puts = one(QUOTES | {4: (60.0, 62.0)})
    ledgers = run(puts, BARS, settings(cash=10_000.0))
    assert ledgers.collateral["is_breach"].tolist() == [False] * 4 + [True] + [False] * 7
    assert ledgers.collateral["free"].iloc[4] == 10_000 + 100 - 6_100 - 9_500


def test_only_the_best_of_a_decision_are_sold():
    puts = chain({name: {"strike": 95.0, "quotes": QUOTES} for name in ("P", "Q", "R")})
    ledgers = run(puts, BARS, settings(selling={"top_n": 1, "max_per_underlying": 5}),
                  {"P": ([0], 60.0), "Q": ([0], 90.0), "R": ([0], 90.0)})
    assert fills(ledgers)[0][1] == "Q"
    assert sorted(ledgers.skipped["reason"]) == ["top_n reached", "top_n reached"]


def test_one_put_per_underlying():
    puts = chain({name: {"strike": 95.0, "quotes": QUOTES} for name in ("P", "Q")})
    ledgers = run(puts, BARS, settings(), {"P": ([0], 60.0), "Q": ([0, 1, 2], 90.0)})
    assert {fill[1] for fill in fills(ledgers)} == {"Q"}
    assert ledgers.skipped["reason"].tolist() == [
        "as many puts of its underlying as allowed", "sold before", "sold before"]


@pytest.mark.parametrize(("selling", "terms", "why"), [
    ({"min_score": 85.0}, {}, "score below the minimum"),
    ({"min_premium": 101.0}, {}, "premium below the minimum"),
    ({}, {"quotes": {0: (0.10, 1.2)}}, "spread too wide"),
    ({"capital_per_position": 9_400.0}, {}, "one contract takes more than capital_per_position"),
])
def test_what_is_not_sold_says_why(selling, terms, why):
    ledgers = run(one(**terms), BARS, settings(selling=selling))
    assert (fills(ledgers), ledgers.skipped["reason"].tolist()) == ([], [why])


def test_sale_without_a_price_of_its_day_is_listed():
    ledgers = run(one({0: (float("nan"), float("nan")), 1: (1.0, 1.2)}), BARS, settings())
    assert (fills(ledgers), ledgers.skipped["reason"].tolist()) == ([], ["no price on the day of the sale"])


class Buyer(ScoredStrategy):
    """Buys the first feed on the first day, sells the second."""

    def decide(self) -> None:
        if len(self) == 1:
            self.buy(self.getdatabyname("P"), size=1)
            self.sell(self.getdatabyname("A"), size=1)


def test_puts_are_not_bought_and_shares_not_sold_short():
    chosen = settings()
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker = PutBroker(cash=10_000.0)
    for feed in put_feeds(market(one(), BARS, chosen)):
        cerebro.adddata(feed)
    cerebro.addstrategy(Buyer)
    log = cerebro.run()[0].broker.order_log()
    assert log.loc[log["status"] == "rejected", "reason"].tolist() == [
        "puts are only sold here: 1 to buy, 0 sold", "no shares left to sell; the order only reduces"]


def test_strategy_asks_for_its_broker():
    cerebro = bt.Cerebro(stdstats=False)
    for feed in put_feeds(market(one(), BARS, settings())):
        cerebro.adddata(feed)
    cerebro.addstrategy(load_strategy("put_selling"))
    with pytest.raises(StrategyError, match="PutBroker"):
        cerebro.run()
