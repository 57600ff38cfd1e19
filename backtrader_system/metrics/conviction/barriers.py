"""Hit rates that a stop and a target give by themselves: what luck reaches, and what costs demand."""

from __future__ import annotations


def zero_skill_hit_rate(stop_fraction: float, target_fraction: float) -> float:
    """Return the chance that a price without drift meets its target before its stop.

    stop_fraction, target_fraction : distances from the entry, above 0, as fractions of it; a stop of 1 is a total loss.
    The gambler's ruin of a martingale that trades without gaps: p * target - (1 - p) * stop = 0, so
    p = stop / (stop + target). No time limit: with one, fewer reach either, and the target less often still.
    Raises: ValueError unless both are above 0.

    Examples
    --------
    >>> f"{zero_skill_hit_rate(0.02, 1.0):.2%}"     # 2 / 102
    '1.96%'
    """
    _check(stop_fraction, target_fraction, 0.0)
    return stop_fraction / (stop_fraction + target_fraction)


def break_even_hit_rate(stop_fraction: float, target_fraction: float, cost_per_side: float = 0.0) -> float:
    """Return the hit rate at which trades with this stop and target neither earn nor lose.

    cost_per_side : slippage and commission of one side as a fraction of the entry value; a round trip pays it twice.
    p * (target - costs) = (1 - p) * (stop + costs), so p = (stop + 2 * cost_per_side) / (stop + target). Above 1 no hit
    rate breaks even. A gap through the stop or an exit by time is not in it.
    Raises: ValueError unless the distances are above 0 and the cost is not negative.

    Examples
    --------
    >>> f"{break_even_hit_rate(0.02, 1.0, 0.006):.2%}"      # 3.2 / 102
    '3.14%'
    """
    _check(stop_fraction, target_fraction, cost_per_side)
    return (stop_fraction + 2 * cost_per_side) / (stop_fraction + target_fraction)


def _check(stop_fraction: float, target_fraction: float, cost_per_side: float) -> None:
    if not (stop_fraction > 0 and target_fraction > 0 and cost_per_side >= 0):
        raise ValueError(
            f"stop and target must be above 0 and the cost not negative; were {stop_fraction}, {target_fraction}, "
            f"{cost_per_side}")
