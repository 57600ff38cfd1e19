"""What Yahoo's numbers mean: its prices as adjusted bars and as the bars that were traded.

Yahoo calls its open, high, low and close unadjusted, but they are divided by every split up to the day of the
download, and so are its dividends; its volume is multiplied. Only `adj_close` contains dividends as well.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BAR_COLUMNS = ["session", "symbol", "open", "high", "low", "close", "volume"]
PRICES = ["open", "high", "low", "close"]


def adjusted_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars adjusted for splits and dividends, relative to the day of the download.

    bars : columns session, symbol, open, high, low, close, adj_close, volume, as Yahoo gives them.
    Returns: columns BAR_COLUMNS. All four prices are multiplied by adj_close / close. One common factor
        cannot put a close above its high, which `adj_close` itself could by a rounding.
    """
    factor = (bars["adj_close"] / bars["close"]).to_numpy()
    return bars.assign(**{name: bars[name] * factor for name in PRICES})[BAR_COLUMNS]


def traded_bars(bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return bars as they were traded, with the corporate actions of each session.

    bars : as for `adjusted_bars`.
    actions : columns symbol, ex_date, split_ratio (1.0: none), dividend, as Yahoo gives them, up to the day
        of the download: a split after the last bar has changed every price before it.
    Returns: columns BAR_COLUMNS, split_ratio and dividend (dollars per share of that session's share count).
    An action whose ex-date has no bar counts for the symbol's next bar.
    """
    parts = [_traded_symbol(part, actions[actions["symbol"] == symbol])
             for symbol, part in bars.groupby("symbol")]
    traded = pd.concat(parts) if parts else bars.assign(split_ratio=1.0, dividend=0.0)
    return traded.sort_index()[[*BAR_COLUMNS, "split_ratio", "dividend"]]


def _traded_symbol(bars: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    bars, actions = bars.sort_values("session"), actions.sort_values("ex_date")
    sessions = bars["session"].to_numpy()
    ex_dates, ratios = actions["ex_date"].to_numpy(), actions["split_ratio"].to_numpy(dtype=float)
    later = _ratio_after(sessions, ex_dates, ratios)
    dividends = actions["dividend"].to_numpy(dtype=float) * _ratio_after(ex_dates, ex_dates, ratios)

    row = np.searchsorted(sessions, ex_dates, side="left")
    is_held = (row < len(sessions)) & (ex_dates >= sessions[0])
    split_ratio, dividend = np.ones(len(bars)), np.zeros(len(bars))
    np.multiply.at(split_ratio, row[is_held], ratios[is_held])
    np.add.at(dividend, row[is_held], dividends[is_held])
    prices = {name: bars[name] * later for name in PRICES}
    return bars.assign(**prices, volume=bars["volume"] / later, split_ratio=split_ratio, dividend=dividend)


def _ratio_after(days: np.ndarray, ex_dates: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Return the product of all split ratios with an ex-date after each of `days`; `ex_dates` sorted."""
    from_here_on = np.append(np.cumprod(ratios[::-1])[::-1], 1.0)
    return from_here_on[np.searchsorted(ex_dates, days, side="right")]
