"""What `put_market` takes and what it leaves out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from put_runs import DAYS, chain, market, settings, stocks
from random_puts import SESSIONS, random_chain, random_stocks

from backtrader_system.engine.puts.market import put_market
from backtrader_system.engine.puts.selling import run_put_selling
from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.chain import OptionChain
from backtrader_system.puts.early_assignment import early_assignments
from backtrader_system.puts.outcomes import contract_outcomes

BARS = stocks({"A": [100.0] * 12})
QUOTES = dict.fromkeys(range(9), (1.00, 1.20))
PUTS = chain({"P": {"strike": 95.0, "quotes": QUOTES}, "Q": {"strike": 90.0, "quotes": QUOTES}})


def test_contract_is_quoted_from_its_first_day_for_sale_to_its_expiry():
    found = market(PUTS, BARS, settings(), {"Q": [4, 5]})
    assert (found.contracts, found.row.tolist()) == (("Q",), [4, 5, 6, 7, 8, 9])
    assert found.quotes["open"].tolist() == pytest.approx([110.0] * 5 + [0.0])
    assert found.quotes["close"].tolist() == pytest.approx([110.0] * 5 + [0.0])
    assert found.quotes["is_quoted"].tolist() == [1, 1, 1, 1, 1, 0]
    assert found.quotes["direction"].tolist() == [1, 1, 0, 0, 0, 0]
    assert found.quotes["days_to_expiry"].tolist() == [7, 4, 3, 2, 1, 0]
    assert found.quotes["event"].tolist() == [0, 0, 0, 0, 0, 1]


def test_bars_of_traded_symbols_are_one_panel():
    panel = market(PUTS, BARS, settings(), {"Q": [4]}).bars_of(["Q", "A"])
    assert panel.symbols == ("A", "Q")
    assert np.isnan(panel.close[3, 1])
    assert panel.close[9].tolist() == [100.0, 0.0]


def test_run_without_a_sale_leaves_the_account_alone():
    none = pd.DataFrame({"quote_date": DAYS[:0], "number": np.array([], dtype=int), "score": [], "probability": []})
    chosen = settings()
    outcomes, early = contract_outcomes(PUTS, BARS, chosen.puts), early_assignments(PUTS, BARS, chosen.puts)
    ledgers = run_put_selling(put_market(PUTS, BARS, none, outcomes, early, chosen), chosen)
    assert ledgers.equity["equity"].tolist() == [100_000.0] * 12
    assert (len(ledgers.trades), len(ledgers.expiries)) == (0, 0)


def test_faulty_sales_are_all_named():
    sales = pd.DataFrame({"quote_date": DAYS[[0, 0, 1]], "number": [0, 0, 7], "score": 1.0, "probability": 0.5})
    chosen = settings()
    outcomes, early = contract_outcomes(PUTS, BARS, chosen.puts), early_assignments(PUTS, BARS, chosen.puts)
    with pytest.raises(DataError) as raised:
        put_market(PUTS, BARS, sales, outcomes, early, chosen)
    assert raised.value.faults == (
        "1 sales of numbers that no contract has; the first is 7",
        "1 sales are given twice; the first is number 0 on 2024-01-08")
    outside = sales.iloc[:1].assign(quote_date=pd.Timestamp("2023-01-02"))
    with pytest.raises(DataError, match="none of 1 sales lies in a session from 2024-01-08 to 2024-01-23"):
        put_market(PUTS, BARS, outside, outcomes, early, chosen)


def poisoned(bars: BarPanel, puts: OptionChain, after: pd.Timestamp) -> tuple[BarPanel, OptionChain]:
    """Return bars and quotes with garbage after a session."""
    late = bars.sessions > after
    arrays = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    for values in arrays.values():
        values[late] *= 7.0
    dividend = bars.dividend.copy()
    dividend[late] = np.where(bars.has_bar[late], 3.0, 0.0)
    quotes = puts.quotes.copy()
    quotes.loc[quotes["quote_date"] > after, ["bid", "ask"]] *= 5.0
    panel = BarPanel(bars.sessions, bars.symbols, **arrays, volume=bars.volume, split_ratio=bars.split_ratio,
                     dividend=dividend, is_member=bars.is_member)
    return panel, OptionChain(puts.contracts, quotes)


@pytest.mark.parametrize("collateral", ["cash_secured", "margin"])
def test_future_changes_no_decision_or_fill_of_the_past(collateral):
    bars, day = random_stocks(5), SESSIONS[80]
    puts = random_chain(5, bars)
    chosen = settings(cash=90_000.0, style="american", start_date=SESSIONS[0].date(), end_date=SESSIONS[-1].date(),
                      selling={"take_profit_fraction": 0.5, "stop_loss_multiple": 3.0, "collateral": collateral,
                               "max_per_underlying": 2, "capital_per_position": 15_000.0},
                      outcome={"settlement": "physical", "early_assignment": "deep_or_dividend"})
    sales = puts.quotes[["quote_date", "number"]][::3].assign(score=50.0, probability=0.5)
    tables = []
    for panel, quoted in ((bars, puts), poisoned(bars, puts, day)):
        outcomes = contract_outcomes(quoted, panel, chosen.puts)
        early = early_assignments(quoted, panel, chosen.puts)
        ledgers = run_put_selling(put_market(quoted, panel, sales, outcomes, early, chosen), chosen)
        tables.append([table[table["session"] <= day] for table in (ledgers.orders, ledgers.equity, ledgers.skipped)])
    assert (tables[0][0]["status"] == "filled").sum() > 20
    for one, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_quotes_after_the_expiry_session_are_left_out():
    late = chain({"P": {"strike": 95.0, "quotes": QUOTES | {10: (1.0, 1.2)}}})
    assert market(late, BARS, settings()).row.tolist() == list(range(10))


def test_sessions_are_those_of_the_bars_in_the_period():
    open_ended = settings(start_date=None, end_date=None)
    assert market(PUTS, BARS, open_ended, {"P": [3]}).underlyings.sessions.equals(pd.DatetimeIndex(DAYS))
    part = settings(start_date=DAYS[2].date(), end_date=DAYS[7].date())
    found = market(PUTS, BARS, part, {"P": [3]})
    assert (found.row.tolist(), len(found.underlyings.sessions)) == ([1, 2, 3, 4, 5], 6)


def test_margin_looks_at_the_history_before_the_run():
    # Once the stock fell by half; before the run knows that, 15 % of the strike is the margin: 1,425.
    bars = stocks({"A": [200.0, 100.0] + [100.0] * 10})
    chosen = settings(start_date=DAYS[2].date(), selling={"collateral": "margin"})
    outcomes, early = contract_outcomes(PUTS, bars, chosen.puts), early_assignments(PUTS, bars, chosen.puts)
    sales = pd.DataFrame({"quote_date": DAYS[4:5], "number": [0], "score": 1.0, "probability": 0.5})
    late = bars.between(DAYS[2])
    blind, seeing = (
        put_market(PUTS, late, sales, outcomes, early, chosen, history=history) for history in (None, bars))
    assert blind.quotes["collateral"][0] == pytest.approx(0.15 * 95 * 100)
    # The worst fall is at least the half that was lost: 1.2 * 0.5 * 95 * 100.
    assert seeing.quotes["collateral"][0] >= 5_700.0
