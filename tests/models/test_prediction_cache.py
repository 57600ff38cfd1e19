"""The prediction cache: what goes in comes out, what is damaged does not."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from backtrader_system.errors import OutputError
from backtrader_system.models.prediction_cache import PredictionCache
from backtrader_system.progress import Silent

KEYS = [bytes([number]) * 16 for number in range(3)]


class Listener(Silent):
    def __init__(self):
        self.lines = []

    def say(self, message):
        self.lines.append(message)


@pytest.fixture
def listener():
    return Listener()


def stored(folder, listener):
    cache = PredictionCache(folder, listener)
    cache.store({KEYS[0]: np.array([0.25, np.nan]), KEYS[1]: np.array([1.0])})
    return cache


def test_what_was_stored_is_found(tmp_path, listener):
    found = stored(tmp_path / "new" / "folder", listener).load(KEYS)

    assert list(found) == KEYS[:2]
    np.testing.assert_array_equal(found[KEYS[0]], [0.25, np.nan])
    assert listener.lines == []


def test_a_damaged_entry_is_left_out_and_said(tmp_path, listener):
    cache = stored(tmp_path, listener)
    with sqlite3.connect(tmp_path / "predictions.sqlite") as connection:
        connection.execute("UPDATE predictions SET sealed = ? WHERE key = ?", (b"\0" * 16, KEYS[1]))
    connection.close()

    assert list(cache.load(KEYS)) == KEYS[:1]
    assert "1 damaged entries ignored" in listener.lines[0]


def test_an_entry_under_another_key_is_damaged(tmp_path, listener):
    cache = stored(tmp_path, listener)
    with sqlite3.connect(tmp_path / "predictions.sqlite") as connection:
        connection.execute("UPDATE predictions SET key = ? WHERE key = ?", (KEYS[2], KEYS[1]))
    connection.close()

    assert list(cache.load(KEYS)) == KEYS[:1]


def test_a_file_that_is_no_database_is_set_aside_and_begun_anew(tmp_path, listener):
    (tmp_path / "predictions.sqlite").write_bytes(b"garbage " * 1000)
    cache = PredictionCache(tmp_path, listener)

    assert cache.load(KEYS) == {}
    assert "was damaged" in listener.lines[0]
    assert (tmp_path / "predictions.damaged").exists()
    cache.store({KEYS[0]: np.array([1.0])})
    assert list(cache.load(KEYS)) == KEYS[:1]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, listener):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match=r"ml_config.cache_dir: .*file.* cannot be used: .*choose a writable folder"):
        PredictionCache(tmp_path / "file", listener)


def test_many_keys_are_found(tmp_path, listener):
    arrays = {number.to_bytes(16, "big"): np.array([float(number)]) for number in range(1_700)}
    cache = PredictionCache(tmp_path, listener)
    cache.store(arrays)

    found = cache.load(arrays)

    assert all(found[key][0] == values[0] for key, values in arrays.items())
