"""The immutable local store of what a data source once answered."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError, OutputError
from backtrader_system.market_data.parquet import flush_to_disk, read_parquet, write_parquet

ID_LENGTH = 16
_DESCRIPTION = "snapshot.json"
_NEEDED_KEYS = ("source", "symbols", "start", "end")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One stored answer: `<folder>/<source>/<id>/` with one Parquet file per table and a description.

    id : content hash of key and tables; the same answer always has the same id.
    key : what was asked: source, symbols, start, end (ISO dates, both included) and what the source adds.
    meta : what is good to know but not part of the content; holds `created_at`.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> key = {"source": "mine", "symbols": ["A"], "start": date(2024, 1, 2), "end": date(2024, 1, 3)}
    >>> bars = pd.DataFrame({"symbol": ["A"], "close": [1.5]})
    >>> identity = save_snapshot(folder, key, {"bars": bars}, {"created_at": "2024-01-04T00:00:00Z"})
    >>> found = find_snapshot(folder, "mine", ["A"], date(2024, 1, 3), date(2024, 1, 3))
    >>> found.id == identity, found.read_tables()["bars"]["close"].tolist()
    (True, [1.5])
    """

    id: str
    folder: Path
    key: Mapping[str, object]
    meta: Mapping[str, object]
    table_names: tuple[str, ...]

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset(self.key["symbols"])  # type: ignore[call-overload]  # checked by save_snapshot

    def covers(self, symbols: Sequence[str], start: date, end: date) -> bool:
        """Return whether every symbol and the whole period were asked for."""
        asked_start, asked_end = str(self.key["start"]), str(self.key["end"])
        return self.symbols >= set(symbols) and asked_start <= _iso(start) and _iso(end) <= asked_end

    def read_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables, after a check that key and tables still have the hash they were stored under.

        Raises: DataError if a file is damaged or was changed.
        """
        tables = {name: read_parquet(self.folder / f"{name}.parquet") for name in self.table_names}
        if _content_hash(self.key, tables) != self.id:
            raise DataError(f"{self.folder}: the snapshot is not what was stored (its content hash differs); "
                            "delete this folder and download again")
        return tables


def save_snapshot(
    folder: Path, key_parts: Mapping[str, object], tables: Mapping[str, pd.DataFrame],
    meta: Mapping[str, object],
) -> str:
    """Store `tables` and return their id; a snapshot that exists is never overwritten.

    key_parts : at least source (str), symbols, start and end (dates, both included): what was asked. Ask
        for no session that has not closed yet, or the snapshot would claim to cover days it cannot hold.
    tables : columns of text, bool, numbers or naive dates, in the order in which they are to be kept.
    meta : JSON values; must hold `created_at` (ISO instant, UTC), by which the newest snapshot is found.
    The folder of the snapshot appears complete or not at all.
    Raises: OutputError if it cannot be written; ValueError if a needed key is missing.
    """
    missing = [name for name in _NEEDED_KEYS if name not in key_parts]
    missing += [] if "created_at" in meta else ["created_at"]
    if missing:
        raise ValueError(f"a snapshot needs {missing}; got {sorted(key_parts)} and meta {sorted(meta)}")
    key = _canonical(key_parts)
    identity = _content_hash(key, tables)
    target = Path(folder) / str(key["source"]) / identity
    if not target.exists():
        description = {"id": identity, "key": key, "meta": dict(meta), "tables": sorted(tables)}
        _write_folder(target, description, tables)
    return identity


def find_snapshot(
    folder: Path, source: str, symbols: Sequence[str], start: date, end: date, wanted_id: str | None = None
) -> Snapshot | None:
    """Return the newest snapshot of `source` that covers symbols and period, or None.

    wanted_id : id, or the beginning of one, of the snapshot to use instead of the newest.
    Raises: DataError if the wanted snapshot is missing or ambiguous or does not cover the request, or if a
        description cannot be read.
    """
    known = _snapshots(Path(folder) / source)
    if wanted_id is None:
        return next((found for found in reversed(known) if found.covers(symbols, start, end)), None)
    matching = [found for found in known if wanted_id and found.id.startswith(wanted_id)]
    if len(matching) != 1:
        problem = "is ambiguous" if matching else "does not exist"
        there = ", ".join(found.id for found in known) or "none"
        raise DataError(f"data.snapshot: snapshot '{wanted_id}' {problem} in {Path(folder) / source}; "
                        f"there: {there}")
    if not matching[0].covers(symbols, start, end):
        raise DataError(f"data.snapshot: snapshot '{matching[0].id}' does not cover the run",
                        faults=_uncovered(matching[0], symbols, start, end))
    return matching[0]


def _snapshots(folder: Path) -> list[Snapshot]:
    # A leading dot: being written by another process, or left by one that was killed.
    paths = sorted(folder.glob(f"[!.]*/{_DESCRIPTION}"))
    found = [_read_description(path) for path in paths]
    return sorted(found, key=lambda snapshot: (str(snapshot.meta["created_at"]), snapshot.id))


def _read_description(path: Path) -> Snapshot:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = tuple(content["tables"])
        return Snapshot(path.parent.name, path.parent, content["key"], content["meta"], names)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as the description of a snapshot ({error}); "
                        "delete its folder and download again") from error


def _uncovered(snapshot: Snapshot, symbols: Sequence[str], start: date, end: date) -> list[str]:
    missing = sorted(set(symbols) - snapshot.symbols)
    faults = [f"symbols it lacks: {', '.join(missing)}"] if missing else []
    return [*faults, f"it holds {snapshot.key['start']} to {snapshot.key['end']}; needed is {start} to {end} "
                     "(the warm-up sessions included)"]


def _write_folder(
    target: Path, description: Mapping[str, object], tables: Mapping[str, pd.DataFrame]
) -> None:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        for name, table in tables.items():
            write_parquet(table, part / f"{name}.parquet")
        text = json.dumps(description, indent=2, sort_keys=True, allow_nan=False)
        (part / _DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        flush_to_disk(part / _DESCRIPTION)
        flush_to_disk(part)
        _move_unless_there(part, target)
    except OSError as error:
        raise OutputError(f"{target}: the snapshot cannot be written ({error}); set data.snapshot_dir to a "
                          "folder that can be written") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _move_unless_there(part: Path, target: Path) -> None:
    try:
        os.rename(part, target)
    except OSError:
        # Another process stored the same content first: the same id, so its copy is as good as ours.
        if not (target / _DESCRIPTION).is_file():
            raise


def _canonical(key_parts: Mapping[str, object]) -> dict[str, object]:
    """Return the key as JSON values: dates as text, symbols sorted; equal requests have equal keys."""
    key = {**key_parts, "symbols": sorted(set(key_parts["symbols"])),  # type: ignore[call-overload]
           "start": _iso(key_parts["start"]), "end": _iso(key_parts["end"])}
    return json.loads(json.dumps(key, sort_keys=True, default=str))


def _iso(day: object) -> str:
    return pd.Timestamp(day).date().isoformat()  # type: ignore[arg-type]  # any form of a date


def _content_hash(key: Mapping[str, object], tables: Mapping[str, pd.DataFrame]) -> str:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode())
    for name in sorted(tables):
        digest.update(f"\x1e{name}\x1f{len(tables[name])}".encode())
        for column in tables[name]:
            digest.update(f"\x1e{column}\x1f".encode())
            digest.update(_column_bytes(tables[name][column]))
    return digest.hexdigest()[:ID_LENGTH]


def _column_bytes(values: pd.Series) -> bytes:
    """Return the content of a column in bytes that do not depend on library versions or storage types."""
    if pd.api.types.is_datetime64_dtype(values):
        return values.to_numpy(dtype="datetime64[ns]").astype("<i8").tobytes()
    if pd.api.types.is_numeric_dtype(values):
        return np.where(values.isna(), np.nan, values).astype("<f8").tobytes()
    texts = values.astype("str")
    return texts.isna().to_numpy().tobytes() + "\x1f".join(texts.fillna("")).encode()
