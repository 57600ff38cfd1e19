"""What a contestant hands back, so that results can be compared as well as times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one run.

    final_equity : dollars after the last close. n_trades : closed trades.
    trades : closed trades as (symbol, entry session, exit session, entry price, profit after costs); sessions as ISO
        dates. None where a contestant gives only their number.
    n_settings : how many runs were made; the other fields are then those of the last.
    n_notifications : calls of the strategy's `notify_order`; 0 where nobody counts.
    first_beyond_stock : first session with an exit that stock Backtrader cannot make: in its entry bar, or of a symbol
        that has no more bars.
    final_values : dollars after the last close of each setting of a sweep.
    figures : further results to compare, by name.
    """

    final_equity: float
    n_trades: int
    trades: list[tuple[str, str, str, float, float]] | None = None
    n_settings: int = 1
    n_notifications: int = 0
    first_beyond_stock: str | None = None
    final_values: list[float] | None = None
    figures: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two trade lists agree.

    n_equal : trades with the same symbol, entry and exit session in both. worst_price, worst_pnl : largest relative
        difference of entry prices and largest difference of profits, as a share of the starting cash, over those.
    first_difference : the earliest entry or exit session of a trade that only one list has; None if there is none.
    """

    n_ours: int
    n_theirs: int
    n_equal: int
    worst_price: float
    worst_pnl: float
    first_difference: str | None

    @property
    def is_exact(self) -> bool:
        """Whether both lists hold the same trades, to rounding."""
        return self.n_ours == self.n_theirs == self.n_equal and max(self.worst_price, self.worst_pnl) < 1e-9


def compare(ours: list[tuple], theirs: list[tuple], cash: float) -> Agreement:
    """Return how far two lists of `Outcome.trades` agree."""
    left, right = ({tuple(trade[:3]): trade[3:] for trade in trades} for trades in (ours, theirs))
    both = left.keys() & right.keys()
    pairs = np.array([[*left[key], *right[key]] for key in sorted(both)], dtype=float).reshape(-1, 4)
    only_one = left.keys() ^ right.keys()
    return Agreement(
        n_ours=len(ours), n_theirs=len(theirs), n_equal=len(both),
        worst_price=float(np.abs(pairs[:, 0] / pairs[:, 2] - 1).max(initial=0.0)),
        worst_pnl=float(np.abs(pairs[:, 1] - pairs[:, 3]).max(initial=0.0) / cash),
        first_difference=min((_first_session(key, left, right) for key in only_one), default=None),
    )


def _first_session(key: tuple, left: dict, right: dict) -> str:
    """Return the entry session of an odd trade, or its exit if the other list has the same entry."""
    other = right if key in left else left
    has_same_entry = any(trade[:2] == key[:2] for trade in other)
    return key[2] if has_same_entry else key[1]
