"""What the sale of a put brings and what is left of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from few_puts import chain, contract, panel, settings

from backtrader_system.puts.outcomes import contract_outcomes
from backtrader_system.puts.sale import buy_back_cost, hold_to_expiry, sale_premium
from backtrader_system.settings.puts import OutcomeSettings

WEEK = ["2024-01-15", "2024-01-16", "2024-01-17", "2024-01-18", "2024-01-19"]
COSTS = {"fee_per_order": 1.0, "fee_per_contract": 0.5, "assignment_fee": 5.0}
NO_EARLY = pd.DataFrame({"number": np.empty(0, int), "session": np.empty(0, "M8[ns]"), "payoff": np.empty(0)})


@pytest.mark.parametrize(("fill", "sold", "bought"), [("bid", 1.0, 1.6), ("mid", 1.3, 1.3), ("part", 1.15, 1.45)])
def test_a_fill_gives_up_its_share_of_the_half_spread(fill, sold, bought):
    costs = OutcomeSettings(fill=fill, spread_part=0.5)
    assert sale_premium(1.0, 1.3, costs) == pytest.approx(sold, abs=1e-12)
    assert buy_back_cost(1.6, 1.3, costs) == pytest.approx(bought, abs=1e-12)


@pytest.mark.parametrize("fill", ["bid", "mid", "part"])
def test_nobody_buys_what_nobody_bids_for(fill):
    assert np.isnan(sale_premium(0.0, 0.05, OutcomeSettings(fill=fill)))


def test_a_last_price_sells_only_at_the_mid():
    prices = [float(sale_premium(np.nan, 1.1, OutcomeSettings(fill=fill))) for fill in ("bid", "mid")]
    assert np.isnan(prices[0])
    assert prices[1] == 1.1


def held(closes: list[float], premium: float, early: pd.DataFrame = NO_EARLY, strike: float = 90.0) -> pd.Series:
    puts, contracts = settings(outcome=COSTS), chain([contract(strike, "2024-01-19")])
    outcomes = contract_outcomes(contracts, panel({"A": closes}, WEEK), puts)
    sales = pd.DataFrame({"number": [0], "quote_date": pd.to_datetime(["2024-01-16"]), "premium": [premium]})
    return hold_to_expiry(sales, outcomes, early, contracts, puts).iloc[0]


def exercises(*days: str, payoff: float = 4.0) -> pd.DataFrame:
    return pd.DataFrame({"number": 0, "session": pd.to_datetime(list(days)), "payoff": payoff})


def test_a_worthless_put_leaves_the_premium_less_the_fees_of_the_sale():
    found = held([95, 95, 95, 95, 95], 1.2)
    assert found.pnl == pytest.approx(100 * 1.2 - 1.0 - 0.5)
    assert found.return_on_capital == pytest.approx((100 * 1.2 - 1.5) / (100 * 90.0))


def test_an_assigned_put_pays_the_difference_and_the_fee_of_assignment():
    found = held([95, 95, 95, 95, 87], 1.2)
    assert found.pnl == pytest.approx(100 * (1.2 - 3.0) - 1.0 - 0.5 - 5.0)
    assert str(found.end_session.date()) == "2024-01-19"


def test_an_unknown_outcome_has_no_profit():
    found = held([95, 95, 95, 95, np.nan], 1.2)
    assert found.outcome == "unknown"
    assert np.isnan(found.pnl)
    assert pd.isna(found.end_session)


def test_the_first_exercise_after_the_sale_ends_it():
    found = held([95, 95, 95, 95, 95], 1.2, exercises("2024-01-15", "2024-01-17", "2024-01-18"))
    assert (found.outcome, str(found.end_session.date())) == ("assigned_early", "2024-01-17")
    assert found.pnl == pytest.approx(100 * (1.2 - 4.0) - 1.0 - 0.5 - 5.0)


def test_an_exercise_on_the_day_of_the_sale_or_at_expiry_does_not():
    assert held([95, 95, 95, 95, 95], 1.2, exercises("2024-01-16", "2024-01-19")).outcome == "worthless"


def test_sales_keep_their_order_and_index():
    puts = settings(outcome=COSTS)
    contracts = chain([contract(90.0, "2024-01-19"), contract(99.0, "2024-01-19")])
    outcomes = contract_outcomes(contracts, panel({"A": [95.0] * 5}, WEEK), puts)
    sales = pd.DataFrame({"number": [1, 0, 1], "quote_date": pd.to_datetime(["2024-01-17", "2024-01-15", "2024-01-16"]),
                          "premium": [5.0, 1.0, 4.0]}, index=[7, 3, 5])
    found = hold_to_expiry(sales, outcomes, NO_EARLY, contracts, puts)
    assert found.index.tolist() == [7, 3, 5]
    assert found["pnl"].tolist() == pytest.approx([100 * (5 - 4) - 6.5, 100 * 1.0 - 1.5, 100 * (4 - 4) - 6.5])
