"""Returns at horizons and the touch label, with numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny_panel import flat, outcome, panel

from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.decision import decision_rows
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

RULES = BarrierRules(stop_loss_fraction=0.02, take_profit_fraction=1.0, max_holding_calendar_days=30)
WIDE = {"outcome_days": (2, 5), "label_days": 5}


def bars_of(*later):
    return panel({"A": [flat("0101"), ("0102", 100.0, 110.0, 90.0, 105.0), *later]})


def test_return_is_from_the_open_to_the_last_close_within_the_horizon():
    """Entry on the 2nd: two days end on the 4th, whose last close is that of the 3rd, 130 / 100."""
    found = outcome(bars_of(flat("0103", 130.0), flat("0105", 150.0), flat("0109", 80.0)), RULES, **WIDE)
    assert found.return_2d == pytest.approx(0.30, abs=1e-12)
    assert found.return_5d == pytest.approx(0.50, abs=1e-12)


def test_touch_counts_by_high_whatever_the_stop_did():
    found = outcome(bars_of(("0107", 150.0, 200.0, 140.0, 150.0), flat("0109")), RULES, **WIDE)
    assert (found.reached_target, found.outcome, found.won) == (1.0, "stop", 0.0)
    assert found.max_gain == pytest.approx(1.0, abs=1e-12)


def test_touch_after_the_window_does_not_count():
    """Entry on the 2nd, five days: the 7th is the last day."""
    found = outcome(bars_of(flat("0107"), ("0108", 150.0, 250.0, 140.0, 150.0)), RULES, **WIDE)
    assert (found.reached_target, str(found.label_end.date())) == (0.0, "2024-01-07")
    assert found.max_gain == pytest.approx(0.10, abs=1e-12)


def test_nothing_is_known_before_the_window_has_passed_not_even_an_early_winner():
    found = outcome(bars_of(("0103", 150.0, 250.0, 140.0, 150.0), flat("0106")), RULES, **WIDE)
    assert np.isnan([found.reached_target, found.max_gain, found.return_5d]).all()
    assert not found.is_mature
    assert found.return_2d == pytest.approx(0.50, abs=1e-12)


def test_last_close_of_a_symbol_that_ended_stands():
    bars = panel({"A": [flat("0101"), ("0102", 100.0, 110.0, 99.0, 105.0)], "B": [flat("0102"), flat("0103")]})
    found = outcome(bars, RULES, **WIDE)
    assert found.return_5d == pytest.approx(0.05, abs=1e-12)
    assert (found.reached_target, found.is_mature) == (0.0, True)


def test_split_and_dividend_are_no_loss():
    """Two for one and a dollar a share on the 3rd: 100 becomes 2 * 49 and the dividends, reinvested at 50 - 1."""
    bars = panel({"A": [flat("0101"), flat("0102"), flat("0103", 49.0), flat("0108", 49.0)]}, splits={"0103": 2.0},
                 dividends={"0103": 1.0})
    found = outcome(bars, RULES, **WIDE)
    assert found.return_5d == pytest.approx(0.0, abs=1e-12)
    assert found.max_gain == pytest.approx(0.0, abs=1e-12)


def test_decision_is_the_first_close_at_which_the_signal_is_known():
    bars = panel({"A": [flat("0101"), flat("0103")], "B": [flat("0101"), flat("0102"), flat("0103")]})
    closes = pd.DatetimeIndex(["2024-01-01 21:00", "2024-01-02 21:00", "2024-01-03 21:00"], tz="UTC")
    known = pd.DatetimeIndex(["2024-01-01 21:00:00", "2024-01-01 21:00:01", "2024-01-01 21:00:01",
                              "2024-01-03 21:00:01", None, "2024-01-01"], tz="UTC")
    column = np.array([0, 0, 1, 0, 0, -1])
    assert decision_rows(bars, closes, column, known).tolist() == [0, 2, 1, -1, -1, -1]


def test_instants_of_another_zone_are_compared_as_instants():
    bars = panel({"A": [flat("0101"), flat("0102")]})
    closes = pd.DatetimeIndex(["2024-01-01 21:00", "2024-01-02 21:00"], tz="UTC")
    known = pd.DatetimeIndex(["2024-01-01 15:59:59", "2024-01-01 16:00:01"]).tz_localize("America/New_York")
    assert decision_rows(bars, closes, np.array([0, 0]), known).tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_settled_signals_do_not_depend_on_later_bars(seed):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.05, 120)))
    days = pd.date_range("2024-01-01", periods=120)
    bars = panel({"A": [(f"{day:%m%d}", price, price * 1.03, price * 0.97, price)
                        for day, price in zip(days, close, strict=True)]})
    rows = np.arange(110)
    rules = BarrierRules(0.08, 0.12, 20)
    before = signal_outcomes(bars, rows, np.zeros(110, int), rules, outcome_days=(7,), label_days=10)
    cut = 60
    for prices in (bars.open, bars.high, bars.low, bars.close):
        prices[cut:] *= rng.uniform(0.1, 10)
    after = signal_outcomes(bars, rows, np.zeros(110, int), rules, outcome_days=(7,), label_days=10)
    last = days[cut - 1]
    groups = {"label_end": ["max_gain", "reached_target", "return_7d"],
              "exit_session": ["outcome", "exit_price", "net_return", "won", "ambiguous", "days_held"]}
    for settled_at, names in groups.items():
        is_settled = before[settled_at] <= last
        assert is_settled.sum() > 20
        assert before.loc[is_settled, names].equals(after.loc[is_settled, names])
    assert not before.equals(after)
