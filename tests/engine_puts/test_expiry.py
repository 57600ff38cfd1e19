"""How short puts end, on quotes and closes that can be checked by hand."""

from __future__ import annotations

import pytest
from put_runs import DAYS, EXPIRY, chain, ends, fills, run, settings, stocks

FLAT = [100.0] * 12
QUOTES = dict.fromkeys(range(9), (1.0, 1.2))


def falling_to(price: float) -> list[float]:
    """Closes of 100 that end at `price` in the expiry session and stay there."""
    return [100.0] * 9 + [price] * 3


def test_worthless_put_keeps_its_premium_without_a_fee():
    costs = {"fee_per_order": 1.0, "fee_per_contract": 0.65, "assignment_fee": 5.0}
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": FLAT}), settings(outcome=costs))
    # Collateral of one contract is 9,500 of the 10,000 a position may take; sold at the next day's bid.
    assert fills(ledgers) == [(1, "P", -1, 100.0, "recommended"), (9, "P", 1, 0.0, "worthless")]
    trade = ledgers.trades.iloc[0]
    assert (trade["net_pnl"], trade["commission"], trade["slippage"]) == pytest.approx((100 - 1.65, 1.65, 10.0))
    assert ledgers.equity["equity"].iloc[-1] == pytest.approx(100_000 + 100 - 1.65)
    row = ledgers.expiries.iloc[0]
    assert (row["session"], row["outcome"], row["payoff"], row["assignment"], row["shares"]) == (
        EXPIRY, "worthless", 0.0, "", 0.0)
    assert row["pnl_at_expiry"] == pytest.approx(100 - 1.65)


def test_assigned_put_costs_its_payoff_and_the_assignment_fee():
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": falling_to(92.0)}),
                  settings(outcome={"assignment_fee": 5.0}))
    assert fills(ledgers) == [(1, "P", -1, 100.0, "recommended"), (9, "P", 1, 300.0, "assigned")]
    assert ledgers.trades["net_pnl"].tolist() == [100 - 300 - 5]
    row = ledgers.expiries.iloc[0]
    assert (row["outcome"], row["assignment"], row["underlying_close"], row["moneyness"]) == (
        "assigned", "cash", 92.0, 95 / 92 - 1)


def test_physical_settlement_takes_the_strike_and_sells_the_shares_at_the_next_open():
    opens = {"A": [100.0] * 10 + [90.0, 92.0]}
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": falling_to(92.0)}, opens),
                  settings(outcome={"settlement": "physical"}))
    assert fills(ledgers) == [
        (1, "P", -1, 100.0, "recommended"), (9, "P", 1, 300.0, "assigned"), (9, "A", 100, 92.0, "assignment"),
        (10, "A", -100, 90.0, "assigned shares")]
    cash = ledgers.equity.set_index("session")["cash"]
    assert cash[DAYS[9]] == 100_000 + 100 - 95 * 100
    assert cash[DAYS[10]] == 100_000 + 100 - 95 * 100 + 90 * 100
    assert ledgers.expiries["assignment"].tolist() == ["shares"]
    assert ends(ledgers) == []


def test_two_assigned_puts_of_one_underlying_deliver_together():
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES}, "Q": {"strike": 94.0, "quotes": QUOTES}})
    ledgers = run(puts, stocks({"A": falling_to(92.0)}),
                  settings(outcome={"settlement": "physical"}, selling={"max_per_underlying": 2}))
    assert [fill for fill in fills(ledgers) if fill[1] == "A"] == [
        (9, "A", 100, 92.0, "assignment"), (9, "A", 100, 92.0, "assignment"), (10, "A", -200, 92.0, "assigned shares")]
    assert ledgers.equity["equity"].iloc[-1] == 100_000 + 2 * 100 - 300 - 200


def test_early_assignment_settles_at_that_close_and_not_on_the_day_of_the_sale():
    # Bid and ask of 5.00 on a close of 90 are exactly the intrinsic value of a strike of 95, on days 1, 2 and 3.
    quotes = QUOTES | dict.fromkeys((1, 2, 3), (5.0, 5.0))
    bars = stocks({"A": [100.0, 90.0, 90.0, 90.0] + [100.0] * 8})
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": quotes}}), bars,
                  settings(outcome={"early_assignment": "deep_in_the_money", "assignment_fee": 2.0}, style="american"))
    assert fills(ledgers) == [(1, "P", -1, 500.0, "recommended"), (2, "P", 1, 500.0, "assigned_early")]
    assert ledgers.trades["net_pnl"].tolist() == [-2.0]
    assert ledgers.expiries["session"].tolist() == [DAYS[2]]


def test_put_at_its_strike_is_assigned_although_it_pays_nothing():
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": falling_to(95.0)}),
                  settings(outcome={"settlement": "physical", "assignment_fee": 3.0}))
    assert [fill[4] for fill in fills(ledgers)] == ["recommended", "assigned", "assignment", "assigned shares"]
    assert ledgers.trades.set_index("symbol").loc["P", "net_pnl"] == pytest.approx(100 - 3)


def test_unknown_outcome_stays_open_at_its_last_mark():
    # The stock is gone after day 5; the contract is quoted until day 6, at a mid of 30.
    quotes = dict.fromkeys(range(6), (1.0, 1.2)) | {6: (29.0, 31.0)}
    puts = chain({"P": {"strike": 95.0, "quotes": quotes}, "Q": {"underlying": "B", "strike": 95.0, "quotes": QUOTES}})
    closes = {"A": [100.0] * 6 + [float("nan")] * 6, "B": FLAT}
    ledgers = run(puts, stocks(closes), settings())
    trade = ledgers.trades.set_index("symbol").loc["P"]
    assert (trade["status"], trade["net_pnl"]) == ("open", 100 - 3000)
    last = ledgers.expiries.set_index("contract").loc["P"]
    assert (last["outcome"], str(last["session"]), last["contracts"]) == ("unknown", "NaT", 1)
    # Its collateral stays blocked.
    assert ledgers.collateral["collateral"].iloc[-1] == 9_500


def test_put_that_expires_after_the_run_is_open_and_not_unknown():
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES, "expiry": "2024-02-16"}})
    ledgers = run(puts, stocks({"A": FLAT}), settings())
    assert ledgers.expiries["outcome"].tolist() == ["open"]


def test_saturday_expiry_is_settled_on_the_friday():
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES, "expiry": "2024-01-20"}})
    ledgers = run(puts, stocks({"A": falling_to(92.0)}), settings())
    assert fills(ledgers)[-1] == (9, "P", 1, 300.0, "assigned")


def test_split_adjusted_contract_pays_by_its_own_multiplier():
    # After a 2:1 split: strike 47.5, 200 units; the close of 46 costs 1.50 a unit.
    puts = chain({"P": {"strike": 47.5, "multiplier": 200.0, "is_adjusted": True, "quotes": dict.fromkeys(
        range(9), (0.50, 0.60))}})
    opens = {"A": [50.0] * 10 + [45.0, 46.0]}
    ledgers = run(puts, stocks({"A": [50.0] * 9 + [46.0] * 3}, opens), settings(outcome={"settlement": "physical"}))
    assert fills(ledgers) == [
        (1, "P", -1, 100.0, "recommended"), (9, "P", 1, 300.0, "assigned"), (9, "A", 200, 46.0, "assignment"),
        (10, "A", -200, 45.0, "assigned shares")]


def test_assigned_shares_of_a_stock_that_vanishes_are_closed_as_delisted():
    closes = {"A": [100.0] * 9 + [92.0] + [float("nan")] * 2, "B": FLAT}
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks(closes),
                  settings(outcome={"settlement": "physical"}, delisting_haircut_fraction=0.5))
    assert fills(ledgers)[-1] == (10, "A", -100, 46.0, "delisted")


def test_quote_of_the_expiry_day_fills_an_order_before_the_settlement():
    quotes = QUOTES | {9: (3.0, 3.2)}
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": quotes}}), stocks({"A": falling_to(92.0)}),
                  settings(selling={"exit_days_to_expiry": 1}))
    assert fills(ledgers) == [(1, "P", -1, 100.0, "recommended"), (9, "P", 1, 320.0, "exit_days")]
    assert ledgers.expiries.empty


def test_order_without_a_quote_before_expiry_is_cancelled():
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": FLAT}),
                  settings(selling={"exit_days_to_expiry": 1}))
    assert fills(ledgers)[-1] == (9, "P", 1, 0.0, "worthless")
    assert ends(ledgers) == [("cancelled", "the contract ended")]


def test_margin_account_is_lent_what_an_assignment_costs_and_sells_the_shares():
    # 15 % of 95 * 100 is 1,425 a contract: three of each. Two times 28,500 are paid for the shares, from 10,600.
    puts = chain({"P": {"strike": 95.0, "quotes": QUOTES}, "Q": {"strike": 95.0, "underlying": "B", "quotes": QUOTES}})
    bars = stocks({"A": falling_to(92.0), "B": falling_to(92.0)})
    ledgers = run(puts, bars, settings(cash=10_000.0, outcome={"settlement": "physical"}, selling={
        "collateral": "margin", "capital_per_position": 4_500.0}), {"P": [1], "Q": [1]})
    assert [fill[:4] for fill in fills(ledgers)] == [
        (2, "P", -3, 100.0), (2, "Q", -3, 100.0), (9, "P", 3, 300.0), (9, "A", 300, 92.0), (9, "Q", 3, 300.0),
        (9, "B", 300, 92.0), (10, "A", -300, 92.0), (10, "B", -300, 92.0)]
    assert ledgers.equity["cash"].iloc[9] == pytest.approx(10_600 - 2 * 28_500)
    assert ledgers.equity["cash"].iloc[-1] == pytest.approx(10_600 - 2 * 900)


def test_payoff_is_no_quote_to_buy_back_at():
    ledgers = run(chain({"P": {"strike": 95.0, "quotes": QUOTES}}), stocks({"A": falling_to(92.0)}),
                  settings(selling={"exit_days_to_expiry": 1}, outcome={"fill": "mid"}))
    assert fills(ledgers)[-1] == (9, "P", 1, 300.0, "assigned")
    assert ends(ledgers) == [("cancelled", "the contract ended")]
