"""Signals as a table and a CSV file in the recommended layout, which `read_signals` reads back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from backtrader_system.errors import OutputError
from backtrader_system.signals.conviction.fields import BLOCKS, IDENTITY, STAMPS
from backtrader_system.signals.conviction.history import SignalHistory


def to_frame(history: SignalHistory) -> pd.DataFrame:
    """Return the recommended layout: one row per signal and further rows of the same signal_id for later revisions.

    Returns: signal_id, ticker, asset_type, source, signal_time (text, UTC), then per block its fields and the column
        of its stamp. The first row of a signal holds the first revision of every block; a further row holds the next
        revisions and leaves the other blocks empty. Sorted by signal_time, signal_id and revision. A block without any
        revision has no columns. `recorded_at` is not part of the layout.
    """
    parts = [_numbered(history, block) for block in BLOCKS]
    filled = [part for part in parts if part is not None]
    keys = ["signal_id", "revision"]
    rows = pd.concat([history.signals[["signal_id"]].assign(revision=0), *(part[keys] for part in filled)])
    rows = rows.drop_duplicates().merge(history.signals[list(IDENTITY)], on="signal_id")
    for part in filled:
        rows = rows.merge(part, on=keys, how="left")
    rows = rows.sort_values(["signal_time", *keys], kind="stable", ignore_index=True)
    return rows.assign(signal_time=_texts(rows["signal_time"]))[[*IDENTITY, *_columns(filled)]]


def signals_to_csv(history: SignalHistory, path: Path) -> None:
    """Write `to_frame(history)` as CSV, UTF-8; numbers with all their digits.

    The file does not say that signals are simulated; their ids do (`sim-00001`).
    Raises: OutputError if the file cannot be written.
    """
    try:
        to_frame(history).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    except OSError as error:
        raise OutputError(f"{path}: the signals cannot be written: {error.strerror}; choose another path") from error


def _numbered(history: SignalHistory, block: str) -> pd.DataFrame | None:
    """Return the revisions of a block with their number per signal and the text of their stamp, or None."""
    revisions = history.revisions.get(block)
    if revisions is None or revisions.empty:
        return None
    ordered = revisions.sort_values(["known_at", "recorded_at"], kind="stable")
    table = ordered[["signal_id", *BLOCKS[block]]].assign(revision=ordered.groupby("signal_id").cumcount())
    if block in STAMPS:
        table[STAMPS[block]] = _texts(ordered["known_at"]).where(ordered["is_stamped"].astype(bool), "")
    return table


def _columns(filled: list[pd.DataFrame]) -> list[str]:
    return [name for part in filled for name in part if name not in ("signal_id", "revision")]


def _texts(instants: pd.Series) -> pd.Series:
    return instants.astype("datetime64[ns, UTC]").astype(str)
