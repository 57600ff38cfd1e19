"""Stop, target and trailing stop of a position, as one value that travels with the entry order."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        """Return the stop and the target of a long position, in dollars; the trailing stop moves and has no level."""
        stop = _distance(entry_price, self.stop_fraction, self.stop_distance)
        target = _distance(entry_price, self.target_fraction, self.target_distance)
        return (
            None if stop is None else max(entry_price - stop, 0.0),
            None if target is None else entry_price + target,
        )

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__)

    @property
    def has_trail(self) -> bool:
        return self.trail_fraction is not None or self.trail_distance is not None


def _distance(entry_price: float, fraction: float | None, distance: float | None) -> float | None:
    """Return the nearer of the two when both are given: the exit that would come first."""
    candidates = [d for d in (None if fraction is None else entry_price * fraction, distance) if d is not None]
    return min(candidates) if candidates else None
