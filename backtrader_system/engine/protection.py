"""Stop, target and trailing stop of a position, as one value that travels with the entry order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan


@dataclass(frozen=True, slots=True)
class Protection:
    """Exits that become live the moment an entry fills.

    Each exit is a fraction of the average entry price or a distance in dollars per share (for ATR multiples); None
    means no such exit. Give it to an order: `self.buy(data, size=10, protection=Protection(stop_fraction=0.08))`.
    Only `ContractBroker` acts on it. Of a stop or target given both ways the nearer counts; a trailing stop takes one.

    Raises: ValueError if both trail_fraction and trail_distance are given.

    Examples
    --------
    >>> Protection(stop_fraction=0.08, target_distance=12.0).levels(100.0)
    (92.0, 112.0)
    """

    stop_fraction: float | None = None
    stop_distance: float | None = None
    target_fraction: float | None = None
    target_distance: float | None = None
    trail_fraction: float | None = None
    trail_distance: float | None = None

    def __post_init__(self) -> None:
        if self.trail_fraction is not None and self.trail_distance is not None:
            raise ValueError("a trailing stop takes trail_fraction or trail_distance, not both")

    def scaled(self, ratio: float) -> Protection:
        """Return the same exits in the share units after a split: distances in dollars shrink as prices do."""
        names = ("stop_distance", "target_distance", "trail_distance")
        distances = {name: getattr(self, name) for name in names}
        return replace(self, **{name: d / ratio for name, d in distances.items() if d is not None})

    def levels(self, entry_price: float) -> tuple[float | None, float | None]:
        """Return the stop and the target of a long position, in dollars; the trailing stop moves and has no level.

        None where there is no such exit; a stop at 0 or below could never be touched and is none.
        """
        stop = stop_level(entry_price, _or_nan(self.stop_fraction), _or_nan(self.stop_distance))
        target = target_level(entry_price, _or_nan(self.target_fraction), _or_nan(self.target_distance))
        return (stop if stop > 0 else None), (target if target == target else None)

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__)

    def trail_anchor(self, level: float) -> float:
        """Return the price from which a trailing stop must trail so as not to fall from `level`."""
        return trailing_anchor(level, _or_nan(self.trail_fraction), _or_nan(self.trail_distance))

    @property
    def has_trail(self) -> bool:
        return self.trail_fraction is not None or self.trail_distance is not None


def stop_level(entry_price: float, fraction: float, distance: float) -> float:
    """Return the stop of a long position in dollars, NaN without one; `fraction` and `distance` are NaN if not given.

    Examples
    --------
    >>> stop_level(100.0, 0.08, nan), stop_level(100.0, 0.08, 5.0)
    (92.0, 95.0)
    """
    return entry_price - nearer_distance(entry_price, fraction, distance)


def target_level(entry_price: float, fraction: float, distance: float) -> float:
    """Return the target of a long position in dollars, NaN without one."""
    return entry_price + nearer_distance(entry_price, fraction, distance)


def nearer_distance(entry_price: float, fraction: float, distance: float) -> float:
    """Return the nearer of the two when both are given: the exit that would come first. NaN: neither is given."""
    by_fraction = entry_price * fraction
    if by_fraction != by_fraction:
        return distance
    if distance != distance:
        return by_fraction
    return min(by_fraction, distance)


def trailing_level(anchor: float, fraction: float, distance: float) -> float:
    """Return where a trailing stop stands under `anchor`; a distance wins, NaN means not given."""
    if distance > 0:
        return anchor - distance
    return anchor - anchor * fraction if fraction == fraction else anchor


def trailing_anchor(level: float, fraction: float, distance: float) -> float:
    """Return the price from which a replaced trailing stop must trail, so that it never moves down from `level`."""
    if distance > 0:
        return level + distance
    return level / (1 - fraction) if fraction == fraction else level


def _or_nan(value: float | None) -> float:
    return nan if value is None else value
