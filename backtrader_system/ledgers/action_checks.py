"""Whether the corporate actions booked are those of the bars, for the shares held."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backtrader_system.ledgers.discrepancies import capped, differs, discrepancy, place
from backtrader_system.ledgers.replay import NO_SHARES, Bars, Replay, last_known

_KEY = ["session", "symbol", "kind"]


def action_discrepancies(bars: Bars, account: Replay, actions: pd.DataFrame) -> list[str]:
    """Return bookings that the bars do not explain and actions of the bars that were not booked, in words."""
    expected = expected_actions(bars, account)
    booked = actions[actions["kind"].isin(("split", "cash_in_lieu", "dividend"))]
    booked = booked.assign(session=booked["session"].astype(expected["session"].dtype))
    both = expected.merge(booked, on=_KEY, how="outer", suffixes=("_expected", "_found"))
    lines = []
    for name in ("shares", "amount"):
        wanted, found = both[f"{name}_expected"].to_numpy(float), both[f"{name}_found"].to_numpy(float)
        wrong = differs(wanted, found, 1e-9 * np.maximum(np.abs(np.nan_to_num(wanted)), 1.0))
        lines += [
            discrepancy(place(both["session"][row], both["symbol"][row]), f"{both['kind'][row]}, {name}",
                        float(wanted[row]), float(found[row]))
            for row in np.flatnonzero(wrong)]
    return capped(lines)


def expected_actions(bars: Bars, account: Replay) -> pd.DataFrame:
    """Return what splits and dividends of the bars do to the shares held at the close before.

    Columns session, symbol, kind, shares, amount. A split acts before the dividend of the same session. Whole shares
    stay whole: the fraction is paid at the last close, restated by the split.
    """
    held = np.vstack([np.zeros((1, account.shares.shape[1])), account.shares[:-1]])
    close = last_known(bars.close)
    acts = (bars.split_ratio != 1) | (bars.dividend != 0)
    rows = []
    for row, column in np.argwhere(acts & (np.abs(held) > NO_SHARES)):
        shares, split = held[row, column], bars.split_ratio[row, column]
        if split != 1:
            exact = shares * split
            is_whole = abs(shares - round(shares)) <= NO_SHARES
            after = np.floor(exact + NO_SHARES) if is_whole else exact
            rows.append((row, column, "split", after - shares, 0.0))
            if exact - after > NO_SHARES:
                fraction = exact - after
                rows.append((row, column, "cash_in_lieu", fraction, fraction * close[row - 1, column] / split))
            shares = after
        dividend = bars.dividend[row, column]
        if dividend != 0 and abs(shares) > NO_SHARES:
            rows.append((row, column, "dividend", shares, shares * dividend))
    table = pd.DataFrame(rows, columns=[*_KEY, "shares", "amount"])
    # From numbers to names all at once: one by one takes most of the time of the whole check.
    names = {"session": bars.sessions[table["session"].to_numpy(int)],
             "symbol": np.array(bars.symbols)[table["symbol"].to_numpy(int)]}
    return table.assign(**names).astype({"symbol": "str", "kind": "str", "shares": float, "amount": float})
