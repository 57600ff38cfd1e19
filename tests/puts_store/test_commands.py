"""The commands `collect` and `check`."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from backtrader_system.cli.puts_store import add_check, add_collect
from backtrader_system.errors import SettingsError
from backtrader_system.puts.store.recording import recorded_scores
from backtrader_system.puts.store.registry import open_registry


def run(*arguments):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    add_collect(commands)
    add_check(commands)
    parsed = parser.parse_args([str(argument) for argument in arguments])
    return parsed.action(parsed)


def test_collect_takes_several_folders_and_says_what_it_stored(day_files, tmp_path, capsys):
    folders = [day_files(day) for day in ("2025-11-27", "2025-11-28")]
    assert run("collect", "--store", tmp_path / "store", "--files", *folders) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2025-11-27 (days to expiry in sessions): data 8 rows, probabilities 4 rows, stocks 2 rows; 8 new options",
        "2025-11-28 (days to expiry in sessions): data 8 rows, probabilities 4 rows, stocks 2 rows; 0 new options",
        "0 new outcomes of expired options, 8 new scores recorded"]


def test_scores_of_a_day_are_recorded_once_and_outcomes_after_the_expiry(day_files, tmp_path, capsys):
    store = tmp_path / "store"
    first = day_files("2025-11-28")
    run("collect", "--store", store, "--files", first)
    capsys.readouterr()
    run("collect", "--store", store, "--files", first)
    assert capsys.readouterr().out.splitlines()[-1] == "0 new outcomes of expired options, 0 new scores recorded"

    with open_registry(store) as registry:
        scores = recorded_scores(registry)
    assert scores["day"].nunique() == 1
    assert (scores["coverage"] < 1).all()           # two days of bars: seasons and recovery are not known yet
    assert np.isfinite(scores["score"]).all()


def test_a_day_that_cannot_be_scored_is_stored_with_a_warning(day_files, tmp_path, capsys):
    folder = day_files("2025-11-28", drop=("stock_data.csv",))
    assert run("collect", "--store", tmp_path / "store", "--files", folder, "--set", "puts.quotes.strict=true") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2025-11-28")
    assert lines[-1].startswith(("warning: the day is stored, but not scored", "0 new outcomes"))


def test_one_day_for_two_folders_is_refused(day_files, tmp_path):
    with pytest.raises(SettingsError, match="--date names one day"):
        run("collect", "--store", tmp_path / "store", "--date", "2025-11-28", "--files", tmp_path, tmp_path)


def test_check_fails_only_if_the_store_cannot_be_trusted(day_files, tmp_path, capsys):
    run("collect", "--store", tmp_path / "store", "--files", day_files("2025-11-28"))
    assert run("check", "--store", tmp_path / "store") == 0
    assert "warning: missing_day" in capsys.readouterr().out
    (tmp_path / "store" / "data" / "date=2025-11-28.parquet").unlink()
    assert run("check", "--store", tmp_path / "store") == 1
    assert capsys.readouterr().out.startswith("excluded: damaged (1): data/date=2025-11-28.parquet")
