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
