"""Yahoo's split-adjusted numbers become traded prices again, and adjusted ones."""

from __future__ import annotations

import pandas as pd
import pytest

from backtrader_system.market_data.panel import panel_from_table
from backtrader_system.market_data.yahoo_prices import adjusted_bars, traded_bars


def yahoo_bars(symbol: str, rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    """Bars of (session, close, adj_close) whose open, high and low lie 1 below, 2 above and 2 below the close."""
    table = pd.DataFrame(rows, columns=["session", "close", "adj_close"])
    table["session"] = pd.to_datetime(table["session"])
    close = table["close"]
    return table.assign(symbol=symbol, open=close - 1, high=close + 2, low=close - 2, volume=800.0)


def actions(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["symbol", "ex_date", "split_ratio", "dividend"])
    return table.assign(ex_date=pd.to_datetime(table["ex_date"]))


BARS = yahoo_bars("A", [("2024-01-02", 20.0, 18.0), ("2024-01-03", 25.0, 22.5), ("2024-01-04", 30.0, 30.0)])


def test_adjusted_prices_are_scaled_by_adjusted_close_over_close():
    adjusted = adjusted_bars(BARS)
    # 18 / 20 = 0.9 in the first session, 1 in the last.
    assert adjusted["open"].tolist() == pytest.approx([19 * 0.9, 24 * 0.9, 29])
    assert adjusted["high"].tolist() == pytest.approx([22 * 0.9, 27 * 0.9, 32])
    assert adjusted["low"].tolist() == pytest.approx([18 * 0.9, 23 * 0.9, 28])
    assert adjusted["close"].tolist() == pytest.approx([18, 22.5, 30])
    assert adjusted["volume"].tolist() == [800, 800, 800]


def test_a_split_inside_the_period_is_undone_before_its_ex_date():
    traded = traded_bars(BARS, actions(("A", "2024-01-03", 4.0, 0.0)))
    assert traded["close"].tolist() == [20 * 4, 25, 30]
    assert traded["high"].tolist() == [22 * 4, 27, 32]
    assert traded["volume"].tolist() == [800 / 4, 800, 800]
    assert traded["split_ratio"].tolist() == [1, 4, 1]


def test_a_split_after_the_period_is_undone_in_all_of_it():
    traded = traded_bars(BARS, actions(("A", "2024-01-03", 4.0, 0.0), ("A", "2025-06-10", 10.0, 0.0)))
    assert traded["close"].tolist() == [20 * 40, 25 * 10, 30 * 10]
    assert traded["volume"].tolist() == [800 / 40, 800 / 10, 800 / 10]
    assert traded["split_ratio"].tolist() == [1, 4, 1]


def test_dividends_are_of_the_share_count_of_their_day():
    traded = traded_bars(BARS, actions(("A", "2024-01-03", 1.0, 0.05), ("A", "2025-06-10", 10.0, 0.0)))
    assert traded["dividend"].tolist() == [0, pytest.approx(0.5), 0]


def test_a_dividend_on_the_day_of_a_split_counts_new_shares():
    traded = traded_bars(BARS, actions(("A", "2024-01-03", 4.0, 0.2)))
    assert traded["dividend"].tolist() == [0, 0.2, 0]


def test_an_action_without_a_bar_counts_for_the_next_bar():
    bars = BARS.drop(index=1)
    traded = traded_bars(bars, actions(("A", "2024-01-03", 2.0, 0.1)))
    assert traded["split_ratio"].tolist() == [1, 2]
    assert traded["dividend"].tolist() == [0, 0.1]
    assert traded["close"].tolist() == [40, 30]


def test_an_action_before_the_first_bar_changes_nothing():
    traded = traded_bars(BARS, actions(("A", "2023-12-01", 2.0, 0.1)))
    assert traded["close"].tolist() == [20, 25, 30]
    assert (traded["split_ratio"] == 1).all()
    assert (traded["dividend"] == 0).all()


def test_actions_of_one_symbol_leave_the_others_alone():
    bars = pd.concat([BARS, BARS.assign(symbol="B")], ignore_index=True)
    traded = traded_bars(bars, actions(("B", "2024-01-03", 2.0, 0.0)))
    assert traded.loc[traded["symbol"] == "A", "close"].tolist() == [20, 25, 30]
    assert traded.loc[traded["symbol"] == "B", "close"].tolist() == [40, 25, 30]


def test_traded_and_adjusted_bars_agree_on_the_growth_of_wealth():
    # 4:1 on the second session, then a dividend of 1 on the third: 25 -> 26 + 1 is 27 / 25 for a holder.
    # Yahoo's factor before the ex-date is 1 - 1 / 25 = 0.96.
    bars = yahoo_bars("A", [("2024-01-02", 20.0, 19.2), ("2024-01-03", 25.0, 24.0), ("2024-01-04", 26.0, 26.0)])
    events = actions(("A", "2024-01-03", 4.0, 0.0), ("A", "2024-01-04", 1.0, 1.0))
    panel = panel_from_table(traded_bars(bars, events))
    wealth = (panel.close * panel.growth_factor())[:, 0]
    assert (wealth[1:] / wealth[:-1]).tolist() == pytest.approx([24.0 / 19.2, 26.0 / 24.0])
