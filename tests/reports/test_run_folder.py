"""A run folder is complete under its final name, or visibly incomplete."""

from __future__ import annotations

import errno
import logging
import os
from datetime import datetime
from pathlib import Path

import pytest

from backtrader_system.errors import DataError, OutputError
from backtrader_system.file_output import explain_os_errors, write_bytes
from backtrader_system.reports.run_folder import open_run_folder, safe_name


def clock() -> datetime:
    return datetime(2024, 1, 2, 3, 4, 5)


def finished_run(results: Path, name: str = "sample") -> Path:
    with open_run_folder(results, name, clock=clock) as folder:
        (folder.path / "report.md").write_text(name)
    return folder.final_path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_finished_run_has_its_final_name_and_no_mark(tmp_path):
    final = finished_run(tmp_path / "a" / "b")

    assert final == tmp_path / "a" / "b" / "20240102_030405_sample"
    assert names_in(final) == {"report.md", "run.log"}
    assert names_in(final.parent) == {final.name, "latest"}


def test_while_it_runs_the_folder_says_so(tmp_path):
    with open_run_folder(tmp_path, "sample", clock=clock) as folder:
        assert folder.path.name == "20240102_030405_sample.incomplete"
        assert "has not finished" in (folder.path / "INCOMPLETE.txt").read_text()
        assert not folder.final_path.exists()


@pytest.mark.parametrize(("error", "reason"), [
    pytest.param(KeyboardInterrupt(), "interrupted (Ctrl-C)", id="ctrl-c"),
    pytest.param(DataError("bars.csv: nothing in it"), "bars.csv: nothing in it", id="user error"),
    pytest.param(ZeroDivisionError("division by zero"), "unexpected ZeroDivisionError", id="bug"),
])
def test_a_failed_run_stays_incomplete_and_says_why(tmp_path, error, reason):
    earlier = finished_run(tmp_path, "earlier")

    with pytest.raises(type(error)), open_run_folder(tmp_path, "sample", clock=clock) as folder:
        raise error

    assert reason in (folder.path / "INCOMPLETE.txt").read_text()
    assert "run stopped" in (folder.path / "run.log").read_text()
    assert not folder.final_path.exists()
    assert (tmp_path / "latest").resolve() == earlier.resolve()


def test_runs_of_one_second_get_numbers_and_none_is_overwritten(tmp_path):
    first, second, third = (finished_run(tmp_path) for _ in range(3))

    assert [path.name.removeprefix("20240102_030405_") for path in (first, second, third)] == [
        "sample", "sample-2", "sample-3"]


def test_a_left_over_incomplete_folder_is_not_touched(tmp_path):
    (tmp_path / "20240102_030405_sample.incomplete").mkdir()

    assert finished_run(tmp_path).name == "20240102_030405_sample-2"
    assert names_in(tmp_path / "20240102_030405_sample.incomplete") == set()


def test_a_run_that_finished_between_look_and_claim_is_not_overwritten(tmp_path, monkeypatch):
    final = tmp_path / "20240102_030405_sample"
    make_folder = Path.mkdir

    def other_process_finishes_first(path, *arguments, **options):
        make_folder(path, *arguments, **options)
        if path.name == "20240102_030405_sample.incomplete":
            make_folder(final)
            (final / "report.md").write_text("theirs")

    monkeypatch.setattr(Path, "mkdir", other_process_finishes_first)

    assert finished_run(tmp_path).name == "20240102_030405_sample-2"
    assert (final / "report.md").read_text() == "theirs"


def test_latest_is_a_relative_link_to_the_newest_run(tmp_path):
    finished_run(tmp_path, "first")
    second = finished_run(tmp_path, "second")

    assert os.readlink(tmp_path / "latest") == second.name
    assert (tmp_path / "latest" / "report.md").read_text() == "second"


def test_without_links_latest_is_a_text_file(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    final = finished_run(tmp_path)

    assert (tmp_path / "latest.txt").read_text() == f"{final.name}\n"
    assert names_in(tmp_path) == {final.name, "latest.txt"}


def test_a_file_in_the_way_is_an_error_before_anything_is_written(tmp_path):
    (tmp_path / "results").write_text("a file")

    with pytest.raises(OutputError, match=r"cannot create the output folder .*results: .*--output-dir"):
        finished_run(tmp_path / "results")
    with pytest.raises(OutputError, match="a part of this path is a file"):
        finished_run(tmp_path / "results" / "below")
    assert names_in(tmp_path) == {"results"}


def test_a_folder_named_latest_is_an_error_before_the_run(tmp_path):
    (tmp_path / "latest").mkdir()

    with pytest.raises(OutputError, match="latest is not a link to a run; move it"):
        finished_run(tmp_path)
    assert names_in(tmp_path) == {"latest"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(OutputError, match="you may not write there"):
        finished_run(tmp_path)


@pytest.mark.parametrize(("number", "advice"), [
    pytest.param(errno.ENOSPC, "the disk is full: free some space", id="disk full"),
    pytest.param(errno.EROFS, "the file system is read-only: choose another folder", id="read-only"),
    pytest.param(errno.EIO, "check the folder, or choose another", id="any other"),
])
def test_an_os_error_becomes_advice(number, advice):
    with pytest.raises(OutputError, match=advice), explain_os_errors("write", Path("results/x.csv")):
        raise OSError(number, os.strerror(number))


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path, monkeypatch):
    def write_half(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "x.csv").write_bytes(b"old")
    monkeypatch.setattr(Path, "write_bytes", write_half)

    with pytest.raises(OutputError, match=r"cannot write .*x\.csv: No space left on device; the disk is full"):
        write_bytes(tmp_path / "x.csv", b"new content")
    assert names_in(tmp_path) == {"x.csv"}
    assert (tmp_path / "x.csv").read_bytes() == b"old"


@pytest.mark.parametrize(("name", "safe"), [
    pytest.param("../../etc/passwd", "etc_passwd", id="parent folders"),
    pytest.param("C:\\runs\\x", "C_runs_x", id="windows path"),
    pytest.param("my strategy (2)", "my_strategy_2", id="blanks"),
    pytest.param("..", "run", id="only dots"),
    pytest.param("a" * 300, "a" * 60, id="long"),
    pytest.param("x.incomplete", "x", id="looks incomplete"),
])
def test_a_config_name_becomes_one_harmless_path_component(name, safe):
    assert safe_name(name) == safe


def test_the_run_log_takes_the_packages_messages_and_leaves_the_logger_as_it_was(tmp_path):
    logger = logging.getLogger("backtrader_system")
    before = (logger.level, list(logger.handlers))

    with open_run_folder(tmp_path, "sample", clock=clock) as folder:
        logging.getLogger("backtrader_system.engine").info("20 models trained")

    assert "INFO 20 models trained" in (folder.final_path / "run.log").read_text()
    assert (logger.level, list(logger.handlers)) == before
