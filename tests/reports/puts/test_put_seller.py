"""The seller's sum follows from the blotter by plain arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backtrader_system.ledgers.schemas import TRADES, ledger_table
from backtrader_system.reports.puts.seller import monthly_money, seller_of

PUT = {
    "trade_id": 1, "symbol": "A 2024-01-19 P 90", "status": "closed", "entry_session": pd.Timestamp("2024-01-02"),
    "entry_price": 120.0, "exit_session": pd.Timestamp("2024-01-19"), "exit_price": 0.0, "size": -2.0,
    "gross_pnl": 240.0, "commission": 1.3, "slippage": 0.0, "dividends": 0.0, "net_pnl": 238.7, "return": 0.01,
    "bars_held": 12, "exit_reason": "worthless", "score": 71.0, "probability": 0.8, "ml_enhanced": False,
    "ambiguous": False,
}
# Sold at 80 each, 1,000 paid at assignment; the shares then lost 30. One bought back at 20. One still open.
ASSIGNED = {"trade_id": 2, "entry_price": 80.0, "size": -1.0, "exit_price": 1_000.0, "exit_reason": "assigned",
            "commission": 0.65, "net_pnl": 80.0 - 1_000.0 - 0.65}
SHARES = {"trade_id": 3, "symbol": "A", "size": 100.0, "entry_price": 80.0, "exit_price": 79.7, "net_pnl": -30.0,
          "commission": 0.0, "exit_reason": "assigned shares"}
BOUGHT_BACK = {"trade_id": 4, "entry_price": 50.0, "size": -1.0, "exit_price": 20.0, "exit_reason": "take_profit",
               "commission": 1.3, "net_pnl": 50.0 - 20.0 - 1.3, "exit_session": pd.Timestamp("2024-03-05")}
OPEN = {"trade_id": 5, "status": "open", "exit_session": pd.NaT, "exit_price": np.nan, "net_pnl": 7.0}


def trades(*changes: dict[str, object]) -> pd.DataFrame:
    return ledger_table(TRADES, [PUT | change for change in changes])


def test_premium_payoffs_buybacks_fees_and_shares_add_up_to_what_is_left():
    seller = seller_of(trades({}, ASSIGNED, SHARES, BOUGHT_BACK, OPEN))

    assert (seller.sold, seller.contracts, seller.worthless, seller.assigned) == (3, 4.0, 1, 1)
    assert (seller.premium, seller.payoffs, seller.buybacks) == (240 + 80 + 50, 1_000, 20)
    assert seller.fees == pytest.approx(1.3 + 0.65 + 1.3)
    assert seller.shares_pnl == -30
    assert seller.net_pnl == pytest.approx(370 - 1_000 - 20 - 3.25 - 30)
    assert seller.adds_up
    assert (seller.open_trades, seller.open_pnl) == (1, 7.0)


def test_a_blotter_that_does_not_add_up_is_noticed():
    assert not seller_of(trades({"net_pnl": 300.0})).adds_up


def test_the_tail_is_the_mean_of_the_worst_twentieth():
    # 21 puts: a twentieth is 1.05, so two count: -100 and -50
    many = trades(*({"trade_id": number, "net_pnl": pnl} for number, pnl in enumerate([-50.0, -100.0, *[10.0] * 19])))

    assert seller_of(many).tail_loss == -75.0


def test_money_is_booked_in_the_month_in_which_a_put_ended_and_months_between_are_zero():
    months = monthly_money(trades({}, ASSIGNED, SHARES, BOUGHT_BACK))

    assert [str(month) for month in months.index] == ["2024-01", "2024-02", "2024-03"]
    assert months["premium"].tolist() == [320.0, 0.0, 50.0]
    assert months["paid"].tolist() == [1_000.0, 0.0, 20.0]


def test_no_put_is_no_error():
    seller = seller_of(trades({}).iloc[:0])

    assert seller.sold == 0
    assert np.isnan(seller.hit_rate)
    assert monthly_money(trades({}).iloc[:0]).empty
