"""Shares come in lots: whole shares, or small fractions where a market trades them.

Sizes are floats, so a sum of lots is a multiple of the lot only up to rounding. These rules keep that rounding from
spending a cent too much and from leaving dust behind. They run as they are and compiled (`kernel/`). A lot of 1 is
plain arithmetic of whole shares.
"""

from __future__ import annotations

from math import floor

LOT_ROUNDING = 1e-6         # of a lot
SHARES_ROUNDING = 1e-12     # of an order
MOST_LOTS = 2.0**50         # beyond it a float no longer tells lots apart


def shares_in_lots(dollars: float, price: float, lot: float) -> float:
    """Return how many shares `dollars` buy in multiples of `lot`, never costing more; 0 if the price is not positive.

    Examples
    --------
    >>> shares_in_lots(1_000, 333, 1), shares_in_lots(100, 60_000, 0.000001), shares_in_lots(0.3, 1, 0.1)
    (3, 0.001666, 0.3)
    """
    if not price > 0:
        return 0
    if lot == 1:
        return floor(dollars / price)
    wanted = dollars / (price * lot)
    if wanted >= MOST_LOTS:
        return wanted * lot * (1 - 2.0**-50)
    lots = floor(wanted)
    if shares_of_lots(lots + 1, lot) * price <= dollars:
        lots += 1               # 0.3 / 0.1 is a little less than 3
    elif shares_of_lots(lots, lot) * price > dollars:
        lots -= 1
    return shares_of_lots(lots, lot)


def shares_of_lots(lots: float, lot: float) -> float:
    """Return the shares in so many lots: for a decimal lot the nearest float, 0.000007 and not 7 * 0.000001.

    Examples
    --------
    >>> 3 * 0.1, shares_of_lots(3, 0.1), shares_of_lots(3, 100.0)
    (0.30000000000000004, 0.3, 300.0)
    """
    lots_per_share = round(1 / lot)
    is_decimal = lots_per_share >= 1 and abs(lots_per_share * lot - 1) < 1e-9
    return lots / lots_per_share if is_decimal else lots * lot


def whole_lots(shares: float, lot: float) -> float:
    """Return `shares` cut down to whole lots; what lacks no more than a millionth of a lot is whole."""
    lots = shares / lot + LOT_ROUNDING
    return shares_of_lots(floor(lots), lot) if lots < MOST_LOTS else shares


def shares_within_volume(left: float, volume_share: float, taken: float, lot: float) -> float:
    """Return how many of the shares `left` of an order a bar fills.

    volume_share : the part of the bar's volume that may be taken, in shares. taken : what was taken of it before.

    Examples
    --------
    >>> shares_within_volume(100, 45.7, 5, 1), shares_within_volume(1.0, 0.25, 0.0, 0.1)
    (40, 0.2)
    """
    if lot == 1:
        return min(left, max(floor(volume_share) - taken, 0))
    room = max(volume_share - taken, 0.0)
    rounding = LOT_ROUNDING * lot + SHARES_ROUNDING * left
    if left <= room + rounding:
        return left
    room = whole_lots(room, lot)
    return left if left <= room + rounding else room


def shares_to_sell(fraction: float, held: float, lot: float = 1.0) -> float:
    """Return the lots for a share of a position: at least one, at most all, and all where less than one would stay.

    Examples
    --------
    >>> shares_to_sell(0.3, 3), shares_to_sell(0.5, 0.25, 0.1), shares_to_sell(1.0, 0.7)
    (1, 0.1, 0.7)
    """
    if fraction >= 1:
        return held
    if lot == 1:
        return min(max(1, int(held * fraction)), held)
    sold = max(lot, whole_lots(held * fraction, lot))
    return sold if held - sold > lot / 2 else held
