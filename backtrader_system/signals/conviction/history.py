"""Raw signals with everything ever recorded about them, and what was known of them at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.signals.conviction.fields import BLOCKS, CHANGING_BLOCKS, IDENTITY, TEXTS
from backtrader_system.signals.conviction.issues import SignalIssue

REVISION_COLUMNS = ("signal_id", "known_at", "recorded_at", "is_stamped")


@dataclass(frozen=True, slots=True)
class SignalHistory:
    """Signals and the revisions of their blocks of fields.

    signals : one row per signal, sorted by signal_time and signal_id: signal_id (unique), ticker (upper case),
        asset_type ("crypto", "stock" or "" for unknown), source, signal_time (datetime64[ns, UTC]).
    revisions : per block of `BLOCKS` the columns signal_id, known_at, recorded_at (UTC; NaT in a file, which does not
        say), is_stamped (bool) and the block's fields: text, or float64 with NaN for missing; flags are 0 or 1.
        Many rows per signal; a later one replaces the whole block.
    issues : what was excluded, taken as missing or is odd. is_simulated : no real person ever posted these.

    Examples
    --------
    >>> day = pd.Timestamp("2024-05-01", tz="UTC")
    >>> signals = pd.DataFrame({"signal_id": ["a"], "ticker": ["TAO"], "asset_type": ["crypto"], "source": ["room"],
    ...                         "signal_time": [day]})
    >>> scores = pd.DataFrame({"signal_id": ["a"], "known_at": [day], "recorded_at": [pd.NaT], "is_stamped": [False],
    ...                        "recorded_score": [8.0], "recorded_status": ["GREEN"]})
    >>> history = SignalHistory(signals, {"scores": scores}, ())
    >>> as_of(history, ["a"], [day])[["recorded_score", "trends_now"]].to_numpy().tolist()
    [[8.0, nan]]
    """

    signals: pd.DataFrame
    revisions: Mapping[str, pd.DataFrame]
    issues: tuple[SignalIssue, ...]
    is_simulated: bool = False


def as_of(
    history: SignalHistory, signal_ids: Sequence[str], decided_at: Sequence[object], *, unstamped: str = "signal_time"
) -> pd.DataFrame:
    """Return what was known of each signal when it was decided about.

    signal_ids, decided_at : same length; instants with a zone (a naive datetime64 array counts as UTC), NaT for never.
    unstamped : "signal_time" takes a block without a stamp as known when the signal was posted, "missing" leaves out
        such reactions, trends and on-chain values.
    Returns: one row per given signal, in the given order: signal_id, ticker, asset_type, source, signal_time and every
        field of `BLOCKS`; NaN for a missing number or flag, "" for a missing text.
    Timing: of each block the last revision with known_at <= decided_at; of equal ones the last recorded.
    Raises: DataError for an unknown signal.
    """
    if unstamped not in ("signal_time", "missing"):
        raise ValueError(f"unstamped must be 'signal_time' or 'missing', was {unstamped!r}")
    index = pd.Index(history.signals["signal_id"])
    codes = index.get_indexer(pd.Index(signal_ids, dtype=index.dtype))
    if (codes < 0).any():
        unknown = sorted({str(signal_ids[row]) for row in np.flatnonzero(codes < 0)})
        raise DataError(f"the history does not hold {len(unknown)} of the signals asked for", faults=unknown[:20])
    when = pd.Series(pd.to_datetime(decided_at, utc=True)).astype("datetime64[ns, UTC]")
    wanted = pd.DataFrame({"code": codes, "known_at": when, "row": np.arange(len(codes))})
    known = history.signals[list(IDENTITY)].iloc[codes].reset_index(drop=True)
    parts = [known, *(_block_as_of(history, block, index, wanted, unstamped) for block in BLOCKS)]
    return pd.concat(parts, axis=1)


def first_known_at(history: SignalHistory) -> pd.Series:
    """Return when each signal's message could first be known: UTC instants, in the order of `history.signals`.

    That is the earliest stamp of its message, never before it was posted; the signal time without a message.
    """
    posted = history.signals.set_index("signal_id")["signal_time"]
    message = history.revisions.get("message")
    if message is None or message.empty:
        return posted.rename("known_at")
    first = message.groupby("signal_id")["known_at"].min().reindex(posted.index)
    return first.where(first > posted, posted).rename("known_at")


def block_counts(history: SignalHistory) -> pd.DataFrame:
    """Return per block how well it is covered, for the report.

    Returns: index block; n_signals, n_with_block, n_missing, n_unstamped (signals whose block carries no stamp).
    """
    n_signals = len(history.signals)
    rows = {}
    for block in BLOCKS:
        revisions = history.revisions.get(block)
        empty = revisions is None or revisions.empty
        n_with = 0 if empty else revisions["signal_id"].nunique()
        n_unstamped = 0 if empty else revisions.loc[~revisions["is_stamped"].astype(bool), "signal_id"].nunique()
        rows[block] = (n_signals, n_with, n_signals - n_with, n_unstamped)
    columns = ["n_signals", "n_with_block", "n_missing", "n_unstamped"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("block")


def _block_as_of(
    history: SignalHistory, block: str, index: pd.Index, wanted: pd.DataFrame, unstamped: str
) -> pd.DataFrame:
    fields = list(BLOCKS[block])
    revisions = history.revisions.get(block)
    if revisions is not None and unstamped == "missing" and block in CHANGING_BLOCKS:
        revisions = revisions[revisions["is_stamped"].astype(bool)]
    asked = wanted[wanted["known_at"].notna()].sort_values("known_at", kind="stable")
    if revisions is None or revisions.empty or asked.empty:
        return _typed(pd.DataFrame(index=range(len(wanted)), columns=fields))
    revisions = revisions.assign(code=index.get_indexer(pd.Index(revisions["signal_id"])))
    revisions = revisions[revisions["code"] >= 0].sort_values(["known_at", "recorded_at"], kind="stable")
    revisions = revisions[["code", "known_at", *fields]].astype({"known_at": "datetime64[ns, UTC]"})
    joined = pd.merge_asof(asked, revisions, on="known_at", by="code")
    return _typed(joined.set_index("row")[fields].reindex(range(len(wanted))))


def _typed(block: pd.DataFrame) -> pd.DataFrame:
    texts = [field for field in block if field in TEXTS]
    kinds = {field: "str" if field in texts else float for field in block}
    return block.fillna(dict.fromkeys(texts, "")).astype(kinds)
