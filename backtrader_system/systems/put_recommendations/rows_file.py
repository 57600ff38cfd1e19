"""Judged options from a file, so that any score can be judged, whoever made it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.puts.score import FACTORS
from backtrader_system.tables.frame_schema import Column, FrameSchema

# What judging a score cannot do without.
NEEDED = FrameSchema("judged options", (
    Column("contract", "text"),
    Column("underlying", "text"),
    Column("expiry", "session"),
    Column("quote_date", "session"),
    Column("score", "number", nullable=True, minimum=0.0, maximum=100.0),
    Column("worthless", "number", nullable=True, minimum=0.0, maximum=1.0),
), key=("contract", "expiry"))
_NUMBERS = ("strike", "underlying_price", "moneyness", "days_to_expiry", "iv", "market_probability", "probability",
            "coverage", "premium", "pnl", "capital", "return_on_capital", *FACTORS)
_SESSIONS = ("expiry", "quote_date", "expiry_session")


def read_rows(path: Path) -> pd.DataFrame:
    """Return judged options of a CSV: the columns of `NEEDED`; what else is missing is unknown in every row.

    worthless : 1 expired worthless, 0 in the money, empty unknown. Money is per contract.
    Raises: DataError with all faults if the file cannot be read, a column is missing or a value impossible.
    """
    try:
        rows = pd.read_csv(path, dtype={"contract": "str", "underlying": "str", "regime": "str", "outcome": "str"})
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]}); give an evidence_rows.csv as "
                        "`puts scores` writes it") from error
    faults = []
    for name in _SESSIONS:
        if name in rows:
            dates = pd.to_datetime(rows[name], errors="coerce", format="ISO8601").astype("datetime64[ns]")
            wrong = np.flatnonzero(dates.isna() & rows[name].notna())
            if wrong.size:
                faults.append(f"{path}: line {wrong[0] + 2}: {name}: found {rows[name].iloc[wrong[0]]!r}; write dates "
                              f"as YYYY-MM-DD ({wrong.size} rows)")
            rows[name] = dates
    if faults:
        raise DataError(f"{path}: {len(faults)} columns hold what is no date", faults=faults)
    rows = NEEDED.check(rows, source=str(path))
    if "expiry_session" not in rows:
        rows["expiry_session"] = rows["expiry"]
    unknown = {name: np.nan for name in _NUMBERS if name not in rows}
    text = {name: word for name, word in {"regime": "unknown", "outcome": ""}.items() if name not in rows}
    return rows.assign(**unknown, **text, **({} if "passes_filter" in rows else {"passes_filter": True}))
