"""What a signal store says of its signals: their history, and what was edited."""

from __future__ import annotations

import json

import pandas as pd

from backtrader_system.signals.conviction.fields import BLOCKS, TEXTS
from backtrader_system.signals.conviction.history import SignalHistory
from backtrader_system.signals.conviction.store.store import SignalStore, to_instants

EDIT_COLUMNS = ("signal_id", "ticker", "block", "field", "old", "new", "when", "kind")


def history_of(store: SignalStore) -> SignalHistory:
    """Return every signal of a store and the revisions of its blocks.

    Timing: a revision that came after the first recording of its signal is known from the moment it was recorded,
        whatever it claims; one that claims to be older than what was already known never replaces that.
    """
    signals = store.read("SELECT signal_id, ticker, asset_type, source, signal_time, is_simulated FROM signals "
                         "ORDER BY signal_time, rowid")
    table = store.read("SELECT * FROM revisions ORDER BY revision_id")
    is_simulated = bool(signals["is_simulated"].astype(bool).any())
    texts = dict.fromkeys(("signal_id", "ticker", "asset_type", "source"), "str")
    signals = signals.drop(columns="is_simulated").astype(texts)
    signals = signals.assign(signal_time=to_instants(signals["signal_time"].astype("str")))
    acting = _acting(table)
    revisions = {block: _block(acting[acting["block"] == block], block) for block in BLOCKS}
    return SignalHistory(signals, revisions, (), is_simulated)


def edits(store: SignalStore) -> pd.DataFrame:
    """Return what changed after a signal was first recorded: one row per changed field.

    Returns: signal_id, ticker, block, field, old and new (text, "" for missing), when (UTC) and kind: "edit" when a
        value was changed that had been stated for the same moment, "observation" when it claims a moment of its own.
    """
    table = store.read("SELECT r.*, s.ticker FROM revisions r JOIN signals s USING (signal_id) "
                       "WHERE (signal_id, block) IN (SELECT signal_id, block FROM revisions WHERE kind <> 'first') "
                       "ORDER BY revision_id")
    rows: list[tuple[object, ...]] = []
    latest: dict[tuple[str, ...], dict[str, object]] = {}
    for row in table.itertuples():
        content = json.loads(row.content)
        same_moment = (row.signal_id, row.block, row.claimed_at)
        before = latest.get(same_moment, latest.get((row.signal_id, row.block), {}))
        if row.kind != "first":
            changed = [field for field in BLOCKS[row.block] if before.get(field) != content.get(field)]
            rows += [(row.signal_id, row.ticker, row.block, field, _shown(before.get(field)),
                      _shown(content.get(field)), row.recorded_at, row.kind) for field in changed]
        latest[same_moment] = latest[row.signal_id, row.block] = content
    changes = pd.DataFrame(rows, columns=list(EDIT_COLUMNS)).astype("str")
    return changes.assign(when=to_instants(changes["when"]))


def _acting(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    # Texts of one format compare like the instants they stand for.
    ranks = pd.Series(pd.Index(table["claimed_at"]).factorize(sort=True)[0], index=table.index)
    newest = ranks.groupby([table["signal_id"], table["block"]]).cummax()
    return table[(table["kind"] == "first") | (ranks >= newest)]


def _block(table: pd.DataFrame, block: str) -> pd.DataFrame:
    fields = list(BLOCKS[block])
    contents = json.loads(f"[{','.join(table['content'])}]")
    values = {field: pd.Series([content.get(field) for content in contents], dtype=object) for field in fields}
    typed = {field: column.fillna("").astype("str") if field in TEXTS else column.astype(float)
             for field, column in values.items()}
    rows = table.reset_index(drop=True)
    return pd.DataFrame({"signal_id": rows["signal_id"].astype("str"),
                         "known_at": to_instants(rows["known_at"].astype("str")),
                         "recorded_at": to_instants(rows["recorded_at"].astype("str")),
                         # What came later was stamped by the store itself.
                         "is_stamped": rows["is_stamped"].astype(bool) | (rows["kind"] != "first"), **typed})


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
