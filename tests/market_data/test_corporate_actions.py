"""Splits and dividends: read, derived from factors, joined to bars, used for adjustment."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from backtrader_system.errors import DataError
from backtrader_system.market_data.corporate_actions import (
    actions_of_factors,
    adjusted_backwards,
    attach_actions,
    read_actions,
    scale_by_factor,
)
from backtrader_system.market_data.panel import panel_from_table

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]).as_unit("ns")
SOURCES = defaultdict(lambda: "bars.csv")


def bars(closes, symbol="A", days=DAYS, **columns) -> pd.DataFrame:
    frame = pd.DataFrame({"session": days[:len(closes)], "symbol": symbol, "volume": 100.0})
    return frame.assign(**dict.fromkeys(("open", "high", "low", "close"), np.array(closes, dtype=float)), **columns)


def actions(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["symbol", "ex_date", "split_ratio", "dividend"])
    return frame.astype({"ex_date": "datetime64[ns]", "split_ratio": float, "dividend": float})


def test_a_file_of_actions_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("symbol,ex_date,split_ratio,dividend\nA,2024-01-03,7,\nB,2024-01-04,,0.25\n")

    assert read_actions(tmp_path / "a.csv").to_dict("list") == {
        "symbol": ["A", "B"], "ex_date": [DAYS[1], DAYS[2]], "split_ratio": [7.0, 1.0], "dividend": [0.0, 0.25]}


def test_impossible_actions_are_all_named(tmp_path):
    (tmp_path / "a.csv").write_text(
        "symbol,ex_date,split_ratio,dividend\n,2024-01-03,2,0\nA,3.1.2024,2,0\nB,2024-01-03,0,0\nC,2024-01-03,1,-1\n"
        "D,2024-01-03,two,inf\n")

    with pytest.raises(DataError, match="impossible corporate actions") as caught:
        read_actions(tmp_path / "a.csv")

    assert [fault.split(": ")[-1] for fault in caught.value.faults] == [
        "symbol is empty", "ex_date is not a date (YYYY-MM-DD)", "split_ratio must be above 0",
        "split_ratio must be above 0", "dividend must be 0 or more", "dividend must be 0 or more"]


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "a.csv").write_text("symbol,ex_date,type,value\n")

    with pytest.raises(DataError, match="columns missing: split_ratio, dividend; found: symbol, ex_date, type, value"):
        read_actions(tmp_path / "a.csv")


def test_an_action_meets_the_bar_of_its_date():
    joined, issues = attach_actions(
        bars([70, 10, 10, 10]), actions(("A", "2024-01-03", 7, 0), ("A", "2024-01-05", 1, 0.5)), SOURCES)

    assert joined["split_ratio"].tolist() == [1, 7, 1, 1]
    assert joined["dividend"].tolist() == [0, 0, 0, 0.5]
    assert issues == []


def test_actions_on_dates_without_a_bar_move_to_the_next_bar_combined():
    days = DAYS[[0, 3]]
    hit = actions(("A", "2024-01-03", 1, 0.6), ("A", "2024-01-04", 2, 0), ("A", "2024-01-05", 3, 0.1))

    joined, _ = attach_actions(bars([60, 10], days=days), hit, SOURCES)

    # One old share became 2 * 3 new ones. It was paid 0.6 before both splits, which is 0.1 per new share;
    # the dividend of the last date is in shares after the split of that date.
    assert joined["split_ratio"].tolist() == [1, 6]
    assert joined["dividend"].tolist() == [0, pytest.approx(0.6 / 6 + 0.1)]


def test_a_split_and_a_dividend_of_one_date_may_stand_on_two_rows_in_any_order():
    rows = ("A", "2024-01-03", 1, 0.5), ("A", "2024-01-03", 4, 0)

    for order in (rows, rows[::-1]):
        joined, _ = attach_actions(bars([40, 10]), actions(*order), SOURCES)

        assert joined[["split_ratio", "dividend"]].to_numpy().tolist() == [[1, 0], [4, 0.5]]


def test_actions_before_the_first_and_after_the_last_bar_change_nothing():
    hit = actions(("A", "2024-01-02", 2, 0), ("A", "2023-12-29", 1, 9), ("A", "2024-01-08", 2, 0),
                  ("Z", "2024-01-03", 2, 0))

    joined, _ = attach_actions(bars([10, 11]), hit, SOURCES)

    assert joined[["split_ratio", "dividend"]].to_numpy().tolist() == [[1, 0], [1, 0]]


def test_each_symbol_gets_its_own_actions():
    table = pd.concat([bars([20, 10], "A"), bars([20, 20], "B")], ignore_index=True)

    joined, _ = attach_actions(table, actions(("B", "2024-01-03", 1, 1), ("A", "2024-01-03", 2, 0)), SOURCES)

    assert joined["split_ratio"].tolist() == [1, 2, 1, 1]
    assert joined["dividend"].tolist() == [0, 0, 0, 1]


def test_a_dividend_of_the_whole_price_is_impossible():
    _, issues = attach_actions(bars([20, 20]), actions(("A", "2024-01-03", 1, 20)), SOURCES)

    assert [(i.severity, i.rule, i.symbol, i.session) for i in issues] == [
        ("error", "impossible_dividend", "A", DAYS[1].date())]
    assert "dividend 20 per share, the last close was 20" in issues[0].value


def test_factors_become_splits_and_dividends():
    # 7:1 at the second bar (factor 1/7 before, rounded), then 2 % of the last close of 10 paid at the third.
    table = bars([70, 10, 9.8, 9.8], split_factor=[0.142857, 1, 1, 1], price_factor=[0.98, 0.98, 1, 1])

    found, issues = actions_of_factors(table, SOURCES)

    assert found["ex_date"].tolist() == [DAYS[1], DAYS[2]]
    assert found["split_ratio"].tolist() == [7, 1]
    np.testing.assert_allclose(found["dividend"], [0, 10 * (1 - 0.98)])
    assert issues == []


def test_a_dividend_on_the_day_of_a_split_is_in_new_shares():
    found, _ = actions_of_factors(bars([100, 49.5], split_factor=[0.5, 1], price_factor=[0.99, 1]), SOURCES)

    # One per cent of 100 is a dollar per old share, half a dollar per new one.
    np.testing.assert_allclose(found[["split_ratio", "dividend"]], [[2, 0.5]])


@pytest.mark.parametrize("columns", [{"price_factor": [1, 1, 0.9]}, {"split_factor": [1, 1, np.nan]},
                                     {"split_factor": [1, 1, -2]}], ids=["falling", "missing", "negative"])
def test_an_impossible_change_of_a_factor_is_an_error(columns):
    found, issues = actions_of_factors(bars([10, 10, 10], **columns), SOURCES)

    assert found.empty
    assert [(i.severity, i.rule, i.session) for i in issues] == [("error", "impossible_factor", DAYS[2].date())]


def test_a_symbol_without_any_factor_is_a_warning():
    table = pd.concat([bars([10, 10], "A", split_factor=1.0), bars([10, 10], "B", split_factor=np.nan)])

    found, issues = actions_of_factors(table.reset_index(drop=True), SOURCES)

    assert found.empty
    assert [(i.severity, i.rule, i.symbol) for i in issues] == [("warning", "no_actions", "B")]


def test_prices_are_scaled_by_the_adjustment_beside_them_and_volume_stays():
    scaled, issues = scale_by_factor(bars([100, 50], adj_close=[49.0, 50.0]).assign(high=[110.0, 55.0]), SOURCES)

    np.testing.assert_allclose(scaled[["high", "close", "volume"]], [[110 * 0.49, 49, 100], [55, 50, 100]])
    assert [(i.severity, i.rule, i.value) for i in issues] == [
        ("repair", "adjusted", "prices of 1 bars multiplied by the adjustment in the file")]


@pytest.mark.parametrize("columns", [{"adj_factor": [0.49, 1]}, {"split_factor": [0.5, 1], "price_factor": [0.98, 1]}],
                         ids=["one", "two"])
def test_factors_scale_prices_without_an_adjusted_close(columns):
    np.testing.assert_allclose(scale_by_factor(bars([100, 50], **columns), SOURCES)[0]["close"], [49, 50])


def test_prices_without_adjustment_stay_as_they_are():
    table = bars([100, 50])

    assert scale_by_factor(table, SOURCES) == (table, [])


def test_backward_adjustment_keeps_the_last_price_and_the_returns_of_a_holder():
    table, _ = attach_actions(
        bars([100, 51, 50, 52]), actions(("A", "2024-01-03", 2, 0), ("A", "2024-01-04", 1, 1)), SOURCES)

    panel = adjusted_backwards(panel_from_table(table))

    returns = panel.close[1:, 0] / panel.close[:-1, 0]
    assert panel.close[-1, 0] == 52
    # A holder's wealth: one share of 100 -> two of 51; then a dividend of 1 before a price of 50, reinvested at 50.
    np.testing.assert_allclose(returns, [2 * 51 / 100, 50 / (51 - 1), 52 / 50])
    assert panel.volume.ravel().tolist() == [200, 100, 100, 100]
    assert (panel.split_ratio == 1).all()
    assert (panel.dividend == 0).all()
