"""How much worse than the market price an order fills."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import stdev
from typing import Any

BPS = 1e-4
IMPACT_LOOK_BACK_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class Slippage:
    """Slippage of one fill: a share of the price, half the spread and the impact of its own size.

    slippage_bps, half_spread_bps : basis points of the price, charged on each side.
    impact_coefficient : Y in Y * sigma * sqrt(Q / V), the square-root law (Almgren et al. 2005, Toth et al. 2011), with
        sigma the daily volatility and V the mean daily volume of the 20 bars *before* the fill.

    Timing: uses bars before the one that fills; the fill's own bar only gives the price that is slipped.

    Examples
    --------
    >>> Slippage(slippage_bps=2, half_spread_bps=3).dollars_per_share(100.0, 50, None)
    0.05
    """

    slippage_bps: float = 0.0
    half_spread_bps: float = 0.0
    impact_coefficient: float = 0.0

    def dollars_per_share(self, price: float, size: float, data: Any) -> float:
        """Return the dollars by which one share fills worse than `price`; never negative."""
        cost = price * (self.slippage_bps + self.half_spread_bps) * BPS
        if self.impact_coefficient:
            cost += price * self.impact_coefficient * _size_impact(abs(size), data)
        return cost


def _size_impact(size: float, data: Any) -> float:
    """Return sigma * sqrt(Q / V) from what was known at the previous close; 0.0 before a symbol has a history.

    A feed with lines `daily_volatility` and `average_volume` also knows the bars before its first one.
    """
    if len(data) > 1 and hasattr(data.lines, "average_volume"):
        volatility, average_volume = data.lines.daily_volatility[-1], data.lines.average_volume[-1]
        if volatility == volatility and average_volume > 0:
            return volatility * sqrt(size / average_volume)
    return _impact_from_bars(size, data)


def _impact_from_bars(size: float, data: Any) -> float:
    n_earlier = min(len(data) - 1, IMPACT_LOOK_BACK_SESSIONS)
    if n_earlier < 3:
        return 0.0
    closes = data.close.get(ago=-1, size=n_earlier)
    volumes = data.volume.get(ago=-1, size=n_earlier)
    average_volume = sum(volumes) / n_earlier
    if average_volume <= 0:
        return 0.0
    returns = [later / earlier - 1 for earlier, later in pairwise(closes)]
    return stdev(returns) * sqrt(size / average_volume)
