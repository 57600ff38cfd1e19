"""How often the portfolio is turned over."""

from __future__ import annotations

import pandas as pd

from backtrader_system.metrics.figure import Figure, missing

FILLS = ("filled", "partly_filled")


def traded_volume(orders: pd.DataFrame) -> float:
    """Return the dollars bought plus the dollars sold, at execution prices.

    orders : table of `ledgers.schemas.ORDERS`. A sale counts with its proceeds; its cost basis, which Backtrader's
    `executed.value` gives, understates it.
    """
    fills = orders[orders["status"].isin(FILLS)]
    return float((fills["size"].abs() * fills["price"]).sum())


def turnover(volume: float, mean_equity: float, years: float) -> Figure:
    """Return the one-sided turnover per year: 1.0 means the whole equity was bought and sold once in a year.

    volume : dollars bought plus sold. years : sessions / periods_per_year.
    Formula: volume / 2 / mean equity / years; half, because a round trip trades twice.

    Examples
    --------
    >>> turnover(400_000.0, 100_000.0, 0.5).value
    4.0
    """
    if years <= 0:
        return missing("no session")
    if mean_equity <= 0:
        return missing("mean equity is not positive")
    return Figure(volume / 2 / mean_equity / years)
