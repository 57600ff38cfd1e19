"""The trading rules that every contestant follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

BPS = 1e-4


@dataclass(frozen=True, slots=True)
class Rules:
    """Long only, decided after each close, filled at the next open.

    A symbol with a score above `entry_score` that is not held is bought, strongest first, while fewer than
    `max_positions` are held. A position costs `position_fraction` of equity, so a quarter of it stays in cash and no
    order is rejected. It is sold at its stop or its target (orders that rest in the market), or at the open after it
    has been held for `max_holding_sessions`. None: no such exit. Fractions are of the entry price after slippage.

    Examples
    --------
    >>> MARKET_ORDERS_ONLY.stop_fraction is None
    True
    """

    entry_score: float = 0.80
    max_positions: int = 15
    position_fraction: float = 0.05
    stop_fraction: float | None = 0.05
    target_fraction: float | None = 0.10
    max_holding_sessions: int = 60
    cash: float = 1_000_000.0
    commission_bps: float = 5.0
    slippage_bps: float = 2.0


STOPS_AND_TARGETS = Rules()
WIDE_STOPS = Rules(stop_fraction=0.08, target_fraction=0.16)       # so wide that none is touched in its entry bar
MARKET_ORDERS_ONLY = Rules(stop_fraction=None, target_fraction=None, max_holding_sessions=20)


def varied_rules(n_settings: int, *, seed: int = 1) -> list[Rules]:
    """Return random settings of a sweep: entry score, stop, target and time limit vary."""
    stream = np.random.default_rng(seed)
    return [
        replace(
            STOPS_AND_TARGETS,
            entry_score=float(stream.uniform(0.60, 0.95)),
            stop_fraction=float(stream.uniform(0.02, 0.10)),
            target_fraction=float(stream.uniform(0.04, 0.20)),
            max_holding_sessions=int(stream.integers(5, 90)),
        )
        for _ in range(n_settings)
    ]
