"""Prices and volumes around a decision, on bars small enough to see."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from backtrader_system.market_data.panel import BarPanel, panel_from_table
from backtrader_system.signals.conviction.features.market_inputs import market_inputs

DAYS = pd.date_range("2024-01-01", periods=45)
CLOSES = (DAYS + pd.Timedelta(hours=21)).tz_localize("UTC")


def panel(close: dict[str, list[float]], *, volume: float = 10.0, split_on: int | None = None) -> BarPanel:
    """Return bars of these closes, NaN for no bar; the first symbol splits 2:1 before the open of `split_on`."""
    rows = [{"session": DAYS[n], "symbol": symbol, "open": price, "high": price, "low": price, "close": price,
             "volume": volume, "split_ratio": 2.0 if n == split_on and symbol == "A" else 1.0, "dividend": 0.0}
            for symbol, prices in close.items() for n, price in enumerate(prices) if np.isfinite(price)]
    return panel_from_table(pd.DataFrame(rows))


def inputs(bars: BarPanel, row: int, when: str, *, column: int = 0, price: float = np.nan) -> pd.Series:
    times = pd.Series(pd.to_datetime([when], utc=True))
    table = market_inputs(bars, np.array([row]), np.array([column]), times, pd.Series([price]),
                          CLOSES[:len(bars.sessions)])
    return table.iloc[0]


BARS = panel({"A": [10.0, 11.0, 12.0, 15.0], "B": [1.0, np.nan, np.nan, 3.0]})


@pytest.mark.parametrize(("when", "expected"), [
    ("2024-01-03 20:59:59", 11.0), ("2024-01-03 21:00:00", 11.0), ("2024-01-03 21:00:00.000000001", 12.0),
    ("2024-01-01 21:00", np.nan), ("2023-12-01", np.nan)])
def test_price_at_mention_is_the_last_close_strictly_before_the_post(when, expected):
    np.testing.assert_equal(inputs(BARS, 3, when)["price_at_mention"], expected)


def test_a_symbol_without_recent_bars_keeps_its_last_close():
    assert inputs(BARS, 3, "2024-01-03 12:00", column=1)["price_at_mention"] == 1.0


def test_recorded_price_is_taken_as_it_stands():
    assert inputs(BARS, 3, "2024-01-03 12:00", price=11.4)["price_at_mention"] == 11.4


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_an_impossible_recorded_price_is_not_used(price):
    assert inputs(BARS, 3, "2024-01-03 12:00", price=price)["price_at_mention"] == 11.0


def test_current_price_change_and_volume_are_those_of_the_decision():
    row = inputs(BARS, 3, "2024-01-03 12:00")
    assert row[["current_price", "change_1d", "volume_now"]].tolist() == [15.0, 15 / 12 - 1, 150.0]


def test_the_day_before_is_the_symbols_own_bar_before():
    assert inputs(BARS, 3, "2024-01-03 12:00", column=1)["change_1d"] == 2.0
    assert np.isnan(inputs(BARS, 0, "2024-01-01", column=1)["change_1d"])


@pytest.mark.parametrize(("row", "expected"), [
    (9, np.nan),                                    # nine bars before
    (10, 10 * np.mean(np.arange(1, 11))),
    (30, 10 * np.mean(np.arange(1, 31))),
    (44, 10 * np.mean(np.arange(15, 45)))])
def test_usual_volume_is_the_mean_of_the_30_bars_before(row, expected):
    bars = panel({"A": list(np.arange(1.0, 46.0)), "B": [1.0]})
    np.testing.assert_allclose(inputs(bars, row, "2024-01-01")["volume_30d_average"], expected)


def test_usual_volume_counts_the_symbols_own_bars():
    gaps = [np.nan if n % 2 else float(n + 1) for n in range(45)]
    bars = panel({"A": [1.0] * 45, "B": gaps})
    assert inputs(bars, 44, "2024-01-01", column=1)["volume_30d_average"] == 10 * np.mean(np.arange(1, 45, 2))


def test_a_split_between_mention_and_decision_is_no_change_of_price():
    bars = panel({"A": [10.0, 10.0, 5.0, 5.5], "B": [1.0]}, split_on=2)
    before = inputs(bars, 3, "2024-01-02 12:00", price=10.2)
    closed = inputs(bars, 3, "2024-01-02 12:00")
    after = inputs(bars, 3, "2024-01-03 12:00", price=5.1)
    assert (before["price_at_mention"], closed["price_at_mention"], after["price_at_mention"]) == (5.1, 5.0, 5.1)
    assert inputs(bars, 2, "2024-01-03 12:00")["change_1d"] == 0.0


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (3, -1), (1, 1)])
def test_without_a_bar_at_the_decision_nothing_is_known(row, column):
    assert inputs(BARS, row, "2024-01-03 12:00", column=column, price=1.0).isna().all()


def test_no_signals_give_no_rows():
    none = np.array([], dtype=int)
    table = market_inputs(BARS, none, none, pd.Series([], dtype="datetime64[ns, UTC]"), pd.Series([], dtype=float),
                          CLOSES[:4])
    assert table.shape == (0, 5)


def test_without_any_bar_nothing_is_known():
    assert inputs(BARS.take_sessions(slice(0, 0)), -1, "2024-01-03", price=1.0).isna().all()


def test_bars_after_the_decision_change_no_byte():
    rng = np.random.default_rng(3)
    close = np.exp(rng.normal(0, 0.05, (45, 4)).cumsum(axis=0))
    close[rng.random(close.shape) < 0.2] = np.nan
    bars = panel({name: list(close[:, n]) for n, name in enumerate("ABCD")}, split_on=7)
    row, column = np.nonzero(bars.has_bar)
    when = pd.Series(CLOSES[row] - pd.to_timedelta(rng.integers(0, 200, len(row)), unit="h"))
    price = pd.Series(np.where(rng.random(len(row)) < 0.3, 2.0, np.nan))
    expected = market_inputs(bars, row, column, when, price, CLOSES)
    last = 25
    poison = {**dict.fromkeys(("open", "high", "low", "close", "volume"), 1e9), "split_ratio": 3.0, "dividend": 1.0}
    is_later = np.arange(45)[:, None] > last
    poisoned = dataclasses.replace(
        bars, **{name: np.where(is_later, value, getattr(bars, name)) for name, value in poison.items()})

    got = market_inputs(poisoned, row, column, when, price, CLOSES)

    known = row <= last
    assert known.sum() > 50
    assert got[known].to_numpy().tobytes() == expected[known].to_numpy().tobytes()
    assert not got[~known].equals(expected[~known])
