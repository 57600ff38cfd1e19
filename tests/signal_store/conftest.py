"""Small histories, files and stores for the tests of raw signals."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from backtrader_system.signals.conviction.fields import BLOCKS, FIELDS, TEXTS
from backtrader_system.signals.conviction.history import SignalHistory

NOW = pd.Timestamp("2026-03-01 12:00", tz="UTC").to_pydatetime()


def utc(text):
    return pd.Timestamp(text, tz="UTC")


def history_of_blocks(signals, revisions, is_simulated=False):
    """Build a history from (id, ticker, source, time) tuples and (id, block, known_at, is_stamped, values) tuples."""
    table = pd.DataFrame([(name, ticker, "", source, utc(time)) for name, ticker, source, time in signals],
                         columns=["signal_id", "ticker", "asset_type", "source", "signal_time"])
    tables = {}
    for block, fields in BLOCKS.items():
        missing = {field: "" if field in TEXTS else float("nan") for field in fields}
        rows = [{"signal_id": name, "known_at": utc(known), "recorded_at": pd.NaT, "is_stamped": stamped}
                | missing | values for name, of, known, stamped, values in revisions if of == block]
        columns = ["signal_id", "known_at", "recorded_at", "is_stamped", *fields]
        frame = pd.DataFrame(rows, columns=columns)
        numbers = {field: float for field in fields if field in FIELDS and field not in TEXTS}
        instants = {name: pd.to_datetime(frame[name], utc=True).astype("datetime64[ns, UTC]")
                    for name in ("known_at", "recorded_at")}
        tables[block] = frame.assign(**instants).astype({**numbers, "is_stamped": bool})
    return SignalHistory(table.astype({"signal_time": "datetime64[ns, UTC]"}), tables, (), is_simulated)


@pytest.fixture(scope="session")
def make_history():
    return history_of_blocks


@pytest.fixture(scope="session")
def now():
    """The clock of the tests: 1 March 2026, noon UTC."""
    return NOW


@pytest.fixture
def write(tmp_path):
    """Write a text file and return its path."""
    def write_file(text, name="signals.csv", encoding="utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path
    return write_file


@pytest.fixture(scope="session")
def rules():
    """Return the sorted (severity, rule) pairs of issues."""
    return lambda issues: sorted((issue.severity, issue.rule) for issue in issues)
