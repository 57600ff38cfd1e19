"""The report at a place of the user's choice: one Markdown file, its plots in a folder beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import quote

from backtrader_system.errors import OutputError
from backtrader_system.file_output import explain_os_errors, write_bytes
from backtrader_system.reports.report_markdown import report_text
from backtrader_system.reports.result import RunResult
from backtrader_system.reports.run_files import REPORT, plots_of

OPTION = "--output"
_TITLE = "# Backtest"         # how every report of this program begins


def check_report_target(path: Path) -> None:
    """Raise an error if `write_report_copy` could not write there; to be asked before a long run.

    An older report and its plots may be replaced; anything else in the way may not.

    Raises
    ------
    OutputError
        If `path` is a folder or a file that is no report, or `<stem>_files` holds other things than plots.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file, as {OPTION} {path / 'report.md'}")
    with explain_os_errors("read", path, OPTION):
        if path.exists() and not path.read_bytes().startswith(_TITLE.encode()):
            raise OutputError(f"{path} exists and is no report of this program: move it, or choose another {OPTION}")
        folder = plot_folder(path)
        strange = sorted(entry.name for entry in folder.iterdir() if not _is_plot(entry)) if folder.is_dir() else []
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is in the way of the report's plots: move it, or choose another {OPTION}")
    if strange:
        raise OutputError(f"{folder} holds {', '.join(strange[:5])}, which are no plots of a report: move them, or "
                          f"choose another {OPTION}")


def plot_folder(path: Path) -> Path:
    """Return the folder of the plots of the report at `path`.

    Examples
    --------
    >>> plot_folder(Path("reports/backtest_v0.1.md")).as_posix()
    'reports/backtest_v0.1_files'
    """
    return path.with_name(f"{path.stem}_files")


def write_report_copy(result: RunResult, path: Path) -> Path:
    """Write report.md of a run to `path` with its plots in `<stem>_files/` beside it, and return `path`.

    Missing parent folders are made. An older report there is replaced, its plots first, so that no report links to
    plots that are absent; each file is whole or absent. Other files of the run are linked where the run is stored.

    Raises
    ------
    OutputError
        As `check_report_target`, or if something cannot be written.
    """
    check_report_target(path)
    with explain_os_errors("create the folder of", path, OPTION):
        path.parent.mkdir(parents=True, exist_ok=True)
    folder = plot_folder(path)
    plots = _plots(result)
    _replace_plots(folder, plots)
    links = [quote(f"{folder.name}/{name}") for name in sorted(plots)]
    write_bytes(path, report_text(result, files=[*links, *_run_links(result, path.parent)]).encode(), option=OPTION)
    return path


def _plots(result: RunResult) -> dict[str, bytes]:
    """Return the plots as the run has stored them, else drawn."""
    from backtrader_system.reports.figure_style import png_bytes

    found = {}
    for name, draw in plots_of(result).items():
        stored = result.folder / name if result.folder else None
        found[name] = stored.read_bytes() if stored is not None and stored.is_file() else png_bytes(draw())
    return found


def _replace_plots(folder: Path, plots: dict[str, bytes]) -> None:
    """Put the plots into a new folder and let it take the place of the older one."""
    new, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("new", "old"))
    with explain_os_errors("write the plots to", folder, OPTION):
        try:
            if plots:
                new.mkdir()
                for name, content in plots.items():
                    (new / name).write_bytes(content)
            if folder.exists():
                folder.rename(old)
            if plots:
                new.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
        finally:
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)


def _run_links(result: RunResult, parent: Path) -> list[str]:
    """Return the run's other files as links from `parent`; none for a run that is not stored or on another drive."""
    if result.folder is None or not result.folder.is_dir():
        return []
    try:
        way = Path(os.path.relpath(result.folder.resolve(), parent.resolve())).as_posix()
    except ValueError:
        return []
    names = sorted(entry.name for entry in result.folder.iterdir() if entry.suffix != ".png" and entry.name != REPORT)
    return [quote(f"{way}/{name}") for name in names]


def _is_plot(path: Path) -> bool:
    return path.name.startswith("plot_") and path.suffix == ".png"
