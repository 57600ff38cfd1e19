"""The commands `collect` and `check`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from backtrader_system.cli.puts_store import add_check, add_collect
from backtrader_system.errors import DataError, SettingsError
from backtrader_system.puts.files.schemas import DATA
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
    # The longer options came today: they have no peak yet, and so nothing to be scored by.
    assert np.isfinite(scores["score"]).tolist() == (scores["expiry"] == "2025-12-19").tolist()


def test_a_day_that_cannot_be_scored_is_stored_with_a_warning(day_files, tmp_path, capsys):
    folder = day_files("2025-11-28", drop=("stock_data.csv",))
    assert run("collect", "--store", tmp_path / "store", "--files", folder, "--set", "puts.quotes.strict=true") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2025-11-28")
    assert lines[-1].startswith(("warning: the day is stored, but not scored", "0 new outcomes"))


def test_collect_tells_which_options_are_not_scored(day_files, tmp_path, capsys):
    folder = day_files("2025-11-28")
    path = folder / "stock_data.csv"
    path.write_text(path.read_text().replace("ABB Ltd", "ABB.ST"))
    run("collect", "--store", tmp_path / "store", "--files", folder)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("excluded: no_bars (6 option-days): 4 options of ABB Ltd; left out")
    assert lines[2] == "0 new outcomes of expired options, 4 new scores recorded"


def test_folders_before_a_faulty_one_are_recorded_before_the_error(day_files, tmp_path, capsys):
    faulty = day_files("2025-12-01")
    (faulty / "data.csv").write_text("no table")
    folders = [day_files("2025-11-27"), day_files("2025-11-28"), faulty]
    with pytest.raises(DataError, match="cannot be taken"):
        run("collect", "--store", tmp_path / "store", "--files", *folders)
    assert capsys.readouterr().out.splitlines()[-1] == "0 new outcomes of expired options, 8 new scores recorded"
    with open_registry(tmp_path / "store") as registry:
        assert recorded_scores(registry)["day"].unique().tolist() == [pd.Timestamp("2025-11-28")]


def test_nothing_is_scored_if_the_first_folder_is_faulty(tmp_path, capsys):
    with pytest.raises(DataError, match="no such folder"):
        run("collect", "--store", tmp_path / "store", "--files", tmp_path / "nowhere")
    assert capsys.readouterr().out == ""


def test_the_help_says_that_only_the_newest_day_is_scored(capsys):
    with pytest.raises(SystemExit):
        run("collect", "--help")
    assert "only the newest day is scored" in " ".join(capsys.readouterr().out.split())


def test_one_day_for_two_folders_is_refused(day_files, tmp_path):
    with pytest.raises(SettingsError, match="--date names one day"):
        run("collect", "--store", tmp_path / "store", "--date", "2025-11-28", "--files", tmp_path, tmp_path)


def at(monkeypatch, moment):
    """Let the commands take a moment, in UTC, for now."""
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return cls.fromisoformat(moment).replace(tzinfo=UTC).astimezone(zone)

    monkeypatch.setattr("backtrader_system.cli.puts_store.datetime", Clock)


def test_check_fails_if_a_day_is_missing(day_files, tmp_path, capsys, monkeypatch):
    run("collect", "--store", tmp_path / "store", "--files", day_files("2025-11-28"))
    at(monkeypatch, "2025-11-29T12:00")
    assert run("check", "--store", tmp_path / "store") == 0
    capsys.readouterr()
    at(monkeypatch, "2025-12-02T18:00")
    assert run("check", "--store", tmp_path / "store") == 1
    assert "warning: missing_day (1): 2025-12-01" in capsys.readouterr().out
    assert run("check", "--store", tmp_path / "store", "--since", "2025-12-02") == 0


def test_check_fails_if_an_outcome_is_overdue(day_files, tmp_path, capsys, monkeypatch):
    run("collect", "--store", tmp_path / "store", "--files", day_files("2025-12-15"))
    # 19 December closed at 16:30 UTC on the day before; the missing sessions of the week lie before --since.
    at(monkeypatch, "2025-12-20T18:00")
    assert run("check", "--store", tmp_path / "store", "--since", "2025-12-19") == 1
    lines = capsys.readouterr().out
    assert "outcome_overdue (4)" in lines
    at(monkeypatch, "2025-12-22T12:00")
    assert run("check", "--store", tmp_path / "store", "--since", "2025-12-20") == 0
    assert "outcome_overdue" not in capsys.readouterr().out


def test_check_does_not_fail_for_what_is_only_odd(day_files, tmp_path, capsys, monkeypatch):
    for day, header in (("2025-11-27", DATA.names), ("2025-11-28", DATA.names[:-1])):
        run("collect", "--store", tmp_path / "store", "--files", day_files(day, header=header))
    at(monkeypatch, "2025-11-28T20:00")
    assert run("check", "--store", tmp_path / "store") == 0
    assert "warning: schema_changed" in capsys.readouterr().out


def test_check_fails_if_the_store_cannot_be_trusted(day_files, tmp_path, capsys):
    run("collect", "--store", tmp_path / "store", "--files", day_files("2025-11-28"))
    capsys.readouterr()
    (tmp_path / "store" / "data" / "date=2025-11-28.parquet").unlink()
    assert run("check", "--store", tmp_path / "store") == 1
    assert capsys.readouterr().out.startswith("excluded: damaged (1): data/date=2025-11-28.parquet")
