"""How much worse than the market price an order fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
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
        impact = _size_impact(abs(size), data) if self.impact_coefficient else 0.0
        return slippage_per_share(self, price, impact)


def slippage_per_share(costs: Slippage, price: float, impact: float) -> float:
    """Return the dollars by which one share fills worse than `price`.

    costs : Slippage, or anything with its fields. impact : sigma * sqrt(Q / V) of the fill, see `impact_of_size`.
    """
    cost = price * (costs.slippage_bps + costs.half_spread_bps) * BPS
    if costs.impact_coefficient:
        cost += price * costs.impact_coefficient * impact
    return cost


def impact_of_size(size: float, volatility: float, average_volume: float) -> float:
    """Return sigma * sqrt(Q / V) for `size` shares; 0.0 where volatility or volume is not known (NaN or 0).

    Examples
    --------
    >>> impact_of_size(100, 0.02, 10_000)
    0.002
    """
    if volatility == volatility and average_volume > 0:
        return volatility * sqrt(size / average_volume)
    return 0.0


def estimates_from_bars(closes: Sequence[float], volumes: Sequence[float]) -> tuple[float, float]:
    """Return daily volatility (fraction, sample deviation) and mean volume (shares) of these bars, oldest first.

    (NaN, 0.0), which `impact_of_size` takes as unknown, for fewer than three bars.
    """
    n_bars = len(closes)
    if n_bars < 3:
        return nan, 0.0
    total, mean = 0.0, 0.0
    for row in range(n_bars):
        total += volumes[row]
    n_returns = n_bars - 1
    for row in range(n_returns):
        mean += (closes[row + 1] / closes[row] - 1) / n_returns
    squares = 0.0
    for row in range(n_returns):
        squares += (closes[row + 1] / closes[row] - 1 - mean) ** 2
    return sqrt(squares / (n_returns - 1)), total / n_bars


def _size_impact(size: float, data: Any) -> float:
    """Return sigma * sqrt(Q / V) from what was known at the previous close; 0.0 before a symbol has a history.

    A feed with lines `daily_volatility` and `average_volume` also knows the bars before its first one.
    """
    if len(data) > 1 and hasattr(data.lines, "average_volume"):
        volatility, average_volume = data.lines.daily_volatility[-1], data.lines.average_volume[-1]
        if volatility == volatility and average_volume > 0:
            return impact_of_size(size, volatility, average_volume)
    return _impact_from_bars(size, data)


def _impact_from_bars(size: float, data: Any) -> float:
    n_earlier = min(len(data) - 1, IMPACT_LOOK_BACK_SESSIONS)
    if n_earlier < 3:
        return 0.0
    closes = data.close.get(ago=-1, size=n_earlier)
    volumes = data.volume.get(ago=-1, size=n_earlier)
    return impact_of_size(size, *estimates_from_bars(closes, volumes))
