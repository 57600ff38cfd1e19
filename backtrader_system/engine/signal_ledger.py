"""Every signal, what became of it, and what it would have earned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.market_data.panel import BarPanel


def signal_ledger(
    signals: pd.DataFrame, orders: pd.DataFrame, skipped: pd.DataFrame, bars: BarPanel,
    horizon_sessions: int,
) -> pd.DataFrame:
    """Return the signals table with its fate and outcome.

    signals : one row per signal, with session, symbol and direction. orders : the order log.
    skipped : session, symbol, reason; from the run.
    horizon_sessions : how many bars of the symbol after the decision the outcome looks at.

    Adds deployed (a market order in the signal's direction was sent in its session), reason (why not), forward_return
    (of a buyer, see `forward_returns`) and outcome: win
    if the return has the direction's sign, else loss; `censored` where the data end before the horizon.

    Timing: forward_return and outcome look ahead by design; they are for evidence only and feed no decision.
    """
    sent = orders[(orders["status"] == "submitted") & (orders["order_type"] == "market")]
    sides = pd.Series(np.where(sent["side"] == "buy", 1, -1), index=sent.index)
    deployed = set(zip(sent["session"], sent["symbol"], sides, strict=True))
    keys = list(zip(signals["session"], signals["symbol"], signals["direction"], strict=True))
    is_deployed = np.array([key in deployed for key in keys], dtype=bool)
    why = dict(zip(zip(skipped["session"], skipped["symbol"], strict=True), skipped["reason"], strict=True))
    reasons = [
        "" if done else why.get((session, symbol), "sell signal: nothing sold" if direction < 0 else "")
        for done, (session, symbol, direction) in zip(is_deployed, keys, strict=True)
    ]
    rows = bars.sessions.get_indexer(pd.DatetimeIndex(signals["session"]))
    columns = pd.Index(bars.symbols).get_indexer(signals["symbol"])
    forward = forward_returns(bars, horizon_sessions)[rows, columns]
    outcome = np.where(np.isnan(forward), "censored", np.where(forward * signals["direction"] > 0, "win", "loss"))
    return signals.assign(
        deployed=is_deployed, reason=pd.Series(reasons, index=signals.index, dtype="str"), forward_return=forward,
        outcome=pd.Series(outcome, index=signals.index, dtype="str"),
    )


def forward_returns(bars: BarPanel, horizon_sessions: int) -> np.ndarray:
    """Return what a buyer at the next open has earned at the close `horizon_sessions` bars after the decision.

    Shape of the panel; total return, dividends and splits included; NaN where the symbol's bars end before.
    Counted in the symbol's own bars, so a halt does not shorten the horizon.
    """
    growth = bars.growth_factor()
    result = np.full(bars.shape, np.nan)
    for column in range(bars.shape[1]):
        rows = np.flatnonzero(bars.has_bar[:, column])
        if rows.size <= horizon_sessions:
            continue
        opens = bars.open[rows, column] * growth[rows, column]
        closes = bars.close[rows, column] * growth[rows, column]
        n_resolved = rows.size - horizon_sessions
        result[rows[:n_resolved], column] = closes[horizon_sessions:] / opens[1:1 + n_resolved] - 1
    return result
