"""Prices at which contracts were settled, from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.market_data.bar_columns import MAX_CELLS_SHOWN, read_csv_text
from backtrader_system.market_data.session_dates import session_dates

_NEEDED = ("underlying", "expiry", "settle_price")
MAX_DAYS_OLD = 3        # a weekend; an older price of the underlying is not what the contract was settled at


def read_settlements(path: Path | str) -> pd.DataFrame:
    """Return settlement prices: underlying, expiry, settle_price, settle_quote_date, sorted by the first two.

    path : CSV with underlying, expiry, settle_price and perhaps settle_quote_date, the day whose close stands for the
        settlement; empty or absent means the expiry itself. Rows whose day lies more than three days before the
        expiry, or after it, are no settlements and left out.
    Raises: DataError with all faulty rows: dates or prices that cannot be read, and two prices for one expiry.
    """
    path = Path(path)
    table = read_csv_text(path)
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise DataError(f"{path}: columns missing: {', '.join(missing)}; found: {', '.join(table.columns)}")
    expiry = session_dates(table["expiry"], "UTC")
    quoted = table["settle_quote_date"] if "settle_quote_date" in table else pd.Series("", index=table.index)
    quoted_on = session_dates(quoted.where(quoted.str.strip() != "", table["expiry"]), "UTC")
    price = pd.to_numeric(table["settle_price"], errors="coerce").to_numpy(dtype=float)
    settlements = pd.DataFrame({
        "underlying": table["underlying"].str.strip(), "expiry": expiry.sessions, "settle_price": price,
        "settle_quote_date": quoted_on.sessions})
    _check(path, table, settlements)
    age = (settlements["settle_quote_date"] - settlements["expiry"]).dt.days
    kept = settlements[(age <= 0) & (age >= -MAX_DAYS_OLD)].drop_duplicates()
    return kept.sort_values(["underlying", "expiry"]).reset_index(drop=True)


def _check(path: Path, table: pd.DataFrame, settlements: pd.DataFrame) -> None:
    is_bad = {
        "underlying": (settlements["underlying"] == "").to_numpy(),
        "expiry": settlements["expiry"].isna().to_numpy(),
        "settle_price": ~(np.isfinite(settlements["settle_price"]) & (settlements["settle_price"] > 0)).to_numpy(),
        "settle_quote_date": settlements["settle_quote_date"].isna().to_numpy(),
    }
    faults = []
    for name, bad in is_bad.items():
        cells = table[name if name in table else "expiry"]
        faults += [f"row {row + 1} after the header, {name}: '{cells.iloc[row]}' cannot be used"
                   for row in np.flatnonzero(bad)[:MAX_CELLS_SHOWN]]
    distinct = settlements.drop_duplicates(["underlying", "expiry", "settle_price"])
    twice = distinct[distinct.duplicated(["underlying", "expiry"], keep=False) & distinct["expiry"].notna()]
    faults += [f"row {row + 1} after the header: several prices for {twice.loc[row, 'underlying']} "
               f"{twice.loc[row, 'expiry'].date()}" for row in twice.index[:MAX_CELLS_SHOWN]]
    if faults:
        raise DataError(f"{path}: settlement prices that cannot be used; mend or remove these rows", faults=faults)
