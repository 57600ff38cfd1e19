"""The account of a run against `hold_to_expiry`, which knows nothing of Backtrader."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from put_runs import settings
from random_puts import SESSIONS, random_chain, random_stocks

from backtrader_system.engine.puts.checking import put_discrepancies
from backtrader_system.engine.puts.market import put_market
from backtrader_system.engine.puts.selling import run_put_selling
from backtrader_system.puts.early_assignment import early_assignments
from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.puts.sale import hold_to_expiry

COSTS = {"fee_per_order": 1.0, "fee_per_contract": 0.65, "assignment_fee": 4.0, "early_assignment": "deep_or_dividend"}
# Nobody is turned away: money for every put, every day, of every underlying.
UNLIMITED = {"top_n": 1_000, "max_per_underlying": 1_000, "min_premium": 0.0, "decide": "every_day"}
PERIOD = {"start_date": SESSIONS[0].date(), "end_date": SESSIONS[-1].date()}


@cache
def both(settlement: str, fill: str, seed: int = 3):
    """Return the ledgers, what each sold put earned by `hold_to_expiry`, the bars and the market's complaints."""
    bars = random_stocks(seed)
    puts = random_chain(seed, bars)
    chosen = settings(cash=1e9, selling=UNLIMITED | {"capital_per_position": 12_000.0}, style="american",
                      outcome=COSTS | {"settlement": settlement, "fill": fill}, **PERIOD)
    outcomes, exercised = contract_outcomes(puts, bars, chosen.puts), early_assignments(puts, bars, chosen.puts)
    first = puts.quotes[puts.quotes["bid"] > 0].drop_duplicates("number")
    sales = pd.DataFrame({"quote_date": first["quote_date"], "number": first["number"], "score": 50.0,
                          "probability": 0.5})
    market = put_market(puts, bars, sales, outcomes, exercised, chosen)
    ledgers = run_put_selling(market, chosen)
    trades = ledgers.trades[ledgers.trades["size"] < 0]
    number = pd.Index(puts.contracts["contract"]).get_indexer(trades["symbol"])
    filled = pd.DataFrame({"number": number, "quote_date": trades["entry_session"].to_numpy(),
                           "premium": trades["entry_price"].to_numpy() / 100}, index=trades["symbol"].to_numpy())
    held = hold_to_expiry(filled, outcomes, exercised, puts, chosen.puts)
    return ledgers, held, bars, put_discrepancies(market, ledgers, chosen)


@pytest.mark.parametrize("fill", ["bid", "mid", "part"])
def test_cash_settled_account_earns_what_holding_to_expiry_earns(fill):
    ledgers, held, _, faults = both("cash", fill)
    trades = ledgers.trades.set_index("symbol")
    known = held["outcome"] != "unknown"
    assert set(held["outcome"]) == {"worthless", "assigned", "assigned_early", "unknown"}
    assert trades["size"].eq(-1).all()
    np.testing.assert_allclose(trades["net_pnl"][known], held["pnl"][known], rtol=0, atol=1e-9)
    assert (trades["exit_session"][known] == held["end_session"][known]).all()
    assert (trades["exit_reason"][known] == held["outcome"][known]).all()
    assert (trades["status"][~known] == "open").all()
    assert faults == []


def test_delivery_changes_the_result_by_the_night_after_it_only():
    ledgers, held, bars, faults = both("physical", "bid")
    trades = ledgers.trades
    known = (held["outcome"] != "unknown").to_numpy()
    puts = trades[trades["size"] < 0]
    np.testing.assert_allclose(puts["net_pnl"][known], held["pnl"][known], rtol=0, atol=1e-9)
    assigned = held[held["outcome"].isin(["assigned", "assigned_early"])]
    stock = pd.Index(bars.symbols).get_indexer([name.split()[0] for name in assigned.index])
    row = bars.sessions.get_indexer(assigned["end_session"])
    has_next = row + 1 < len(bars.sessions)
    next_open = bars.open[np.minimum(row + 1, len(bars.sessions) - 1), stock]
    night = np.where(has_next, next_open - bars.close[row, stock], 0.0) * 100
    assert len(assigned) > 20
    assert trades.loc[trades["size"] > 0, "net_pnl"].sum() == pytest.approx(night.sum(), abs=1e-6)
    assert faults == []


@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_random_runs_reconcile_whatever_limits_them(seed):
    bars = random_stocks(seed)
    puts = random_chain(seed, bars)
    selling = {"top_n": 3, "max_per_underlying": 2, "capital_per_position": 25_000.0, "take_profit_fraction": 0.6,
               "stop_loss_multiple": 3.0, "collateral": ("cash_secured", "margin")[seed % 2]}
    outcome = COSTS | {"settlement": ("physical", "cash")[seed // 2 % 2], "fill": "part", "spread_part": 0.3}
    chosen = settings(cash=80_000.0, selling=selling, outcome=outcome, style="american", **PERIOD,
                      commission_bps=5.0, slippage_bps=3.0)
    outcomes, exercised = contract_outcomes(puts, bars, chosen.puts), early_assignments(puts, bars, chosen.puts)
    rng = np.random.default_rng(seed)
    sales = puts.quotes[["quote_date", "number"]][rng.random(len(puts.quotes)) < 0.2]
    sales = sales.assign(score=rng.uniform(0, 100, len(sales)), probability=0.5)
    market = put_market(puts, bars, sales, outcomes, exercised, chosen)
    ledgers = run_put_selling(market, chosen)
    assert len(ledgers.trades) > 20
    assert put_discrepancies(market, ledgers, chosen) == []
