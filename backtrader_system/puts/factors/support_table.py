"""The support of one session as the owner's table of 26 columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.panel import BarPanel
from backtrader_system.puts.factors.support import SupportPanel

# The owner's names, with the decimals of his file (None: whole numbers, days and words).
DECIMALS = {
    "stock_name": None, "rolling_period": None, "current_price": 2, "rolling_low": 2, "distance_to_support_pct": 2,
    "total_breaks": 0, "days_since_last_break": 0, "last_break_date": None, "support_stability_pct": 2,
    "stability_trend": None, "median_drop_per_break_pct": 2, "avg_drop_per_break_pct": 2, "max_drop_pct": 2,
    "drop_std_dev_pct": 2, "avg_days_between_breaks": 1, "median_days_between_breaks": 1, "trading_days_per_break": 1,
    "num_clusters": 0, "max_consecutive_breaks": 0, "current_consecutive_breaks": 0, "support_strength_score": 2,
    "pattern_type": None, "break_probability_30d": 4, "break_probability_60d": 4, "last_calculated": None,
    "data_through_date": None,
}
COUNTS = [name for name, decimals in DECIMALS.items() if decimals == 0]


def support_table(panel: SupportPanel, bars: BarPanel, at: object) -> pd.DataFrame:
    """Return the support of every stock and window as it was known after the close of a session.

    panel : measured on `bars` (`support_of_bars`). at : a session; a stock without a bar in it is shown as of its last
        bar before, a stock without any is left out.
    Returns: one row per stock and window, sorted by both, the 26 columns of the owner's support_level_metrics.csv with
        its decimals. Percent where the name ends in pct; max_drop_pct is the deepest drop, the lowest number.
        days_since_last_break counts to data_through_date, the stock's last bar; last_calculated is `at`. Days and gaps
        that do not exist are missing.
    Raises: DataError if the panel does not fit the bars or nothing lies on or before `at`.

    Examples
    --------
    >>> from backtrader_system.market_data.panel import panel_from_table
    >>> from backtrader_system.puts.factors.support import support_of_bars
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
    >>> low = [100.0, 95, 96]
    >>> bars = panel_from_table(pd.DataFrame({"session": days, "symbol": "A", "open": low, "high": low, "low": low,
    ...                                       "close": low, "volume": 1.0}))
    >>> table = support_table(support_of_bars(bars, (30,)), bars, "2024-01-04")
    >>> table[["rolling_low", "distance_to_support_pct", "total_breaks"]].iloc[0].tolist()
    [95.0, -1.04, 1.0]
    """
    if panel.bars.shape != bars.shape:
        raise DataError(f"support was measured on a panel of shape {panel.bars.shape}; the bars are {bars.shape}")
    row = bars.sessions.searchsorted(pd.Timestamp(at), side="right")
    listed = np.flatnonzero(bars.has_bar[:row].any(axis=0))
    if not len(listed):
        raise DataError(f"no stock has a bar on or before {pd.Timestamp(at):%Y-%m-%d}; the first session is "
                        f"{bars.sessions[0]:%Y-%m-%d}")
    last = row - 1 - bars.has_bar[:row][::-1].argmax(axis=0)
    columns = [_of_stock(panel, bars, int(last[symbol]), int(symbol)) for symbol in listed]
    table = pd.concat(columns, ignore_index=True).assign(last_calculated=pd.Timestamp(at))
    rounded = table.round({name: decimals for name, decimals in DECIMALS.items() if decimals})
    return rounded.astype(dict.fromkeys(COUNTS, "Int64"))[list(DECIMALS)]


def _of_stock(panel: SupportPanel, bars: BarPanel, row: int, symbol: int) -> pd.DataFrame:
    """Return the rows of one stock, one per window."""
    here = panel.at(row, symbol)
    through, price = bars.sessions[row], bars.close[row, symbol]
    low, since = here.rolling_low[:, 0, 0], here.days_since_break[:, 0, 0]
    return pd.DataFrame({
        "stock_name": bars.symbols[symbol], "rolling_period": list(panel.periods), "current_price": price,
        "rolling_low": low, "distance_to_support_pct": 100.0 * (low - price) / price,
        "days_since_last_break": since, "last_break_date": through - pd.to_timedelta(since, unit="D"),
        "data_through_date": through,
        **{name: values[:, 0, 0] for name, values in _quantities(here).items()},
    })


def _quantities(here: SupportPanel) -> dict[str, np.ndarray]:
    return {
        "total_breaks": here.total_breaks, "support_stability_pct": here.stability(),
        "stability_trend": here.trends(), "median_drop_per_break_pct": here.median_drop,
        "avg_drop_per_break_pct": here.mean_drop, "max_drop_pct": here.deepest_drop,
        "drop_std_dev_pct": here.drop_deviation, "avg_days_between_breaks": here.mean_gap_days,
        "median_days_between_breaks": here.median_gap_days,
        "trading_days_per_break": here.trading_days_per_break(), "num_clusters": here.clusters,
        "max_consecutive_breaks": here.largest_cluster, "current_consecutive_breaks": here.current_cluster,
        "support_strength_score": here.strength(), "pattern_type": here.patterns(),
        "break_probability_30d": here.break_probability(30), "break_probability_60d": here.break_probability(60),
    }
