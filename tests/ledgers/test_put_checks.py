"""The check of runs that sell puts, on a written-out run of one assigned put; each fault is planted and found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.put_checks import reconcile_put_selling
from backtrader_system.ledgers.put_facts import PutFacts, PutRules
from backtrader_system.ledgers.reconcile import reconcile
from backtrader_system.ledgers.schemas import ACTIONS, EQUITY, EXPIRIES, ORDERS, TRADES, ledger_table
from backtrader_system.market_data.panel import BarPanel

NAN = float("nan")
DAYS = pd.DatetimeIndex(["2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19", "2024-01-22"])
CAPITAL = 20_000.0
# Two puts at 95 on A are sold at the bid of 1.00; A closes at 92 on the 19th; the shares are sold at 90.
RULES = PutRules(1.0, 1.0, 0.5, 2.0, is_physical=True, is_cash_secured=True)


def bars() -> BarPanel:
    """A and the put P; P has a bar of its payoff of 300 in the expiry session."""
    close = np.array([[100.0, 110.0], [100.0, 110.0], [100.0, 120.0], [92.0, 300.0], [91.0, NAN]])
    opening = np.array([[100.0, 110.0], [100.0, 110.0], [100.0, 120.0], [100.0, 300.0], [90.0, NAN]])
    ones = np.ones((5, 2))
    high, low = np.maximum(opening, close), np.minimum(opening, close)
    return BarPanel(DAYS, ("A", "P"), opening, high, low, close, ones, ones,
                    ones * 0, ones > 0)


def facts(**changed: object) -> PutFacts:
    terms = {"contract": ["P"], "underlying": "A", "strike": 95.0, "payoff": 3.0, "multiplier": 100.0,
             "expiry": DAYS[3], "expiry_session": DAYS[3], "outcome": "assigned"}
    quotes = {"session": DAYS[:3], "contract": "P", "mid": [110.0, 110.0, 120.0], "bid": [100.0, 100.0, 110.0],
              "half_spread": 10.0, "collateral": 9_500.0}
    early = pd.DataFrame({"contract": pd.Series(dtype="str"), "session": pd.Series(dtype="M8[ns]"),
                          "payoff": pd.Series(dtype=float)})
    terms |= {name: value for name, value in changed.items() if name in terms}
    quotes |= {name: value for name, value in changed.items() if name in quotes}
    return PutFacts(bars(), pd.DataFrame(terms), changed.get("early", early), pd.DataFrame(quotes))


def orders() -> pd.DataFrame:
    def event(order_id, number, day, symbol, size, kind, price, status, commission=0.0, slippage=0.0, reason=""):
        return {"order_id": order_id, "event": number, "session": DAYS[day], "symbol": symbol, "size": float(size),
                "side": "buy" if size > 0 else "sell", "order_type": kind, "price": price, "commission": commission,
                "slippage": slippage, "status": status, "reason": reason}

    return ledger_table(ORDERS, [
        event(1, 1, 0, "P", -2, "market", NAN, "submitted", reason="recommended"),
        event(1, 2, 1, "P", -2, "market", 100.0, "filled", 2.0, 20.0, "recommended"),
        event(2, 1, 3, "P", 2, "expiry", NAN, "submitted", reason="assigned"),
        event(2, 2, 3, "P", 2, "expiry", 300.0, "filled", 4.0, 0.0, "assigned"),
        event(3, 1, 3, "A", 200, "expiry", NAN, "submitted", reason="assignment"),
        event(3, 2, 3, "A", 200, "expiry", 92.0, "filled", 0.0, 0.0, "assignment"),
        event(4, 1, 3, "A", -200, "market", NAN, "submitted", reason="assigned shares"),
        event(4, 2, 4, "A", -200, "market", 90.0, "filled", 0.0, 0.0, "assigned shares"),
    ])


def trades() -> pd.DataFrame:
    common = {"status": "closed", "dividends": 0.0, "score": NAN, "probability": NAN, "ml_enhanced": False,
              "ambiguous": False}
    put = {"trade_id": 1, "symbol": "P", "entry_session": DAYS[1], "entry_price": 100.0, "exit_session": DAYS[3],
           "exit_price": 300.0, "size": -2.0, "gross_pnl": -380.0, "commission": 6.0, "slippage": 20.0,
           "net_pnl": -406.0, "return": -406 / 200, "bars_held": 2, "exit_reason": "assigned"}
    share = {"trade_id": 2, "symbol": "A", "entry_session": DAYS[3], "entry_price": 92.0, "exit_session": DAYS[4],
             "exit_price": 90.0, "size": 200.0, "gross_pnl": -400.0, "commission": 0.0, "slippage": 0.0,
             "net_pnl": -400.0, "return": -400 / 18_400, "bars_held": 1, "exit_reason": "assigned shares"}
    return ledger_table(TRADES, [common | put, common | share])


def equity() -> pd.DataFrame:
    # 200 of premium less 2 of fees; 600 of payoff and 4 of fees and 18,400 for shares; 18,000 from their sale.
    cash = np.cumsum([CAPITAL, 198.0, 0.0, -604.0 - 18_400.0, 18_000.0])
    value = np.array([0.0, -220.0, -240.0, 18_400.0, 0.0])
    level = cash + value
    return ledger_table(EQUITY, pd.DataFrame({
        "session": DAYS, "cash": cash, "positions_value": value, "equity": level,
        "return": level / np.array([CAPITAL, *level[:-1]]) - 1,
        "drawdown": level / np.maximum.accumulate(np.maximum(level, CAPITAL)) - 1,
        "gross_exposure": np.abs(value) / level, "net_exposure": value / level, "positions": [0, 1, 1, 1, 0]}))


def expiries(**changed: object) -> pd.DataFrame:
    row = {"session": DAYS[3], "contract": "P", "underlying": "A", "expiry": DAYS[3], "underlying_close": 92.0,
           "strike": 95.0, "moneyness": 95 / 92 - 1, "contracts": 2.0, "outcome": "assigned", "payoff": 300.0,
           "assignment": "shares", "shares": 200.0, "pnl_at_expiry": -406.0}
    return ledger_table(EXPIRIES, [row | changed])


def check(known: PutFacts | None = None, rules: PutRules = RULES, *, log: pd.DataFrame | None = None,
          ended: pd.DataFrame | None = None, capital: float = CAPITAL) -> list[str]:
    return reconcile_put_selling(
        known or facts(), rules, orders() if log is None else log, trades(), equity(), ledger_table(ACTIONS),
        expiries() if ended is None else ended, initial_capital=capital)


def test_right_ledgers_agree():
    assert check() == []


def test_payoff_is_that_of_the_contract():
    assert "2024-01-19 P: settlement, price: expected 310, found 300" in check(facts(payoff=3.1))
    assert "2024-01-19 A: shares delivered, value: expected 18,380, found 18,400" in check(facts(payoff=3.1))


def test_put_of_unknown_outcome_must_stay_open():
    assert "2024-01-19 P: settlement, price: expected nothing, found 300" in check(facts(outcome="unknown"))


def test_put_that_is_worthless_delivers_nothing_and_pays_no_fee():
    lines = check(facts(outcome="worthless", payoff=0.0))
    assert "2024-01-19 P: settlement, commission: expected 0, found 4" in lines
    assert "2024-01-19 P: settlement, reason: expected worthless, found assigned" in lines
    assert "2024-01-19 A: shares delivered, size: expected nothing, found 200" in lines


def test_settlement_that_is_missing_is_found():
    early = pd.DataFrame({"contract": ["P"], "session": DAYS[2:3], "payoff": [1.5]})
    assert "2024-01-18 P: settlement, price: expected 150, found nothing" in check(facts(early=early))


def test_early_exercise_on_the_day_of_the_sale_does_not_count():
    early = pd.DataFrame({"contract": ["P"], "session": DAYS[1:2], "payoff": [1.5]})
    assert check(facts(early=early)) == []


def test_cash_settlement_delivers_nothing():
    lines = check(rules=replace(RULES, is_physical=False))
    assert "2024-01-19 A: shares delivered, size: expected nothing, found 200" in lines


@pytest.mark.parametrize(("changed", "what"), [
    ({"mid": [110.0, 111.0, 120.0]}, "price before slippage (mid of a quote): expected 111, found 110"),
    ({"half_spread": 9.0}, "slippage: expected 18, found 20"),
    ({"bid": [100.0, 0.0, 110.0]}, "2024-01-17 P: sale of a put: expected a bid above 0, found 0"),
    ({"session": DAYS[[0, 2, 3]]}, "price before slippage (mid of a quote): expected nothing, found 110"),
])
def test_fill_is_that_of_a_quote(changed, what):
    assert any(what in line for line in check(facts(**changed)))


def test_fees_are_those_of_the_rules():
    lines = check(rules=replace(RULES, fee_per_contract=0.6))
    assert "2024-01-17 P: fill of a put, commission: expected 2.2, found 2" in lines


def test_sale_without_collateral_is_found():
    dear = facts(strike=101.0, payoff=9.0)
    assert any(line.startswith("2024-01-17: collateral of the puts after a sale: expected at most the equity before, "
                               "20,000.00, found 20,200") for line in check(dear))


def test_margin_counts_what_the_quotes_say():
    rules = replace(RULES, is_cash_secured=False)
    assert check(facts(collateral=9_999.0), rules) == []
    assert any("found 20,002" in line for line in check(facts(collateral=10_001.0), rules))


@pytest.mark.parametrize(("changed", "what"), [
    ({"contracts": 1.0}, "table of expiries, contracts: expected 2, found 1"),
    ({"outcome": "worthless"}, "table of expiries, outcome: expected assigned, found worthless"),
    ({"pnl_at_expiry": -400.0}, "P&L (net P&L of the trade): expected -406, found -400"),
    ({"session": pd.NaT, "outcome": "unknown"}, "P: table of expiries, a put that never ended: expected False"),
])
def test_table_of_expiries_agrees_with_the_fills(changed, what):
    assert any(what in line for line in check(ended=expiries(**changed)))


def test_puts_are_never_long_and_shares_never_short():
    def turned(symbol: str) -> list[str]:
        log = orders()
        log.loc[log["symbol"] == symbol, "size"] *= -1
        return check(log=log)

    assert "2024-01-17 P: held at the close: expected no put above 0, found 2" in turned("P")
    assert "2024-01-19 A: held at the close: expected no share below 0, found -200" in turned("A")


def test_other_runs_may_not_settle_outside_the_market():
    lines = reconcile(bars(), orders(), trades(), equity(), ledger_table(ACTIONS), initial_capital=CAPITAL,
                      allow_short=True)
    assert any("order 3: session of the fill: expected later than its submission" in line for line in lines)


def test_exercise_in_the_expiry_session_is_the_expiry():
    early = pd.DataFrame({"contract": ["P"], "session": DAYS[3:4], "payoff": [3.0]})
    assert check(facts(early=early)) == []
