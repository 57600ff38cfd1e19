"""Hit rates that a stop and a target give by themselves: what luck reaches, and what costs demand."""

from __future__ import annotations


def zero_skill_hit_rate(stop_fraction: float, target_fraction: float, slippage: float = 0.0) -> float:
    """Return the chance that a price without drift meets its target before its stop.

    stop_fraction, target_fraction : distances from the price paid, above 0, as fractions of it; a stop of 1 is a total
    loss. slippage : by which the price paid is above the market's, a fraction. Both levels hang on the price paid, so
    seen from the market the stop is nearer and the target further: low = (1 + slippage) (1 - stop), high =
    (1 + slippage) (1 + target).
    The gambler's ruin of a martingale from 1 that trades without gaps: p = (1 - low) / (high - low), 0 where the stop
    is not below the market. No time limit: with one, fewer reach either, and the target less often still.
    Raises: ValueError unless both distances are above 0, the stop at most 1, the slippage in [0, 1).

    Examples
    --------
    >>> f"{zero_skill_hit_rate(0.02, 1.0):.2%}"             # 2 / 102
    '1.96%'
    >>> f"{zero_skill_hit_rate(0.02, 1.0, 0.005):.2%}"      # 1.51 / 102.51
    '1.47%'
    """
    _check(stop_fraction, target_fraction, slippage, 0.0)
    low, high = (1 + slippage) * (1 - stop_fraction), (1 + slippage) * (1 + target_fraction)
    return min(max((1 - low) / (high - low), 0.0), 1.0)


def break_even_hit_rate(
    stop_fraction: float, target_fraction: float, slippage: float = 0.0, commission: float = 0.0
) -> float:
    """Return the hit rate at which trades with this stop and target neither earn nor lose.

    slippage : fraction by which a purchase is dearer and a sale cheaper than its level. commission : of one side, a
    fraction of its value.
    Bought at 1 + slippage, a trade that ends at a level (see `zero_skill_hit_rate`) returns
    net = level (1 - slippage) (1 - commission) / ((1 + slippage) (1 + commission)) - 1, and p = -net_low / (net_high -
    net_low). The levels hang on the price paid, so only the slippage of the sale is left in it. Above 1 no hit rate
    breaks even. A gap through the stop or an exit by time is not in it.
    Raises: ValueError unless both distances are above 0, the stop at most 1, the costs in [0, 1).

    Examples
    --------
    >>> f"{break_even_hit_rate(0.02, 1.0, 0.005, 0.001):.2%}"
    '2.65%'
    """
    _check(stop_fraction, target_fraction, slippage, commission)
    kept = (1 - slippage) * (1 - commission) / (1 + commission)
    net_low, net_high = (1 - stop_fraction) * kept - 1, (1 + target_fraction) * kept - 1
    return -net_low / (net_high - net_low)


def _check(stop_fraction: float, target_fraction: float, slippage: float, commission: float) -> None:
    is_possible = 0 < stop_fraction <= 1 and target_fraction > 0
    if not (is_possible and 0 <= slippage < 1 and 0 <= commission < 1):
        raise ValueError(
            "stop and target must be above 0, the stop at most 1, slippage and commission at least 0 and below 1; were "
            f"{stop_fraction}, {target_fraction}, {slippage}, {commission}")
