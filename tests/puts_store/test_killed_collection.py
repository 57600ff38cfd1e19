"""A collection that is killed, and two at once; both as real processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from backtrader_system.puts.store.checks import check_store
from backtrader_system.puts.store.collecting import collect
from backtrader_system.puts.store.daily_tables import read_store
from backtrader_system.puts.store.registry import open_registry

# Runs a collection whose process is killed (as by the kernel, no clean-up) at the n-th call of a function.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
module, function, count = sys.argv[3], sys.argv[4], int(sys.argv[5])
place = import_module(module)
whole, calls = getattr(place, function), []
def dying(*given, **named):
    calls.append(1)
    if len(calls) == count:
        if len(sys.argv) > 6:
            whole(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*given, **named)
setattr(place, function, dying)
from backtrader_system.puts.store import collecting
collecting.collect(Path(sys.argv[1]), Path(sys.argv[2]), now=datetime(2025, 12, 2, 20, tzinfo=UTC))
"""
STORE = "backtrader_system.puts.store"
POINTS = {
    "before the first partition": (f"{STORE}.collecting", "write_partition", 1),
    "after the first partition": (f"{STORE}.collecting", "write_partition", 1, "after"),
    "before the third partition": (f"{STORE}.collecting", "write_partition", 3),
    "half a partition written": ("backtrader_system.market_data.parquet", "flush_to_disk", 2),
    "before the universe": (f"{STORE}.collecting", "record_universe", 1),
    "before the commit": (f"{STORE}.collecting", "record_universe", 1, "after"),
}
AT_ONCE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backtrader_system.puts.store.collecting import collect
print(sorted(collect(Path(sys.argv[1]), Path(sys.argv[2]), now=datetime(2025, 12, 2, 20, tzinfo=UTC)).rows))
"""


def partitions(store):
    with open_registry(store) as registry:
        return registry.read("SELECT * FROM partitions ORDER BY day, table_name").to_numpy().tolist()


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_collection_leaves_yesterdays_store(day_files, tmp_path, now, point):
    store, today = tmp_path / "store", day_files("2025-11-28")
    collect(day_files("2025-11-27"), store, now=now)
    files, rows = {path: path.read_bytes() for path in store.glob("*/*")}, partitions(store)
    module, function, count, *after = POINTS[point]
    arguments = [str(today), str(store), module, function, str(count), *after]
    process = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True,
                             text=True, timeout=120, check=False)
    assert process.returncode == -9, process.stderr
    assert partitions(store) == rows
    assert {path: path.read_bytes() for path in files} == files
    assert set(read_store(store).get("data")["snapshot_date"].dt.strftime("%Y-%m-%d")) == {"2025-11-27"}
    assert {issue.severity for issue in check_store(store, now=now)} <= {"warning"}
    report = collect(today, store, now=now)
    assert report.rows == {"data": 8, "probabilities": 4, "stocks": 2}
    assert not list(store.glob("*/.*"))


def test_files_of_a_killed_collection_are_told_and_not_read(day_files, tmp_path, now):
    store, today = tmp_path / "store", day_files("2025-11-28")
    collect(day_files("2025-11-27"), store, now=now)
    subprocess.run([sys.executable, "-c", KILLED, str(today), str(store), *map(str, POINTS["before the commit"])],
                   capture_output=True, timeout=120, check=False)
    found = [issue for issue in check_store(store, now=now) if issue.rule == "unregistered_file"]
    assert [issue.count for issue in found] == [3]


def test_two_collections_at_once_store_the_day_once(day_files, tmp_path):
    store, today = tmp_path / "store", day_files("2025-11-28")
    running = [subprocess.Popen([sys.executable, "-c", AT_ONCE, str(today), str(store)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = sorted(process.communicate(timeout=120)[0].strip() for process in running)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert outputs == ["['data', 'probabilities', 'stocks']", "[]", "[]"]
    assert len(partitions(store)) == 3
    assert [issue.rule for issue in check_store(store, now=datetime(2025, 11, 28, 20, tzinfo=UTC))] == []
