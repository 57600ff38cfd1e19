"""The commands `collect` and `check`."""

from __future__ import annotations

import argparse

import pytest

from backtrader_system.cli.puts_store import add_check, add_collect
from backtrader_system.errors import SettingsError


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
        "2025-11-28 (days to expiry in sessions): data 8 rows, probabilities 4 rows, stocks 2 rows; 0 new options"]


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
