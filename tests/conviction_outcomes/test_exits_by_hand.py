"""Every rule of an exit, with numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_panel import flat, outcome, panel

from backtrader_system.errors import SettingsError
from backtrader_system.signals.conviction.trades.barrier_exits import BarrierRules
from backtrader_system.signals.conviction.trades.outcomes import signal_outcomes

TEN = BarrierRules(stop_loss_fraction=0.10, take_profit_fraction=0.20, max_holding_calendar_days=None)
SIGNAL, ENTRY = flat("0101", 90.0), ("0102", 100.0, 101.0, 99.0, 100.0)


def ended(*bars, rules=TEN, **options):
    return outcome(panel({"A": [SIGNAL, *bars]}), rules, **options)


def test_entry_is_the_open_of_the_next_bar_of_the_symbol():
    bars = panel({"A": [flat("0101"), ("0104", 50.0, 51.0, 49.0, 50.0)], "B": [flat("0101"), flat("0102")]})
    found = outcome(bars, TEN)
    assert (str(found.entry_session.date()), found.entry_price) == ("2024-01-04", 50.0)


def test_stop_fills_at_its_level():
    found = ended(ENTRY, ("0103", 95.0, 96.0, 85.0, 95.0))
    assert (found.outcome, found.exit_price, found.won, found.days_held) == ("stop", 90.0, 0.0, 1.0)
    assert found.net_return == pytest.approx(-0.10, abs=1e-12)


def test_target_fills_at_its_level():
    found = ended(ENTRY, ("0103", 101.0, 125.0, 99.0, 110.0))
    assert (found.outcome, found.exit_price, found.won) == ("target", 120.0, 1.0)


def test_stop_is_live_in_the_entry_bar():
    found = ended(("0102", 100.0, 101.0, 89.0, 100.0), flat("0103"))
    assert (found.outcome, found.exit_price, found.days_held) == ("stop", 90.0, 0.0)


def test_target_is_live_in_the_entry_bar():
    assert ended(("0102", 100.0, 121.0, 99.0, 100.0), flat("0103")).outcome == "target"


def test_both_in_one_bar_is_the_stop_and_ambiguous():
    found = ended(ENTRY, ("0103", 100.0, 130.0, 80.0, 100.0))
    assert (found.outcome, found.exit_price, found.ambiguous) == ("stop", 90.0, True)


def test_gap_through_the_stop_fills_at_the_open_and_is_not_ambiguous():
    found = ended(ENTRY, ("0103", 70.0, 130.0, 60.0, 100.0))
    assert (found.outcome, found.exit_price, found.ambiguous) == ("stop", 70.0, False)


def test_gap_through_the_target_fills_at_the_open_even_if_the_stop_is_met_later():
    found = ended(ENTRY, ("0103", 140.0, 141.0, 80.0, 100.0))
    assert (found.outcome, found.exit_price, found.ambiguous) == ("target", 140.0, False)


def test_time_limit_sells_at_the_open_after_the_first_bar_that_is_old_enough():
    """Entry 2 January, 3 days: no bar on the 5th, so the close of the 8th decides and the open of the 9th sells."""
    rules = BarrierRules(0.10, 0.20, 3)
    found = ended(ENTRY, flat("0104"), ("0108", 100.0, 101.0, 99.0, 100.0), ("0109", 104.0, 105.0, 103.0, 104.0),
                  rules=rules)
    assert (found.outcome, found.exit_price, found.days_held, found.won) == ("time", 104.0, 7.0, 0.0)


def test_stop_on_the_bar_that_decides_the_time_limit_counts():
    found = ended(ENTRY, ("0105", 100.0, 101.0, 80.0, 100.0), flat("0106"), rules=BarrierRules(0.10, 0.20, 3))
    assert (found.outcome, str(found.exit_session.date())) == ("stop", "2024-01-05")


@pytest.mark.parametrize(("opened", "expected"), [(85.0, "stop"), (100.0, "time"), (125.0, "target")])
def test_gap_at_the_open_of_the_time_limit_is_the_barriers(opened, expected):
    found = ended(ENTRY, flat("0103"), flat("0104", opened), rules=BarrierRules(0.10, 0.20, 1))
    assert (found.outcome, found.exit_price) == (expected, opened)


def test_open_at_the_end_of_the_data_is_censored_and_no_loss():
    found = ended(ENTRY, ("0103", 95.0, 96.0, 94.0, 95.0))
    assert found.outcome == "censored"
    assert np.isnan([found.won, found.net_return, found.exit_price, found.days_held]).all()


def test_time_limit_decided_in_the_last_bar_is_censored():
    assert ended(ENTRY, flat("0105"), rules=BarrierRules(0.10, 0.20, 3)).outcome == "censored"


def test_symbol_whose_bars_end_is_closed_at_its_last_close_without_slippage():
    bars = panel({"A": [SIGNAL, ENTRY, ("0103", 95.0, 96.0, 94.0, 95.0)], "B": [flat("0103"), flat("0108")]})
    found = outcome(bars, BarrierRules(0.10, 0.20, None, delisting_haircut_fraction=0.5))
    assert (found.outcome, found.exit_price, str(found.exit_session.date())) == ("delisted", 95.0, "2024-01-08")
    assert found.net_return == pytest.approx(47.5 / 100 - 1, abs=1e-12)


def test_levels_and_return_count_slippage_and_commission_of_both_sides():
    """1 % slippage: paid 101, stop 90.9, sold at 90.9 * 0.99 = 89.991; 0.2 % commission of each."""
    rules = BarrierRules(0.10, 0.20, None, slippage_bps=100, commission_bps=20)
    found = ended(ENTRY, ("0103", 95.0, 96.0, 80.0, 95.0), rules=rules)
    assert found.exit_price == pytest.approx(90.9, abs=1e-12)
    assert found.net_return == pytest.approx((89.991 - 101 - 0.002 * (101 + 89.991)) / 101, abs=1e-12)


def test_stop_above_the_open_fills_at_the_open():
    """Slippage of 3 % and a stop of 1 %: paid 103, stop 101.97, above the market from the start."""
    found = ended(("0102", 100.0, 102.0, 99.0, 100.0), rules=BarrierRules(0.01, 0.20, None, slippage_bps=300))
    assert (found.outcome, found.exit_price) == ("stop", 100.0)


def test_split_is_no_stop_and_moves_the_levels():
    """Two for one on the 3rd: 50 is 100 before. Target 120 is 60 now."""
    bars = panel({"A": [SIGNAL, ENTRY, ("0103", 50.0, 51.0, 49.0, 50.0), ("0104", 50.0, 61.0, 50.0, 60.0)]},
                 splits={"0103": 2.0})
    found = outcome(bars, TEN)
    assert (found.outcome, found.exit_price) == ("target", 60.0)
    assert found.net_return == pytest.approx(0.20, abs=1e-12)


def test_dividend_is_paid_to_the_holder_of_the_close_before():
    """5 dollars on the 2nd go to someone else, 3 dollars on the 3rd, the day of the exit, to us."""
    bars = panel({"A": [SIGNAL, ENTRY, ("0103", 95.0, 96.0, 80.0, 95.0)]}, dividends={"0102": 5.0, "0103": 3.0})
    assert outcome(bars, TEN).net_return == pytest.approx(-0.10 + 0.03, abs=1e-12)


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (0, -1), (1, 0)])
def test_signal_without_an_entry_is_censored(row, column):
    found = outcome(panel({"A": [SIGNAL, ENTRY]}), TEN, row=row, column=column)
    assert found.outcome == "censored"
    assert found[["entry_session", "entry_price", "label_end", "reached_target", "won"]].isna().all()


def test_no_signals_give_an_empty_table_with_all_columns():
    none = np.zeros(0, dtype=int)
    found = signal_outcomes(panel({"A": [SIGNAL, ENTRY]}), none, none, TEN)
    assert found.shape == (0, 16)
    assert str(found["entry_session"].dtype) == "datetime64[ns]"


def test_impossible_rules_are_refused_together():
    with pytest.raises(SettingsError) as error:
        BarrierRules(0.0, -1.0, 0)
    assert len(error.value.faults) == 3
