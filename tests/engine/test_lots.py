"""Lots of shares against arithmetic written out and exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrader_system.engine.lots import shares_in_lots, shares_of_lots, shares_to_sell, shares_within_volume

LOTS = st.sampled_from([1e-8, 1e-6, 0.001, 0.03, 0.1, 0.5, 1.0, 10.0, 100.0])


@pytest.mark.parametrize(("dollars", "price", "lot", "shares"), [
    (5_000, 42_000, 0.000001, 0.119047),        # 5,000 / 42,000 = 0.1190476...
    (0.3, 1.0, 0.1, 0.3),                       # as floats 0.3 / 0.1 is below 3
    (22_579.983999999997, 92.96, 0.1, 242.8),   # 242.9 * 92.96 is 22,579.984, though the quotient rounds to 2,429 lots
    (0.7, 0.1, 1.0, 6),                         # whole shares: plain division, as floats 6.999...
    (1_050, 10, 100.0, 100.0),                  # round lots
    (5_000, 0.00002, 0.000001, 250_000_000.0),
    (5_000, 0.0, 0.1, 0.0),
])
def test_dollars_buy_lots(dollars, price, lot, shares):
    assert shares_in_lots(dollars, price, lot) == shares


@given(dollars=st.floats(0, 1e6), price=st.floats(1e-5, 1e5), lot=LOTS)
def test_lots_never_cost_more_and_leave_less_than_a_lot(dollars, price, lot):
    shares = shares_in_lots(dollars, price, lot)
    allowed = Fraction(1, 10**12) * Fraction(dollars)
    assert shares * price <= dollars or lot == 1
    assert Fraction(shares) * Fraction(price) <= Fraction(dollars) + allowed
    assert (Fraction(shares) + Fraction(lot)) * Fraction(price) >= Fraction(dollars) - allowed
    assert abs(shares / lot - round(shares / lot)) <= 1e-6 + 1e-9 * shares / lot


def test_lots_are_the_nearest_floats():
    assert [shares_of_lots(3, 0.1), shares_of_lots(7, 0.000001), shares_of_lots(3, 0.03)] == [0.3, 0.000007, 3 * 0.03]


@pytest.mark.parametrize(("left", "volume_share", "taken", "lot", "filled"), [
    (100, 45.7, 0, 1.0, 45), (100, 45.7, 5, 1.0, 40), (3, 45.7, 0, 1.0, 3), (100, 45.7, 60, 1.0, 0),
    (1.0, 0.25, 0.0, 0.1, 0.2), (1.0, 0.25, 0.2, 0.1, 0.0),
    (1.0 - 0.7, 0.3, 0.0, 0.1, 1.0 - 0.7),      # 0.30000000000000004 fits into 0.3: no dust is left waiting
    (0.25, 9.0, 0.0, 0.1, 0.25),                # what is ordered may be off the grid
])
def test_volume_fills_whole_lots(left, volume_share, taken, lot, filled):
    assert shares_within_volume(left, volume_share, taken, lot) == filled


@pytest.mark.parametrize(("fraction", "held", "lot", "sold"), [
    (0.5, 1.3, 0.1, 0.6), (0.3, 0.000002, 0.000001, 0.000001), (0.5, 0.1, 0.1, 0.1), (1.0, 0.37, 0.1, 0.37),
    (0.9, 0.30000000000000004, 0.1, 0.2),
    (0.99, 0.14, 0.1, 0.14),                    # 0.04 would be less than half a lot: all is sold
])
def test_a_part_is_sold_in_lots(fraction, held, lot, sold):
    assert shares_to_sell(fraction, held, lot) == sold
