"""The report at the user's place: complete, relative, and never over what is not ours."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from backtrader_system.errors import OutputError
from backtrader_system.reports.conviction import report_copy
from backtrader_system.reports.conviction.report_copy import check_report_target, write_report_copy
from backtrader_system.reports.run_folder import open_run_folder
from backtrader_system.reports.write_run import write_run


def links(path: Path) -> list[str]:
    return [unquote(target) for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))]


def test_every_link_of_the_copy_leads_to_a_file(tmp_path, arithmetic_result):
    with open_run_folder(tmp_path / "results", "x", clock=lambda: datetime(2024, 1, 2, 3, 4, 5)) as folder:
        stored = write_run(arithmetic_result(), folder.path, folder.timestamp)

    path = write_report_copy(stored, tmp_path / "my reports" / "deep" / "backtest v0.1.md")

    assert path == tmp_path / "my reports" / "deep" / "backtest v0.1.md"
    assert {"backtest v0.1_files/plot_equity.png", "backtest v0.1_files/plot_returns.png"} <= set(links(path))
    assert any(target.endswith("manifest.json") for target in links(path))
    assert [target for target in links(path) if not (path.parent / target).is_file()] == []
    plots = path.parent / "backtest v0.1_files"
    assert (plots / "plot_equity.png").read_bytes() == (stored.folder / "plot_equity.png").read_bytes()


def test_a_run_that_is_not_stored_has_a_copy_with_its_plots_alone(tmp_path, arithmetic_result):
    path = write_report_copy(arithmetic_result(), tmp_path / "report.md")

    assert len(links(path)) == 10      # five plots, shown and listed
    assert all((tmp_path / target).is_file() for target in links(path))


def test_an_older_report_and_its_plots_are_replaced(tmp_path, arithmetic_result):
    path = write_report_copy(arithmetic_result(), tmp_path / "report.md")
    (tmp_path / "report_files" / "plot_old.png").write_bytes(b"old")

    write_report_copy(arithmetic_result(conviction={"model": "v0.2"}), path)

    assert path.read_text(encoding="utf-8").startswith("# Backtest report: v0.2")
    assert not (tmp_path / "report_files" / "plot_old.png").exists()
    assert {entry.name for entry in tmp_path.iterdir()} == {"report.md", "report_files"}


def test_a_run_without_plots_leaves_no_folder(tmp_path, arithmetic_result):
    result = arithmetic_result()
    settings = result.settings.model_copy(update={
        "output": result.settings.output.model_copy(update={"save_plots": False})})

    write_report_copy(arithmetic_result(settings=settings), tmp_path / "report.md")

    assert {entry.name for entry in tmp_path.iterdir()} == {"report.md"}


def test_what_is_no_report_is_never_replaced(tmp_path, arithmetic_result):
    thesis = tmp_path / "thesis.md"
    thesis.write_text("# My thesis\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "report_files").mkdir()
    (tmp_path / "report_files" / "holiday.jpg").write_bytes(b"x")

    with pytest.raises(OutputError, match=r"thesis\.md exists and is no report of this program: move it"):
        write_report_copy(arithmetic_result(), thesis)
    with pytest.raises(OutputError, match=r"folder is a folder: name a file, as --output"):
        check_report_target(tmp_path / "folder")
    with pytest.raises(OutputError, match=r"report_files holds holiday\.jpg, which are no plots"):
        check_report_target(tmp_path / "report.md")
    assert thesis.read_text() == "# My thesis\n"


def test_a_file_where_a_folder_is_needed_is_named_with_the_option(tmp_path, arithmetic_result):
    (tmp_path / "reports").write_text("x")

    with pytest.raises(OutputError, match=r"cannot .*: choose another folder with --output$|move it, or choose"):
        write_report_copy(arithmetic_result(), tmp_path / "reports" / "r.md")


def test_a_failure_keeps_the_older_plots_and_report(tmp_path, arithmetic_result, monkeypatch):
    path = write_report_copy(arithmetic_result(), tmp_path / "report.md")
    before = path.read_bytes()

    def fail(source: Path, target: Path) -> Path:
        if ".new" in source.name:
            raise OSError(28, "No space left on device")
        return original(source, target)

    original = Path.rename
    monkeypatch.setattr(report_copy.Path, "rename", fail)
    with pytest.raises(OutputError, match=r"the disk is full.*--output"):
        write_report_copy(arithmetic_result(conviction={"model": "v0.2"}), path)

    assert path.read_bytes() == before
    assert (tmp_path / "report_files" / "plot_equity.png").is_file()
    assert {entry.name for entry in tmp_path.iterdir()} == {"report.md", "report_files"}
